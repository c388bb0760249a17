/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/table.h"
#include "session/tcp_window.h"

/*
 * TCP whose bytes are changed on the way, so that its two ends count differently: a helper wrote a
 * longer or shorter address, or the box answered the client before the server did. What is changed
 * stands in the session's extension record, and SL_SESSION_SEQUENCE in its flags; others pay a
 * branch for it.
 *
 *   sl_sequence_set()    all numbers of a side differ by so much; before publish or on its way
 *   sl_sequence_shift()  from a segment's end on they differ by so much more: after `segment` bytes
 *                        from `seq` on were replaced by `segment + by` ones. The segment itself keeps
 *                        its number, and its retransmissions are for the caller to change again. A
 *                        second shift takes what lies before the first as past: call it when the
 *                        segment begins at or after the last one's end, which no TCP with one
 *                        command at a time does otherwise; it says -EBUSY if not.
 *
 * session_hit and ip_output do all the rest: sl_sequence_in() before tracking, which so follows each
 * side in its own numbers, sl_sequence_out() on the way out: sequence and acknowledgement number,
 * SACK blocks (RFC 2018), numbers quoted in ICMP errors, the checksum (RFC 1624).
 */

static inline struct sl_extension *sl_session_record(const struct sl_session_table *t,
						     const struct sl_session *s)
{
	return sl_extension_at(&t->extensions, s->extension);
}

/* A side's own number as its peer knows it. */
static inline uint32_t sl_sequence_there(const struct sl_sequence *q, uint32_t own)
{
	return own + (sl_seq_geq(own, q->at) ? q->after : q->before);
}

/* A number its peer acknowledges, as the side itself knows it. */
static inline uint32_t sl_sequence_here(const struct sl_sequence *q, uint32_t theirs)
{
	if (sl_seq_geq(theirs - q->after, q->at))
		return theirs - q->after;
	/* Within what was replaced: the side's own bytes of it are not known to be there. */
	return q->before != q->after && sl_seq_geq(theirs - q->before, q->replaced) ?
		       q->replaced :
		       theirs - q->before;
}

/* Owner only. `s` has its extension record. */
void sl_sequence_set(struct sl_session *s, struct sl_extension *x, unsigned int side, uint32_t by);
int sl_sequence_shift(struct sl_session *s, struct sl_extension *x, unsigned int side, uint32_t seq,
		      uint32_t segment, int32_t by);

/* What the packet acknowledges, or an ICMP error quotes, in numbers of who sent that. */
void sl_sequence_in(const struct sl_extension *x, struct sl_pkt *p);

/* Writes the numbers of the other side; `tcp` is the header, all of it in one piece. */
void sl_sequence_out(const struct sl_extension *x, const struct sl_pkt *p, uint8_t *tcp);

/*
 * The same in the TCP header that an ICMP error quotes, of which `have` (8 or more) bytes are there.
 * Returns what the sum of the quote's words grew by.
 */
uint64_t sl_sequence_quote(const struct sl_pkt *p, uint8_t *tcp, uint32_t have);
