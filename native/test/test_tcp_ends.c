// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_talk.h"

#include <stdio.h>
#include <string.h>

/*
 * Two ends that do as RFC 9293 says talk past the tracker over a net that loses, doubles and
 * reorders: whatever happens, all data arrives, both close, and the tracker has seen it. Where the
 * net keeps the order, no segment of theirs is ever dropped.
 */

#define WINDOW 1000u
#define FLIGHT 64u
#define STEPS 200000u

struct segment {
	uint8_t flags;
	uint32_t seq, ack;
	uint16_t length;
};

struct end {
	uint32_t una, next, received; /* numbers as in tcp_talk.h */
	uint32_t data;		      /* bytes it sends in all, from 1 on; then FIN */
	bool syn_sent, peer, open, peer_fin;
};

struct net {
	struct segment in[2][FLIGHT], out[2][FLIGHT]; /* before and behind the tracker, by sender */
	unsigned int ins[2], outs[2];
	unsigned int loss, again, mix; /* percent */
	uint64_t seed;
	unsigned int dropped;
};

struct run {
	struct end end[2];
	struct net net;
	struct talk talk;
};

static bool chance(struct net *n, unsigned int percent)
{
	return next_random(&n->seed) % 100 < percent;
}

static void enqueue(struct net *n, struct segment *queue, unsigned int *count, struct segment s)
{
	if (chance(n, n->loss))
		return;
	for (unsigned int times = 1 + chance(n, n->again); times > 0 && *count < FLIGHT; times--)
		queue[(*count)++] = s;
}

static struct segment dequeue(struct net *n, struct segment *queue, unsigned int *count)
{
	unsigned int at = chance(n, n->mix) ? (unsigned int)(next_random(&n->seed) % *count) : 0;
	struct segment s = queue[at];

	memmove(queue + at, queue + at + 1, (--*count - at) * sizeof(*queue));
	return s;
}

static void emit(struct run *r, unsigned int side, uint8_t flags, uint32_t seq, uint16_t length)
{
	struct end *e = &r->end[side];
	struct segment s = {.flags = flags, .seq = seq, .length = length};

	if (e->peer) {
		s.flags |= SL_TH_ACK;
		s.ack = e->received;
	}
	enqueue(&r->net, r->net.in[side], &r->net.ins[side], s);
}

static uint32_t fin_number(const struct end *e)
{
	return 1 + e->data;
}

/* Sends from `from`: SYN, data or FIN, whichever lies there; returns the number after it. */
static uint32_t send_from(struct run *r, unsigned int side, uint32_t from)
{
	struct end *e = &r->end[side];
	uint32_t room = e->una + WINDOW - from, length;

	if (from == 0) {
		emit(r, side, SYN, 0, 0);
		return 1;
	}
	length = RTE_MIN(RTE_MIN(fin_number(e) - from, room),
			 1 + (uint32_t)(next_random(&r->net.seed) % 400));
	if (from == fin_number(e) || (from + length == fin_number(e) && chance(&r->net, 50))) {
		emit(r, side, SL_TH_FIN, from, (uint16_t)(fin_number(e) - from));
		return fin_number(e) + 1;
	}
	if (length > 0)
		emit(r, side, SL_TH_ACK, from, (uint16_t)length);
	return from + length;
}

/* New data where the window has room, else the oldest again. */
static void timer(struct run *r, unsigned int side)
{
	struct end *e = &r->end[side];
	uint32_t sent;

	if (!e->syn_sent)
		return;
	if (e->open && e->next <= fin_number(e) && e->next < e->una + WINDOW &&
	    chance(&r->net, 80)) {
		sent = send_from(r, side, e->next);
		e->next = RTE_MAX(e->next, sent);
	} else if (e->una < e->next) {
		send_from(r, side, e->una);
	}
}

