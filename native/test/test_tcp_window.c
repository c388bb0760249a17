// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_talk.h"

/* What is in the window, to the byte; and resets and SYNs after RFC 5961. */

#define OK SL_DROP_NONE
#define OUT SL_DROP_TCP_OUT_OF_WINDOW
#define ESTABLISHED SL_TCP_ESTABLISHED

/* I: up to the last byte the peer gave, whatever ACKs come late. */
static void test_upper(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, CLIENT, ACK, 1001, 1, 1, OUT, ESTABLISHED);
	says(&t, CLIENT, ACK, 1, 1, 1001, OUT, ESTABLISHED);
	says(&t, CLIENT, ACK, 1000, 1, 1, OK, ESTABLISHED); /* the last byte, out of order */
	says(&t, CLIENT, ACK, 1, 1, 1000, OK, ESTABLISHED);
	t.window[1] = 500; /* takes none of it back */
	says(&t, SERVER, ACK, 1, 1, 0, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 1, 1, 1000, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 1001, 0, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 1001, 1, 501, OUT, ESTABLISHED);
	says(&t, CLIENT, ACK, 1001, 1, 500, OK, ESTABLISHED);
}

/* II: retransmissions reach one window back. */
static void test_lower(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	for (uint32_t at = 1; at < 5001; at += 1000) {
		says(&t, CLIENT, ACK, at, 1, 1000, OK, ESTABLISHED);
		says(&t, SERVER, ACK, 1, at + 1000, 0, OK, ESTABLISHED);
	}
	says(&t, CLIENT, ACK, 4001, 1, 1000, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 4000, 1, 1000, OUT, ESTABLISHED);
	says(&t, CLIENT, ACK, 4000, 1, 0, OUT, ESTABLISHED);
}

/* III and IV: what was sent is acknowledged, and nothing too old. */
static void test_acks(void **state)
{
	struct talk t = talk_established(-1, -1, 60000);

	(void)state;
	for (uint32_t at = 1; at < 100001; at += 50000) {
		says(&t, CLIENT, ACK, at, 1, 50000, OK, ESTABLISHED);
		says(&t, SERVER, ACK, 1, at + 50001, 0, OUT, ESTABLISHED);
		says(&t, SERVER, ACK, 1, at + 50000, 0, OK, ESTABLISHED);
	}
	says(&t, SERVER, ACK, 1, 100001 - SL_MAX_ACK_LAG, 0, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 100000 - SL_MAX_ACK_LAG, 0, OUT, ESTABLISHED);
}

static void test_scaling(void **state)
{
	(void)state;
	/* both offered: windows count in their own units; 1000 in the SYNs is not scaled */
	struct talk t = talk_established(7, 2, 500);

	assert_int_equal(sl_side_window(&t.s, 0), 64000);
	assert_int_equal(sl_side_window(&t.s, 1), 2000);
	says(&t, SERVER, ACK, 1, 1, 60000, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 60001, 1, 4000, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 64001, 1, 1, OUT, ESTABLISHED);
	says(&t, CLIENT, ACK, 1, 1, 2000, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 2001, 1, 1, OUT, ESTABLISHED);

	/* one side alone: no scaling */
	for (unsigned int side = 0; side < 2; side++) {
		t = talk_established(side ? -1 : 7, side ? 7 : -1, 500);
		says(&t, side, ACK, 1, 1, 1000, OK, ESTABLISHED); /* what the SYN gave */
		says(&t, side, ACK, 1001, 1, 1, OUT, ESTABLISHED);
	}
}

static void test_zero_window(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, CLIENT, ACK, 1, 1, 1000, OK, ESTABLISHED);
	t.window[1] = 0;
	says(&t, SERVER, ACK, 1, 1001, 0, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 1001, 1, 1, OK, ESTABLISHED); /* the probe */
	says(&t, CLIENT, ACK, 1001, 1, 2, OUT, ESTABLISHED);
	says(&t, CLIENT, ACK, 1002, 1, 1, OUT, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 1001, 0, OK, ESTABLISHED); /* refused */
	says(&t, CLIENT, ACK, 1001, 1, 1, OK, ESTABLISHED);
	t.window[1] = 700;
	says(&t, SERVER, ACK, 1, 1001, 0, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 1001, 1, 700, OK, ESTABLISHED);
}

/* RFC 1122, 4.2.3.6: the byte before the next, with or without it, both ways. */
static void test_keepalive(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	t.window[0] = t.window[1] = 1;
	says(&t, CLIENT, ACK, 0, 1, 0, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 0, 1, 1, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 0, 1, 0, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 1, 0, OK, ESTABLISHED);
}

