/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/fragment_join.h"

#include <rte_byteorder.h>

#include "core/offline.h"
#include "ip/checksum.h"
#include "ip/pull.h"
#include "routing/fib.h"
#include "vpn/may_be_esp.h"

#define FRAGMENT_HEADER 8u

bool sl_fragment_joins(const struct sl_worker *w, const struct sl_pkt *p)
{
	if (p->flags & SL_PKT_FROM_HOST)
		return false;
	if (p->family == 4)
		return sl_may_be_esp(p->key4.proto, p->key4.dport) &&
		       sl_fib_lookup4(w->dp->fib, p->key4.dst)->kind == SL_ROUTE_KIND_LOCAL;
	return p->l3_length == 40 + FRAGMENT_HEADER && sl_may_be_esp(p->key6.proto, p->key6.dport) &&
	       sl_fib_lookup6(w->dp->fib, p->key6.dst)->kind == SL_ROUTE_KIND_LOCAL;
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

static void write_length(uint8_t *at, uint32_t length)
{
	uint16_t field = rte_cpu_to_be_16((uint16_t)length);

	memcpy(at, &field, 2);
}

static void make_whole4(uint8_t *ip, uint32_t header, uint32_t length)
{
	uint16_t sum;

	write_length(ip + 2, length);
	memset(ip + 6, 0, 2);
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, header));
	memcpy(ip + 10, &sum, 2);
}

/* RFC 8200 4.5: the fragment header goes, and what is before it moves up to what is behind. */
static void make_whole6(struct rte_mbuf *m, uint32_t l3, uint32_t length)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	write_length(frame + l3 + 4, length - 40 - FRAGMENT_HEADER);
	frame[l3 + 6] = frame[l3 + 40];
	memmove(frame + FRAGMENT_HEADER, frame, l3 + 40);
	rte_pktmbuf_adj(m, FRAGMENT_HEADER);
}

struct rte_mbuf *sl_fragment_join(struct sl_worker *w, struct sl_datagram *d)
{
	struct rte_mbuf *piece[SL_FRAGMENT_PIECES], *m;
	uint32_t n = take(w, d, piece);
	struct sl_pkt *p = sl_pkt(piece[0]);
	uint32_t header = p->l3_length, length = header + p->fragment_length;

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
	if (p->family == 4)
		make_whole4(rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3), header, length);
	else
		make_whole6(m, p->l3, length);
	p->flags &= SL_PKT_TRACED;
	p->family = 0;
	p->datagram = 0;
	p->fragment = 0;
	p->reason = 0;
	return m;
}