static bool synchronize(struct run *r, unsigned int side, const struct segment *s)
{
	struct end *e = &r->end[side];

	if (!(s->flags & SYN))
		return e->peer;
	if (e->peer) {
		/* RFC 5961, 4.2; before the handshake's end it is a retransmission */
		emit(r, side, e->open ? SL_TH_ACK : SYN, e->open ? e->next : 0, 0);
		return s->flags & SL_TH_ACK;
	}
	if (s->flags & SL_TH_ACK && s->ack != 1)
		return false;
	e->peer = true;
	e->received = 1;
	e->next = 1;
	if (!(s->flags & SL_TH_ACK)) {
		e->syn_sent = true;
		emit(r, side, SYN, 0, 0);
	} else {
		emit(r, side, SL_TH_ACK, 1, 0);
	}
	return true;
}

static void receive(struct run *r, unsigned int side, struct segment s)
{
	struct end *e = &r->end[side];
	bool fin = s.flags & SL_TH_FIN;

	if (!synchronize(r, side, &s))
		return;
	if (s.flags & SL_TH_ACK && s.ack > e->una && s.ack <= e->next)
		e->una = s.ack;
	e->open = e->una >= 1;
	if (s.flags & SYN || (s.length == 0 && !fin))
		return;
	if (s.seq <= e->received && s.seq + s.length + fin > e->received) {
		e->received = s.seq + s.length + fin;
		e->peer_fin |= fin;
	}
	emit(r, side, SL_TH_ACK, e->next, 0);
}

static void pass(struct run *r, unsigned int side)
{
	struct net *n = &r->net;
	struct segment s;

	if (n->ins[side] > 0) {
		s = dequeue(n, n->in[side], &n->ins[side]);
		if (say(&r->talk, side, s.flags, s.seq, s.ack, s.length) == SL_DROP_NONE)
			enqueue(n, n->out[side], &n->outs[side], s);
		else
			n->dropped++;
	}
}

static bool finished(const struct end *e)
{
	return e->peer_fin && e->una == fin_number(e) + 1;
}

static unsigned int play(struct run *r)
{
	unsigned int steps = 0;

	for (; steps < STEPS && !(finished(&r->end[0]) && finished(&r->end[1])); steps++) {
		unsigned int side = next_random(&r->net.seed) & 1;

		switch (next_random(&r->net.seed) % 4) {
		case 0:
			timer(r, side);
			break;
		case 1:
			if (r->net.outs[side] > 0)
				receive(r, side ^ 1,
					dequeue(&r->net, r->net.out[side], &r->net.outs[side]));
			break;
		default:
			pass(r, side);
		}
	}
	return steps;
}

static void talk_over(unsigned int loss, unsigned int again, unsigned int mix, bool together,
		      uint64_t seed)
{
	struct run r = {.net = {.loss = loss, .again = again, .mix = mix, .seed = seed}};
	unsigned int steps;

	r.talk = talk_new();
	for (unsigned int side = 0; side < 2; side++) {
		r.end[side].data = (uint32_t)(next_random(&r.net.seed) % 6000);
		r.end[side].syn_sent = side == CLIENT;
		r.end[side].next = r.end[side].syn_sent;
	}
	/* Its SYN is the session's first packet, or none would be. */
	emit(&r, CLIENT, SYN, 0, 0);
	if (together) {
		r.end[SERVER].syn_sent = true;
		r.end[SERVER].next = 1;
		while (!r.talk.opened) {
			timer(&r, CLIENT);
			pass(&r, CLIENT);
		}
		emit(&r, SERVER, SYN, 0, 0);
	}
	steps = play(&r);
	if (steps == STEPS || r.talk.s.state != SL_TCP_TIME_WAIT ||
	    (!again && !mix && r.net.dropped > 0))
		fail_msg("seed %llu: %u steps, state %u, %u dropped; una %u of %u, %u of %u",
			 (unsigned long long)seed, steps, r.talk.s.state, r.net.dropped,
			 r.end[0].una, r.end[0].data, r.end[1].una, r.end[1].data);
}

static void test_in_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++)
		talk_over(seed % 3 * 15, 0, 0, seed & 1, seed);
}

static void test_any_order(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 2000; seed++)
		talk_over(seed % 3 * 10, 10, 60, seed & 1, seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_in_order),
		cmocka_unit_test(test_any_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
