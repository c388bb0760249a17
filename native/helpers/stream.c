// SPDX-License-Identifier: BSD-3-Clause
#include <rte_byteorder.h>
#include <string.h>

#include "firewall/tcp_build.h"
#include "helpers/helping.h"
#include "ip/l4_parse.h"
#include "session/sequence.h"
#include "session/tcp_options.h"

/*
 * TCP read line by line. A line of interest may be changed, so it has to go on in one piece:
 *
 *   - of segments that hold one and more beside, what cannot go yet is cut off, as if it were lost;
 *     its sender has it still;
 *   - a line whose end is not here is kept and acknowledged in the receiver's name; as the receiver
 *     gets its bytes ahead of those that complete it, in one segment as often as that is sent, it
 *     gets them even where a sender waits for acknowledgements (RFC 896);
 *   - what replaces bytes is remembered until the receiver has it, so a retransmission is changed
 *     alike, whatever pieces it comes in.
 *
 * Hence only one replacement is under way in each direction, and segments out of order wait.
 */

#define LINE 256 /* bytes that are read of a line, more than any of interest has */
#define TTL 65	 /* ip_output takes one */

/* What the sender of `m` is told in its peer's name: all before `ack` is here. */
static enum sl_drop acknowledge(struct sl_helping *h, uint32_t ack)
{
	struct rte_mbuf *to = rte_pktmbuf_alloc(h->w->dp->pool);
	const uint8_t *tcp = rte_pktmbuf_mtod_offset(h->m, const uint8_t *, h->p->l4);
	struct sl_segment g = {.seq = sl_get32(tcp + 8), .ack = ack, .flags = SL_TH_ACK,
			       .window = h->r->side[h->p->direction ^ 1u].window};
	unsigned int size, times = sl_tcp_option(tcp, h->p->tcp_header, SL_TCP_OPTION_TIMES, &size);

	/* RFC 7323 3.2: once there are timestamps, every segment has one. */
	if (times && size == 10) {
		g.options_length = 12;
		g.options[0] = g.options[1] = SL_TCP_OPTION_NOP;
		g.options[2] = SL_TCP_OPTION_TIMES;
		g.options[3] = 10;
		memcpy(g.options + 4, tcp + times + 6, 4);
		memcpy(g.options + 8, tcp + times + 2, 4);
	}
	if (!to || !sl_tcp_answer(to, h->m, TTL, &g)) {
		rte_pktmbuf_free(to);
		return SL_DROP_NO_MBUF;
	}
	sl_pkt(to)->adjacency = h->s->adjacency[h->p->direction ^ 1u];
	sl_pkt(to)->held = h->w->aside;
	h->w->aside = to;
	return SL_DROP_NONE;
}

/* Has the receiver what was replaced last, so that other bytes may be? */
static bool may_replace(const struct sl_helper_segment *g)
{
	const struct sl_helper_side *side = g->side;

	return !side->length || side->held ||
	       (sl_seq_geq(side->acked, side->to) && sl_seq_geq(g->seq, side->to));
}

/* From `at` on the rest is left to be sent again. */
static enum sl_drop cut(struct sl_helper_segment *g, uint32_t at)
{
	if (at == 0 || g->fin)
		return SL_DROP_HELPER_ORDER;
	g->keep = at;
	return SL_DROP_NONE;
}

/* `text` goes on in place of `length` bytes at `at`. */
static enum sl_drop replace(struct sl_helper_segment *g, uint32_t at, uint32_t length, const uint8_t *text,
			    uint32_t text_length)
{
	struct sl_helper_side *side = g->side;
	int32_t by = (int32_t)(text_length - length);

	if (by && sl_sequence_shift(g->h->s, g->h->x, g->direction, g->seq + at, length, by) < 0)
		return SL_DROP_HELPER_ORDER;
	memmove(side->text, text, text_length);
	side->length = (uint16_t)text_length;
	side->held = 0;
	side->from = g->seq + at;
	side->to = side->from + length;
	if (text_length)
		atomic_fetch_add(&g->h->w->dp->helpers->rewritten, by != 0);
	return SL_DROP_NONE;
}

/* The line at `at`, what was kept of it in front. Returns its length. */
static uint32_t join(const struct sl_helper_segment *g, uint32_t at, uint32_t length, uint8_t line[LINE])
{
	uint32_t held = g->side->held, more = RTE_MIN(length, LINE - held);

	memcpy(line, g->side->text, held);
	memcpy(line + held, g->data + at, more);
	return held + more;
}

