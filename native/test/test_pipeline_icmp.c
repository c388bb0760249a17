/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "test/pipeline.h"

/* ICMP errors: those the box makes, and those that pass by. */

static const char *const client4 = "10.1.2.3", *const server4 = "203.0.113.80";
static const char *const client6 = "2001:db8:a::5", *const server6 = "2001:db8:99::1";

/* The one packet out of the last run is the box's error about `f`, as frame_error would make it. */
static void assert_error(const struct frame *f, const char *from, uint8_t type, uint8_t code,
			 uint32_t rest, uint32_t quoted)
{
	bool v6 = strchr(from, ':') != NULL;
	struct sl_output head;
	const uint8_t *bytes = pipeline_out(0, &head);
	struct frame want;

	assert_int_equal(pipeline.outputs, 1);
	assert_int_equal(head.input, SL_INPUT_GENERATED);
	assert_int_equal(head.iface, INSIDE);
	frame_error(&want, from, f, type, code, rest, quoted);
	/* Back by the way it came; precedence of network control (RFC 1812 4.3.2.5). */
	memcpy(want.bytes, f->bytes + 6, 6);
	memcpy(want.bytes + 6, f->bytes, 6);
	if (!v6) {
		want.bytes[want.l3 + 1] = 0xc0;
		frame_fix_ip(&want);
	}
	assert_true(frame_sound(bytes, head.length));
	assert_int_equal(head.length, want.length);
	assert_memory_equal(bytes, want.bytes, want.length);
}

static void hops_used_up(void **state)
{
	struct frame f;

	(void)state;
	for (uint8_t ttl = 0; ttl < 2; ttl++) {
		frame_udp(&f, client4, server4, 40000, 33434, 40);
		f.bytes[f.l3 + 8] = ttl;
		frame_fix_ip(&f);
		expect_dropped(INSIDE, &f, SL_DROP_TTL_EXCEEDED);
		assert_error(&f, "10.1.0.1", 11, 0, 0, 68);

		frame_udp(&f, client6, server6, 40000, 33434, 40);
		f.bytes[f.l3 + 7] = ttl;
		expect_dropped(INSIDE, &f, SL_DROP_TTL_EXCEEDED);
		assert_error(&f, "2001:db8:a::1", 3, 0, 0, 88);
	}
}

static void too_big(void **state)
{
	struct frame f;

	(void)state;
	/* As much as fits 576 and 1280 bytes is quoted (RFC 1812 4.3.2.3, RFC 4443 2.4). */
	frame_udp(&f, client4, server4, 40000, 53, 1473);
	expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
	assert_error(&f, "10.1.0.1", 3, 4, 1500, 548);
	frame_udp(&f, client6, server6, 40000, 53, 6000);
	expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
	assert_error(&f, "2001:db8:a::1", 2, 0, 1500, 1232);

	frame_udp(&f, client4, server4, 40000, 53, 1472);
	expect_forwarded(INSIDE, &f, WAN);
}

static void never_about(void **state)
{
	struct frame f, about;

	(void)state;
	/* Another error (RFC 1122 3.2.2): this one belongs to a session and has one hop left. */
	frame_udp(&f, server4, client4, 53, 40000, 10);
	frame_udp(&about, client4, server4, 40000, 53, 10);
	expect_forwarded(INSIDE, &about, WAN);
	frame_error(&f, "203.0.113.9", &about, 3, 3, 0, 28);
	f.bytes[f.l3 + 8] = 1;
	frame_fix_ip(&f);
	expect_dropped(WAN, &f, SL_DROP_TTL_EXCEEDED);
	assert_int_equal(pipeline.outputs, 0);
	/* What came as a broadcast of the link. */
	frame_udp(&f, client4, server4, 40001, 53, 10);
	memset(f.bytes, 0xff, 6);
	f.bytes[f.l3 + 8] = 1;
	frame_fix_ip(&f);
	expect_dropped(INSIDE, &f, SL_DROP_TTL_EXCEEDED);
	assert_int_equal(pipeline.outputs, 0);
	/* What the policy refuses. */
	frame_tcp(&f, client4, server4, 40000, 25, 0x02, 1, 0, 0);
	f.bytes[f.l3 + 8] = 1;
	frame_fix_ip(&f);
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_DENY);
	assert_int_equal(pipeline.outputs, 0);
}

