/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tables/schedule.h"
#include "tables/tables.h"
#include "test/image_builder.h"

#define H(n) ((n) * 3600u)
#define M(n) ((n) * 60u)
#define WORKDAYS 0x1f
#define SUNDAY 0x40

/* Berlin's clocks in 2026: on at 01:00 UTC on 29 March, back at 01:00 UTC on 25 October. */
#define ON 1774746000u
#define BACK 1792890000u
#define CET 3600u
#define CEST 7200u

static const struct sl_image_timezone_changes changes[] = {{ON, CEST, 0}, {BACK, CET, 0}};
static const struct sl_image_timezones zones[] = {
	{.first = 0, .changes = 2, .offset = CET},	    /* Europe/Berlin */
	{.first = 0, .changes = 0, .offset = (uint32_t)-10800}, /* America/Argentina/Buenos_Aires */
};
static const struct sl_image_schedule_windows windows[] = {
	{.days = WORKDAYS, .from = H(8), .to = H(18)},
	{.days = SUNDAY, .from = H(2) + M(15), .to = H(2) + M(45)},
	{.days = SUNDAY, .from = H(1) + M(30), .to = H(3) + M(30)},
	/* 24 to 27 December 2026, local */
	{.from = 1798070400, .to = 1798329600},
	{.days = 8, .from = 0, .to = 86400},
};
static const struct sl_image_schedules schedules[] = {
	{.first_window = 0, .windows = 1, .timezone = 0},
	{.first_window = 1, .windows = 1, .timezone = 0},
	{.first_window = 2, .windows = 1, .timezone = 0},
	{.first_window = 3, .windows = 1, .timezone = 0},
	{.first_window = 0, .windows = 0, .timezone = 0},
	{.first_window = 3, .windows = 2, .timezone = 1},
};
enum { OFFICE, GAP, NIGHT, CHRISTMAS, NEVER, SOUTH };

static const struct sl_image image = {
	.schedules = schedules,
	.schedule_windows = windows,
	.timezones = zones,
	.timezone_changes = changes,
};

