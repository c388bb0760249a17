/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/ftp_parse.h"
#include "helpers/helper.h"
#include "test/extras.h"
#include "test/nat_network.h"
#include "test/pipeline.h"

/* The FTP helper: what it reads, and what becomes of segments and of connections they announce. */

struct line {
	const char *text;
	enum sl_ftp_kind kind;
	uint16_t port;
	const char *where; /* as it is written again */
};

static void lines(void **state)
{
	static const struct line client[] = {
		{"PORT 10,1,2,3,156,64\r\n", SL_FTP_PORT, 40000, "10,1,2,3,156,64"},
		{"port  10,1,2,3,156,64 \n", SL_FTP_PORT, 40000, "10,1,2,3,156,64"},
		{" \tPoRt 0,0,0,0,0,0\r\n", SL_FTP_PORT, 0, "0,0,0,0,0,0"},
		{"EPRT |1|10.1.2.3|40000|\r\n", SL_FTP_EPRT, 40000, "|1|10.1.2.3|40000|"},
		{"EPRT !2!2001:db8::1!65535!\r\n", SL_FTP_EPRT, 65535, "!2!2001:db8::1!65535!"},
		{"PORT 10,1,2,256,1,1\r\n", SL_FTP_BAD, 0, NULL},
		{"PORT 10,1,2,3,156\r\n", SL_FTP_BAD, 0, NULL},
		{"PORT 10,1,2,3,156,64,7\r\n", SL_FTP_BAD, 0, NULL},
		{"PORT 10,1,2,3,156,64", SL_FTP_BAD, 0, NULL},
		{"PORT \r\n", SL_FTP_BAD, 0, NULL},
		{"EPRT |3|10.1.2.3|40000|\r\n", SL_FTP_BAD, 0, NULL},
		{"EPRT |1|2001:db8::1|40000|\r\n", SL_FTP_BAD, 0, NULL},
		{"EPRT |1|10.1.2.3|65536|\r\n", SL_FTP_BAD, 0, NULL},
		{"EPRT |1|10.1.2.3|1\r\n", SL_FTP_BAD, 0, NULL},
		{"PORTAL 10,1,2,3,156,64\r\n", SL_FTP_OTHER, 0, NULL},
		{"STOR PORT 10,1,2,3,156,64\r\n", SL_FTP_OTHER, 0, NULL},
		{"\r\n", SL_FTP_OTHER, 0, NULL},
		{"", SL_FTP_OTHER, 0, NULL},
	}, server[] = {
		{"227 Entering Passive Mode (203,0,113,80,156,64).\r\n", SL_FTP_PASV, 40000,
		 "203,0,113,80,156,64"},
		{"227 =203,0,113,80,156,64\r\n", SL_FTP_PASV, 40000, "203,0,113,80,156,64"},
		{"227 mode 2 (203,0,113,80,156,64)\r\n", SL_FTP_PASV, 40000, "203,0,113,80,156,64"},
		{"229 Extended (|||40000|)\r\n", SL_FTP_EPSV, 40000, "|||40000|"},
		{"229 (|||65536|)\r\n", SL_FTP_OTHER, 0, NULL},
		{"229 (||1|40000|)\r\n", SL_FTP_OTHER, 0, NULL},
		{"229 |||40000|\r\n", SL_FTP_OTHER, 0, NULL},
		{"227-Entering (203,0,113,80,156,64).\r\n", SL_FTP_OTHER, 0, NULL},
		{"227 Entering (203,0,113,80,156)\r\n", SL_FTP_OTHER, 0, NULL},
		{"PORT 10,1,2,3,156,64\r\n", SL_FTP_OTHER, 0, NULL},
		{"22", SL_FTP_OTHER, 0, NULL},
	};

	(void)state;
	for (unsigned int reply = 0; reply < 2; reply++) {
		const struct line *table = reply ? server : client;

		for (unsigned int i = 0; i < (reply ? RTE_DIM(server) : RTE_DIM(client)); i++) {
			char text[SL_FTP_TEXT_MOST];
			struct sl_ftp_line f;

			sl_ftp_parse((const uint8_t *)table[i].text, strlen(table[i].text), reply, &f);
			assert_int_equal(f.kind, table[i].kind);
			if (!table[i].where)
				continue;
			assert_int_equal(f.port, table[i].port);
			assert_int_equal(sl_ftp_write(&f, text), strlen(table[i].where));
			assert_memory_equal(text, table[i].where, strlen(table[i].where));
			assert_int_equal(f.length, strlen(table[i].where));
			assert_memory_equal(table[i].text + f.at, table[i].where, f.length);
			/* However little of it is here, its end is waited for. */
			for (size_t n = 1; n < strlen(table[i].text); n++)
				assert_true(sl_ftp_may_say((const uint8_t *)table[i].text, n, reply));
		}
	}
}

