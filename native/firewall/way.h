/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "routing/fib.h"
#include "tables/tables.h"

/* Where a flow goes: what the policy has to know of the route, and what forwarding needs of it. */
struct sl_way {
	const struct sl_route *route; /* NULL where none was looked up */
	uint16_t out;		      /* egress interface slot; IFACE_NONE for the box or no route */
	uint16_t to;		      /* zone slot: ZONE_LOCAL for the box, ZONE_NONE without a route */
	uint16_t reason;	      /* enum sl_drop: why it cannot go there though a rule may allow it */
	uint8_t how;		      /* SL_ROUTE_* */
	bool tunnel;		      /* into `out`, whatever the routes: firewall/select.h */
};

/* Addresses of direction 0 with the real destination, in network order; 4 or 16 bytes. */
void sl_way_find(const struct sl_tables *tables, const struct sl_fib *fib, int family,
		 const uint8_t *src, const uint8_t *dst, struct sl_way *way);

/* The adjacency of a way out, `dst` being the next hop where the link is direct. 0 without one. */
uint32_t sl_way_adjacency(const struct sl_way *way, int family, const uint8_t *dst);

/* Is it what stands for a policy-based tunnel? */
static inline bool sl_way_is_policy(const struct sl_tables *tables, uint16_t iface)
{
	const struct sl_image_interfaces *record = tables->ifaces[iface % SL_MAX_IFACES];

	return record && record->flags & SL_IFACE_POLICY;
}

/*
 * The adjacency that leads to `address`, for the way back of what came in by `in`; 0 without a route.
 * What a policy-based tunnel brought is answered into it: no route leads there.
 */
uint32_t sl_way_back(const struct sl_worker *w, uint16_t in, int family, const uint8_t *address);
