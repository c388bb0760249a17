// SPDX-License-Identifier: BSD-3-Clause
#include <netinet/in.h>
#include <string.h>

#include "helpers/helping.h"
#include "helpers/sip.h"
#include "helpers/sip_parse.h"
#include "routing/adjacency.h"
#include "session/sequence.h"

/*
 * SIP over TCP (RFC 3261 18.3): messages one behind the other, as long as Content-Length says. One that
 * is whole in a segment is read and changed like a datagram; a retransmission is changed again, to the
 * same, as what was announced keeps its port. One that begins a segment and does not end in it passes
 * unread, as do those that changed would not fit in a packet; where one that is whole goes before, the
 * beginning of the next is cut off, as if it were lost, and comes again by itself. Nothing is read any
 * more of a stream whose frames are lost: what is no SIP, and what does not say its length.
 */

#define WHOLE_MOST 1400 /* of longer ones nobody hopes that a segment has them whole */
#define COPY_MOST 2048

/* Messages of a segment from `from` to `to`, in their new form `by` bytes longer. */
struct changes {
	uint32_t from, to;
	int32_t by;
	bool changed;
};

/* Where a byte of the segment is in its packet. */
static uint32_t place(const struct sl_helper_segment *g, uint32_t at)
{
	return (uint32_t)(g->data - rte_pktmbuf_mtod(g->h->m, const uint8_t *)) + at;
}

/* Reads the messages of a segment from `from` to `to`, which are whole. */
static enum sl_drop read_messages(struct sl_helper_segment *g, struct changes *c)
{
	const uint8_t *frame = rte_pktmbuf_mtod(g->h->m, const uint8_t *);
	uint32_t at = c->from;

	c->by = 0;
	c->changed = false;
	while (at < c->to) {
		uint32_t start = place(g, at) + (uint32_t)c->by, length = c->to - at, total;
		enum sl_drop reason;

		if (frame[start] == '\r' || frame[start] == '\n') {
			at++;
			continue;
		}
		if (sl_sip_frame(frame + start, length, &total) != SL_SIP_FRAME || total > length)
			return SL_DROP_HELPER_ORDER;
		length = total;
		reason = sl_sip_message(g->h, start, &length, &c->changed);
		if (reason)
			return reason;
		c->by += (int32_t)(length - total);
		at += total;
	}
	return SL_DROP_NONE;
}

/* In its new form the packet has to fit where it goes: nobody would tell its sender. */
static bool fits(const struct sl_helper_segment *g)
{
	const struct sl_pkt *p = g->h->p;
	uint16_t mtu = sl_adjacencies[g->h->s->adjacency[g->direction]].mtu;

	return (uint32_t)p->l3_length + p->l4_length <= (mtu ? mtu : 1500);
}

/* Has the receiver all that was changed before, so that more may be? */
static bool may_change(const struct sl_helper_segment *g)
{
	const struct sl_helper_side *side = g->side;

	return !side->length || (sl_seq_geq(side->acked, side->to) && sl_seq_geq(g->seq, side->to));
}

/* Changes what is new of a segment; `*wait` where that may not be yet. */
static enum sl_drop change(struct sl_helper_segment *g, struct changes *c, bool *wait)
{
	uint32_t start = place(g, c->from), length = c->to - c->from;
	uint8_t before[COPY_MOST];
	enum sl_drop reason;

	*wait = false;
	if (length > sizeof(before))
		return SL_DROP_NONE;
	memcpy(before, g->data + c->from, length);
	reason = read_messages(g, c);
	if (reason || !c->changed)
		return reason;
	*wait = !may_change(g);
	if (*wait || !fits(g)) {
		if (!sl_helper_replace(g->h->m, start, (uint32_t)((int32_t)length + c->by), before,
				       length))
			return SL_DROP_NO_MBUF;
		c->changed = false;
		c->by = 0;
		return SL_DROP_NONE;
	}
	if (c->by && sl_sequence_shift(g->h->s, g->h->x, g->direction, g->seq + c->from, length,
				       c->by) < 0)
		return SL_DROP_HELPER_ORDER;
	return SL_DROP_NONE;
}

/* A segment that begins with bytes it had before: those that were changed are changed again. */
static enum sl_drop again(struct sl_helper_segment *g, uint32_t old)
{
	const struct sl_helper_side *side = g->side;
	struct changes c;
	enum sl_drop reason;