static const char *const client = "10.1.2.3", *const server = "203.0.113.80";
static const char *const seen = "198.51.100.2"; /* the client, from outside */

static void network(struct image_builder *b)
{
	struct sl_image_rule_extras x = extras_none();

	x.helper = SL_HELPER_FTP;
	extras_rule(b, RULE_OUT, &x);
	nat_network(b);
	extras_changed(b);
}

#define ISN0 1000u
#define ISN1 5000u

static void segment(struct frame *f, bool reply, uint8_t flags, uint32_t seq, uint32_t ack,
		    const char *text)
{
	frame_tcp(f, reply ? server : client, reply ? seen : server, reply ? 21 : 3000,
		  reply ? 3000 : 21, flags, seq, ack, 0);
	frame_add(f, text, (uint32_t)strlen(text));
	frame_finish(f);
}

static int start(void **state)
{
	struct frame f;
	int status;

	pipeline_change = network;
	status = pipeline_reset(state);
	pipeline_change = NULL;
	if (status)
		return status;
	segment(&f, false, 0x02, ISN0, 0, "");
	expect_forwarded(INSIDE, &f, WAN);
	segment(&f, true, 0x12, ISN1, ISN0 + 1, "");
	expect_forwarded(WAN, &f, INSIDE);
	segment(&f, false, 0x10, ISN0 + 1, ISN1 + 1, "");
	expect_forwarded(INSIDE, &f, WAN);
	return 0;
}

/* What leaves says `want`, from the number `seq` on; NULL: it is dropped for `why`. */
static void says(bool reply, uint32_t at, const char *text, uint32_t out_at, const char *want,
		 enum sl_drop why)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	segment(&f, reply, 0x18, (reply ? ISN1 : ISN0) + 1 + at,
		(reply ? ISN0 + 1 : ISN1 + 1), text);
	if (!want) {
		expect_dropped(reply ? WAN : INSIDE, &f, why);
		return;
	}
	expect_forwarded(reply ? WAN : INSIDE, &f, reply ? INSIDE : WAN);
	out = pipeline_out(0, &head);
	assert_int_equal(head.length, 54 + strlen(want));
	assert_memory_equal(out + 54, want, strlen(want));
	assert_int_equal(frame_get(out + 38, 4), (reply ? ISN1 : ISN0) + 1 + out_at);
}

/* The server acknowledges `count` bytes as it counts them; what the client hears. */
static void acknowledges(uint32_t count, uint32_t heard)
{
	struct sl_output head;
	struct frame f;

	segment(&f, true, 0x10, ISN1 + 1, ISN0 + 1 + count, "");
	expect_forwarded(WAN, &f, INSIDE);
	assert_int_equal(frame_get(pipeline_out(0, &head) + 42, 4), ISN0 + 1 + heard);
}

#define OWN "PORT 10,1,2,3,156,64\r\n"     /* 22 bytes */
#define SEEN "PORT 198,51,100,2,156,64\r\n" /* 26 */

/* The client's own address is another one outside; once, and again as it is sent again. */
static void rewritten(void **state)
{
	(void)state;
	says(false, 0, "NOOP\r\n" OWN, 0, "NOOP\r\n" SEEN, 0);
	says(false, 0, "NOOP\r\n" OWN, 0, "NOOP\r\n" SEEN, 0);
	says(false, 6, OWN, 6, SEEN, 0);
	says(false, 6, OWN "LIST\r\n", 6, SEEN "LIST\r\n", 0);
	says(false, 28, "LIST\r\n", 32, "LIST\r\n", 0);
	acknowledges(6, 6);
	acknowledges(20, 11); /* part of what was replaced */
	acknowledges(38, 34);
	/* the receiver has it: it may be cut where it was replaced no more */
	says(false, 34, OWN, 38, SEEN, 0);
	says(false, 34, OWN, 38, SEEN, 0);
}

