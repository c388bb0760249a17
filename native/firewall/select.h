/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>

#include "firewall/way.h"
#include "nat/nat.h"

/*
 * Policy-based tunnels act as routes ahead of the FIB: true, and *way is the tunnel, where one takes
 * the flow. What is for the box itself stays. The source is as NAT would make it on its way into
 * that tunnel's zone, or as it was `seen` since its session began (network order; NULL: it has
 * none); `nat` is what destination NAT said. Only where tables->selectors are any.
 */
bool sl_select(const struct sl_tables *tables, uint16_t from, uint16_t in,
	       const struct sl_flow *flow, uint16_t sport, const struct sl_nat *nat,
	       const uint8_t *seen, struct sl_way *way);

/* What the key exchange says to its peers, and ESP in UDP, goes into no tunnel. */
static inline bool sl_select_ike(const struct sl_flow *flow)
{
	return flow->proto == IPPROTO_ESP ||
	       (flow->proto == IPPROTO_UDP && (flow->sport == 500 || flow->sport == 4500));
}

/*
 * RFC 4301 5.2, step 3: would an answer to this flow, as it is on the wire, go into a policy-based
 * tunnel? Then it has to come out of one, and not in clear by another interface.
 */
bool sl_select_answers(const struct sl_tables *tables, uint16_t in, const struct sl_flow *flow);
