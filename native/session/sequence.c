// SPDX-License-Identifier: BSD-3-Clause
#include "session/sequence.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <string.h>

#include "ip/checksum.h"
#include "session/tcp_options.h"

#define CHECKSUM 16

void sl_sequence_set(struct sl_session *s, struct sl_extension *x, unsigned int side, uint32_t by)
{
	x->sequence[side] = (struct sl_sequence){.at = s->end[side], .before = by, .after = by};
	s->flags |= SL_SESSION_SEQUENCE;
}

int sl_sequence_shift(struct sl_session *s, struct sl_extension *x, unsigned int side, uint32_t seq,
		      uint32_t segment, int32_t by)
{
	struct sl_sequence *q = &x->sequence[side];

	if (q->before != q->after && !sl_seq_geq(seq, q->at))
		return -EBUSY;
	*q = (struct sl_sequence){.at = seq + segment,
				  .replaced = seq,
				  .before = q->after,
				  .after = q->after + (uint32_t)by};
	s->flags |= SL_SESSION_SEQUENCE;
	return 0;
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return rte_be_to_cpu_32(value);
}

static uint64_t words(const uint8_t *at, unsigned int count)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < count; i++) {
		uint16_t word;

		memcpy(&word, at + 2 * i, 2);
		sum += word;
	}
	return sum;
}

/* Writes a number; returns what the sum of the words around it, which begin at even bytes, grew by. */
static uint64_t put32(uint8_t *tcp, unsigned int at, uint32_t value)
{
	unsigned int from = at & ~1u, count = at & 1 ? 3 : 2;
	uint64_t before = words(tcp + from, count);

	value = rte_cpu_to_be_32(value);
	memcpy(tcp + at, &value, 4);
	return words(tcp + from, count) + (0xffffull * count - before);
}

static void add(uint8_t *checksum, uint64_t change)
{
	uint16_t sum;

	memcpy(&sum, checksum, 2);
	sum = (uint16_t)~sl_checksum_fold((uint16_t)~sum + change);
	memcpy(checksum, &sum, 2);
}

void sl_sequence_in(const struct sl_extension *x, struct sl_pkt *p)
{
	const struct sl_sequence *q = &x->sequence[p->direction ^ 1u];

	if (p->flags & SL_PKT_ICMP_ERROR)
		p->tcp_seq = sl_sequence_here(q, p->tcp_seq);
	else if (p->tcp_flags & SL_TH_ACK)
		p->tcp_ack = sl_sequence_here(q, p->tcp_ack);
}

static uint64_t sack(const struct sl_sequence *q, const struct sl_pkt *p, uint8_t *tcp)
{
	uint64_t change = 0;
	unsigned int length, at = sl_tcp_option(tcp, p->tcp_header, SL_TCP_OPTION_SACK, &length);

	/* RFC 2018 3: blocks of two numbers each. */
	for (unsigned int i = at + 2; at && i + 8 <= at + length; i += 8) {
		change += put32(tcp, i, sl_sequence_here(q, get32(tcp + i)));
		change += put32(tcp, i + 4, sl_sequence_here(q, get32(tcp + i + 4)));
	}
	return change;
}

void sl_sequence_out(const struct sl_extension *x, const struct sl_pkt *p, uint8_t *tcp)
{
	uint64_t change = put32(tcp, 4, sl_sequence_there(&x->sequence[p->direction], p->tcp_seq));

	if (p->tcp_flags & SL_TH_ACK) {
		change += put32(tcp, 8, p->tcp_ack);
		if (p->tcp_header > 20)
			change += sack(&x->sequence[p->direction ^ 1u], p, tcp);
	}
	add(tcp + CHECKSUM, change);
}

uint64_t sl_sequence_quote(const struct sl_pkt *p, uint8_t *tcp, uint32_t have)
{
	uint64_t change = put32(tcp, 4, p->tcp_seq), before;

	if (have < CHECKSUM + 2)
		return change;
	before = words(tcp + CHECKSUM, 1);
	add(tcp + CHECKSUM, change);
	return change + words(tcp + CHECKSUM, 1) + (0xffffull - before);
}
