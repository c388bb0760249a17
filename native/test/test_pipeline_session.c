/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/counters.h"
#include "routing/fib.h"
#include "session/table.h"
#include "tables/tables.h"
#include "test/pipeline.h"

/* Verdicts, traces, and what a change of tables or routes does to live sessions. */

static const char *const client4 = "10.1.2.3", *const server4 = "203.0.113.80";

static void verdicts(void **state)
{
	const struct sl_result *r;
	struct frame f;

	(void)state;
	frame_tcp(&f, client4, server4, 40000, 25, 0x02, 1, 0, 0);
	r = pipeline_in(INSIDE, &f);
	assert_int_equal(r->reason, SL_DROP_POLICY_DENY);
	assert_int_equal(r->verdict, SL_VERDICT_DENY);
	assert_int_equal(r->rule, RULE_DENY_MAIL);
	frame_udp(&f, server4, client4, 53, 40000, 10);
	r = pipeline_in(WAN, &f);
	assert_int_equal(r->reason, SL_DROP_POLICY_DEFAULT);
	assert_int_equal(r->rule, SL_RULE_DEFAULT_DENY);
	frame_tcp(&f, client4, server4, 40000, 80, 0x10, 1, 1, 0);
	r = pipeline_in(INSIDE, &f);
	assert_int_equal(r->reason, SL_DROP_TCP_NO_SESSION);
	assert_int_equal(r->rule, SL_RULE_NOT_ASKED);
	assert_int_equal(r->verdict, SL_VERDICT_DENY);
}

/* A trace asks the policy whatever else stops the packet, and keeps no session. */
static void traces(void **state)
{
	static const struct {
		uint8_t flags;
		uint16_t sport;
		const char *src;
		enum sl_drop reason;
	} table[] = {
		{0x02, 40000, "10.1.2.3", SL_DROP_NONE},
		{0x02, 40000, "10.1.2.3", SL_DROP_NONE},
		{0x10, 40000, "10.1.2.3", SL_DROP_TCP_NO_SESSION},
		{0x03, 40000, "10.1.2.3", SL_DROP_TCP_BAD_FLAGS},
		{0x02, 0, "10.1.2.3", SL_DROP_L4_PORT_ZERO},
		{0x02, 40000, "127.0.0.1", SL_DROP_IP4_MARTIAN_SOURCE},
	};
	const struct sl_result *r;
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		frame_tcp(&f, table[i].src, server4, table[i].sport, 80, table[i].flags, 1, 1, 0);
		r = pipeline_run(SL_MODE_TRACE, INSIDE, &f, 0);
		assert_int_equal(r->reason, table[i].reason);
		assert_int_equal(r->verdict, SL_VERDICT_ALLOW);
		assert_int_equal(r->rule, RULE_OUT);
		assert_int_equal(r->out, WAN);
		frame_tcp(&f, table[i].src, server4, table[i].sport, 25, table[i].flags, 1, 1, 0);
		r = pipeline_run(SL_MODE_TRACE, INSIDE, &f, 0);
		assert_int_equal(r->verdict, SL_VERDICT_DENY);
		assert_int_equal(r->rule, RULE_DENY_MAIL);
		assert_int_equal(pipeline.outputs, 0);
	}
	assert_int_equal(sl_session_stats(pipeline.worker->sessions)->live[0], 0);
	/* Where it cannot go is judged as the pair without an egress zone. */
	frame_udp(&f, client4, "239.1.2.3", 40000, 53, 0);
	r = pipeline_run(SL_MODE_TRACE, INSIDE, &f, 0);
	assert_int_equal(r->reason, SL_DROP_POLICY_DEFAULT);
	assert_int_equal(r->route, SL_ROUTE_MISSING);
	assert_int_equal(r->to, SL_ZONE_NONE);
}

static void the_box_itself(void **state)
{
	struct frame f;

	(void)state;
	frame_tcp(&f, client4, "10.1.0.1", 40000, 22, 0x02, 1, 0, 0);
	expect_local(INSIDE, &f);
	frame_icmp(&f, client4, "10.1.0.1", 8, 0, 0x10001, 10);
	expect_local(INSIDE, &f);
	frame_tcp(&f, client4, "10.1.0.1", 40000, 23, 0x02, 1, 0, 0);
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_DEFAULT);
	frame_icmp(&f, server4, "198.51.100.2", 8, 0, 0x10001, 10);
	expect_dropped(WAN, &f, SL_DROP_POLICY_DEFAULT);
	/* From a wire in the box's own name: it would match the way back of the session above. */
	frame_tcp(&f, "10.1.0.1", client4, 22, 40000, 0x12, 1, 2, 0);
	expect_dropped(INSIDE, &f, SL_DROP_IP4_MARTIAN_SOURCE);
}

