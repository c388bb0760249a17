/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/count.h"
#include "session/table.h"
#include "test/extras.h"
#include "test/pipeline.h"

/* What is written of sessions and denials, and what is left out. */

static const char *const client4 = "10.1.2.3", *const server4 = "203.0.113.80";

static uint8_t flags_of_out;

static struct sl_image_rules *rule(struct image_builder *b, uint32_t slot)
{
	return &((struct sl_image_rules *)(void *)b->section[SL_SECTION_RULES].data)[slot -
										 SL_RULE_FIRST];
}

static void out_logs(struct image_builder *b)
{
	rule(b, RULE_OUT)->flags = flags_of_out;
	extras_changed(b);
}

/* RULE_DENY_MAIL: a record each ten seconds, two at once. */
static void mail_logs_some(struct image_builder *b)
{
	struct sl_image_rule_extras extra = extras_none();

	extra.log_ns = 10000000000ull;
	extra.log_burst = 2;
	extras_rule(b, RULE_DENY_MAIL, &extra);
	rule(b, RULE_DENY_MAIL)->flags |= SL_RULE_LOG;
	extras_changed(b);
}

static void load(void (*change)(struct image_builder *))
{
	void *none = NULL;

	pipeline_change = change;
	pipeline_reset(&none);
	pipeline_change = NULL;
}

static const struct sl_log_record *record(uint64_t n)
{
	return (const struct sl_log_record *)(pipeline.worker->log + 1) + n % SL_LOG_RING_RECORDS;
}

/* The reader has taken all there is. */
static uint64_t taken(void)
{
	struct sl_log_ring *ring = pipeline.worker->log;

	return ring->tail = ring->head;
}

static void starts_and_ends(void **state)
{
	struct sl_log_ring *ring = pipeline.worker->log;
	const struct sl_log_record *r;
	struct frame f, back, other;
	uint64_t n;

	(void)state;
	frame_udp(&f, client4, server4, 40000, 53, 10);
	frame_udp(&back, server4, client4, 53, 40000, 30);
	frame_udp(&other, client4, "10.20.0.7", 40000, 514, 10);
	for (uint8_t flags = 0; flags < 4; flags++) {
		flags_of_out = (uint8_t)((flags & 1 ? SL_RULE_LOG : 0) |
					 (flags & 2 ? SL_RULE_LOG_END : 0));
		load(out_logs);
		n = taken();
		expect_forwarded(INSIDE, &f, WAN);
		expect_forwarded(INSIDE, &f, WAN);
		expect_forwarded(WAN, &back, INSIDE);
		assert_int_equal(ring->head - n, flags & 1);
		if (flags & 1)
			assert_int_equal(record(n)->type, SL_LOG_SESSION_START);
		n = taken();
		/* Long after: it has ended, idle. */
		pipeline_run(SL_MODE_REPLAY, INSIDE, &other, 400000);
		assert_int_equal(ring->head - n, flags & 2 ? 1 : 0);
		if (!(flags & 2))
			continue;
		r = record(n);
		assert_int_equal(r->type, SL_LOG_SESSION_END);
		assert_int_equal(r->reason, SL_END_IDLE);
		assert_int_equal(r->rule, RULE_OUT);
		assert_int_equal(r->packets_forward, 2);
		assert_int_equal(r->packets_reply, 1);
		assert_int_equal(r->bytes_forward, 2 * 38);
		assert_int_equal(r->bytes_reply, 58);
		assert_memory_equal(r->source, ((uint8_t[4]){10, 1, 2, 3}), 4);
		assert_int_equal(r->destination_port, 53);
	}
}

static void a_limit(void **state)
{
	struct sl_log_ring *ring = pipeline.worker->log;
	uint64_t n, limited = ring->limited, lost = ring->lost;
	struct frame f;

	(void)state;
	load(mail_logs_some);
	n = taken();
	frame_tcp(&f, client4, server4, 40000, 25, 0x02, 1, 0, 0);
	for (unsigned int i = 0; i < 5; i++)
		expect_dropped(INSIDE, &f, SL_DROP_POLICY_DENY);
	assert_int_equal(ring->head - n, 2);
	assert_int_equal(ring->limited - limited, 3);
	/* A token comes every ten seconds. */
	pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 9900);
	assert_int_equal(ring->head - n, 2);
	pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 200);
	assert_int_equal(ring->head - n, 3);
	pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 1);
	assert_int_equal(ring->head - n, 3);
	assert_int_equal(ring->limited - limited, 5);
	assert_int_equal(ring->lost, lost);
	assert_int_equal(record(n)->type, SL_LOG_DENY);
	assert_int_equal(record(n)->reason, SL_DROP_POLICY_DENY);
}

static void a_full_ring(void **state)
{
	struct sl_log_ring *ring = pipeline.worker->log;
	uint64_t n, lost = ring->lost;
	struct frame f;

	(void)state;
	flags_of_out = SL_RULE_LOG;
	load(out_logs);
	n = taken();
	for (unsigned int i = 0; i < SL_LOG_RING_RECORDS + 10; i++) {
		frame_udp(&f, client4, server4, (uint16_t)(1000 + i), 53, 10);
		expect_forwarded(INSIDE, &f, WAN);
	}
	assert_int_equal(ring->head - n, SL_LOG_RING_RECORDS);
	assert_int_equal(ring->lost - lost, 10);
	for (unsigned int i = 0; i < SL_LOG_RING_RECORDS; i++)
		assert_int_equal(record(n + i)->source_port, 1000 + i);
	taken();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(starts_and_ends, pipeline_reset),
		cmocka_unit_test_setup(a_limit, pipeline_reset),
		cmocka_unit_test_setup(a_full_ring, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
