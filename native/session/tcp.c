// SPDX-License-Identifier: BSD-3-Clause
#include "session/tcp.h"

#include <netinet/in.h>

#include "session/tcp_state.h"
#include "session/tcp_window.h"

/* What the rules below ask of a segment. */
struct segment {
	unsigned int side, peer;
	uint32_t seq, ack;
	uint32_t end; /* of the data: without SYN and FIN */
	uint16_t window;
};

static uint32_t payload(const struct sl_pkt *p)
{
	return p->l4_length > p->tcp_header ? (uint32_t)(p->l4_length - p->tcp_header) : 0;
}

static uint32_t at_least_one(uint32_t window)
{
	return window ? window : 1;
}

static void raise(uint32_t *value, uint32_t to)
{
	if (sl_seq_geq(to, *value))
		*value = to;
}

/* A side's SYN: where its numbers start. Windows of SYNs are unscaled (RFC 7323, 2.2). */
static void learn(struct sl_session *s, const struct segment *g, const uint8_t *tcp,
		  uint16_t header_length)
{
	int shift = sl_tcp_wscale(tcp, header_length);

	s->scale[g->side] = SL_SIDE_KNOWN;
	if (shift >= 0)
		s->scale[g->side] |= SL_SIDE_OFFERED | (uint8_t)shift;
	s->end[g->side] = g->end + 1;
	s->window[g->side] = g->window ? g->window : 1;
}

/* Both SYNs are known: scaling is in force if both offered it (RFC 7323, 1.3), else for neither. */
static void settle_scales(struct sl_session *s)
{
	bool both = s->scale[0] & s->scale[1] & SL_SIDE_OFFERED;

	for (unsigned int side = 0; side < 2; side++) {
		unsigned int shift = s->scale[side] & SL_SIDE_SHIFT;

		if (both)
			s->window[side] = (uint16_t)((s->window[side] + (1u << shift) - 1) >> shift);
		else
			s->scale[side] &= (uint8_t)~SL_SIDE_SHIFT;
	}
}

/* In SYN-SENT limit[0] holds the number after the SYN: no window is known to send into. */
static void open_first(struct sl_session *s, const struct segment *g, const uint8_t *tcp,
		       uint16_t header_length)
{
	bool retransmitted = s->state == SL_TCP_SYN_SENT && s->limit[0] == g->seq + 1;
	uint32_t before = s->end[0];
	uint8_t scale = s->scale[0];

	learn(s, g, tcp, header_length);
	s->limit[0] = g->seq + 1;
	if (retransmitted) {
		/* Data and options are often left out of it, but the first one may be answered yet. */
		raise(&s->end[0], before);
		if (!(s->scale[0] & SL_SIDE_OFFERED))
			s->scale[0] = scale;
	}
	s->scale[1] = 0;
	s->end[1] = s->limit[1] = 0;
	s->window[1] = 0;
	s->flags &= (uint16_t)~(SL_SESSION_ROLE | SL_SESSION_LOOSE | SL_SESSION_SYN_AGAIN);
	s->state = SL_TCP_SYN_SENT;
}

/*
 * The responder takes a SYN that was only passed on: it had forgotten the connection, or answers a
 * retransmission from another number as SYN cookies may. The initiator's window and scale are not
 * known, so the largest there are count until its next segments say more.
 */
static void open_anew(struct sl_session *s, const struct segment *g, const uint8_t *tcp,
		      uint16_t header_length)
{
	learn(s, g, tcp, header_length);
	s->scale[0] = SL_SIDE_KNOWN;
	/* RFC 7323, 1.3: it is only answered with the option if the SYN had it. */
	if (s->scale[1] & SL_SIDE_OFFERED)
		s->scale[0] |= SL_SIDE_OFFERED | SL_WSCALE_MAX;
	s->end[0] = g->ack;
	s->limit[0] = g->ack + at_least_one(g->window);
	s->window[0] = UINT16_MAX;
	s->limit[1] = s->end[1] + UINT16_MAX;
	settle_scales(s);
	s->flags &= (uint16_t)~(SL_SESSION_ROLE | SL_SESSION_LOOSE | SL_SESSION_SYN_AGAIN);
	s->state = SL_TCP_SYN_RECEIVED;
}