/*
 * A line that was kept goes on with its end: `total` bytes of it are in `line`, and `spot` says
 * what is changed. At least a byte of this segment is replaced: its own number is that of the first.
 */
static enum sl_drop complete(struct sl_helper_segment *g, uint32_t at, const uint8_t *line, uint32_t total,
			     const struct sl_helper_spot *spot)
{
	uint32_t held = g->side->held, after = (uint32_t)spot->at + spot->length;
	uint32_t end = RTE_MAX(held + 1u, after), length = (uint32_t)spot->at + spot->text_length;
	uint8_t text[SL_HELPER_TEXT];

	if (end > total || end + spot->text_length > sizeof(text))
		return SL_DROP_HELPER_MALFORMED;
	memcpy(text, line, spot->at);
	memcpy(text + spot->at, spot->text, spot->text_length);
	memcpy(text + length, line + after, end - after);
	return replace(g, at, end - held, text, length + end - after);
}

static enum sl_drop whole_line(struct sl_helper_segment *g, uint32_t at, uint32_t length, bool *stop)
{
	struct sl_helper_side *side = g->side;
	struct sl_helper_spot spot = {0};
	const uint8_t *line = g->data + at;
	uint8_t joined[LINE];
	enum sl_drop reason;
	uint32_t total = length;

	if (side->held) {
		total = join(g, at, length, joined);
		line = joined;
	} else if (g->ops->may_say(line, length, g->direction) && !may_replace(g)) {
		*stop = true;
		return cut(g, at);
	}
	reason = g->ops->line(g->h, line, total, g->direction, &spot);
	if (reason)
		return reason;
	if (side->held)
		return complete(g, at, line, total, &spot);
	return spot.text_length ?
		       replace(g, at + spot.at, spot.length, spot.text, spot.text_length) :
		       SL_DROP_NONE;
}

/* A line that nobody waits for. */
static enum sl_drop let_go(struct sl_helper_segment *g, uint32_t at, const uint8_t *line, uint32_t total)
{
	static const struct sl_helper_spot none;

	g->side->middle = true;
	return g->side->held ? complete(g, at, line, total, &none) : SL_DROP_NONE;
}

/* The end of the segment is not the end of a line. */
static enum sl_drop open_line(struct sl_helper_segment *g, uint32_t at)
{
	struct sl_helper_side *side = g->side;
	uint32_t length = g->length - at, total;
	uint8_t line[LINE];
	enum sl_drop reason;

	total = join(g, at, length, line);
	if (g->fin || !g->ops->may_say(line, total, g->direction))
		return let_go(g, at, line, total);
	if (total > SL_HELPER_HELD)
		return g->direction == 0 ? SL_DROP_HELPER_MALFORMED : let_go(g, at, line, total);
	/* What is kept is acknowledged with all before it, so that has to be there. */
	if (at > 0 || side->acked != g->seq || !may_replace(g))
		return cut(g, at);
	reason = acknowledge(g->h, g->seq + length);
	if (reason)
		return reason;
	if (sl_sequence_shift(g->h->s, g->h->x, g->direction, g->seq, length, -(int32_t)length) < 0)
		return SL_DROP_HELPER_ORDER;
	memcpy(side->text, line, total);
	side->held = (uint8_t)total;
	side->length = 0;
	side->acked = g->seq + length;
	side->next = side->acked;
	g->keep = 0;
	return SL_DROP_NONE;
}

/* Reads what is new of a segment: from `at` on. */
static enum sl_drop read_on(struct sl_helper_segment *g, uint32_t at)
{
	struct sl_helper_side *side = g->side;
	bool stop = false;

	while (at < g->length && !stop) {
		const uint8_t *end = memchr(g->data + at, '\n', g->length - at);
		uint32_t length = end ? (uint32_t)(end + 1 - g->data) - at : g->length - at;
		enum sl_drop reason = SL_DROP_NONE;

		if (side->middle)
			side->middle = !end;
		else if (end)
			reason = whole_line(g, at, length, &stop);
		else {
			reason = open_line(g, at);
			stop = true;
		}
		if (reason)
			return reason;
		at += length;
	}
	if (!side->held)
		side->next = g->seq + g->keep;
	return SL_DROP_NONE;
}

/*
 * Bytes that were read before: they pass as they did then, unless they say something else now that
 * the receiver does not have yet.
 */