/* RFC 5961, 3.2 */
static void test_reset(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, CLIENT, ACK, 1, 1, 500, OK, ESTABLISHED);
	/* outside: below one window back, above the last byte */
	says(&t, CLIENT, RST, 501 - 1001, 0, 0, SL_DROP_TCP_BAD_RST, ESTABLISHED);
	says(&t, CLIENT, RST, 1002, 0, 0, SL_DROP_TCP_BAD_RST, ESTABLISHED);
	says(&t, SERVER, RST, 1 - 1001, 0, 0, SL_DROP_TCP_BAD_RST, ESTABLISHED);
	/* inside: forwarded for a challenge ACK, and the session lives on with it */
	says(&t, CLIENT, RST, 501 - 1000, 0, 0, OK, SL_TCP_RESET_DOUBT);
	says(&t, SERVER, ACK, 1, 501, 0, OK, ESTABLISHED);
	says(&t, CLIENT, RST, 1001, 0, 0, OK, SL_TCP_RESET_DOUBT);
	says(&t, CLIENT, RST, 999, 0, 0, OK, SL_TCP_RESET_DOUBT);
	says(&t, SERVER, ACK, 5000, 501, 0, OUT, SL_TCP_RESET_DOUBT); /* no sign of life, a forgery */
	says(&t, CLIENT, ACK, 501, 1, 10, OK, ESTABLISHED);
	/* exact */
	says(&t, CLIENT, RSTACK, 511, 1, 0, OK, SL_TCP_CLOSED);
	says(&t, SERVER, ACK, 1, 501, 100, OK, SL_TCP_CLOSED); /* was on its way */
	says(&t, SERVER, ACK, 1, 5000, 100, OUT, SL_TCP_CLOSED);
}

/* In doubt a wrong guess never prolongs the session; after a RST nothing does. */
static void test_reset_time(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);
	uint32_t at;

	(void)state;
	says(&t, CLIENT, RST, 500, 0, 0, OK, SL_TCP_RESET_DOUBT);
	at = t.s.last;
	says(&t, CLIENT, RST, 600, 0, 0, OK, SL_TCP_RESET_DOUBT);
	says(&t, CLIENT, SYN, 600, 0, 0, OK, SL_TCP_RESET_DOUBT);
	assert_int_equal(t.s.last, at);
	says(&t, CLIENT, RST, 1, 0, 0, OK, SL_TCP_CLOSED);
	at = t.s.last;
	says(&t, CLIENT, RST, 1, 0, 0, OK, SL_TCP_CLOSED);
	says(&t, SERVER, ACK, 1, 1, 10, OK, SL_TCP_CLOSED);
	assert_int_equal(t.s.last, at);
}

static void test_reset_opening(void **state)
{
	struct talk t = talk_new();

	(void)state;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, RST, 2000, 0, 0, SL_DROP_TCP_BAD_RST, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, RST, 2, 0, 0, OK, SL_TCP_SYN_RECEIVED); /* in the window: forwarded */
	says(&t, CLIENT, RST, 1, 0, 0, OK, SL_TCP_CLOSED);
}

/* While closing, within the window is enough: the session is going anyway. */
static void test_reset_closing(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, CLIENT, FIN, 1, 1, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, SERVER, RST, 1002, 0, 0, SL_DROP_TCP_BAD_RST, SL_TCP_FIN_WAIT);
	says(&t, SERVER, RST, 400, 0, 0, OK, SL_TCP_CLOSED);
}

/* RFC 5961, 4.2: the initiator's goes to its receiver for a challenge ACK, whatever its number. */
static void test_syn_in_established(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);
	struct sl_session before = t.s;

	(void)state;
	says(&t, CLIENT, SYN, 1, 0, 0, OK, ESTABLISHED);
	says(&t, CLIENT, SYN, 0x40000000, 0, 0, OK, ESTABLISHED);
	/* no number moved, and the challenge ACK settles it */
	says(&t, SERVER, ACK, 1, 1, 0, OK, ESTABLISHED);
	before.last = t.s.last;
	assert_memory_equal(&t.s, &before, sizeof(before));
	/* the other way round it would be a flow that no policy allowed */
	says(&t, SERVER, SYN, 1, 0, 0, SL_DROP_TCP_BAD_STATE, ESTABLISHED);
	/* a forged answer to no question */
	says(&t, SERVER, SYNACK, 0x40000000, 0x33333333, 0, OUT, ESTABLISHED);
	says(&t, CLIENT, SYNACK, 0x40000000, 0x33333333, 0, OUT, ESTABLISHED);
	/* a client that lost its state: SYN, challenge ACK, RST, SYN */
	says(&t, CLIENT, SYN, 0x40000000, 0, 0, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 1, 0, OK, ESTABLISHED);
	says(&t, CLIENT, RST, 1, 0, 0, OK, SL_TCP_CLOSED);
	says(&t, CLIENT, SYN, 0x40000000, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0x50000000, 0x40000001, 0, OK, SL_TCP_SYN_RECEIVED);
}

