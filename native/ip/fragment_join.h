/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ip/fragment_map.h"

/*
 * RFC 4303 3.4.1: what has to be opened is put together first; the one exception to virtual
 * reassembly. Of a first fragment: is it ESP for the box? Over IPv6 without other extension headers.
 */
bool sl_fragment_joins(const struct sl_worker *w, const struct sl_pkt *p);

/* The datagram whose fragments are all held, as one packet in several buffers; they are taken. */
struct rte_mbuf *sl_fragment_join(struct sl_worker *w, struct sl_datagram *d);