	if (!side->length || sl_seq_geq(side->from, g->seq + old) || sl_seq_geq(g->seq, side->to))
		return SL_DROP_NONE;
	if (!sl_seq_geq(side->from, g->seq) || !sl_seq_geq(g->seq + old, side->to))
		return SL_DROP_HELPER_ORDER; /* a piece of it means nothing */
	c.from = side->from - g->seq;
	c.to = side->to - g->seq;
	reason = read_messages(g, &c);
	if (!reason && c.by != side->by)
		return SL_DROP_HELPER_ORDER;
	g->data += c.by; /* of what comes behind it */
	return reason;
}

/* A piece of a header that is not read but for where it ends: returns how many bytes it takes. */
static uint32_t skip_header(struct sl_helper_side *side, const uint8_t *data, uint32_t length)
{
	const uint8_t *end = memchr(data, '\n', length);
	uint32_t taken = end ? (uint32_t)(end + 1 - data) : length;
	/* A byte in front, so that the line is not the first one. */
	uint32_t room = sizeof(side->text) - 1 - side->part;
	struct sl_sip_line line;

	memcpy(side->text + 1 + side->part, data, RTE_MIN(taken, room));
	side->part = (uint8_t)(side->part + RTE_MIN(taken, room));
	if (!end)
		return taken;
	side->text[0] = '\n';
	if (sl_sip_header(side->text, 1u + side->part, 1, &line)) {
		struct sl_sip_number number;

		if (line.kind == SL_SIP_LENGTH && sl_sip_number(side->text, &line, &number)) {
			side->body = number.value;
			side->measured = true;
		} else if (line.kind == SL_SIP_END) {
			side->middle = false;
			side->lost = !side->measured;
			side->left = side->body;
		}
	}
	side->part = 0;
	return taken;
}

/* What no whole message is of: bytes of one that passes unread, and what keeps the stream awake. */
static uint32_t skip(struct sl_helper_side *side, const uint8_t *data, uint32_t length)
{
	uint32_t n;

	if (side->lost)
		return length;
	if (side->left) {
		n = RTE_MIN(side->left, length);
		side->left -= n;
		return n;
	}
	if (side->middle)
		return skip_header(side, data, length);
	return *data == '\r' || *data == '\n'; /* RFC 5626 3.5.1 */
}

/* One that does not end here: `total` bytes, 0 where its header goes on. False: it is cut off. */
static bool open_message(struct sl_helper_side *side, bool cut, uint32_t total)
{
	if (cut && total <= WHOLE_MOST)
		return false;
	side->left = total;
	side->middle = total == 0;
	side->measured = false;
	side->body = side->part = 0;
	return true;
}

/* The whole messages from `at` to `end`, in *c; returns where what goes on ends. */
static uint32_t frames(const struct sl_helper_segment *g, struct sl_helper_side *side, uint32_t at,
		       uint32_t end, struct changes *c)
{
	const uint32_t first = at;

	*c = (struct changes){.from = at, .to = at};
	while (at < end) {
		uint32_t total = 0, n = skip(side, g->data + at, end - at);
		enum sl_sip_framing framing;

		if (n) {
			at += n;
			continue;
		}
		framing = sl_sip_frame(g->data + at, end - at, &total);
		side->lost = framing == SL_SIP_NO_FRAME;
		if (framing == SL_SIP_FRAME && total <= end - at) {
			if (c->from == c->to)
				c->from = at;
			at += total;
			c->to = at;
		} else if (!side->lost && !open_message(side, at > first && !g->fin, total)) {
			return at;
		}
	}
	return at;
}

static enum sl_drop sip_segment(struct sl_helper_segment *g, uint32_t old)
{
	struct sl_helper_side after = *g->side; /* a packet that is dropped changes nothing */
	enum sl_drop reason = again(g, old);
	bool wait = old > 0; /* for what was sent before to be there: then it comes without that */
	struct changes c;
	uint32_t keep;

	if (reason || old >= g->length)
		return reason;
	keep = frames(g, &after, old, g->length, &c);
	if (c.from < c.to) {
		if (!wait)
			reason = change(g, &c, &wait);
		if (!reason && wait && (c.from == 0 || g->fin))
			reason = SL_DROP_HELPER_ORDER;
		if (reason)
			return reason;
		if (wait) {
			after = *g->side;
			keep = frames(g, &after, old, c.from, &c);
		}
	}
	if (c.changed) {
		after.from = g->seq + c.from;
		after.to = g->seq + c.to;
		after.by = c.by;
		after.length = 1;
	}
	if (keep < g->length &&
	    !sl_helper_replace(g->h->m, place(g, keep) + (uint32_t)c.by, g->length - keep, "", 0))
		return SL_DROP_NO_MBUF;
	after.next = g->seq + keep;
	*g->side = after;
	return SL_DROP_NONE;
}

const struct sl_helper_ops sl_helper_sip_stream = {.protocol = IPPROTO_TCP,
						   .segment = sip_segment};