/* The responder's SYN, with ACK or (crossed) without. */
static enum sl_drop open_second(struct sl_session *s, const struct segment *g, bool acks,
				const uint8_t *tcp, uint16_t header_length)
{
	uint32_t offered = s->window[0], start = s->limit[0];

	/* RFC 9293, 3.10.7.3: ISS < SEG.ACK <= SND.NXT; fast open data may or may not be taken */
	if (acks && !(sl_seq_geq(g->ack, start) && sl_seq_geq(s->end[0], g->ack)))
		return SL_DROP_TCP_OUT_OF_WINDOW;
	learn(s, g, tcp, header_length);
	s->limit[1] = s->end[1];
	raise(&s->limit[1], g->seq + 1 + offered);
	s->limit[0] = (acks ? g->ack : start) + at_least_one(g->window);
	raise(&s->limit[0], s->end[0]);
	settle_scales(s);
	return SL_DROP_NONE;
}

/* Is a SYN with ACK the retransmission of one we know? Its data starts one later. */
static bool known_syn_ack(const struct sl_session *s, const struct segment *g)
{
	return sl_tcp_in_window(s, g->side, g->seq + 1, g->end + 1, g->ack);
}

/* A SYN with ACK where both SYNs are known; its window is unscaled. */
static enum sl_drop syn_ack_again(struct sl_session *s, const struct segment *g)
{
	if (!known_syn_ack(s, g))
		return SL_DROP_TCP_OUT_OF_WINDOW;
	raise(&s->end[g->side], g->end + 1);
	raise(&s->limit[g->peer], g->ack + at_least_one(g->window));
	return SL_DROP_NONE;
}

static enum sl_drop data(struct sl_session *s, const struct segment *g, bool fin)
{
	bool fin_seen = s->scale[g->side] & SL_SIDE_FIN;
	/* Nothing comes after a FIN, and its number does not change. */
	bool beyond_fin = fin_seen && !sl_seq_geq(s->end[g->side], g->end + fin);

	if (!(s->flags & SL_SESSION_LOOSE)) {
		/* The number of a FIN may lie past the window, which the data then filled. */
		if (beyond_fin ||
		    !sl_tcp_in_window(s, g->side, g->seq + fin_seen, g->end, g->ack))
			return SL_DROP_TCP_OUT_OF_WINDOW;
		sl_tcp_advance(s, g->side, g->end, g->ack, g->window);
	}
	if (fin && !fin_seen) {
		s->scale[g->side] |= SL_SIDE_FIN;
		s->end[g->side] = g->end + 1;
		raise(&s->limit[g->side], g->end + 1);
	}
	return SL_DROP_NONE;
}

/*
 * RFC 5961, section 3.2. The receiver takes a RST at RCV.NXT only and answers others in the window
 * with a challenge ACK. We know RCV.NXT when all that was sent arrived: end[side]. A RST elsewhere
 * in the window may be exact for a receiver that misses data, so it goes on to be judged there; an
 * established session then waits in doubt, with a shorter idle time, for a sign of life.
 */
static enum sl_drop reset(struct sl_session *s, const struct segment *g, uint8_t action, bool acks,
			  uint32_t now_ms)
{
	uint32_t seen = s->end[g->side];
	bool exact;

	if (action == SL_TCP_RST_SYN) {
		if (!acks || !sl_seq_geq(g->ack, s->limit[0]) || !sl_seq_geq(s->end[0], g->ack))
			return SL_DROP_TCP_BAD_RST;
		exact = true;
	} else if (s->flags & SL_SESSION_LOOSE) {
		exact = true;
	} else {
		exact = g->seq == seen;
		if (!exact && !(sl_seq_geq(s->limit[g->side], g->seq) &&
				sl_seq_geq(g->seq, seen - sl_side_window(s, g->peer))))
			return SL_DROP_TCP_BAD_RST;
		exact |= action == SL_TCP_RST_WINDOW;
	}
	if (exact) {
		if (s->state != SL_TCP_CLOSED)
			s->last = now_ms;
		s->state = SL_TCP_CLOSED;
	} else if (s->state == SL_TCP_ESTABLISHED) {
		s->state = SL_TCP_RESET_DOUBT;
		s->last = now_ms;
	}
	return SL_DROP_NONE;
}

