/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "session/entry.h"

/*
 * Anti-spoofing (RFC 2827, RFC 3704): may a packet with this source come from this interface? By
 * interface `strict`: the route back to the source leaves by it; `loose`: there is a route back, a
 * default route being one too; `off`. In any case no packet from a wire has an address of the box,
 * nor the broadcast address of one of its subnets, as its source.
 *
 * Apart from sources that have no route by their nature: the unspecified address, IPv6 link-local
 * ones, neighbour discovery, and the answers a DHCP client waits for.
 */
enum sl_drop sl_reverse_path(const struct sl_worker *w, const struct rte_mbuf *m);

/* Of a packet of a session: did it come by the session's own way? Errors come from anywhere. */
static inline bool sl_reverse_path_known(const struct sl_pkt *p, const struct sl_session *s)
{
	return !((p->iface ^ (p->direction ? s->out : s->in)) | (p->flags & SL_PKT_ICMP_ERROR));
}
