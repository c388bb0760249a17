/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/naive.h"
#include "test/random_image.h"

#define FLOWS 64

/* Same first match as the naive loop, at every batch size, on and around the edges of the rules. */
static void compare(const struct sl_image *image, const struct sl_classifier *c, struct random *r,
		    uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		struct sl_flow flow[FLOWS];
		const struct sl_flow *flows[FLOWS];
		const struct sl_rule *out[FLOWS];
		uint32_t n = 1 + random_below(r, FLOWS);

		for (uint32_t i = 0; i < n; i++) {
			random_flow(image, r, &flow[i]);
			if (random_below(r, 64) == 0)
				flow[i].family = (uint8_t)random_below(r, 8);
			flows[i] = &flow[i];
			out[i] = (const struct sl_rule *)&flow;
		}
		sl_classifier_match(c, flows, out, n);
		for (uint32_t i = 0; i < n; i++) {
			const struct sl_image_rules *want = naive_match(image, 0, &flow[i]);

			if (want == NULL) {
				assert_null(out[i]);
				continue;
			}
			assert_non_null(out[i]);
			assert_int_equal(out[i]->slot, want->slot);
			assert_int_equal(out[i]->action, want->action);
			assert_int_equal(out[i]->flags, want->flags);
		}
	}
}

/* Every other rule, so to speak, differently for each flow. */
static bool some(const struct sl_image_rules *rule, void *arg)
{
	const struct random *r = arg;

	return ((rule->slot * 0x9e3779b97f4a7c15ull) ^ r->state) >> 61 == 0;
}

/* Going on behind rules that are passed over gives what the naive loop gives without them. */
static void compare_after(const struct sl_image *image, const struct sl_classifier *c,
			  struct random *r, uint32_t rounds)
{
	for (uint32_t round = 0; round < rounds; round++) {
		const struct sl_image_rules *want;
		struct sl_cursor cursor = {0};
		const struct sl_rule *rule;
		struct sl_flow flow;

		random_flow(image, r, &flow);
		want = naive_match_if(image, 0, &flow, some, r);
		rule = sl_classifier_match_after(c, &flow, NULL, &cursor);
		while (rule != NULL && !some(&(struct sl_image_rules){.slot = rule->slot}, r)) {
			assert_true(sl_classifier_has(c, flow.family, rule));
			assert_false(sl_classifier_has(c, flow.family == 4 ? 6 : 4, rule));
			rule = sl_classifier_match_after(c, &flow, rule, &cursor);
		}
		assert_int_equal(rule != NULL ? rule->slot : 0, want != NULL ? want->slot : 0);
	}
}

static void check_shape(const struct random_shape *shape, uint64_t seed, uint32_t images,
			uint32_t rounds)
{
	struct random r = {seed};
	char error[200] = "";

	for (uint32_t i = 0; i < images; i++) {
		struct image_builder b;
		struct sl_classifier *c;
		struct sl_image image;
		size_t size;
		void *bytes;

		random_image(&b, &r, shape);
		bytes = image_finish(&b, &size);
		if (sl_image_open(&image, bytes, size, error, sizeof(error)) != 0)
			fail_msg("%s", error);
		c = sl_classifier_build(&image, 0, error, sizeof(error));
		if (c == NULL)
			fail_msg("%s", error);
		assert_true(sl_classifier_bytes(c) > 0);
		compare(&image, c, &r, rounds);
		compare_after(&image, c, &r, rounds * 4);
		sl_classifier_free(c);
		image_builder_free(&b);
		free(bytes);
	}
}

static void test_tiny(void **state)
{
	(void)state;
	check_shape(&(struct random_shape){.rules = 0}, 1, 2, 4);
	check_shape(&(struct random_shape){.rules = 1, .any_percent = 100}, 2, 2, 4);
	check_shape(&(struct random_shape){5, 3, 2, 3, 3, 20, 4}, 3, 200, 8);
}

static void test_medium(void **state)
{
	(void)state;
	check_shape(&(struct random_shape){300, 40, 20, 20, 5, 20, 20}, 4, 20, 30);
	check_shape(&(struct random_shape){700, 500, 3, 200, 3, 10, 32}, 5, 10, 30);
	check_shape(&(struct random_shape){2000, 900, 40, 50, 3, 30, 24}, 6, 3, 30);
}

/* A dense block of addresses makes trees of several levels below one /16. */
static void test_deep(void **state)
{
	(void)state;
	check_shape(&(struct random_shape){200, 200, 100, 20, 200, 5, 14}, 7, 3, 40);
}

/* More atoms than a page holds: classes of several segments. */
static void test_segments(void **state)
{
	(void)state;
	check_shape(&(struct random_shape){50000, 300, 4, 100, 4, 2, 32}, 8, 1, 60);
	check_shape(&(struct random_shape){70000, 60000, 1, 100, 1, 0, 32}, 9, 1, 60);
}

/* One group of many ranges used by one rule costs two classes, whatever the ranges. */
static void test_big_group(void **state)
{
	struct sl_image_address_sets set = {.count4 = 100000};
	struct image_builder b;
	struct sl_classifier *c;
	struct sl_image image;
	struct random r = {10};
	char error[200] = "";
	size_t size;
	void *bytes;

	(void)state;
	image_builder_init(&b);
	for (uint32_t i = 0; i < set.count4; i++) {
		struct sl_image_ranges4 range = {i * 40000u, i * 40000u + i % 39000u};

		image_add(&b, SL_SECTION_RANGES4, &range);
	}
	image_add(&b, SL_SECTION_ADDRESS_SETS, &set);
	image_policy(&b, "big");
	image_rule(&b, 0, SL_SET_ANY, SL_SET_ANY, SL_ACTION_ALLOW);
	image_part(&b, 1, 0, 1);
	bytes = image_finish(&b, &size);
	assert_int_equal(sl_image_open(&image, bytes, size, error, sizeof(error)), 0);
	c = sl_classifier_build(&image, 0, error, sizeof(error));
	assert_non_null(c);
	assert_in_range(sl_classifier_bytes(c), 1, 16 << 20);
	compare(&image, c, &r, 10);
	sl_classifier_free(c);
	image_builder_free(&b);
	free(bytes);
}

/* Rules times source port ranges beyond the limit are refused with the figures. */
static void test_refused(void **state)
{
	struct sl_image_service_sets set = {.count = 3000};
	struct image_builder b;
	struct sl_image image;
	char error[200] = "";
	size_t size;
	void *bytes;

	(void)state;
	image_builder_init(&b);
	for (uint16_t i = 0; i < set.count; i++) {
		struct sl_image_services s = {6, i, i, 80, 80};

		image_add(&b, SL_SECTION_SERVICES, &s);
	}
	image_add(&b, SL_SECTION_SERVICE_SETS, &set);
	image_policy(&b, "many");
	for (uint32_t i = 0; i < 2000; i++)
		image_rule(&b, SL_SET_ANY, SL_SET_ANY, 0, SL_ACTION_ALLOW);
	image_part(&b, 1, 0, 1);
	bytes = image_finish(&b, &size);
	assert_int_equal(sl_image_open(&image, bytes, size, error, sizeof(error)), 0);
	assert_null(sl_classifier_build(&image, 0, error, sizeof(error)));
	assert_string_equal(error, "part 0: its rules need more than the 1536 MiB or the 4194304 "
				   "rules times source port ranges a classifier may take");
	image_builder_free(&b);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tiny),	 cmocka_unit_test(test_medium),
		cmocka_unit_test(test_deep),	 cmocka_unit_test(test_segments),
		cmocka_unit_test(test_big_group), cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