/* Both ends lost their state, and only we remember: the answer to the SYN tells. */
static void test_both_forgot(void **state)
{
	(void)state;
	for (int scale = -1; scale < 8; scale += 8) {
		struct talk t = talk_established(scale, scale, 1000);

		says(&t, CLIENT, SYN, 0x40000000, 0, 0, OK, ESTABLISHED);
		says(&t, SERVER, SYNACK, 0x50000000, 0x40000001, 0, OK, SL_TCP_SYN_RECEIVED);
		says(&t, SERVER, SYNACK, 0x50000000, 0x40000001, 0, OK, SL_TCP_SYN_RECEIVED);
		says(&t, CLIENT, ACK, 0x40000001, 0x50000001, 0, OK, ESTABLISHED);
		says(&t, CLIENT, ACK, 0x40000001, 0x50000001, 1000, OK, ESTABLISHED);
		says(&t, CLIENT, ACK, 0x400003e9, 0x50000001, 1, OUT, ESTABLISHED);
		says(&t, SERVER, ACK, 0x50000001, 0x400003e9, 60000, OK, ESTABLISHED);
		says(&t, SERVER, ACK, 2, 1, 0, OUT, ESTABLISHED); /* of the old one */
	}
}

/* The answer got lost, and the next SYN is answered from another number: SYN cookies do so. */
static void test_answer_changes(void **state)
{
	struct talk t = talk_new();

	(void)state;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, SYNACK, 0x40000000, 1, 0, OUT, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, SYNACK, 0x40000000, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 1, 1, 0, OUT, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 1, 0x40000001, 0, OK, ESTABLISHED);
	/* or the SYN starts from another number itself */
	t = talk_new();
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, SYN, 0x30000000, 0, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, SYNACK, 0x40000000, 0x30000001, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 0x30000001, 0x40000001, 0, OK, ESTABLISHED);
	/* a question asked long ago is no excuse for an answer now */
	says(&t, SERVER, SYNACK, 0x77777777, 0x30000001, 0, OUT, ESTABLISHED);
}

/* Retransmissions of SYNs leave options out; the first one's may still be what is answered. */
static void test_scale_left_out(void **state)
{
	struct talk t = talk_new();

	(void)state;
	t.wscale[0] = t.wscale[1] = 4;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	t.wscale[0] = -1;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 1, 1, 0, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 1, 16000, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 16001, 1, 1, OUT, ESTABLISHED);
	/* the second one's, too */
	t = talk_new();
	t.wscale[0] = 4;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	t.wscale[0] = -1;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 1, 1, 0, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 1, 1000, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1001, 1, 1, OUT, ESTABLISHED);
}

/* A FIN within what was already sent ends nothing here: what follows it still passes. */
static void test_fin_below(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, CLIENT, ACK, 1, 1, 500, OK, ESTABLISHED);
	says(&t, CLIENT, FIN, 400, 1, 0, OK, ESTABLISHED);
	says(&t, CLIENT, FIN, 1, 1, 498, OK, ESTABLISHED);
	says(&t, CLIENT, ACK, 1, 1, 600, OK, ESTABLISHED);
	says(&t, CLIENT, FIN, 101, 1, 500, OK, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, FIN, 601, 1, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, FIN, 602, 1, 0, OUT, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, ACK, 602, 1, 1, OUT, SL_TCP_FIN_WAIT);
	/* the FIN was lost before us, what was sent after it was not */
	t = talk_established(-1, -1, 1000);
	says(&t, CLIENT, ACK, 2, 1, 0, OK, ESTABLISHED);
	says(&t, CLIENT, FIN, 1, 1, 0, OK, SL_TCP_FIN_WAIT);
}