static void implicit_rules(void **state)
{
	const struct sl_result *r;
	struct frame f;

	(void)state;
	frame_icmp(&f, "fe80::5", "fe80::1", 136, 0, 0, 16);
	f.bytes[f.l3 + 7] = 255;
	r = pipeline_in(WAN, &f);
	assert_int_equal(r->fate, SL_FATE_LOCAL);
	assert_int_equal(r->rule, SL_RULE_IMPLICIT_ND);
	frame_icmp(&f, "fe80::5", "ff02::16", 143, 0, 1, 20);
	f.bytes[f.l3 + 7] = 1;
	r = pipeline_in(WAN, &f);
	assert_int_equal(r->fate, SL_FATE_LOCAL);
	assert_int_equal(r->rule, SL_RULE_IMPLICIT_ICMPV6);
	frame_udp(&f, "198.51.100.1", "255.255.255.255", 67, 68, 240);
	r = pipeline_in(WAN, &f);
	assert_int_equal(r->fate, SL_FATE_LOCAL);
	assert_int_equal(r->rule, SL_RULE_IMPLICIT_DHCP);
	frame_udp(&f, "fe80::1", "fe80::2", 547, 546, 40);
	assert_int_equal(pipeline_in(WAN, &f)->rule, SL_RULE_IMPLICIT_DHCP);
	/* The other way about it is no reply. */
	frame_udp(&f, "0.0.0.0", "255.255.255.255", 68, 67, 240);
	expect_dropped(WAN, &f, SL_DROP_POLICY_DEFAULT);
	frame_ip(&f, 0, "198.51.100.1", "224.0.0.5", 89);
	frame_fill(&f, 24);
	frame_finish(&f);
	expect_dropped(WAN, &f, SL_DROP_POLICY_DEFAULT);
}

static void nowhere_to_go(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, "169.254.1.1", server4, 40000, 53, 0);
	expect_dropped(INSIDE, &f, SL_DROP_LINK_LOCAL);
	frame_udp(&f, "fe80::5", "2001:db8:99::1", 40000, 53, 0);
	expect_dropped(INSIDE, &f, SL_DROP_LINK_LOCAL);
}

/* Swaps the tables under the live sessions, as the control thread does. */
static void swap(bool without_out)
{
	struct sl_tables *before = pipeline.dp->tables, *after;
	char error[256];
	size_t size;
	void *image = pipeline_image(without_out, &size);

	after = sl_tables_build(image, size, before, error, sizeof(error), NULL);
	free(image);
	assert_non_null(after);
	pipeline.dp->tables = after;
	pipeline.worker->tables = after;
	sl_tables_free(before);
}

static void a_rule_taken_away(void **state)
{
	const struct sl_result *r;
	struct frame out, dmz;

	(void)state;
	frame_udp(&out, client4, server4, 40000, 53, 10);
	frame_udp(&dmz, client4, "10.20.0.7", 40000, 514, 10);
	expect_forwarded(INSIDE, &out, WAN);
	assert_int_equal(pipeline_in(INSIDE, &dmz)->session, SL_SESSION_NEW);
	swap(false);
	assert_int_equal(pipeline_in(INSIDE, &out)->session, SL_SESSION_HIT);
	swap(true);
	r = pipeline_in(INSIDE, &out);
	assert_int_equal(r->fate, SL_FATE_DROPPED);
	assert_int_equal(r->reason, SL_DROP_POLICY_CHANGED);
	/* It is gone: the next packet asks anew. The other pair never noticed. */
	expect_dropped(INSIDE, &out, SL_DROP_POLICY_DENY);
	assert_int_equal(pipeline_in(INSIDE, &dmz)->session, SL_SESSION_HIT);
	swap(false);
	assert_int_equal(pipeline_in(INSIDE, &out)->session, SL_SESSION_NEW);
}