static void rate_is_limited(void **state)
{
	unsigned int answered = 0;
	struct frame f;

	(void)state;
	frame_udp(&f, client4, server4, 40000, 33434, 40);
	f.bytes[f.l3 + 8] = 1;
	frame_fix_ip(&f);
	pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 1000);
	for (unsigned int i = 0; i < 300; i++) {
		pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 0);
		answered += pipeline.outputs;
	}
	/* A bucket of 100, of which one is gone. */
	assert_int_equal(answered, 99);
	/* 1000 a second: ten more after ten milliseconds. */
	pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 10);
	answered = pipeline.outputs;
	for (unsigned int i = 0; i < 300; i++) {
		pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 0);
		answered += pipeline.outputs;
	}
	assert_int_equal(answered, 10);
}

static void errors_follow_their_session(void **state)
{
	const struct sl_result *r;
	struct frame f, error;

	(void)state;
	frame_udp(&f, client4, server4, 40000, 53, 40);
	frame_error(&error, "203.0.113.9", &f, 3, 1, 0, 28);
	expect_dropped(WAN, &error, SL_DROP_ICMP_ERROR_NO_SESSION);
	expect_forwarded(INSIDE, &f, WAN);
	r = pipeline_in(WAN, &error);
	assert_int_equal(r->fate, SL_FATE_FORWARDED);
	assert_int_equal(r->session, SL_SESSION_HIT);
	assert_int_equal(r->out, INSIDE);
	assert_int_equal(r->protocol, 1);
	/* About another port, of another shape, or to somebody else than who sent. */
	frame_udp(&f, client4, server4, 40001, 53, 40);
	frame_error(&error, "203.0.113.9", &f, 3, 1, 0, 28);
	expect_dropped(WAN, &error, SL_DROP_ICMP_ERROR_NO_SESSION);
	frame_udp(&f, client4, server4, 40000, 53, 40);
	frame_error(&error, "203.0.113.9", &f, 3, 1, 0, 27);
	expect_dropped(WAN, &error, SL_DROP_ICMP_ERROR_INVALID);
	frame_error(&error, "203.0.113.9", &f, 3, 1, 0, 28);
	error.bytes[error.l3 + 19]++;
	frame_finish(&error);
	expect_dropped(WAN, &error, SL_DROP_ICMP_ERROR_INVALID);
	/* An error about an error. */
	frame_icmp(&f, client4, server4, 3, 1, 0, 28);
	frame_error(&error, "203.0.113.9", &f, 3, 1, 0, 36);
	expect_dropped(WAN, &error, SL_DROP_ICMP_ERROR_INVALID);

	frame_icmp(&f, client6, server6, 128, 0, 0x12340001, 40);
	expect_forwarded(INSIDE, &f, WAN);
	frame_error(&error, "2001:db8:98::1", &f, 2, 0, 1280, 88);
	expect_forwarded(WAN, &error, INSIDE);
	frame_icmp(&f, client6, server6, 128, 0, 0x12350001, 40);
	frame_error(&error, "2001:db8:98::1", &f, 2, 0, 1280, 88);
	expect_dropped(WAN, &error, SL_DROP_ICMP_ERROR_NO_SESSION);
}

static void queries(void **state)
{
	struct frame f;

	(void)state;
	frame_icmp(&f, server4, client4, 0, 0, 0x00070001, 40);
	expect_dropped(WAN, &f, SL_DROP_ICMP_NO_SESSION);
	frame_icmp(&f, client4, server4, 8, 0, 0x00070001, 40);
	expect_forwarded(INSIDE, &f, WAN);
	frame_icmp(&f, server4, client4, 0, 0, 0x00070001, 40);
	expect_forwarded(WAN, &f, INSIDE);
	/* Not by asking back under the same identifier. */
	frame_icmp(&f, server4, client4, 8, 0, 0x00070001, 40);
	expect_dropped(WAN, &f, SL_DROP_ICMP_NO_SESSION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(hops_used_up, pipeline_reset),
		cmocka_unit_test_setup(too_big, pipeline_reset),
		cmocka_unit_test_setup(never_about, pipeline_reset),
		cmocka_unit_test_setup(rate_is_limited, pipeline_reset),
		cmocka_unit_test_setup(errors_follow_their_session, pipeline_reset),
		cmocka_unit_test_setup(queries, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
