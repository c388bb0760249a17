/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firewall/limit.h"
#include "session/table.h"
#include "tables/tables.h"
#include "test/extras.h"
#include "test/pipeline.h"

/* Limits of rules through the whole pipeline. */

static struct sl_image_rule_extras extra;
static uint32_t on = RULE_OUT;
static const char *const server = "203.0.113.80";

static void change(struct image_builder *b)
{
	extras_rule(b, on, &extra);
	extras_changed(b);
}

static void begin(uint32_t slot, struct sl_image_rule_extras x)
{
	on = slot;
	extra = x;
	pipeline_change = change;
	assert_int_equal(pipeline_reset(NULL), 0);
}

static int end(void **state)
{
	(void)state;
	pipeline_change = NULL;
	return 0;
}

static const struct sl_result *open_udp(unsigned int source, uint16_t port)
{
	char client[32];
	struct frame f;

	snprintf(client, sizeof(client), "10.1.2.%u", source);
	frame_udp(&f, client, server, port, 53, 10);
	return pipeline_in(INSIDE, &f);
}

static uint32_t counted(uint32_t slot)
{
	return pipeline.dp->limits->rule[slot].sessions;
}

static sl_session_ref session_of(unsigned int source, uint16_t port)
{
	struct sl_key4 key = {.src = htonl(0x0a010200 + source), .sport = htons(port),
			      .dport = htons(53), .proto = 17};
	const struct sl_key4 *k = &key;
	struct sl_session_hit hit;
	uint64_t hash;

	inet_pton(AF_INET, server, &key.dst);
	hash = sl_hash4(&pipeline.dp->sessions->secret, &key);
	sl_session_find4(pipeline.dp->sessions, 0, &k, &hash, 1, &hit);
	return hit.ref;
}

#define SOURCES 6
#define PORTS 12

/* Random opens and ends of every kind: what is counted is what lives, and no more gets in. */
static void as_a_naive_count(void **state)
{
	static const enum sl_session_end ends[] = {SL_END_IDLE, SL_END_EVICTED, SL_END_CLEARED,
						   SL_END_POLICY};
	bool live[SOURCES][PORTS] = {{false}};
	unsigned int of[SOURCES] = {0}, all = 0, refused = 0;
	struct sl_image_rule_extras x = extras_none();

	(void)state;
	x.sessions = 20;
	x.source_sessions = 5;
	begin(RULE_OUT, x);
	srand(7);
	for (unsigned int i = 0; i < 4000; i++) {
		unsigned int s = (unsigned int)rand() % SOURCES, p = (unsigned int)rand() % PORTS;
		const struct sl_result *r;

		if (rand() % 3 == 0 && live[s][p]) {
			sl_session_end(pipeline.worker->sessions, session_of(s, (uint16_t)(1000 + p)),
				       ends[rand() % 4], pipeline.worker->now_ms);
			live[s][p] = false;
			of[s]--;
			all--;
		} else {
			bool fits = live[s][p] || (of[s] < 5 && all < 20);

			r = open_udp(s, (uint16_t)(1000 + p));
			assert_string_equal(sl_drop_name(r->reason),
					    fits ? "none" : "rule-session-limit");
			assert_int_equal(r->verdict, fits ? SL_VERDICT_ALLOW : SL_VERDICT_DENY);
			assert_int_equal(r->rule, RULE_OUT);
			refused += !fits;
			if (fits && !live[s][p]) {
				live[s][p] = true;
				of[s]++;
				all++;
			}
		}
		assert_int_equal(counted(RULE_OUT), all);
	}
	assert_true(refused > 100);
	/* And by itself: all idle, and one anew. */
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, WAN, &(struct frame){.length = 1}, 40000)->fate,
			 SL_FATE_DROPPED);
	assert_int_equal(counted(RULE_OUT), 0);
	for (unsigned int p = 0; p < 5; p++)
		assert_int_equal(open_udp(1, (uint16_t)(2000 + p))->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(1, 3000)->reason, SL_DROP_RULE_SESSION_LIMIT);
}

static void new_sessions_in_a_time(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	uint16_t port = 1000;

	(void)state;
	x.rate_ns = 100000000; /* 10 a second */
	x.burst = 4;
	begin(RULE_OUT, x);
	/* Each packet comes 1 ms after the last: four tokens, and none of the fifth's is there yet. */
	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(open_udp(1, port++)->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(1, port)->reason, SL_DROP_RULE_RATE_LIMIT);
	/* A live session's packets are no new sessions. */
	assert_int_equal(open_udp(1, 1000)->session, SL_SESSION_HIT);
	for (unsigned int i = 5; i < 99; i++)
		assert_int_equal(open_udp(1, port)->reason, SL_DROP_RULE_RATE_LIMIT);
	assert_int_equal(open_udp(1, port++)->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(1, port)->reason, SL_DROP_RULE_RATE_LIMIT);
	/* In a trace each packet stands for itself. */
	for (unsigned int i = 0; i < 10; i++) {
		struct frame f;

		frame_udp(&f, "10.1.2.3", server, 7000, 53, 10);
		assert_int_equal(pipeline_run(SL_MODE_TRACE, INSIDE, &f, 0)->reason, SL_DROP_NONE);
	}
}

