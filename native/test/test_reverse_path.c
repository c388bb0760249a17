/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firewall/limit.h"
#include "routing/fib.h"
#include "test/extras.h"
#include "test/pipeline.h"

/* Forged sources and floods, before the policy is asked. */

static uint8_t inside_mode, wan_mode;
static struct sl_image_zones flood;

static void change(struct image_builder *b)
{
	struct sl_image_zones *zone = extras_zone(b, 2);

	extras_iface(b, INSIDE)->reverse_path = inside_mode;
	extras_iface(b, WAN)->reverse_path = wan_mode;
	zone->flood_syn = flood.flood_syn;
	zone->flood_udp = flood.flood_udp;
	zone->flood_icmp = flood.flood_icmp;
	zone->flood_other = flood.flood_other;
	zone->flood_source = flood.flood_source;
	extras_changed(b);
}

static void begin(uint8_t inside, uint8_t wan)
{
	inside_mode = inside;
	wan_mode = wan;
	pipeline_change = change;
	assert_int_equal(pipeline_reset(NULL), 0);
}

static int end(void **state)
{
	(void)state;
	flood = (struct sl_image_zones){0};
	pipeline_change = NULL;
	return 0;
}

static enum sl_drop udp(uint16_t in, const char *src, const char *dst)
{
	struct frame f;

	frame_udp(&f, src, dst, 40000, 53, 10);
	return pipeline_in(in, &f)->reason;
}

/* Through the policy a packet gets, or is denied by its default: both are beyond this check. */
static void expect_source(uint16_t in, const char *src, enum sl_drop off, enum sl_drop loose,
			  enum sl_drop strict)
{
	const enum sl_drop want[] = {off, loose, strict};
	const char *dst = strchr(src, ':') ? "2001:db8:77::1" : "192.0.2.77";

	for (uint8_t mode = SL_RPF_OFF; mode <= SL_RPF_STRICT; mode++) {
		enum sl_drop got;

		begin(mode, mode);
		got = udp(in, src, dst);
		assert_string_equal(sl_drop_name(got == SL_DROP_POLICY_DEFAULT ? SL_DROP_NONE : got),
				    sl_drop_name(want[mode]));
	}
}

#define OK SL_DROP_NONE
#define RPF SL_DROP_REVERSE_PATH
#define OWN4 SL_DROP_IP4_MARTIAN_SOURCE
#define OWN6 SL_DROP_IP6_MARTIAN_SOURCE

static void sources(void **state)
{
	static_assert(SL_RPF_LOOSE == 1 && SL_RPF_STRICT == 2, "by index");
	(void)state;
	expect_source(INSIDE, "10.1.2.3", OK, OK, OK);
	expect_source(INSIDE, "10.9.2.3", OK, OK, OK); /* by the gateway behind it */
	expect_source(INSIDE, "10.20.0.7", OK, OK, RPF); /* another interface's */
	expect_source(INSIDE, "203.0.113.7", OK, OK, RPF); /* the default route's */
	expect_source(WAN, "203.0.113.7", OK, OK, OK);
	expect_source(WAN, "10.1.2.3", OK, OK, RPF);
	expect_source(WAN, "10.1.0.1", OWN4, OWN4, OWN4);
	expect_source(INSIDE, "10.1.0.1", OWN4, OWN4, OWN4);
	expect_source(WAN, "198.51.100.2", OWN4, OWN4, OWN4);
	expect_source(INSIDE, "10.1.255.255", OWN4, OWN4, OWN4); /* a directed broadcast */
	expect_source(WAN, "198.51.100.15", OWN4, OWN4, OWN4);
	expect_source(INSIDE, "2001:db8:a::3", OK, OK, OK);
	expect_source(INSIDE, "2001:db8:b::3", OK, OK, RPF);
	expect_source(WAN, "2001:db8:b::3", OK, OK, OK);
	expect_source(WAN, "2001:db8:a::3", OK, OK, RPF);
	expect_source(WAN, "2001:db8:a::1", OWN6, OWN6, OWN6);
}

