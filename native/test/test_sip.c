/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "helpers/helper.h"
#include "test/extras.h"
#include "test/nat_network.h"
#include "test/pipeline.h"
#include "test/sip_talk.h"

/* The SIP helper: messages on their way, and the media they announce. */

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

static int start(void **state)
{
	int status;

	pipeline_change = network;
	status = pipeline_reset(state);
	pipeline_change = NULL;
	return status;
}

static void message(struct frame *f, bool answer, const char *text)
{
	frame_udp(f, answer ? server : client, answer ? seen : server, 5060, 5060, 0);
	frame_add(f, text, (uint32_t)strlen(text));
	frame_finish(f);
}

static void text_out(char *text)
{
	struct sl_output head;
	const uint8_t *out = pipeline_out(0, &head);

	memcpy(text, out + 42, head.length - 42);
	text[head.length - 42] = '\0';
}

/* What leaves says `want`; NULL: it is dropped for `why`. */
static void says(bool answer, const char *text, const char *want, enum sl_drop why)
{
	struct frame f;
	char got[2048];

	message(&f, answer, text);
	if (!want) {
		expect_dropped(answer ? WAN : INSIDE, &f, why);
		return;
	}
	expect_forwarded(answer ? WAN : INSIDE, &f, answer ? INSIDE : WAN);
	text_out(got);
	assert_string_equal(got, want);
}

static void media(struct frame *f, bool answer, uint16_t client_port, uint16_t server_port)
{
	frame_udp(f, answer ? server : client, answer ? seen : server,
		  answer ? server_port : client_port, answer ? client_port : server_port, 20);
}

/* A call: what is said, said again, and answered; the media of both sides is one session. */
static void call(void **state)
{
	struct sl_expectations *t = &pipeline.dp->helpers->expectations;
	struct frame f;

	(void)state;
	says(false, INVITE("10.1.2.3", "125", "6000"), INVITE("198.51.100.2", "133", "6000"), 0);
	says(false, INVITE("10.1.2.3", "125", "6000"), INVITE("198.51.100.2", "133", "6000"), 0);
	assert_int_equal(atomic_load(&t->live), 2);
	says(true, ANSWER("198.51.100.2", "203.0.113.80"), ANSWER("10.1.2.3", "203.0.113.80"), 0);
	assert_int_equal(atomic_load(&t->live), 4);

	media(&f, false, 6000, 7000);
	expect_forwarded(INSIDE, &f, WAN);
	assert_int_equal(pipeline.results[0].session, SL_SESSION_EXPECTED);
	media(&f, true, 6000, 7000);
	expect_forwarded(WAN, &f, INSIDE);
	assert_int_equal(pipeline.results[0].session, SL_SESSION_HIT);
	/* RTCP, from another host of the provider's */
	frame_udp(&f, "203.0.113.90", seen, 9001, 6001, 20);
	expect_forwarded(WAN, &f, INSIDE);
	assert_int_equal(pipeline.results[0].session, SL_SESSION_EXPECTED);
	/* once */
	frame_udp(&f, "203.0.113.91", seen, 9001, 6001, 20);
	expect_local(WAN, &f);
}

/* Two clients want one port outside: the second gets another one, even, the next one for RTCP. */
static void another_port(void **state)
{
	unsigned int port, before = 0;
	const char *m;
	struct frame f;
	char got[2048];

	(void)state;
	says(false, INVITE("10.1.2.3", "125", "6000"), INVITE("198.51.100.2", "133", "6000"), 0);
	frame_udp(&f, "10.1.2.4", server, 5060, 5060, 0);
	frame_add(&f, INVITE("10.1.2.4", "125", "6000"), sizeof(INVITE("10.1.2.4", "125", "6000")) - 1);
	frame_finish(&f);
	for (unsigned int i = 0; i < 2; i++) {
		expect_forwarded(INSIDE, &f, WAN);
		text_out(got);
		m = strstr(got, "m=audio ");
		assert_non_null(m);
		assert_int_equal(sscanf(m, "m=audio %u", &port), 1);
		assert_int_not_equal(port, 6000);
		assert_int_equal(port % 2, 0);
		assert_true(i == 0 || port == before);
		before = port;
	}
	/* the client's own media keeps to it */
	says(true, ANSWER("198.51.100.2", "203.0.113.80"), ANSWER("10.1.2.3", "203.0.113.80"), 0);
	frame_udp(&f, server, seen, 7000, (uint16_t)port, 20);
	expect_forwarded(WAN, &f, INSIDE);
	frame_udp(&f, server, seen, 7001, (uint16_t)(port + 1), 20);
	expect_forwarded(WAN, &f, INSIDE);
}

/* Ports of services, and media of others, open nothing; what is no message passes as it is. */
static void refused(void **state)
{
	struct sl_expectations *t = &pipeline.dp->helpers->expectations;

	(void)state;
	says(false, INVITE("10.1.2.3", "125", "53"), NULL, SL_DROP_HELPER_LOW_PORT);
	says(false, "\r\n\r\n", "\r\n\r\n", 0);
	says(false, "INVITE sip:bob@10.1.2.3\r\nVia: 10.1.2.3\r\n\r\n",
	     "INVITE sip:bob@10.1.2.3\r\nVia: 10.1.2.3\r\n\r\n", 0);
	says(false, INVITE("10.1.2.99", "125", "6000"), INVITE("10.1.2.99", "125", "6000"), 0);
	assert_int_equal(atomic_load(&t->opened), 0);
}

/* RFC 3605, RFC 5761, and an o= of somebody else. */
static void rtcp(void **state)
{
	struct frame f;

	(void)state;
#define BODY(host)                                                                                 \
	"OPTIONS sip:x SIP/2.0\r\n\r\n"                                                            \
	"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nm=audio 6000/2 RTP/AVP 0\r\nc=IN IP4 " host "/127\r\n" \
	"a=rtcp:6100 IN IP4 " host "\r\nm=video 6200 RTP/AVP 1\r\na=rtcp:6200\r\nc=IN IP4 " host "\r\n"
	says(false, BODY("10.1.2.3"), BODY("198.51.100.2"), 0);
	for (unsigned int i = 0; i < 3; i++) {
		static const uint16_t ports[] = {6000, 6100, 6200};

		frame_udp(&f, "203.0.113.90", seen, 9001, ports[i], 20);
		expect_forwarded(WAN, &f, INSIDE);
	}
	frame_udp(&f, "203.0.113.90", seen, 9001, 6201, 20);
	expect_local(WAN, &f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(call, start),
		cmocka_unit_test_setup(another_port, start),
		cmocka_unit_test_setup(refused, start),
		cmocka_unit_test_setup(rtcp, start),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
