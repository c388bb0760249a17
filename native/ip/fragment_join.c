/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/fragment_join.h"

#include <rte_byteorder.h>

#include "core/offline.h"
#include "ip/checksum.h"
#include "ip/pull.h"
#include "routing/fib.h"
#include "vpn/may_be_esp.h"

bool sl_fragment_joins(const struct sl_worker *w, const struct sl_pkt *p)
{
	return p->family == 4 && !(p->flags & SL_PKT_FROM_HOST) &&
	       sl_may_be_esp(p->key4.proto, p->key4.dport) &&
	       sl_fib_lookup4(w->dp->fib, p->key4.dst)->kind == SL_ROUTE_KIND_LOCAL;
}

static uint32_t place(struct rte_mbuf *m)
{
	return sl_pkt(m)->fragment & 0xfff8u;
}

/* Takes what is held, by its place. */
static uint32_t take(struct sl_worker *w, struct sl_datagram *d, struct rte_mbuf **piece)
{
	struct rte_mbuf *m;
	uint32_t n = 0;

	while ((m = sl_datagram_take(w->fragments, d))) {
		uint32_t at = n++;

		for (; at && place(piece[at - 1]) > place(m); at--)
			piece[at] = piece[at - 1];
		piece[at] = m;
	}
	return n;
}

struct rte_mbuf *sl_fragment_join(struct sl_worker *w, struct sl_datagram *d)
{
	struct rte_mbuf *piece[SL_FRAGMENT_PIECES], *m;
	uint32_t n = take(w, d, piece);
	struct sl_pkt *p = sl_pkt(piece[0]);
	uint32_t header = p->l3_length, length = header + p->fragment_length;
	uint16_t field, sum;
	uint8_t *ip;

	m = piece[0];
	sl_trim(m, p->l3 + length);
	for (uint32_t i = 1; i < n; i++) {
		const struct sl_pkt *q = sl_pkt(piece[i]);

		if (w->offline)
			sl_offline_answered(w, sl_pkt(piece[i]));
		length += q->fragment_length;
		sl_trim(piece[i], (uint32_t)q->l3 + q->l3_length + q->fragment_length);
		rte_pktmbuf_adj(piece[i], (uint16_t)(q->l3 + q->l3_length));
		/* 128 pieces of a few segments: far from what a chain may have. */
		(void)rte_pktmbuf_chain(m, piece[i]);
	}
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	field = rte_cpu_to_be_16((uint16_t)length);
	memcpy(ip + 2, &field, 2);
	memset(ip + 6, 0, 2);
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, header));
	memcpy(ip + 10, &sum, 2);
	p->flags &= SL_PKT_TRACED;
	p->family = 0;
	p->datagram = 0;
	p->fragment = 0;
	p->reason = 0;
	return m;
}
