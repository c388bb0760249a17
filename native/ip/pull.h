/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

/* As many bytes as any header chain we take needs, up to a whole error message with its quote. */
#define SL_PULL 256

/* Brings the first SL_PULL bytes (or all) into segment 0. False if they find no room there. */
bool sl_pull_slow(struct rte_mbuf *m);

static inline bool sl_pull(struct rte_mbuf *m)
{
	if (likely(m->nb_segs == 1 || rte_pktmbuf_data_len(m) >= SL_PULL))
		return true;
	return sl_pull_slow(m);
}

/* Cuts the packet to `length` bytes, no more than it has: what a frame carries beyond is padding. */
void sl_trim_slow(struct rte_mbuf *m, uint32_t length);

static inline void sl_trim(struct rte_mbuf *m, uint32_t length)
{
	if (likely(m->pkt_len == length))
		return;
	if (likely(m->nb_segs == 1)) {
		m->data_len = (uint16_t)length;
		m->pkt_len = length;
		return;
	}
	sl_trim_slow(m, length);
}