static void by_source(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	struct frame f;

	(void)state;
	x.source_rate_ns = 3600ull * 1000000000;
	x.source_burst = 2;
	x.source_length4 = 31;
	begin(RULE_OUT, x);
	assert_int_equal(open_udp(2, 1)->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(3, 1)->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(2, 2)->reason, SL_DROP_RULE_RATE_LIMIT);
	assert_int_equal(open_udp(4, 1)->fate, SL_FATE_FORWARDED);
	/* Of IPv6 by /64. */
	for (unsigned int i = 0; i < 3; i++) {
		char client[40];

		snprintf(client, sizeof(client), "2001:db8:a::%u", i + 10);
		frame_udp(&f, client, "2001:db8:ffff::1", 1000, 53, 10);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason,
				 i < 2 ? SL_DROP_NONE : SL_DROP_RULE_RATE_LIMIT);
	}
}

/* Over its limit it is no match: here nothing follows, so the default denies. */
static void over_goes_on(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	const struct sl_result *r;

	(void)state;
	x.sessions = 2;
	x.flags = SL_EXTRA_OVER_NEXT;
	begin(RULE_OUT, x);
	assert_int_equal(open_udp(1, 1)->rule, RULE_OUT);
	assert_int_equal(open_udp(1, 2)->rule, RULE_OUT);
	r = open_udp(1, 3);
	assert_int_equal(r->rule, SL_RULE_DEFAULT_DENY);
	assert_int_equal(r->reason, SL_DROP_POLICY_DEFAULT);
	assert_int_equal(counted(RULE_OUT), 2);
	/* Live ones stay with it, also when they are judged anew. */
	pipeline.worker->routing_epoch = ++pipeline.dp->routing_epoch;
	assert_int_equal(open_udp(1, 2)->rule, RULE_OUT);
	assert_int_equal(counted(RULE_OUT), 2);
	sl_session_end(pipeline.worker->sessions, session_of(1, 1), SL_END_CLEARED, 0);
	assert_int_equal(open_udp(1, 3)->rule, RULE_OUT);
}

/* Where nothing is opened packets count: of a rule that denies too. */
static void packets_that_are_denied(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	struct frame f;

	(void)state;
	x.rate_ns = 3600ull * 1000000000;
	x.burst = 2;
	x.flags = SL_EXTRA_OVER_NEXT;
	begin(RULE_DENY_MAIL, x);
	frame_tcp(&f, "10.1.2.3", server, 40000, 25, 0x02, 1, 0, 0);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pipeline_in(INSIDE, &f)->rule, RULE_DENY_MAIL);
	assert_int_equal(pipeline_in(INSIDE, &f)->rule, RULE_OUT);
	x.flags = 0;
	begin(RULE_DENY_MAIL, x);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, SL_DROP_POLICY_DENY);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, SL_DROP_RULE_RATE_LIMIT);
}

/* What opens no session after all costs neither a token nor a place. */
static void what_was_not_needed(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	struct frame f;

	(void)state;
	x.rate_ns = x.source_rate_ns = 3600ull * 1000000000;
	x.burst = x.source_burst = 1;
	x.sessions = x.source_sessions = 1;
	begin(RULE_OUT, x);
	frame_udp(&f, "169.254.1.1", server, 40000, 53, 0);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, SL_DROP_LINK_LOCAL);
	assert_int_equal(counted(RULE_OUT), 0);
	assert_int_equal(open_udp(1, 1)->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(1, 2)->reason, SL_DROP_RULE_RATE_LIMIT);
}

static void swap(struct sl_image_rule_extras x)
{
	struct sl_tables *before = pipeline.dp->tables, *after;
	char error[256];
	size_t size;
	void *image;

	extra = x;
	image = pipeline_image(false, &size);
	after = sl_tables_build(image, size, before, error, sizeof(error), NULL);
	free(image);
	assert_non_null(after);
	pipeline.dp->tables = after;
	pipeline.worker->tables = after;
	sl_tables_free(before);
}

/* What was counted stays counted, against the new figures. */
static void other_figures(void **state)
{
	struct sl_image_rule_extras x = extras_none();

	(void)state;
	x.sessions = 3;
	begin(RULE_OUT, x);
	for (uint16_t i = 0; i < 3; i++)
		assert_int_equal(open_udp(1, i)->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(1, 3)->reason, SL_DROP_RULE_SESSION_LIMIT);
	x.sessions = 4;
	swap(x);
	assert_int_equal(open_udp(1, 3)->fate, SL_FATE_FORWARDED);
	assert_int_equal(open_udp(1, 4)->reason, SL_DROP_RULE_SESSION_LIMIT);
	x.sessions = 2;
	swap(x);
	/* Nobody is thrown out, but two more must go before one comes in. */
	assert_int_equal(open_udp(1, 0)->session, SL_SESSION_HIT);
	for (uint16_t i = 0; i < 3; i++) {
		assert_int_equal(open_udp(1, 9)->reason, SL_DROP_RULE_SESSION_LIMIT);
		sl_session_end(pipeline.worker->sessions, session_of(1, i), SL_END_CLEARED, 0);
	}
	assert_int_equal(open_udp(1, 9)->fate, SL_FATE_FORWARDED);
	assert_int_equal(counted(RULE_OUT), 2);
	/* No limit any more: the counts go down all the same. */
	swap(extras_none());
	sl_session_end(pipeline.worker->sessions, session_of(1, 9), SL_END_CLEARED, 0);
	assert_int_equal(counted(RULE_OUT), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(as_a_naive_count, end),
		cmocka_unit_test_teardown(new_sessions_in_a_time, end),
		cmocka_unit_test_teardown(by_source, end),
		cmocka_unit_test_teardown(over_goes_on, end),
		cmocka_unit_test_teardown(packets_that_are_denied, end),
		cmocka_unit_test_teardown(what_was_not_needed, end),
		cmocka_unit_test_teardown(other_figures, end),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