/* Each edge where the numbers wrap: at it is in, one beyond is out. */
static void test_edges_that_wrap(void **state)
{
	(void)state;
	for (uint32_t first = (uint32_t)-3; first != 4; first++) {
		struct talk t = talk_established(-1, -1, 1000);
		uint32_t at = first - ISN0; /* of the client's next byte, beside the wrap */

		/* Moved there in steps its windows allow. */
		for (uint32_t sent = 1; sent != at; sent += RTE_MIN(at - sent, 1000u)) {
			says(&t, CLIENT, ACK, sent, 1, (uint16_t)RTE_MIN(at - sent, 1000u), OK, ESTABLISHED);
			says(&t, SERVER, ACK, 1, sent + RTE_MIN(at - sent, 1000u), 0, OK, ESTABLISHED);
		}
		says(&t, CLIENT, ACK, at, 1, 1001, OUT, ESTABLISHED);
		says(&t, CLIENT, ACK, at + 1000, 1, 1, OUT, ESTABLISHED);
		says(&t, CLIENT, ACK, at + 999, 1, 1, OK, ESTABLISHED);
		says(&t, CLIENT, ACK, at, 1, 1000, OK, ESTABLISHED);
		says(&t, CLIENT, ACK, at, 1, 1000, OK, ESTABLISHED); /* the lower edge */
		says(&t, CLIENT, ACK, at - 1, 1, 1000, OUT, ESTABLISHED);
		says(&t, SERVER, ACK, 1, at + 1001, 0, OUT, ESTABLISHED);
		says(&t, SERVER, ACK, 1, at + 1000, 0, OK, ESTABLISHED);
		says(&t, CLIENT, RST, at + 2001, 1, 0, SL_DROP_TCP_BAD_RST, ESTABLISHED);
		says(&t, CLIENT, RST, at + 2000, 1, 0, OK, SL_TCP_RESET_DOUBT);
		says(&t, CLIENT, RST, at + 1000, 1, 0, OK, SL_TCP_CLOSED);
	}
}

/* Two ends that a forger has set against each other: what is out of bounds stops here. */
static void test_ack_storm(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	/* Each acknowledges what the other never sent; every ACK would be answered by another. */
	for (unsigned int i = 0; i < 10; i++) {
		says(&t, CLIENT, ACK, 1, 101, 0, OUT, ESTABLISHED);
		says(&t, SERVER, ACK, 1, 101, 0, OUT, ESTABLISHED);
	}
	says(&t, CLIENT, ACK, 1, 1, 100, OK, ESTABLISHED);
	says(&t, SERVER, ACK, 1, 101, 0, OK, ESTABLISHED);
}

/* Both sides send at random within what they were given: nothing is dropped, over many wraps. */
static void test_random_talk(void **state)
{
	struct talk t = talk_established(8, 8, 4000);
	uint32_t next[2] = {1, 1}, acked[2] = {1, 1};
	uint64_t seed = 3;

	(void)state;
	t.window[0] = t.window[1] = 4000; /* 1 MB */
	for (unsigned int i = 0; i < 300000; i++) {
		unsigned int side = next_random(&seed) & 1, peer = side ^ 1;
		uint32_t open = acked[side] + 4000 * 256 - next[side];
		uint16_t length = (uint16_t)RTE_MIN(open, next_random(&seed) % 60000);
		uint32_t again = RTE_MIN((uint32_t)(next_random(&seed) % 3000), next[side] - acked[side]);

		acked[peer] += (uint32_t)(next_random(&seed) % (next[peer] - acked[peer] + 1));
		says(&t, side, ACK, next[side], acked[peer], length, OK, ESTABLISHED);
		next[side] += length;
		says(&t, side, ACK, next[side] - again, acked[peer], (uint16_t)again, OK, ESTABLISHED);
	}
	assert_true(t.s.end[0] != ISN0 + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_upper),
		cmocka_unit_test(test_lower),
		cmocka_unit_test(test_acks),
		cmocka_unit_test(test_scaling),
		cmocka_unit_test(test_zero_window),
		cmocka_unit_test(test_keepalive),
		cmocka_unit_test(test_reset),
		cmocka_unit_test(test_reset_time),
		cmocka_unit_test(test_reset_opening),
		cmocka_unit_test(test_reset_closing),
		cmocka_unit_test(test_syn_in_established),
		cmocka_unit_test(test_both_forgot),
		cmocka_unit_test(test_answer_changes),
		cmocka_unit_test(test_scale_left_out),
		cmocka_unit_test(test_fin_below),
		cmocka_unit_test(test_edges_that_wrap),
		cmocka_unit_test(test_ack_storm),
		cmocka_unit_test(test_random_talk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
