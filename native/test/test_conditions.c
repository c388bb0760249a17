/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firewall/judge.h"
#include "test/naive.h"
#include "test/naive_conditions.h"
#include "test/random_image.h"

/* Random rules with random conditions, against a reading rule by rule. */

#define MAC(n) (0x525400000000ull + (n))
#define IFACES 4
#define NOW 1700000000u

static void add_schedules(struct image_builder *b, struct random *r, uint32_t count)
{
	const struct sl_image_timezones utc = {.name = image_string(b, "UTC")};

	image_add(b, SL_SECTION_TIMEZONES, &utc);
	for (uint32_t i = 0; i < count; i++) {
		struct sl_image_schedules s = {
			.first_window = b->section[SL_SECTION_SCHEDULE_WINDOWS].count,
			.windows = random_below(r, 3),
		};

		for (uint32_t k = 0; k < s.windows; k++) {
			struct sl_image_schedule_windows w = {.days = random_below(r, 128)};
			uint64_t base = w.days ? 0 : NOW - 86400;

			w.from = base + random_below(r, 80000);
			w.to = w.from + 1 + random_below(r, (uint32_t)(base + 86400 - w.from));
			image_add(b, SL_SECTION_SCHEDULE_WINDOWS, &w);
		}
		image_add(b, SL_SECTION_SCHEDULES, &s);
	}
}

static struct sl_image_rule_extras random_extra(struct image_builder *b, struct random *r,
						uint32_t schedules)
{
	struct sl_image_rule_extras x = {
		.schedule = SL_SCHEDULE_NONE,
		.set_dscp = SL_DSCP_NONE,
		.source_length4 = 32,
		.source_length6 = 128,
		.first_mac = b->section[SL_SECTION_RULE_MACS].count,
		.first_iface = b->section[SL_SECTION_RULE_IFACES].count,
	};

	if (random_below(r, 3) == 0)
		x.dscp = random_next(r) & random_next(r);
	if (random_below(r, 3) == 0)
		x.schedule = random_below(r, schedules);
	if (random_below(r, 3) == 0)
		for (uint64_t n = random_below(r, 4); n < 8; n += 1 + random_below(r, 4), x.macs++)
			image_add(b, SL_SECTION_RULE_MACS, &(struct sl_image_rule_macs){MAC(n)});
	if (random_below(r, 3) == 0)
		x.in = (uint16_t)(1 + random_below(r, 2));
	if (random_below(r, 3) == 0)
		x.out = (uint16_t)(1 + random_below(r, 2));
	for (uint32_t i = 0; i < (uint32_t)x.in + x.out; i++)
		image_add(b, SL_SECTION_RULE_IFACES,
			  &(struct sl_image_rule_ifaces){(uint16_t)random_below(r, IFACES)});
	if (random_below(r, 3) == 0) {
		x.tcp_mask = (uint8_t)random_next(r);
		x.tcp_value = x.tcp_mask & (uint8_t)random_next(r);
		if (x.tcp_mask && random_below(r, 2))
			x.flags |= SL_EXTRA_TCP_NOT;
	}
	if (random_below(r, 8) == 0)
		x.flags |= SL_EXTRA_OVER_NEXT;
	return x;
}

static void add_extras(struct image_builder *b, struct random *r, uint32_t percent)
{
	struct sl_image_rules *rules = (void *)b->section[SL_SECTION_RULES].data;

	add_schedules(b, r, 4);
	for (uint32_t i = 0; i < b->section[SL_SECTION_RULES].count; i++) {
		struct sl_image_rule_extras x;

		rules[i].action = (uint8_t)random_below(r, 3);
		if (random_below(r, 100) >= percent)
			continue;
		x = random_extra(b, r, 4);
		rules[i].extra = image_add(b, SL_SECTION_RULE_EXTRAS, &x);
		if (x.dscp || x.schedule != SL_SCHEDULE_NONE || x.macs || x.in || x.out ||
		    x.tcp_mask || (x.flags & SL_EXTRA_OVER_NEXT))
			rules[i].flags |= SL_RULE_CONDITION;
	}
}

static uint32_t some_set(struct random *r, uint32_t sets)
{
	return sets == 0 || random_below(r, 2) ? SL_SET_ANY : random_below(r, sets);
}

/* A second part for the pair (2, 3): what the first leaves open is asked of it. */
static void add_part(struct image_builder *b, struct random *r, const struct random_shape *shape)
{
	struct sl_image_pairs *pairs = (void *)b->section[SL_SECTION_PAIRS].data;
	uint32_t part;

	image_policy(b, "second");
	for (uint32_t i = 0; i < 20; i++)
		image_rule(b, some_set(r, shape->sets), some_set(r, shape->sets),
			   some_set(r, shape->service_sets), SL_ACTION_DENY);
	part = image_part(b, 9, 1, 1);
	pairs[0].first_part = image_add(b, SL_SECTION_PAIR_PARTS,
					&(struct sl_image_pair_parts){.part = 0});
	image_add(b, SL_SECTION_PAIR_PARTS, &(struct sl_image_pair_parts){.part = part});
	pairs[0].parts = 2;
}

struct asked {
	const struct sl_image *image;
	const struct sl_flow *flow;
	const struct sl_seen *seen;
};

static bool holds(const struct sl_image_rules *rule, void *arg)
{
	const struct asked *a = arg;

	return naive_holds(a->image, rule, a->flow, a->seen);
}

/* The rules of both parts in order: the pair's verdict as its author reads it. */
static const struct sl_image_rules *naive(const struct asked *a)
{
	const struct sl_image_rules *rule = NULL;

	for (uint32_t part = 0; !rule && part < a->image->count[SL_SECTION_PARTS]; part++)
		rule = naive_match_if(a->image, part, a->flow, holds, (void *)(uintptr_t)a);
	return rule;
}