/* Without a default route some sources have no way back at all. */
static void no_route_at_all(void **state)
{
	const struct sl_route nowhere = {.kind = SL_ROUTE_KIND_BLACKHOLE, .family = 4};
	const uint8_t any[4] = {0}, bad[4] = {203, 0, 113, 0};

	(void)state;
	begin(SL_RPF_LOOSE, SL_RPF_LOOSE);
	/* RFC 5635: routed to nowhere. */
	assert_int_equal(sl_fib_add(pipeline.dp->fib, 4, bad, 24, &nowhere), 0);
	assert_int_equal(sl_fib_commit(pipeline.dp->fib), 1);
	assert_int_equal(udp(WAN, "203.0.113.7", "10.1.2.3"), RPF);
	assert_int_equal(udp(WAN, "203.0.114.7", "10.1.2.3"), SL_DROP_POLICY_DEFAULT);
	assert_int_equal(sl_fib_delete(pipeline.dp->fib, 4, any, 0), 0);
	assert_int_equal(sl_fib_commit(pipeline.dp->fib), 1);
	assert_int_equal(udp(WAN, "203.0.114.7", "10.1.2.3"), RPF);
	assert_int_equal(udp(WAN, "10.1.2.4", "10.1.2.3"), SL_DROP_POLICY_DEFAULT);
}

/* Sources that have no route by their nature. */
static void exempt(void **state)
{
	struct frame f;

	(void)state;
	begin(SL_RPF_STRICT, SL_RPF_STRICT);
	frame_udp(&f, "0.0.0.0", "255.255.255.255", 68, 67, 240);
	expect_dropped(WAN, &f, SL_DROP_POLICY_DEFAULT);
	frame_udp(&f, "10.99.0.1", "255.255.255.255", 67, 68, 240);
	expect_local(WAN, &f);
	frame_udp(&f, "fe80::1", "fe80::2", 547, 546, 40);
	expect_local(WAN, &f);
	/* Duplicate address detection, RFC 4862 5.4, and an answer from an address off the link. */
	frame_icmp(&f, "::", "ff02::1:ff00:5", 135, 0, 0, 16);
	f.bytes[f.l3 + 7] = 255;
	expect_local(WAN, &f);
	frame_icmp(&f, "2001:db8:a::99", "2001:db8:1::2", 136, 0, 0, 16);
	f.bytes[f.l3 + 7] = 255;
	expect_local(WAN, &f);
}

/* A trace gives the policy's rule all the same. */
static void traced(void **state)
{
	const struct sl_result *r;
	struct frame f;

	(void)state;
	begin(SL_RPF_STRICT, SL_RPF_STRICT);
	frame_udp(&f, "203.0.113.7", "192.0.2.77", 40000, 53, 10);
	r = pipeline_run(SL_MODE_TRACE, INSIDE, &f, 0);
	assert_int_equal(r->reason, RPF);
	assert_int_equal(r->rule, RULE_OUT);
	assert_int_equal(r->verdict, SL_VERDICT_ALLOW);
}

/* A packet of a session that comes by another interface than the session's own. */
static void another_way_in(void **state)
{
	struct frame there, back, error;

	(void)state;
	frame_udp(&there, "10.1.2.3", "203.0.113.80", 40000, 53, 10);
	frame_udp(&back, "203.0.113.80", "10.1.2.3", 53, 40000, 10);
	for (uint8_t mode = SL_RPF_OFF; mode <= SL_RPF_STRICT; mode++) {
		bool strict = mode == SL_RPF_STRICT;

		begin(mode, mode);
		expect_forwarded(INSIDE, &there, WAN);
		expect_forwarded(WAN, &back, INSIDE);
		/* Both have a route back, not by the interface they came by. */
		assert_int_equal(pipeline_in(WAN, &there)->reason, strict ? RPF : SL_DROP_NONE);
		assert_int_equal(pipeline_in(INSIDE, &back)->reason, strict ? RPF : SL_DROP_NONE);
		/* An error may come from any router of the way, but not from inside. */
		frame_error(&error, "192.0.2.9", &there, 3, 1, 0, 28);
		assert_int_equal(pipeline_in(WAN, &error)->reason, SL_DROP_NONE);
		frame_error(&error, "10.1.2.9", &there, 3, 1, 0, 28);
		assert_int_equal(pipeline_in(WAN, &error)->reason, strict ? RPF : SL_DROP_NONE);
		frame_error(&error, "10.1.0.1", &there, 3, 1, 0, 28);
		assert_int_equal(pipeline_in(WAN, &error)->reason, OWN4);
	}
}

