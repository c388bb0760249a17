/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/helper.h"
#include "helpers/sip_parse.h"
#include "test/extras.h"
#include "test/nat_network.h"
#include "test/pipeline.h"
#include "test/sip_talk.h"

/* SIP over TCP: what becomes of segments that hold messages, some, pieces of one, or none. */

static const char *const client = "10.1.2.3", *const server = "203.0.113.80";
static const char *const seen = "198.51.100.2"; /* the client, from outside */

static void network(struct image_builder *b)
{
	struct sl_image_rule_extras x = extras_none();

	x.helper = SL_HELPER_SIP;
	extras_rule(b, RULE_OUT, &x);
	nat_network(b);
	extras_changed(b);
}

#define ISN0 1000u
#define ISN1 5000u

static void segment(struct frame *f, bool reply, uint8_t flags, uint32_t seq, uint32_t ack,
		    const char *text)
{
	frame_tcp(f, reply ? server : client, reply ? seen : server, 5060, 5060, flags, seq, ack, 0);
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

/* From the client's byte `at` on; what leaves says `want`, from `out_at` on. NULL: it is dropped. */
static void says(uint32_t at, const char *text, uint32_t out_at, const char *want)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	segment(&f, false, 0x18, ISN0 + 1 + at, ISN1 + 1, text);
	if (!want) {
		expect_dropped(INSIDE, &f, SL_DROP_HELPER_ORDER);
		return;
	}
	expect_forwarded(INSIDE, &f, WAN);
	out = pipeline_out(0, &head);
	assert_true(frame_sound(out, head.length));
	assert_int_equal(head.length - 54, strlen(want));
	assert_memory_equal(out + 54, want, strlen(want));
	assert_int_equal(frame_get(out + 38, 4), ISN0 + 1 + out_at);
}

/* The server has so much of what it saw; the client hears of its own bytes. */
static void acknowledges(uint32_t seen_bytes, uint32_t own_bytes)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	segment(&f, true, 0x10, ISN1 + 1, ISN0 + 1 + seen_bytes, "");
	expect_forwarded(WAN, &f, INSIDE);
	out = pipeline_out(0, &head);
	assert_true(frame_sound(out, head.length));
	assert_int_equal(frame_get(out + 42, 4), ISN0 + 1 + own_bytes);
}

#define SAID INVITE("10.1.2.3", "111", "6000")
#define HEARD INVITE("198.51.100.2", "119", "6000")
#define SAID_LENGTH ((uint32_t)sizeof(SAID) - 1)
#define HEARD_LENGTH ((uint32_t)sizeof(HEARD) - 1)

static unsigned int expected(void)
{
	return atomic_load(&pipeline.dp->helpers->expectations.live);
}

/* Said, said again, acknowledged, and the next one, by numbers of each side's own. */
static void whole(void **state)
{
	struct frame f;

	(void)state;
	says(0, SAID, 0, HEARD);
	says(0, SAID, 0, HEARD);
	assert_int_equal(expected(), 2);
	acknowledges(HEARD_LENGTH, SAID_LENGTH);
	says(SAID_LENGTH, SAID, HEARD_LENGTH, HEARD);
	acknowledges(2 * HEARD_LENGTH, 2 * SAID_LENGTH);
	frame_udp(&f, server, seen, 7000, 6000, 20);
	expect_forwarded(WAN, &f, INSIDE);
	assert_int_equal(pipeline.results[0].session, SL_SESSION_EXPECTED);
}

/* Several in a segment, what keeps a stream awake in between. */
static void several(void **state)
{
	(void)state;
	says(0, "\r\n\r\n" SAID "\r\n" SAID, 0, "\r\n\r\n" HEARD "\r\n" HEARD);
	says(0, "\r\n\r\n" SAID "\r\n" SAID, 0, "\r\n\r\n" HEARD "\r\n" HEARD);
	acknowledges(2 * HEARD_LENGTH + 6, 2 * SAID_LENGTH + 6);
	says(2 * SAID_LENGTH + 6, "\r\n", 2 * HEARD_LENGTH + 6, "\r\n");
}

/* Until what was changed has arrived, nothing more is; what comes with it is cut off. */
static void one_after_the_other(void **state)
{
	(void)state;
	says(0, SAID, 0, HEARD);
	says(SAID_LENGTH, SAID, 0, NULL);
	says(0, SAID SAID, 0, HEARD);
	says(10, &SAID[10], 0, NULL);
	says(SAID_LENGTH, "\r\n", HEARD_LENGTH, "\r\n");
	acknowledges(HEARD_LENGTH + 2, SAID_LENGTH + 2);
	says(SAID_LENGTH + 2, SAID, HEARD_LENGTH + 2, HEARD);
}