static void compare(const struct sl_tables *tables, struct random *r, uint32_t rounds)
{
	static const uint8_t verdicts[] = {
		[SL_ACTION_DENY] = SL_VERDICT_DENY,
		[SL_ACTION_ALLOW] = SL_VERDICT_ALLOW,
		[SL_ACTION_REJECT] = SL_VERDICT_REJECT,
	};
	uint32_t rules = tables->image.count[SL_SECTION_RULES];

	for (uint32_t i = 0; i < rounds; i++) {
		const struct sl_image_rules *want;
		struct sl_decision decision;
		struct sl_flow flow;
		struct sl_seen seen = {
			.now_s = NOW - 100000 + random_below(r, 200000),
			.mac = random_below(r, 8) ? MAC(random_below(r, 9)) : SL_SEEN_NO_MAC,
			.opened_by = random_below(r, 3) ? SL_RULE_NOT_ASKED :
							  SL_RULE_FIRST + random_below(r, rules),
			.in = (uint16_t)random_below(r, IFACES),
			.out = (uint16_t)random_below(r, IFACES),
			.tcp_flags = (uint8_t)random_next(r),
			.dscp = (uint8_t)random_below(r, 64),
		};

		random_flow(&tables->image, r, &flow);
		sl_decide(tables, 2, 3, &flow, &seen, &decision);
		want = naive(&(struct asked){&tables->image, &flow, &seen});
		assert_int_equal(decision.rule, want ? want->slot : SL_RULE_DEFAULT_DENY);
		assert_int_equal(decision.verdict, want ? verdicts[want->action] : SL_VERDICT_DENY);
		assert_int_equal(decision.allow, want && want->action == SL_ACTION_ALLOW);
	}
}

static void check_shape(const struct random_shape *shape, uint64_t seed, uint32_t images,
			uint32_t percent, uint32_t rounds)
{
	struct random r = {seed};

	for (uint32_t i = 0; i < images; i++) {
		char error[200] = "";
		struct image_builder b;
		struct sl_tables *tables;
		size_t size;
		void *bytes;

		random_image(&b, &r, shape);
		add_part(&b, &r, shape);
		add_extras(&b, &r, percent);
		bytes = image_finish(&b, &size);
		tables = sl_tables_build(bytes, size, NULL, error, sizeof(error), NULL);
		if (!tables)
			fail_msg("%s", error);
		compare(tables, &r, rounds);
		sl_tables_free(tables);
		image_builder_free(&b);
		free(bytes);
	}
}

static void small(void **state)
{
	(void)state;
	check_shape(&(struct random_shape){8, 3, 2, 3, 3, 60, 4}, 11, 300, 70, 60);
}

static void medium(void **state)
{
	(void)state;
	check_shape(&(struct random_shape){600, 60, 10, 20, 5, 50, 20}, 12, 10, 80, 600);
	check_shape(&(struct random_shape){600, 60, 10, 20, 5, 50, 20}, 13, 10, 5, 600);
}

/* Beyond a page of rules, all conditional: the match goes on from segment to segment. */
static void segments(void **state)
{
	(void)state;
	check_shape(&(struct random_shape){70000, 300, 4, 100, 4, 2, 32}, 14, 1, 100, 500);
}

/* What the box sends is allowed unless a policy from it says otherwise. */
static void from_the_box(void **state)
{
	const struct sl_image_services telnet = {6, 0, 65535, 23, 23};
	struct sl_flow flow = {.family = 4, .proto = 6, .dport = 23};
	const struct sl_seen seen = {.mac = SL_SEEN_NO_MAC, .opened_by = SL_RULE_NOT_ASKED};
	struct sl_decision decision;
	char error[200] = "";
	struct image_builder b;
	struct sl_tables *tables;
	size_t size;
	void *bytes;

	(void)state;
	image_builder_init(&b);
	image_zone(&b, 2, "inside");
	image_zone(&b, 3, "outside");
	image_add(&b, SL_SECTION_SERVICES, &telnet);
	image_add(&b, SL_SECTION_SERVICE_SETS, &(struct sl_image_service_sets){.count = 1});
	image_policy(&b, "box");
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, 0, SL_ACTION_REJECT);
	image_pair(&b, 1, SL_ZONE_LOCAL, 3, image_part(&b, 1, 0, 1));
	bytes = image_finish(&b, &size);
	tables = sl_tables_build(bytes, size, NULL, error, sizeof(error), NULL);
	assert_string_equal(error, "");
	sl_decide(tables, SL_ZONE_LOCAL, 3, &flow, &seen, &decision);
	assert_int_equal(decision.rule, SL_RULE_FIRST);
	assert_int_equal(decision.verdict, SL_VERDICT_REJECT);
	sl_decide(tables, SL_ZONE_LOCAL, 2, &flow, &seen, &decision);
	assert_int_equal(decision.rule, SL_RULE_FROM_LOCAL);
	assert_true(decision.allow);
	flow.dport = 22;
	sl_decide(tables, SL_ZONE_LOCAL, 3, &flow, &seen, &decision);
	assert_int_equal(decision.rule, SL_RULE_FROM_LOCAL);
	assert_true(decision.allow);
	sl_decide(tables, 2, 3, &flow, &seen, &decision);
	assert_int_equal(decision.rule, SL_RULE_DEFAULT_DENY);
	sl_tables_free(tables);
	image_builder_free(&b);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(small),
		cmocka_unit_test(medium),
		cmocka_unit_test(segments),
		cmocka_unit_test(from_the_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