static bool repeats(const struct sl_helper_segment *g, uint32_t old)
{
	const struct sl_helper_side *side = g->side;

	for (uint32_t at = 0; at < old;) {
		const uint8_t *end = memchr(g->data + at, '\n', g->length - at);
		uint32_t length = end ? (uint32_t)(end + 1 - g->data) - at : g->length - at;
		uint32_t from = g->seq + at;
		bool replaced = side->length && sl_seq_geq(side->from, from) &&
				sl_seq_geq(from + length, side->to);

		if (!replaced && !sl_seq_geq(side->acked, from + length) &&
		    length >= 4 && g->ops->may_say(g->data + at, length, g->direction))
			return false;
		at += length;
	}
	return true;
}

/* Writes what replaces bytes of the segment. */
static enum sl_drop put(struct sl_helper_segment *g, uint32_t keep)
{
	const struct sl_helper_side *side = g->side;
	uint32_t start = (uint32_t)g->h->p->l4 + g->h->p->tcp_header;
	uint32_t end = g->seq + keep;

	if (keep < g->length &&
	    !sl_helper_replace(g->h->m, start + keep, g->length - keep, "", 0))
		return SL_DROP_NO_MBUF;
	if (!side->length || side->held || sl_seq_geq(side->from, end) || sl_seq_geq(g->seq, side->to))
		return SL_DROP_NONE;
	if (!sl_seq_geq(side->from, g->seq) || !sl_seq_geq(end, side->to))
		return SL_DROP_HELPER_ORDER; /* a piece of it means nothing */
	return sl_helper_replace(g->h->m, start + (side->from - g->seq), side->to - side->from,
				 side->text, side->length) ?
		       SL_DROP_NONE :
		       SL_DROP_NO_MBUF;
}

/* A new connection between the same ends. */
static void begin(struct sl_helping *h)
{
	struct sl_extension *x = h->x;
	const struct sl_pkt *p = h->p;

	if (p->direction == 0 && h->s->state == SL_TCP_SYN_SENT) {
		h->r->side[0] = h->r->side[1] = (struct sl_helper_side){0};
		x->sequence[0] = (struct sl_sequence){0};
		if (!x->proxied)
			x->sequence[1] = (struct sl_sequence){0};
	}
	if (p->l4_length == p->tcp_header && !h->r->side[p->direction].known)
		h->r->side[p->direction] = (struct sl_helper_side){
			.next = p->tcp_seq + 1, .acked = p->tcp_seq + 1, .known = true};
}

enum sl_drop sl_helper_stream(struct sl_helping *h, const struct sl_helper_ops *ops)
{
	const struct sl_pkt *p = h->p;
	struct sl_helper_side *side = &h->r->side[p->direction], *peer = &h->r->side[!p->direction];
	struct sl_helper_segment g = {h, ops, side, p->direction, NULL, p->tcp_seq, 0, 0,
			    p->tcp_flags & SL_TH_FIN};
	enum sl_drop reason;
	int32_t old;

	if (p->flags & SL_PKT_FRAGMENT)
		return SL_DROP_HELPER_FRAGMENT;
	if (p->tcp_flags & SL_TH_SYN)
		begin(h);
	side->window = p->tcp_window;
	if (p->tcp_flags & SL_TH_ACK && peer->known && sl_seq_geq(p->tcp_ack, peer->acked))
		peer->acked = p->tcp_ack;
	if (p->tcp_flags & (SL_TH_SYN | SL_TH_RST) || p->l4_length <= p->tcp_header)
		return SL_DROP_NONE;
	if (!side->known) {
		side->known = true;
		side->next = side->acked = g.seq;
	}
	old = (int32_t)(side->next - g.seq);
	if (old < 0)
		return SL_DROP_HELPER_ORDER;
	if (side->held && old > 0) {
		/* It has not heard that all this is here. */
		reason = acknowledge(h, side->next);
		return reason ? reason : SL_DROP_HELPER_ORDER;
	}
	g.data = sl_helper_payload(h->m, p->tcp_header, &g.length);
	if (!g.data)
		return SL_DROP_NO_MBUF;
	g.keep = g.length;
	if (ops->segment)
		return ops->segment(&g, (uint32_t)old);
	if (old > 0 && !repeats(&g, RTE_MIN((uint32_t)old, g.length)))
		return SL_DROP_HELPER_ORDER;
	reason = (uint32_t)old < g.length ? read_on(&g, (uint32_t)old) : SL_DROP_NONE;
	return reason ? reason : put(&g, g.keep);
}
