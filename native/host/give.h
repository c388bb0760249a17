/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/*
 * Hands a packet back to a worker: to go on (SL_DROP_NONE), or to be dropped and counted, since only
 * workers write counters. Packets of one flow go to one worker, so their order stays.
 */
static inline void sl_give_back(struct sl_datapath *dp, struct rte_mbuf *m, enum sl_drop reason)
{
	struct sl_pkt *p = sl_pkt(m);

	p->flags &= (uint8_t)~SL_PKT_FROM_HOST;
	p->reason = reason;
	if (rte_ring_sp_enqueue(dp->from_host[p->hash % dp->workers], m) < 0)
		rte_pktmbuf_free(m); /* the ring's 4,096 places are full: the worker is drowning */
}