/* While one is under way, another one waits; and nothing is read out of order. */
static void in_turn(void **state)
{
	(void)state;
	says(false, 22, "NOOP\r\n", 0, NULL, SL_DROP_HELPER_ORDER);
	says(false, 0, OWN, 0, SEEN, 0);
	says(false, 22, "NOOP\r\n" OWN "NOOP\r\n", 26, "NOOP\r\n", 0);
	says(false, 28, OWN, 0, NULL, SL_DROP_HELPER_ORDER);
	says(false, 28, "\r\n" OWN, 32, "\r\n", 0);
	acknowledges(34, 30);
	says(false, 30, OWN, 34, SEEN, 0);
	/* what was said cannot be said otherwise afterwards */
	says(false, 30, "NOOP\r\nPORT 1,2,3,4", 0, NULL, SL_DROP_HELPER_ORDER);
}

/* Refused whatever the server would say to it. */
static void refused(void **state)
{
	(void)state;
	says(false, 0, "PORT 10,1,2,4,156,64\r\n", 0, NULL, SL_DROP_HELPER_BOUNCE);
	says(false, 0, "EPRT |1|10.1.2.4|40000|\r\n", 0, NULL, SL_DROP_HELPER_BOUNCE);
	says(false, 0, "EPRT |2|2001:db8::1|40000|\r\n", 0, NULL, SL_DROP_HELPER_BOUNCE);
	says(false, 0, "PORT 10,1,2,3,3,255\r\n", 0, NULL, SL_DROP_HELPER_LOW_PORT);
	says(false, 0, "PORT 10,1,2,3\r\n", 0, NULL, SL_DROP_HELPER_MALFORMED);
	says(false, 0, "PORT                                                            "
		       "                              ", 0, NULL, SL_DROP_HELPER_MALFORMED);
	assert_int_equal(atomic_load(&pipeline.dp->helpers->expectations.opened), 0);
}

static void data(struct frame *f, bool from_server, uint16_t port, uint8_t flags)
{
	frame_tcp(f, from_server ? server : client, from_server ? seen : server, from_server ? 20 : port,
		  from_server ? port : 20, flags, 1, 0, 0);
}

/* The server's connection opens one session, to the client; else what comes so is for the box. */
static void active(void **state)
{
	struct sl_output head;
	struct frame f;

	(void)state;
	frame_tcp(&f, server, seen, 2021, 40000, 0x02, 1, 0, 0);
	expect_local(WAN, &f);
	says(false, 0, OWN, 0, SEEN, 0);
	frame_tcp(&f, "203.0.113.81", seen, 20, 40000, 0x02, 1, 0, 0);
	expect_local(WAN, &f);
	data(&f, true, 40000, 0x02);
	expect_forwarded(WAN, &f, INSIDE);
	assert_int_equal(pipeline.results[0].session, SL_SESSION_EXPECTED);
	assert_int_equal(pipeline.results[0].rule, RULE_OUT);
	assert_int_equal(frame_get(pipeline_out(0, &head) + 30, 4), 0x0a010203);
	frame_tcp(&f, client, server, 40000, 20, 0x12, 9, 2, 0);
	expect_forwarded(INSIDE, &f, WAN);
	/* another one from there is another flow */
	frame_tcp(&f, server, seen, 2020, 40000, 0x02, 1, 0, 0);
	expect_local(WAN, &f);
}

/* A client's: the server's port is allowed by the control connection's rule alone. */
static void passive(void **state)
{
	struct frame f;

	(void)state;
	/* a server that gives another address is reached at its own all the same */
	says(true, 0, "227 =(10,0,0,1,117,48)\r\n", 0, "227 =(203,0,113,80,117,48)\r\n", 0);
	frame_tcp(&f, client, server, 4000, 30000, 0x02, 1, 0, 0);
	expect_forwarded(INSIDE, &f, WAN);
	assert_int_equal(pipeline.results[0].session, SL_SESSION_EXPECTED);
	frame_tcp(&f, server, seen, 30000, 4000, 0x12, 9, 2, 0);
	expect_forwarded(WAN, &f, INSIDE);
}

/* The reference of the control connection. */
static sl_session_ref control_session(void)
{
	const struct sl_session_table *t = pipeline.dp->sessions;
	struct sl_key4 key = {inet_addr(client), inet_addr(server), htons(3000), htons(21), 6, 0, 0};
	const struct sl_key4 *one = &key;
	uint64_t hash = sl_hash4(&t->secret, &key);
	struct sl_session_hit hit;

	assert_int_equal(sl_session_find4(t, 0, &one, &hash, 1, &hit), 1);
	return hit.ref;
}

