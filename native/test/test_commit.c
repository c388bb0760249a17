/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/survey.h"
#include "session/table.h"
#include "tables/tables.h"
#include "test/pipeline.h"

/* What new tables do to live sessions, and what a preview says of it before. */

static const char *const client4 = "10.1.2.3", *const server4 = "203.0.113.80";

static struct sl_image_rules *rules(struct image_builder *b)
{
	return (struct sl_image_rules *)(void *)b->section[SL_SECTION_RULES].data;
}

/* Other rules have another hash: the pair inside -> wan is the second, its part too. */
static void other_hash(struct image_builder *b, uint8_t mark)
{
	((struct sl_image_pairs *)(void *)b->section[SL_SECTION_PAIRS].data)[1].hash[15] ^= mark;
	((struct sl_image_parts *)(void *)b->section[SL_SECTION_PARTS].data)[1].hash[15] ^= mark;
}

/* Policy 0 is that of RULE_DENY_MAIL and RULE_OUT. */
static void keeps(struct image_builder *b)
{
	((struct sl_image_policies *)(void *)b->section[SL_SECTION_POLICIES].data)[0].flags =
		SL_POLICY_KEEP_ESTABLISHED;
	other_hash(b, 0x40);
}

static void rule_gone(struct image_builder *b)
{
	rules(b)[RULE_OUT - SL_RULE_FIRST].slot = 99;
	other_hash(b, 0x80);
}

static void rule_gone_keeps(struct image_builder *b)
{
	rule_gone(b);
	keeps(b);
}

struct foreseen {
	unsigned int kept, ended;
	char text[2048];
};

static void foresee(const struct sl_tables *tables, struct foreseen *f)
{
	struct sl_survey *survey = sl_survey_preview(pipeline.dp, tables);
	struct sl_json json = {0};

	assert_non_null(survey);
	while (sl_survey_step(pipeline.dp, survey))
		;
	survey->tell(survey, &json);
	survey->free(survey);
	assert_non_null(json.text);
	assert_int_equal(sscanf(json.text, "{\"kept\":%u,\"ended\":%u", &f->kept, &f->ended), 2);
	snprintf(f->text, sizeof(f->text), "%s", json.text);
	sl_json_free(&json);
}

/* Tables with a change come into force; first a preview of it. */
static void swap(bool without_out, void (*change)(struct image_builder *), struct foreseen *f)
{
	struct sl_tables *before = pipeline.dp->tables, *after;
	char error[256];
	size_t size;
	void *image;

	pipeline_change = change;
	image = pipeline_image(without_out, &size);
	pipeline_change = NULL;
	after = sl_tables_build(image, size, before, error, sizeof(error), NULL);
	free(image);
	assert_non_null(after);
	foresee(after, f);
	pipeline.dp->tables = after;
	pipeline.worker->tables = after;
	sl_tables_free(before);
}

static void a_preview(void **state)
{
	struct frame out, mail, dmz;
	struct foreseen f;

	(void)state;
	frame_udp(&out, client4, server4, 40000, 53, 10);
	frame_udp(&mail, "2001:db8:a::5", "2001:db8:99::1", 40000, 54, 10);
	frame_udp(&dmz, client4, "10.20.0.7", 40000, 514, 10);
	expect_forwarded(INSIDE, &out, WAN);
	expect_forwarded(INSIDE, &mail, WAN);
	assert_int_equal(pipeline_in(INSIDE, &dmz)->session, SL_SESSION_NEW);
	swap(false, NULL, &f);
	assert_string_equal(f.text, "{\"kept\":3,\"ended\":0,\"rules\":[],\"examples\":[]}");
	swap(true, NULL, &f);
	assert_string_equal(
		f.text,
		"{\"kept\":1,\"ended\":2,\"rules\":[{\"rule\":17,\"ended\":2}],\"examples\":["
		"{\"rule\":17,\"decided_by\":17,\"source\":\"10.1.2.3\",\"destination\":"
		"\"203.0.113.80\",\"source_port\":40000,\"destination_port\":53,\"protocol\":17,"
		"\"in\":1,\"out\":2},"
		"{\"rule\":17,\"decided_by\":17,\"source\":\"2001:db8:a::5\",\"destination\":"
		"\"2001:db8:99::1\",\"source_port\":40000,\"destination_port\":54,\"protocol\":17,"
		"\"in\":1,\"out\":2}]}");
	/* It changed nothing; what it said comes true. */
	assert_int_equal(sl_session_stats(pipeline.worker->sessions)->live[0], 2);
	expect_dropped(INSIDE, &out, SL_DROP_POLICY_CHANGED);
	expect_dropped(INSIDE, &mail, SL_DROP_POLICY_CHANGED);
	assert_int_equal(pipeline_in(INSIDE, &dmz)->session, SL_SESSION_HIT);
}