/* Tells acknowledgements of the peer's FIN apart. */
static enum sl_tcp_event refine(const struct sl_session *s, const struct segment *g,
				enum sl_tcp_event event)
{
	/*
	 * Nothing comes after a FIN: one before bytes that passed is for its receiver to judge. An
	 * ACK that came after a lost FIN has the number behind it.
	 */
	if (event == SL_TCP_FIN && !(s->scale[g->side] & SL_SIDE_FIN) &&
	    !(s->flags & SL_SESSION_LOOSE) && !sl_seq_geq(g->end + 1, s->end[g->side]))
		event = SL_TCP_ACK;
	if (!(s->scale[g->peer] & SL_SIDE_FIN) || g->ack != s->end[g->peer])
		return event;
	return event == SL_TCP_ACK ? SL_TCP_ACK_FIN : event == SL_TCP_FIN ? SL_TCP_FIN_BOTH : event;
}

static enum sl_drop numbers(struct sl_session *s, const struct segment *g, enum sl_tcp_event event,
			    const uint8_t *tcp, uint16_t header_length)
{
	if (event == SL_TCP_SYN || (event == SL_TCP_SYN_ACK && s->state == SL_TCP_SYN_SENT))
		return open_second(s, g, event == SL_TCP_SYN_ACK, tcp, header_length);
	if (event == SL_TCP_SYN_ACK)
		return syn_ack_again(s, g);
	return data(s, g, event == SL_TCP_FIN || event == SL_TCP_FIN_BOTH);
}

/*
 * What only its receiver can judge goes on to it and changes no number here. A SYN is answered with
 * a challenge ACK (RFC 5961, 4.2) by who still has the connection, with a SYN by who does not.
 */
static enum sl_drop pass(struct sl_session *s, const struct segment *g, enum sl_tcp_event event,
			 const uint8_t *tcp, uint16_t header_length, uint32_t now_ms)
{
	if (event == SL_TCP_SYN && g->side == 0) {
		s->flags |= SL_SESSION_SYN_AGAIN;
	} else if (event == SL_TCP_SYN && s->state > SL_TCP_SYN_RECEIVED) {
		/* The other way round it is another flow, which the policy was not asked about. */
		return SL_DROP_TCP_BAD_STATE;
	} else if (event == SL_TCP_SYN_ACK && !known_syn_ack(s, g)) {
		if (g->side == 1 && s->flags & SL_SESSION_SYN_AGAIN) {
			open_anew(s, g, tcp, header_length);
			s->last = now_ms;
		} else if (!(s->flags & SL_SESSION_LOOSE)) {
			return SL_DROP_TCP_OUT_OF_WINDOW;
		}
	}
	return SL_DROP_NONE;
}

static struct segment segment(const struct sl_pkt *p, unsigned int direction)
{
	return (struct segment){
		.side = direction,
		.peer = direction ^ 1,
		.seq = p->tcp_seq,
		.ack = p->tcp_ack,
		.end = p->tcp_seq + payload(p),
		.window = p->tcp_window,
	};
}

enum sl_drop sl_tcp_first(struct sl_session *s, const struct sl_pkt *p, const uint8_t *tcp,
			  bool midstream, uint32_t now_ms)
{
	enum sl_tcp_event event = sl_tcp_event(p->tcp_flags);
	struct segment g = segment(p, 0);

	if (event == SL_TCP_NONSENSE)
		return SL_DROP_TCP_BAD_FLAGS;
	if (event == SL_TCP_SYN) {
		open_first(s, &g, tcp, p->tcp_header);
	} else if (midstream && (event == SL_TCP_ACK || event == SL_TCP_FIN)) {
		s->flags |= SL_SESSION_LOOSE;
		s->state = event == SL_TCP_ACK ? SL_TCP_ESTABLISHED : SL_TCP_FIN_WAIT;
		data(s, &g, event == SL_TCP_FIN);
	} else {
		return SL_DROP_TCP_NO_SESSION;
	}
	s->protocol = IPPROTO_TCP;
	s->last = now_ms;
	return SL_DROP_NONE;
}

