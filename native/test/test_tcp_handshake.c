// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_talk.h"

/* How sessions open and close. */

#define OK SL_DROP_NONE
#define BAD_STATE SL_DROP_TCP_BAD_STATE
#define OUT SL_DROP_TCP_OUT_OF_WINDOW

static void test_first(void **state)
{
	static const struct {
		uint8_t flags;
		enum sl_drop strict, midstream;
	} cases[] = {
		{SYN, OK, OK},
		{SYN | 0xc0, OK, OK}, /* ECN set-up, RFC 3168 */
		{SYNACK, SL_DROP_TCP_NO_SESSION, SL_DROP_TCP_NO_SESSION},
		{ACK, SL_DROP_TCP_NO_SESSION, OK},
		{FIN, SL_DROP_TCP_NO_SESSION, OK},
		{RST, SL_DROP_TCP_NO_SESSION, SL_DROP_TCP_NO_SESSION},
		{RSTACK, SL_DROP_TCP_NO_SESSION, SL_DROP_TCP_NO_SESSION},
		{0, SL_DROP_TCP_BAD_FLAGS, SL_DROP_TCP_BAD_FLAGS},
		{SYN | SL_TH_FIN, SL_DROP_TCP_BAD_FLAGS, SL_DROP_TCP_BAD_FLAGS},
		{SL_TH_FIN, SL_DROP_TCP_BAD_FLAGS, SL_DROP_TCP_BAD_FLAGS},
		{SL_TH_FIN | SL_TH_PSH | SL_TH_URG, SL_DROP_TCP_BAD_FLAGS, SL_DROP_TCP_BAD_FLAGS},
	};
	static const uint8_t header[20];

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(cases); i++)
		for (unsigned int midstream = 0; midstream < 2; midstream++) {
			struct sl_pkt p = {.family = 4, .key4.proto = IPPROTO_TCP,
					   .tcp_flags = cases[i].flags, .tcp_header = 20,
					   .l4_length = 20};
			struct sl_session s = {0};

			assert_int_equal(sl_session_first(&s, &p, header, midstream, 5),
					 midstream ? cases[i].midstream : cases[i].strict);
		}
}

static void test_usual(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, CLIENT, ACK, 1, 1, 100, OK, SL_TCP_ESTABLISHED);
	says(&t, SERVER, ACK, 1, 101, 500, OK, SL_TCP_ESTABLISHED);
	says(&t, CLIENT, FIN, 101, 501, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, SERVER, ACK, 501, 101, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, SERVER, ACK, 501, 102, 0, OK, SL_TCP_CLOSE_WAIT);
	says(&t, SERVER, ACK, 501, 102, 900, OK, SL_TCP_CLOSE_WAIT); /* half closed */
	says(&t, CLIENT, ACK, 102, 1401, 0, OK, SL_TCP_CLOSE_WAIT);
	says(&t, CLIENT, ACK, 102, 1401, 1, OUT, SL_TCP_CLOSE_WAIT); /* data after its FIN */
	says(&t, SERVER, FIN, 1401, 102, 0, OK, SL_TCP_LAST_ACK);
	says(&t, SERVER, FIN, 1401, 102, 0, OK, SL_TCP_LAST_ACK);
	says(&t, CLIENT, ACK, 102, 1401, 0, OK, SL_TCP_LAST_ACK);
	says(&t, CLIENT, ACK, 102, 1402, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, SERVER, FIN, 1401, 102, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, SERVER, FIN, 1402, 102, 0, OUT, SL_TCP_TIME_WAIT); /* a FIN does not move */
}

/* The server closes first: roles are told apart by who did, not by who opened. */
static void test_server_closes(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, SERVER, FIN, 1, 1, 10, OK, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, FIN, 1, 12, 0, OK, SL_TCP_LAST_ACK);
	says(&t, CLIENT, ACK, 2, 12, 0, OK, SL_TCP_LAST_ACK);
	says(&t, SERVER, ACK, 12, 2, 0, OK, SL_TCP_TIME_WAIT);
}

static void test_close_together(void **state)
{
	(void)state;
	for (unsigned int first = 0; first < 2; first++) {
		struct talk t = talk_established(-1, -1, 1000);

		says(&t, CLIENT, FIN, 1, 1, 0, OK, SL_TCP_FIN_WAIT);
		says(&t, SERVER, FIN, 1, 1, 0, OK, SL_TCP_CLOSING);
		says(&t, first, ACK, 2, 2, 0, OK, SL_TCP_LAST_ACK);
		says(&t, first, ACK, 2, 2, 0, OK, SL_TCP_LAST_ACK); /* it takes both */
		says(&t, first ^ 1, ACK, 2, 2, 0, OK, SL_TCP_TIME_WAIT);
	}
}

