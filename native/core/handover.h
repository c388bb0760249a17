/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/* Gives one packet to another worker at once. False, the packet still ours, when the ring is full. */
static inline bool sl_hand_over(struct sl_worker *w, struct rte_mbuf *m, unsigned int to)
{
	if (rte_ring_sp_enqueue(w->dp->handover[w->index][to], m) < 0)
		return false;
	w->self->handed_over++;
	return true;
}
