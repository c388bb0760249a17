/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>
#include <rte_mbuf.h>

#include "session/entry.h"
#include "session/tcp.h"
#include "tables/tables.h"

/* What rules and interfaces change in packets: DSCP, and the segment size that SYNs announce. */

/*
 * A packet that `rule` lets pass, between the interfaces `in` and `out` (IFACE_NONE: the box) in
 * either direction; headers lie whole in the first segment.
 */
void sl_edit_packet(const struct sl_tables *tables, struct rte_mbuf *m, uint32_t rule, uint16_t in,
		    uint16_t out);

/* Is this packet of a session one to edit? SYNs are few; of the rest the session says it. */
static inline bool sl_edit_needed(const struct sl_pkt *p, const struct sl_session *s)
{
	return (s->flags & SL_SESSION_EDIT) ||
	       ((p->tcp_flags & SL_TH_SYN) && s->protocol == IPPROTO_TCP);
}

/* Does the rule change more than SYNs? Its sessions are SL_SESSION_EDIT then. */
bool sl_edit_always(const struct sl_tables *tables, uint32_t rule);

/* RFC 2474 3: sets the six bits, leaves ECN's two (RFC 3168) and updates the IPv4 checksum. */
void sl_edit_dscp(uint8_t *ip, uint8_t family, uint8_t dscp);

/*
 * Lowers the maximum segment size option (RFC 9293 3.7.1) of a TCP header of `length` bytes to
 * `most`. Without the option it stays without: the peer then sends 536 bytes or 1,220 at most.
 * Options that are malformed are left alone. True if it changed something.
 */
bool sl_edit_mss(uint8_t *tcp, uint32_t length, uint16_t most);