/* The beginning of the next is cut off, and read when it comes again. */
static void a_beginning(void **state)
{
	static const char both[] = SAID "BYE sip:bob@203.0.113.80 SIP/2.0\r\nVia: SIP/2.0/TCP 10.1";

	(void)state;
	says(0, both, 0, HEARD);
	acknowledges(HEARD_LENGTH, SAID_LENGTH);
	says(SAID_LENGTH, SAID, HEARD_LENGTH, HEARD);
}

/* In pieces it passes unread, wherever it is cut; the next one is read. */
static void pieces(void **state)
{
	char first[sizeof(SAID)];

	for (uint32_t n = 1; n < SAID_LENGTH; n += 7) {
		assert_int_equal(start(state), 0);
		memcpy(first, SAID, n);
		first[n] = '\0';
		says(0, first, 0, first);
		says(n, &SAID[n], n, &SAID[n]);
		assert_int_equal(expected(), 0);
		says(SAID_LENGTH, SAID, SAID_LENGTH, HEARD);
		assert_int_equal(expected(), 2);
	}
}

/* Byte by byte, twice each. */
static void bytes(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < SAID_LENGTH; n++) {
		const char byte[2] = {SAID[n], '\0'};

		says(n, byte, n, byte);
		says(n, byte, n, byte);
	}
	says(SAID_LENGTH, SAID, SAID_LENGTH, HEARD);
}

/* What would not fit any more, what is no SIP, and what does not say how long it is. */
static void unread(void **state)
{
	static const char long_one[] = "INFO sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 10.1.2.3\r\nl: 1400\r\n\r\n";
	static const char endless[] = "INFO sip:x SIP/2.0\r\nVia: SIP/2.0/TCP 10.1.2.3\r\n\r\n";
	char text[1461];

	memset(text, 'x', sizeof(text));
	memcpy(text, long_one, sizeof(long_one) - 1);
	text[sizeof(long_one) - 1 + 1400] = '\0';
	says(0, text, 0, text);
	says((uint32_t)strlen(text), SAID, (uint32_t)strlen(text), HEARD);
	assert_int_equal(start(state), 0);
	says(0, endless, 0, endless);
	says(sizeof(endless) - 1, SAID, sizeof(endless) - 1, SAID);
	assert_int_equal(start(state), 0);
	says(0, "GET / HTTP/1.1\r\n" SAID, 0, "GET / HTTP/1.1\r\n" SAID);
	assert_int_equal(expected(), 0);
}

static void frames(void **state)
{
	static const struct {
		const char *text;
		enum sl_sip_framing framing;
		uint32_t total;
	} rows[] = {
		{SAID, SL_SIP_FRAME, SAID_LENGTH},
		{"SIP/2.0 200 OK\nl:0\n\nSIP/2.0 100 T\n", SL_SIP_FRAME, 20},
		{"SIP/2.0 200 OK\r\nContent-Length\t:\t7\r\n\r\n", SL_SIP_FRAME, 45},
		{"SIP/2.0 200 OK\r\nl: 7\r\n", SL_SIP_OPEN, 0},
		{"SIP/2.0 200 OK\r\nl: 7\r\n\r", SL_SIP_OPEN, 0},
		{"SIP/2.0 200", SL_SIP_OPEN, 0},
		{"SIP/2.0 200 OK\r\nl: 70000\r\n\r\n", SL_SIP_NO_FRAME, 0},
		{"SIP/2.0 200 OK\r\nl: -7\r\n\r\n", SL_SIP_NO_FRAME, 0},
		{"SIP/2.0 200 OK\r\n\r\n", SL_SIP_NO_FRAME, 0},
		{"HELLO\r\n", SL_SIP_NO_FRAME, 0},
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		uint32_t total;

		assert_int_equal(sl_sip_frame((const uint8_t *)rows[i].text, strlen(rows[i].text), &total),
				 rows[i].framing);
		if (rows[i].framing == SL_SIP_FRAME)
			assert_int_equal(total, rows[i].total);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames),
		cmocka_unit_test_setup(whole, start),
		cmocka_unit_test_setup(several, start),
		cmocka_unit_test_setup(one_after_the_other, start),
		cmocka_unit_test_setup(a_beginning, start),
		cmocka_unit_test_setup(pieces, start),
		cmocka_unit_test_setup(bytes, start),
		cmocka_unit_test_setup(unread, start),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