static void a_route_that_changes(void **state)
{
	struct sl_route by = {.kind = SL_ROUTE_KIND_GATEWAY, .family = 4, .iface = WAN,
			      .gateway = {198, 51, 100, 3}};
	const uint8_t to[4] = {203, 0, 113, 0};
	const struct sl_result *r;
	struct frame f;

	(void)state;
	frame_udp(&f, client4, server4, 40000, 53, 10);
	expect_forwarded(INSIDE, &f, WAN);
	assert_int_equal(sl_fib_add(pipeline.dp->fib, 4, to, 24, &by), 0);
	assert_int_equal(sl_fib_commit(pipeline.dp->fib), 1);
	pipeline.worker->routing_epoch = ++pipeline.dp->routing_epoch;
	/* The same zone by another gateway: the session goes on by the new way. */
	r = pipeline_in(INSIDE, &f);
	assert_int_equal(r->session, SL_SESSION_HIT);
	assert_memory_equal(r->next_hop, ((uint8_t[16]){198, 51, 100, 3}), 16);
	/* Into another zone, whose policy allows it too: judged by that. */
	by = (struct sl_route){.kind = SL_ROUTE_KIND_CONNECTED, .family = 4, .iface = DMZ};
	assert_int_equal(sl_fib_add(pipeline.dp->fib, 4, to, 24, &by), 0);
	assert_int_equal(sl_fib_commit(pipeline.dp->fib), 1);
	pipeline.worker->routing_epoch = ++pipeline.dp->routing_epoch;
	r = pipeline_in(INSIDE, &f);
	assert_int_equal(r->session, SL_SESSION_HIT);
	assert_int_equal(r->rule, RULE_TO_DMZ);
	assert_int_equal(r->out, DMZ);
	/* And into one whose policy does not: back to where it came from. */
	by.iface = INSIDE;
	assert_int_equal(sl_fib_add(pipeline.dp->fib, 4, to, 24, &by), 0);
	assert_int_equal(sl_fib_commit(pipeline.dp->fib), 1);
	pipeline.worker->routing_epoch = ++pipeline.dp->routing_epoch;
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_CHANGED);
}

static void counted_and_logged(void **state)
{
	struct sl_worker *w = pipeline.worker;
	const struct sl_log_record *r = (const void *)(w->log + 1);
	uint64_t hits = w->rules[RULE_DMZ_IN].hits, head = w->log->head;
	uint64_t rx = w->ifaces[DMZ].rx_packets, tx = w->ifaces[INSIDE].tx_bytes;
	uint64_t dropped = w->ifaces[DMZ].rx_dropped, why = w->drops[SL_DROP_POLICY_DEFAULT].packets;
	struct frame f;

	(void)state;
	frame_ip(&f, 20, "10.20.0.7", "10.1.2.3", 17);
	frame_add(&f, "\x02\x02\x9c\x40\0\0\0\0", 8);
	frame_finish(&f);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
	assert_int_equal(w->rules[RULE_DMZ_IN].hits, hits + 1);
	assert_int_equal(w->ifaces[DMZ].rx_packets, rx + 3);
	assert_int_equal(w->ifaces[INSIDE].tx_bytes, tx + 3 * 42);
	assert_int_equal(w->log->head, head + 1);
	r += head % SL_LOG_RING_RECORDS;
	assert_int_equal(r->type, SL_LOG_SESSION_START);
	assert_int_equal(r->rule, RULE_DMZ_IN);
	assert_int_equal(r->source_port, 514);
	assert_int_equal(r->destination_port, 40000);
	assert_memory_equal(r->source, ((uint8_t[4]){10, 20, 0, 7}), 4);
	assert_int_equal(r->in, DMZ);
	assert_int_equal(r->out, INSIDE);

	frame_ip(&f, 20, "10.20.0.7", "10.1.2.3", 47);
	frame_fill(&f, 8);
	frame_finish(&f);
	expect_dropped(INSIDE, &f, SL_DROP_POLICY_DEFAULT);
	assert_int_equal(w->ifaces[DMZ].rx_dropped, dropped + 1);
	assert_int_equal(w->drops[SL_DROP_POLICY_DEFAULT].packets, why + 1);
}

static void idle_sessions_end(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, client4, server4, 40000, 53, 10);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 29000)->session, SL_SESSION_HIT);
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 31000)->session, SL_SESSION_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(verdicts, pipeline_reset),
		cmocka_unit_test_setup(traces, pipeline_reset),
		cmocka_unit_test_setup(the_box_itself, pipeline_reset),
		cmocka_unit_test_setup(implicit_rules, pipeline_reset),
		cmocka_unit_test_setup(nowhere_to_go, pipeline_reset),
		cmocka_unit_test_setup(a_rule_taken_away, pipeline_reset),
		cmocka_unit_test_setup(a_route_that_changes, pipeline_reset),
		cmocka_unit_test_setup(counted_and_logged, pipeline_reset),
		cmocka_unit_test_setup(idle_sessions_end, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
