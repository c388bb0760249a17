/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/tcp.h"

/* sl_session.scale[]: low nibble the shift in force for this side's windows, above it: */
#define SL_SIDE_SHIFT 0x0f
#define SL_SIDE_OFFERED 0x10 /* its SYN had the option; shift is in force once both did */
#define SL_SIDE_KNOWN 0x20   /* its SYN was seen */
#define SL_SIDE_FIN 0x40     /* its FIN was seen: end is final */

/* An ack may lag this far behind what its receiver sent, and so much a larger window (Rooij). */
#define SL_MAX_ACK_LAG 66000u

/* Serial number arithmetic, RFC 9293 section 3.4: is a at or after b? */
static inline bool sl_seq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static inline uint32_t sl_side_window(const struct sl_session *s, unsigned int side)
{
	return (uint32_t)s->window[side] << (s->scale[side] & SL_SIDE_SHIFT);
}

/*
 * Is the segment one the receiver can have asked for? `end` excludes FIN. The four bounds:
 *   I    end <= limit[side]                    within the window the peer gave
 *   II   seq >= end[side] - window[peer]       at most one window back: retransmissions, keepalives
 *   III  ack <= end[peer]                      acknowledges what was sent
 *   IV   ack >= end[peer] - lag                not older than what can still be on its way
 */
static inline bool sl_tcp_in_window(const struct sl_session *s, unsigned int side, uint32_t seq,
				    uint32_t end, uint32_t ack)
{
	unsigned int peer = side ^ 1;
	uint32_t own = sl_side_window(s, side);
	uint32_t lag = own > SL_MAX_ACK_LAG ? own : SL_MAX_ACK_LAG;

	/* All four without a branch: three of them would be mispredicted now and then. */
	return (int)sl_seq_geq(s->limit[side], end) &
	       (int)sl_seq_geq(seq, s->end[side] - sl_side_window(s, peer)) &
	       (int)sl_seq_geq(s->end[peer], ack) & (int)sl_seq_geq(ack, s->end[peer] - lag);
}

/*
 * May an ICMP error quote a segment of `side` that began at `seq`? RFC 5927, 4.1: one that is on its
 * way; what was acknowledged is known to lie at most a window back.
 */
static inline bool sl_tcp_quotable(const struct sl_session *s, unsigned int side, uint32_t seq)
{
	uint32_t back;

	if (s->flags & SL_SESSION_LOOSE)
		return true;
	if (s->state == SL_TCP_SYN_SENT) /* the SYN: limit is the number after it */
		return side == 0 && seq == s->limit[0] - 1;
	back = sl_side_window(s, side ^ 1);
	return sl_seq_geq(s->end[side], seq) &&
	       sl_seq_geq(seq, s->end[side] - (back ? back : 1) - !!(s->scale[side] & SL_SIDE_FIN));
}

/* Takes over an accepted segment's numbers. `window` is as in the header, unscaled. */
static inline void sl_tcp_advance(struct sl_session *s, unsigned int side, uint32_t end,
				  uint32_t ack, uint16_t window)
{
	unsigned int peer = side ^ 1;
	uint32_t bytes = (uint32_t)window << (s->scale[side] & SL_SIDE_SHIFT);
	uint32_t limit = ack + (bytes ? bytes : 1); /* a closed window is probed with one byte */

	if (sl_seq_geq(end, s->end[side]))
		s->end[side] = end;
	if (sl_seq_geq(limit, s->limit[peer]))
		s->limit[peer] = limit;
	if (window > s->window[side])
		s->window[side] = window;
}

/* The segment was longer than its first fragment said: it ends at `end` or later. */
static inline void sl_tcp_extend(struct sl_session *s, unsigned int side, uint32_t end)
{
	if (!(s->flags & SL_SESSION_LOOSE) && sl_seq_geq(end, s->end[side]))
		s->end[side] = end;
}

/* One segment of a live session; reads the header itself only where options matter. */
static inline enum sl_drop sl_tcp_track(struct sl_session *s, unsigned int direction,
					const struct sl_pkt *p, const uint8_t *tcp, uint32_t now_ms)
{
	uint32_t end = p->tcp_seq + (uint32_t)(p->l4_length - p->tcp_header);

	if (likely((p->tcp_flags & (SL_TH_FIN | SL_TH_SYN | SL_TH_RST | SL_TH_ACK)) == SL_TH_ACK &&
		   s->state == SL_TCP_ESTABLISHED &&
		   !(s->flags & (SL_SESSION_LOOSE | SL_SESSION_SYN_AGAIN | SL_SESSION_ONE_WAY)))) {
		if (unlikely(!sl_tcp_in_window(s, direction, p->tcp_seq, end, p->tcp_ack)))
			return SL_DROP_TCP_OUT_OF_WINDOW;
		sl_tcp_advance(s, direction, end, p->tcp_ack, p->tcp_window);
		s->last = now_ms;
		return SL_DROP_NONE;
	}
	return sl_tcp_track_slow(s, direction, p, tcp, now_ms);
}