static void some_of_many(void **state)
{
	struct foreseen f;
	struct frame out;
	unsigned int examples = 0;

	(void)state;
	for (uint16_t port = 40000; port < 40100; port++) {
		frame_udp(&out, client4, server4, port, 53, 10);
		expect_forwarded(INSIDE, &out, WAN);
	}
	swap(true, NULL, &f);
	assert_int_equal(f.ended, 100);
	for (const char *at = f.text; (at = strstr(at, "\"decided_by\"")); at++)
		examples++;
	assert_int_equal(examples, 3);
}

/* keep-established: what lives goes on, what is new is denied. */
static void kept(void **state)
{
	struct frame live, fresh;
	struct foreseen f;

	(void)state;
	frame_udp(&live, client4, server4, 40000, 53, 10);
	frame_udp(&fresh, client4, server4, 40001, 53, 10);
	expect_forwarded(INSIDE, &live, WAN);
	swap(true, keeps, &f);
	assert_int_equal(f.kept, 1);
	assert_int_equal(f.ended, 0);
	assert_int_equal(pipeline_in(INSIDE, &live)->session, SL_SESSION_HIT);
	assert_int_equal(pipeline_in(INSIDE, &live)->rule, RULE_OUT);
	expect_dropped(INSIDE, &fresh, SL_DROP_POLICY_DENY);
	/* The policy no longer keeps it. */
	swap(true, NULL, &f);
	assert_int_equal(f.ended, 1);
	expect_dropped(INSIDE, &live, SL_DROP_POLICY_CHANGED);
}

/* Of a rule that is gone the policy's last word counts, however many commits ago. */
static void kept_without_its_rule(void **state)
{
	struct frame live;
	struct foreseen f;

	(void)state;
	swap(false, keeps, &f);
	frame_udp(&live, client4, server4, 40000, 53, 10);
	expect_forwarded(INSIDE, &live, WAN);
	for (unsigned int commit = 0; commit < 3; commit++) {
		swap(true, commit == 1 ? rule_gone : rule_gone_keeps, &f);
		assert_int_equal(f.kept, 1);
		assert_int_equal(f.ended, 0);
		assert_int_equal(pipeline_in(INSIDE, &live)->session, SL_SESSION_HIT);
	}
	/* The rule is back under a policy that keeps nothing. */
	swap(true, NULL, &f);
	assert_int_equal(f.ended, 1);
	expect_dropped(INSIDE, &live, SL_DROP_POLICY_CHANGED);
	/* A rule that went while its policy kept nothing leaves nothing behind. */
	swap(false, NULL, &f);
	expect_forwarded(INSIDE, &live, WAN);
	swap(true, rule_gone_keeps, &f);
	assert_int_equal(f.ended, 1);
	expect_dropped(INSIDE, &live, SL_DROP_POLICY_CHANGED);
}

static void live_counts(void **state)
{
	struct sl_survey *survey = sl_survey_rules();
	struct sl_json json = {0};
	struct frame out, dmz;

	(void)state;
	frame_udp(&out, client4, server4, 40000, 53, 10);
	frame_udp(&dmz, client4, "10.20.0.7", 40000, 514, 2);
	for (unsigned int i = 0; i < 5; i++)
		pipeline_in(INSIDE, &out);
	frame_udp(&out, client4, server4, 40001, 53, 10);
	pipeline_in(INSIDE, &out);
	pipeline_in(INSIDE, &dmz);
	assert_non_null(survey);
	while (sl_survey_step(pipeline.dp, survey))
		;
	survey->tell(survey, &json);
	survey->free(survey);
	assert_string_equal(json.text,
			    "[{\"rule\":17,\"sessions\":2,\"packets\":6,\"bytes\":228},"
			    "{\"rule\":18,\"sessions\":1,\"packets\":1,\"bytes\":30}]");
	sl_json_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_preview, pipeline_reset),
		cmocka_unit_test_setup(some_of_many, pipeline_reset),
		cmocka_unit_test_setup(kept, pipeline_reset),
		cmocka_unit_test_setup(kept_without_its_rule, pipeline_reset),
		cmocka_unit_test_setup(live_counts, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
