/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/pull.h"

#include <string.h>

bool sl_pull_slow(struct rte_mbuf *m)
{
	uint32_t want = RTE_MIN(m->pkt_len, (uint32_t)SL_PULL) - m->data_len;

	if (m->pkt_len <= m->data_len)
		return true;
	if (want > rte_pktmbuf_tailroom(m) || !RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
		return false;
	while (want > 0) {
		struct rte_mbuf *next = m->next;
		uint16_t n = (uint16_t)RTE_MIN(want, (uint32_t)next->data_len);

		memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len),
		       rte_pktmbuf_mtod(next, uint8_t *), n);
		m->data_len += n;
		want -= n;
		next->data_len -= n;
		next->data_off += n;
		if (next->data_len == 0) {
			m->next = next->next;
			m->nb_segs--;
			next->next = NULL;
			next->nb_segs = 1;
			rte_pktmbuf_free_seg(next);
		}
	}
	return true;
}

void sl_trim_slow(struct rte_mbuf *m, uint32_t length)
{
	struct rte_mbuf *last = m;
	uint32_t before = 0;
	uint16_t segments = 1;

	while (before + last->data_len < length && last->next) {
		before += last->data_len;
		last = last->next;
		segments++;
	}
	last->data_len = (uint16_t)(length - before);
	if (last->next) {
		rte_pktmbuf_free(last->next);
		last->next = NULL;
	}
	m->nb_segs = segments;
	m->pkt_len = length;
}