/* In the box's name into one of its own sessions: nothing of it moves. */
static void the_box_s_own_session(void **state)
{
	struct frame f;

	(void)state;
	begin(SL_RPF_OFF, SL_RPF_OFF);
	frame_tcp(&f, "10.1.2.3", "10.1.0.1", 40000, 22, 0x02, 1, 0, 0);
	expect_local(INSIDE, &f);
	frame_tcp(&f, "10.1.0.1", "10.1.2.3", 22, 40000, 0x12, 1, 2, 0);
	expect_dropped(INSIDE, &f, OWN4);
	/* The SYN once more: it still waits for its answer. */
	frame_tcp(&f, "10.1.2.3", "10.1.0.1", 40000, 22, 0x02, 1, 0, 0);
	expect_local(INSIDE, &f);
}

static void floods_of_a_zone(void **state)
{
	char client[32];
	unsigned int passed = 0, refused = 0;
	struct frame f;

	(void)state;
	flood = (struct sl_image_zones){.flood_udp = 20, .flood_syn = 5};
	begin(SL_RPF_STRICT, SL_RPF_STRICT);
	/* In three seconds from the first: the burst of one, and what comes in three. */
	for (unsigned int i = 0; i < 3000; i++) {
		enum sl_drop reason;

		snprintf(client, sizeof(client), "10.1.%u.%u", i / 200 + 2, i % 200 + 1);
		reason = udp(INSIDE, client, "203.0.113.80");
		passed += reason == SL_DROP_NONE;
		refused += reason == SL_DROP_ZONE_FLOOD;
	}
	assert_int_equal(passed, 20 + 3 * 20 - 1);
	assert_int_equal(passed + refused, 3000);
	/* Other kinds, other zones and live sessions do not suffer. */
	assert_int_equal(udp(INSIDE, "10.1.2.1", "203.0.113.80"), SL_DROP_NONE);
	for (uint16_t i = 0; i < 6; i++) {
		frame_tcp(&f, "10.1.2.3", "203.0.113.80", (uint16_t)(1000 + i), 80, 0x02, 1, 0, 0);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason,
				 i < 5 ? SL_DROP_NONE : SL_DROP_ZONE_FLOOD);
	}
	frame_icmp(&f, "10.1.2.3", "203.0.113.80", 8, 0, 7, 10);
	expect_forwarded(INSIDE, &f, WAN);
	/* Forged sources are refused before they use anything up. */
	assert_int_equal(udp(INSIDE, "203.0.113.7", "203.0.113.80"), RPF);
}

static void floods_of_sources(void **state)
{
	uint32_t within = 0;
	struct frame f;

	(void)state;
	flood = (struct sl_image_zones){.flood_source = 3, .flood_udp = 10};
	begin(SL_RPF_OFF, SL_RPF_OFF);
	/* One of them floods: it gets its own, and leaves the zone's to the others. */
	for (uint16_t i = 0; i < 500; i++) {
		enum sl_drop reason;

		frame_udp(&f, "10.1.2.3", "203.0.113.80", (uint16_t)(1000 + i), 53, 0);
		reason = pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 0)->reason;
		within += reason == SL_DROP_NONE;
		assert_true(reason == SL_DROP_NONE || reason == SL_DROP_SOURCE_FLOOD);
	}
	assert_int_equal(within, 3);
	for (uint16_t i = 0; i < 8; i++) {
		frame_udp(&f, i < 3 ? "10.1.2.4" : i < 6 ? "10.1.2.5" : "10.1.2.6", "203.0.113.80",
			  (uint16_t)(1000 + i), 53, 0);
		assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 0)->reason,
				 i < 7 ? SL_DROP_NONE : SL_DROP_ZONE_FLOOD);
	}
	/* TCP counts for the source too; another zone's sources are their own. */
	frame_tcp(&f, "10.1.2.3", "203.0.113.80", 1000, 80, 0x02, 1, 0, 0);
	expect_dropped(INSIDE, &f, SL_DROP_SOURCE_FLOOD);
	frame_udp(&f, "10.1.2.3", "10.1.9.9", 1000, 53, 0);
	expect_dropped(WAN, &f, SL_DROP_POLICY_DEFAULT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(sources, end),
		cmocka_unit_test_teardown(no_route_at_all, end),
		cmocka_unit_test_teardown(exempt, end),
		cmocka_unit_test_teardown(traced, end),
		cmocka_unit_test_teardown(another_way_in, end),
		cmocka_unit_test_teardown(the_box_s_own_session, end),
		cmocka_unit_test_teardown(floods_of_a_zone, end),
		cmocka_unit_test_teardown(floods_of_sources, end),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
