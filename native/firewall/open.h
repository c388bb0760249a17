/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "firewall/judge.h"
#include "firewall/syn_proxy.h"
#include "nat/nat.h"

/* Opening a session for a packet that has none. */

enum sl_open {
	SL_OPEN_DONE,
	SL_OPEN_AGAIN, /* it has one by now: look it up again */
	SL_OPEN_DROP,  /* sl_pkt.reason says why */
	SL_OPEN_REFUSED, /* it has one, but goes no further itself; the same */
};

/* May TCP be picked up midstream whatever its rule says? Only shortly after the start. */
static inline bool sl_open_grace(const struct sl_worker *w)
{
	return unlikely(!w->settled) &&
	       w->now_ms < w->tables->image.settings->midstream_grace * 1000;
}

/* Finds the way of a packet from a wire to its server; sets its out_iface, zone and route_how. */
void sl_open_way(const struct sl_worker *w, struct sl_pkt *p, const struct sl_flow *flow,
		 const struct sl_nat *nat, struct sl_way *way);

/* Into a policy-based tunnel that takes it, rather than where *way leads. */
void sl_open_select(const struct sl_worker *w, const struct sl_pkt *p, const struct sl_flow *flow,
		    const struct sl_nat *nat, struct sl_way *way);

/* The next hop of a packet that goes without a session; from the host it has one already. */
void sl_open_adjacency(struct sl_pkt *p, const struct sl_way *way);

/* What a packet that may open a session asks for, and what it gets. */
struct sl_opening {
	const struct sl_flow *flow; /* with the real destination */
	const struct sl_way *way;
	const struct sl_decision *decision;
	struct sl_nat *nat;
	struct sl_nat_search *search; /* of what is translated, see sl_open_soon() */
	const struct sl_syn_taken *taken;
};

/*
 * A session is to be opened for this packet soon: looks for the source it is to have and sends for
 * the bucket of its way back, the one line the lookup has not touched.
 */
void sl_open_soon(struct sl_worker *w, const struct sl_pkt *p, const struct sl_opening *o);

enum sl_open sl_open_session(struct sl_worker *w, struct rte_mbuf *m, const struct sl_opening *o);