/* RFC 9293, figure 8. */
static void test_simultaneous_open(void **state)
{
	struct talk t = talk_new();

	(void)state;
	t.wscale[0] = 3;
	t.wscale[1] = 2;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYN, 0, 0, 0, OK, SL_TCP_SYN_CROSSED);
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_CROSSED);
	says(&t, CLIENT, FIN, 1, 1, 0, BAD_STATE, SL_TCP_SYN_CROSSED);
	says(&t, CLIENT, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	t.window[0] = 125; /* scaled from here on: 1000 bytes, as in the SYN */
	says(&t, CLIENT, ACK, 1, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, SYNACK, 0, 1, 0, OK, SL_TCP_ESTABLISHED);
	assert_int_equal(sl_side_window(&t.s, 0), 1000);
	assert_int_equal(sl_side_window(&t.s, 1), 1000);
	says(&t, SERVER, ACK, 1, 1, 1000, OK, SL_TCP_ESTABLISHED);
	says(&t, CLIENT, FIN, 1, 1001, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, SERVER, ACK, 1001, 2, 0, OK, SL_TCP_CLOSE_WAIT);
}

/* The server answers with a bare SYN and lets the client play the server. */
static void test_split_handshake(void **state)
{
	struct talk t = talk_new();

	(void)state;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, ACK, 5, 1, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYN, 0, 0, 0, OK, SL_TCP_SYN_CROSSED);
	says(&t, CLIENT, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, ACK, 1, 1, 0, OK, SL_TCP_ESTABLISHED);
}

static void test_syn_sent(void **state)
{
	struct talk t = talk_new();

	(void)state;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, CLIENT, ACK, 1, 1, 0, BAD_STATE, SL_TCP_SYN_SENT);
	says(&t, CLIENT, SYNACK, 0, 1, 0, BAD_STATE, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 0, 0, OUT, SL_TCP_SYN_SENT); /* ack = ISS */
	says(&t, SERVER, SYNACK, 0, 2, 0, OUT, SL_TCP_SYN_SENT); /* ack > SND.NXT */
	/* an old connection lives on at the server, RFC 9293, figure 10 */
	says(&t, SERVER, ACK, 7777, 9999, 0, OK, SL_TCP_SYN_SENT);
	says(&t, CLIENT, RST, 9999, 0, 0, OK, SL_TCP_SYN_SENT);
	/* a new attempt from another number */
	says(&t, CLIENT, SYN, 5000, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, OUT, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 5001, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, SYNACK, 0, 5001, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 5001, 1, 0, OK, SL_TCP_ESTABLISHED);
	says(&t, SERVER, SYNACK, 0, 5001, 0, OK, SL_TCP_ESTABLISHED); /* the ACK was lost behind us */
}

static void test_refused(void **state)
{
	struct talk t = talk_new();

	(void)state;
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, RST, 0, 0, 0, SL_DROP_TCP_BAD_RST, SL_TCP_SYN_SENT);
	says(&t, SERVER, RSTACK, 0, 0, 0, SL_DROP_TCP_BAD_RST, SL_TCP_SYN_SENT);
	says(&t, SERVER, RSTACK, 0, 2, 0, SL_DROP_TCP_BAD_RST, SL_TCP_SYN_SENT);
	says(&t, SERVER, RSTACK, 0, 1, 0, OK, SL_TCP_CLOSED);
	/* the next attempt starts over */
	says(&t, CLIENT, SYN, 9000, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 9001, 0, OK, SL_TCP_SYN_RECEIVED);
}

/* RFC 7413: data in the SYN, data of the server before the handshake's end. */
static void test_fast_open(void **state)
{
	struct talk t = talk_new();

	(void)state;
	says(&t, CLIENT, SYN, 0, 0, 200, OK, SL_TCP_SYN_SENT);
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT); /* retransmitted without */
	says(&t, SERVER, SYNACK, 0, 202, 0, OUT, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 201, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, ACK, 1, 201, 1000, OK, SL_TCP_SYN_RECEIVED);
	says(&t, SERVER, ACK, 1001, 201, 1, OUT, SL_TCP_SYN_RECEIVED); /* beyond the SYN's window */
	says(&t, CLIENT, ACK, 201, 1001, 0, OK, SL_TCP_ESTABLISHED);

	/* the server takes the SYN alone, the client sends the data again */
	t = talk_new();
	says(&t, CLIENT, SYN, 0, 0, 200, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 1, 1, 200, OK, SL_TCP_ESTABLISHED);
}