/* Closed, it leaves its children alone; ended from outside it takes them along. */
static void cut_off(void **state)
{
	struct sl_helpers *h = pipeline.dp->helpers;
	struct sl_worker *w = pipeline.dp->worker[0];
	struct frame f;

	for (unsigned int why = SL_END_FINISHED; why <= SL_END_CLEARED; why += 2) {
		assert_int_equal(start(state), 0);
		h = pipeline.dp->helpers;
		says(true, 0, "229 (|||30000|)\r\n", 0, "229 (|||30000|)\r\n", 0);
		frame_tcp(&f, client, server, 4000, 30000, 0x02, 1, 0, 0);
		expect_forwarded(INSIDE, &f, WAN);
		assert_int_equal(atomic_load(&h->children), 1);
		sl_session_end(w->sessions, control_session(), why, w->now_ms);
		assert_int_equal(atomic_load(&h->sessions), 0);
		frame_tcp(&f, server, seen, 30000, 4000, 0x12, 9, 2, 0);
		if (why == SL_END_FINISHED) {
			expect_forwarded(WAN, &f, INSIDE);
		} else {
			expect_dropped(WAN, &f, SL_DROP_POLICY_CHANGED);
			assert_int_equal(atomic_load(&h->children), 0);
		}
	}
}

/* What does not come in time, or whose session is over, is expected no more; there is an end to them. */
static void no_more(void **state)
{
	struct sl_expectations *t = &pipeline.dp->helpers->expectations;
	uint32_t at = 0, there = 0;
	struct frame f;

	(void)state;
	says(false, 0, OWN, 0, SEEN, 0);
	acknowledges(26, 22);
	data(&f, true, 40000, 0x02);
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, WAN, &f, 61000)->fate, SL_FATE_LOCAL);
	at = 22, there = 26;
	for (unsigned int i = 0; i < 3 * SL_HELPER_EXPECTS; i++) {
		char own[64], want[64];

		snprintf(own, sizeof(own), "PORT 10,1,2,3,40,%u\r\n", i);
		snprintf(want, sizeof(want), "PORT 198,51,100,2,40,%u\r\n", i);
		says(false, at, own, there, want, 0);
		at += (uint32_t)strlen(own);
		there += (uint32_t)strlen(want);
		acknowledges(there, at);
	}
	assert_true(atomic_load(&t->live) <= SL_HELPER_EXPECTS + 1);
	segment(&f, false, 0x04, ISN0 + 1 + at, 0, "");
	expect_forwarded(INSIDE, &f, WAN);
	for (unsigned int i = 0; i < 5; i++) {
		frame_udp(&f, client, server, 1, 2, 3);
		pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 60000);
	}
	assert_int_equal(atomic_load(&pipeline.dp->helpers->sessions), 0);
	assert_true(atomic_load(&t->live) <= 1); /* the one that was over */
}

/* In pieces of every length, each acknowledged before the next: the server gets the line as one. */
static void pieces(void **state)
{
	(void)state;
	for (uint32_t size = 1; size < 22; size++) {
		uint32_t at = 0;
		char piece[32];

		assert_int_equal(start(state), 0);
		for (; at + size < 22; at += size) {
			struct sl_output head;
			const uint8_t *out;
			struct frame f;

			snprintf(piece, sizeof(piece), "%.*s", (int)size, OWN + at);
			segment(&f, false, 0x18, ISN0 + 1 + at, ISN1 + 1, piece);
			assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
			assert_int_equal(pipeline.outputs, 2);
			for (unsigned int i = 0; i < 2; i++) {
				out = pipeline_out(i, &head);
				assert_true(frame_sound(out, head.length));
				assert_int_equal(head.length, 54);
				if (head.iface == WAN)
					assert_int_equal(frame_get(out + 38, 4), ISN0 + 1);
				else
					assert_int_equal(frame_get(out + 42, 4), ISN0 + 1 + at + size);
			}
		}
		says(false, at, OWN + at, 0, SEEN, 0);
		says(false, at, OWN + at, 0, SEEN, 0);
		acknowledges(26, 22);
		says(false, 22, "LIST\r\n", 26, "LIST\r\n", 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines),
		cmocka_unit_test_setup(rewritten, start),
		cmocka_unit_test_setup(in_turn, start),
		cmocka_unit_test_setup(refused, start),
		cmocka_unit_test_setup(active, start),
		cmocka_unit_test_setup(passive, start),
		cmocka_unit_test_setup(cut_off, start),
		cmocka_unit_test_setup(no_more, start),
		cmocka_unit_test_setup(pieces, start),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