static void weekly(void **state)
{
	static const struct {
		uint64_t at;
		bool active;
	} table[] = {
		{1774594799, false}, /* Fri 2026-03-27 07:59:59 CET */
		{1774594800, true},  /* 08:00:00 */
		{1774630799, true},  /* 17:59:59 */
		{1774630800, false}, /* 18:00:00 */
		{1774692000, false}, /* Sat 11:00 */
		{1774778400, false}, /* Sun 12:00 CEST */
		{1774850399, false}, /* Mon 2026-03-30 07:59:59 CEST, an hour earlier in UTC */
		{1774850400, true},
		{1774886399, true},
		{1774886400, false},
		{1792825200, false}, /* Sat 2026-10-24 09:00 CEST */
		{1792998000, true},  /* Mon 2026-10-26 08:00 CET */
		{1792997999, false},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(sl_schedule_active(&image, OFFICE, table[i].at), table[i].active);
}

/* Which minutes of a day, from `start` on, are active: "first-last first-last", in minutes. */
static void expect(unsigned int schedule, uint64_t start, const char *want)
{
	char text[100] = "", *at = text;
	bool before = false;

	for (unsigned int i = 0; i <= 1440; i++) {
		bool now = i < 1440 && sl_schedule_active(&image, schedule, start + M(i));

		if (now != before)
			at += snprintf(at, sizeof(text) - (size_t)(at - text), now ? "%u-" : "%u ", i);
		before = now;
	}
	assert_string_equal(text, want);
}

static void daylight(void **state)
{
	(void)state;
	/* From midnight UTC. The clock goes from 02:00 to 03:00: what lies between does not come. */
	expect(GAP, ON - H(1), "");
	expect(NIGHT, ON - H(1), "30-90 ");
	/* From 03:00 it goes back to 02:00: that hour comes twice. */
	expect(GAP, BACK - H(1), "15-45 75-105 ");
	/* 01:30 CEST is 23:30 UTC the day before. */
	expect(NIGHT, BACK - H(1), "0-150 ");
	/* A week later it is an ordinary night. */
	expect(GAP, BACK - H(1) + 7 * 86400, "75-105 ");
	assert_int_equal(sl_timezone_offset(&image, 0, 0), CET);
	assert_int_equal(sl_timezone_offset(&image, 0, ON - 1), CET);
	assert_int_equal(sl_timezone_offset(&image, 0, ON), CEST);
	assert_int_equal(sl_timezone_offset(&image, 0, BACK - 1), CEST);
	assert_int_equal(sl_timezone_offset(&image, 0, BACK), CET);
	assert_int_equal(sl_timezone_offset(&image, 1, BACK), -10800);
}

static void dates(void **state)
{
	(void)state;
	assert_false(sl_schedule_active(&image, CHRISTMAS, 1798070400 - CET - 1));
	assert_true(sl_schedule_active(&image, CHRISTMAS, 1798070400 - CET));
	assert_true(sl_schedule_active(&image, CHRISTMAS, 1798329600 - CET - 1));
	assert_false(sl_schedule_active(&image, CHRISTMAS, 1798329600 - CET));
	assert_false(sl_schedule_active(&image, NEVER, 1798100000));
	/* West of Greenwich 1970 began later; the first day was a Thursday. */
	assert_true(sl_schedule_active(&image, SOUTH, 0));
	assert_true(sl_schedule_active(&image, SOUTH, 86399 + 10800));
	assert_false(sl_schedule_active(&image, SOUTH, 86400 + 10800));
	assert_false(sl_schedule_active(&image, SOUTH, 1798070400 + 10799));
	assert_true(sl_schedule_active(&image, SOUTH, 1798070400 + 10800));
}

/* Rule 16 of pair (2, 3) has a schedule; rule 17 of pair (3, 2) has none. */
static struct sl_tables *build(const struct sl_tables *previous, uint8_t hash)
{
	struct sl_image_rule_extras x = {.schedule = 0,
					 .set_dscp = SL_DSCP_NONE,
					 .source_length4 = 32,
					 .source_length6 = 128};
	struct image_builder b;
	struct sl_tables *tables;
	char error[200] = "";
	size_t size;
	void *bytes;

	image_builder_init(&b);
	image_zone(&b, 2, "inside");
	image_zone(&b, 3, "outside");
	image_add(&b, SL_SECTION_TIMEZONES, &(struct sl_image_timezones){0});
	image_add(&b, SL_SECTION_SCHEDULE_WINDOWS,
		  &(struct sl_image_schedule_windows){.from = 1000, .to = 2000});
	image_add(&b, SL_SECTION_SCHEDULES, &(struct sl_image_schedules){.windows = 1});
	image_add(&b, SL_SECTION_RULE_EXTRAS, &x);
	image_policy(&b, "out");
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, SL_SET_ANY, SL_ACTION_ALLOW);
	((struct sl_image_rules *)(void *)b.section[SL_SECTION_RULES].data)[0].extra = 0;
	((struct sl_image_rules *)(void *)b.section[SL_SECTION_RULES].data)[0].flags =
		SL_RULE_CONDITION;
	image_policy(&b, "in");
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, SL_SET_ANY, SL_ACTION_ALLOW);
	image_pair(&b, 1, 2, 3, image_part(&b, 1, 0, 1));
	image_pair(&b, hash, 3, 2, image_part(&b, hash, 1, 1));
	bytes = image_finish(&b, &size);
	tables = sl_tables_build(bytes, size, previous, error, sizeof(error), NULL);
	if (!tables)
		fail_msg("%s", error);
	image_builder_free(&b);
	free(bytes);
	return tables;
}

static uint32_t out_of(const struct sl_tables *t)
{
	return sl_tables_pair_generation(t, 2, 3);
}

static uint32_t into(const struct sl_tables *t)
{
	return sl_tables_pair_generation(t, 3, 2);
}

static void generations(void **state)
{
	struct sl_tables *first = build(NULL, 2), *second;
	uint32_t out, in;

	(void)state;
	sl_tables_follow(first, NULL, 500);
	out = out_of(first);
	in = into(first);
	assert_int_equal(sl_tables_schedules(first, 999), 0);
	assert_int_equal(out_of(first), out);
	assert_int_equal(sl_tables_schedules(first, 1000), 1);
	assert_true(out_of(first) > out);
	assert_int_equal(into(first), in);
	out = out_of(first);
	assert_int_equal(sl_tables_schedules(first, 1999), 0);

	/* Built now, in force later: what happened meanwhile is not lost, nor mistaken for its own. */
	second = build(first, 3);
	assert_int_equal(sl_tables_schedules(first, 2000), 1);
	assert_true(out_of(first) > out);
	assert_true(into(second) <= out_of(first));
	sl_tables_follow(second, first, 2001);
	assert_int_equal(out_of(second), out_of(first));
	assert_true(into(second) > out_of(first));
	assert_int_equal(sl_tables_schedules(second, 2002), 0);

	/* And what happens between two calls, at the change itself. */
	sl_tables_free(first);
	first = build(second, 3);
	out = out_of(second);
	sl_tables_follow(first, second, 1500);
	assert_true(out_of(first) > out);
	assert_int_equal(into(first), into(second));
	sl_tables_free(first);
	sl_tables_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(weekly),
		cmocka_unit_test(daylight),
		cmocka_unit_test(dates),
		cmocka_unit_test(generations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