/*
 * Of a session whose answers go elsewhere: nothing is known of windows, and the server has the last
 * word on a reset. States are for the idle times.
 */
static enum sl_drop one_way(struct sl_session *s, unsigned int direction, enum sl_tcp_event event,
			    uint32_t now_ms)
{
	if (direction == 1)
		return SL_DROP_BALANCER_DIRECT_ANSWER;
	switch (event) {
	case SL_TCP_SYN:
		if (s->state != SL_TCP_ESTABLISHED)
			s->state = SL_TCP_SYN_SENT;
		break;
	case SL_TCP_FIN:
		s->state = SL_TCP_FIN_WAIT;
		break;
	case SL_TCP_RST:
		s->state = s->state == SL_TCP_ESTABLISHED ? SL_TCP_RESET_DOUBT : SL_TCP_CLOSED;
		break;
	default:
		if (s->state == SL_TCP_SYN_SENT || s->state == SL_TCP_RESET_DOUBT)
			s->state = SL_TCP_ESTABLISHED;
	}
	s->last = now_ms;
	return SL_DROP_NONE;
}

enum sl_drop sl_tcp_track_slow(struct sl_session *s, unsigned int direction, const struct sl_pkt *p,
			       const uint8_t *tcp, uint32_t now_ms)
{
	enum sl_tcp_event event = sl_tcp_event(p->tcp_flags);
	unsigned int role = direction ^ !!(s->flags & SL_SESSION_ROLE);
	struct segment g = segment(p, direction);
	enum sl_drop drop;
	uint8_t next;

	if (event == SL_TCP_NONSENSE)
		return SL_DROP_TCP_BAD_FLAGS;
	if (s->flags & SL_SESSION_ONE_WAY)
		return one_way(s, direction, event, now_ms);
	event = refine(s, &g, event);
	next = sl_tcp_next((enum sl_session_state)s->state, role, event);
	switch (next) {
	case SL_TCP_PASS:
		return pass(s, &g, event, tcp, p->tcp_header, now_ms);
	case SL_TCP_BAD:
		return SL_DROP_TCP_BAD_STATE;
	case SL_TCP_AGAIN:
		/* The other way round it is another flow, which the policy was not asked about. */
		if (direction != 0)
			return SL_DROP_TCP_BAD_STATE;
		/* RFC 1122, 4.2.2.13: beyond the old numbers; RFC 6191 lets time stamps decide. */
		if (s->state == SL_TCP_TIME_WAIT && !(s->flags & SL_SESSION_LOOSE) &&
		    !sl_seq_geq(g.seq, s->end[0]))
			return pass(s, &g, event, tcp, p->tcp_header, now_ms);
		open_first(s, &g, tcp, p->tcp_header);
		s->last = now_ms;
		return SL_DROP_NONE;
	case SL_TCP_RST_SYN:
	case SL_TCP_RST_EXACT:
	case SL_TCP_RST_WINDOW:
		return reset(s, &g, next, p->tcp_flags & SL_TH_ACK, now_ms);
	}
	drop = numbers(s, &g, event, tcp, p->tcp_header);
	if (event == SL_TCP_SYN_ACK && drop != SL_DROP_NONE && direction == 1 &&
	    s->flags & SL_SESSION_SYN_AGAIN) {
		open_anew(s, &g, tcp, p->tcp_header);
		s->last = now_ms;
		return SL_DROP_NONE;
	}
	if (drop != SL_DROP_NONE)
		return drop;
	/* Both ends agree with what is known here. */
	s->flags &= (uint16_t)~SL_SESSION_SYN_AGAIN;
	if (next & SL_TCP_SWAP)
		s->flags ^= SL_SESSION_ROLE;
	/* A reset session ends in its time whatever is still on its way. */
	if (s->state != SL_TCP_CLOSED)
		s->last = now_ms;
	s->state = next & (uint8_t)~SL_TCP_SWAP;
	return SL_DROP_NONE;
}