static void test_again(void **state)
{
	struct talk t = talk_established(7, 7, 100);

	(void)state;
	says(&t, SERVER, FIN, 1, 1, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, FIN, 1, 2, 0, OK, SL_TCP_LAST_ACK);
	says(&t, CLIENT, SYN, 70000, 0, 0, OK, SL_TCP_LAST_ACK); /* too early: the server judges */
	says(&t, SERVER, ACK, 2, 2, 0, OK, SL_TCP_TIME_WAIT);
	/* the other way round it would be a flow that no policy allowed */
	says(&t, SERVER, SYN, 70000, 0, 0, BAD_STATE, SL_TCP_TIME_WAIT);
	/* an old duplicate (RFC 1122, 4.2.2.13) ends nothing, and is answered by an ACK */
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, SERVER, ACK, 2, 2, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, CLIENT, SYN, 70000, 0, 0, OK, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 90000, 70001, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, 70001, 90001, 0, OK, SL_TCP_ESTABLISHED);
	says(&t, CLIENT, FIN, 70001, 90001, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, SERVER, FIN, 90001, 70002, 0, OK, SL_TCP_LAST_ACK);
	says(&t, CLIENT, ACK, 70002, 90002, 0, OK, SL_TCP_TIME_WAIT);
}

/* RFC 6191: from a lower number, if the server finds its time stamp later and takes it. */
static void test_again_from_below(void **state)
{
	struct talk t = talk_established(7, 7, 100);

	(void)state;
	says(&t, SERVER, FIN, 1, 1, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, FIN, 1, 2, 0, OK, SL_TCP_LAST_ACK);
	says(&t, SERVER, ACK, 2, 2, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, CLIENT, SYN, (uint32_t)-90000, 0, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, SERVER, SYNACK, 90000, (uint32_t)-89999, 0, OK, SL_TCP_SYN_RECEIVED);
	says(&t, CLIENT, ACK, (uint32_t)-89999, 90001, 0, OK, SL_TCP_ESTABLISHED);
	says(&t, SERVER, ACK, 90001, (uint32_t)-89999, 12000, OK, SL_TCP_ESTABLISHED);
	/* the next number after the FIN is high enough */
	t = talk_established(-1, -1, 100);
	says(&t, SERVER, FIN, 1, 1, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, FIN, 1, 2, 0, OK, SL_TCP_LAST_ACK);
	says(&t, SERVER, ACK, 2, 2, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, CLIENT, SYN, 1, 0, 0, OK, SL_TCP_TIME_WAIT);
	says(&t, CLIENT, SYN, 2, 0, 0, OK, SL_TCP_SYN_SENT);
}

static void test_bad_flags_midway(void **state)
{
	struct talk t = talk_established(-1, -1, 1000);

	(void)state;
	says(&t, CLIENT, 0, 1, 1, 0, SL_DROP_TCP_BAD_FLAGS, SL_TCP_ESTABLISHED);
	says(&t, CLIENT, SYN | FIN, 1, 1, 0, SL_DROP_TCP_BAD_FLAGS, SL_TCP_ESTABLISHED);
	says(&t, CLIENT, SL_TH_FIN, 1, 1, 0, SL_DROP_TCP_BAD_FLAGS, SL_TCP_ESTABLISHED);
	says(&t, CLIENT, SYN | RST, 1, 1, 0, SL_DROP_TCP_BAD_FLAGS, SL_TCP_ESTABLISHED);
}

/* Picked up midstream: no numbers are known, states are followed as far as they show. */
static void test_midstream(void **state)
{
	static const uint8_t header[20];
	struct talk t = talk_new();
	struct sl_pkt p = {.family = 4, .key4.proto = IPPROTO_TCP, .tcp_flags = ACK,
			   .tcp_seq = 12345, .tcp_header = 20, .l4_length = 120};

	(void)state;
	assert_int_equal(sl_session_first(&t.s, &p, header, true, 5), OK);
	assert_int_equal(t.s.state, SL_TCP_ESTABLISHED);
	assert_true(t.s.flags & SL_SESSION_LOOSE);
	t.opened = true;
	says(&t, SERVER, ACK, 0x12345678, 0x3456789a, 1400, OK, SL_TCP_ESTABLISHED);
	says(&t, CLIENT, ACK, 0x52345678, 0x9456789a, 1400, OK, SL_TCP_ESTABLISHED);
	says(&t, SERVER, FIN, 500, 100, 0, OK, SL_TCP_FIN_WAIT);
	says(&t, CLIENT, ACK, 100, 501, 0, OK, SL_TCP_CLOSE_WAIT);
	says(&t, CLIENT, FIN, 100, 501, 0, OK, SL_TCP_LAST_ACK);
	says(&t, SERVER, ACK, 501, 101, 0, OK, SL_TCP_TIME_WAIT);
	/* a new connection is seen whole */
	says(&t, CLIENT, SYN, 0, 0, 0, OK, SL_TCP_SYN_SENT);
	assert_false(t.s.flags & SL_SESSION_LOOSE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_first),
		cmocka_unit_test(test_usual),
		cmocka_unit_test(test_server_closes),
		cmocka_unit_test(test_close_together),
		cmocka_unit_test(test_simultaneous_open),
		cmocka_unit_test(test_split_handshake),
		cmocka_unit_test(test_syn_sent),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_fast_open),
		cmocka_unit_test(test_again),
		cmocka_unit_test(test_again_from_below),
		cmocka_unit_test(test_bad_flags_midway),
		cmocka_unit_test(test_midstream),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
