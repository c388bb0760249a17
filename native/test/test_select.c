/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "tables/selectors.h"
#include "tables/tables.h"

/*
 * A policy-based tunnel: no route leads into it, its selectors do. What comes out of it is answered
 * into it, and down it drops what is its own.
 */
static void selector(struct image_builder *b, uint8_t third, uint8_t length, uint16_t protocol,
		     uint16_t port)
{
	const struct sl_image_selectors s = {
		.source = {10, 1},
		.destination = {10, 50, third},
		.iface = TUNNEL,
		.protocol = protocol,
		.source_hi = 65535,
		.destination_lo = port,
		.destination_hi = port ? port : 65535,
		.family = 4,
		.source_length = 16,
		.destination_length = length,
	};

	image_add(b, SL_SECTION_SELECTORS, &s);
}

static void network(struct image_builder *b)
{
	const struct sl_image_interfaces iface = {.name = image_string(b, "hq"),
						  .slot = TUNNEL,
						  .zone = 4,
						  .mtu = 1500,
						  .flags = SL_IFACE_TUNNEL | SL_IFACE_POLICY,
						  .first_address = b->section[SL_SECTION_ADDRESSES].count};

	image_add(b, SL_SECTION_INTERFACES, &iface);
	selector(b, 9, 24, 6, 443);
	selector(b, 0, 23, SL_PROTO_ANY, 0);
	selector(b, 8, 23, 17, 0);
}

/* On the way into the tunnel's zone 10.1.7.0/24 becomes 192.168.77.0/24, which a peer knows it by. */
static void translating(struct image_builder *b)
{
	const struct sl_image_translations to = {.address = {192, 168, 77}, .kind = SL_NAT_PREFIX,
						 .family = 4, .length = 24, .pool = SL_SET_ANY};
	const struct sl_image_ranges4 range = {0x0a010700, 0x0a0107ff};
	const struct sl_image_address_sets set = {.first4 = b->section[SL_SECTION_RANGES4].count,
						  .count4 = 1};
	const struct sl_image_selectors s = {.source = {192, 168, 77}, .destination = {10, 60},
					     .iface = TUNNEL, .protocol = SL_PROTO_ANY,
					     .source_hi = 65535, .destination_hi = 65535, .family = 4,
					     .source_length = 24, .destination_length = 16};
	uint32_t sources, rule, part, policy = b->section[SL_SECTION_POLICIES].count;
	struct sl_image_pairs *pairs;

	network(b);
	image_add(b, SL_SECTION_SELECTORS, &s);
	image_add(b, SL_SECTION_RANGES4, &range);
	sources = image_add(b, SL_SECTION_ADDRESS_SETS, &set);
	image_policy(b, "source");
	rule = image_rule(b, sources, SL_SET_ANY, SL_SET_ANY, SL_ACTION_TRANSLATE);
	((struct sl_image_rules *)(void *)b->section[SL_SECTION_RULES].data)[rule].extra =
		image_add(b, SL_SECTION_TRANSLATIONS, &to);
	part = image_part(b, 30, policy, 1);
	pairs = (void *)b->section[SL_SECTION_PAIRS].data;
	for (uint32_t i = 0; i < b->section[SL_SECTION_PAIRS].count; i++)
		if (pairs[i].from == 2 && pairs[i].to == 4) {
			pairs[i].first_nat = image_add(b, SL_SECTION_PAIR_PARTS, &part);
			pairs[i].nat_parts = 1;
		}
}

/* Without the tunnel's narrower destinations. */
static void other_selectors(struct image_builder *b)
{
	network(b);
	((struct sl_image_selectors *)(void *)b->section[SL_SECTION_SELECTORS].data)[1]
		.destination[1] = 51;
}

static int reset(void **state)
{
	pipeline_change = network;
	if (pipeline_reset(state))
		return -1;
	sl_sad_flush(pipeline.dp);
	sl_spd_flush(pipeline.dp);
	return 0;
}

static int start(void **state)
{
	pipeline_change = network;
	return pipeline_start(state);
}

/* Where a packet goes in a trace: the interface. */
static unsigned int way(const char *src, const char *dst, bool tcp, uint16_t port)
{
	struct frame f;
	const struct sl_result *r;

	if (tcp)
		frame_tcp(&f, src, dst, 1000, port, 2, 1, 0, 0);
	else
		frame_udp(&f, src, dst, 1000, port, 100);
	r = pipeline_run(SL_MODE_TRACE, INSIDE, &f, 1);
	assert_int_equal(r->reason, 0);
	assert_int_equal(r->fate, SL_FATE_FORWARDED);
	return r->out;
}

static void narrower_first(void **state)
{
	(void)state;
	assert_int_equal(way("10.1.2.3", "10.50.0.1", false, 53), TUNNEL);
	assert_int_equal(way("10.1.2.3", "10.50.1.255", true, 80), TUNNEL);
	assert_int_equal(way("10.1.2.3", "10.50.2.0", false, 53), WAN);
	assert_int_equal(way("10.1.2.3", "10.49.255.255", false, 53), WAN);
	assert_int_equal(way("10.1.2.3", "10.50.8.1", false, 53), TUNNEL);
	assert_int_equal(way("10.1.2.3", "10.50.8.1", true, 443), WAN);
	assert_int_equal(way("10.1.2.3", "10.50.9.1", true, 443), TUNNEL);
	assert_int_equal(way("10.1.2.3", "10.50.9.1", true, 444), WAN);
	assert_int_equal(way("10.1.2.3", "10.50.9.1", false, 53), TUNNEL);
	/* Behind the gateway, but none of the tunnel's sources. */
	assert_int_equal(way("10.9.1.1", "10.50.0.1", false, 53), WAN);
}

/* Never in clear: without an SA it is dropped, whatever the routes say. */
static void down_and_up(void **state)
{
	const struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_output head;
	struct frame f;

	(void)state;
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
	esp_make(&add);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	assert_int_equal(frame_get(pipeline_out(0, &head) + 34, 4), ESP_SPI);
}

/* RFC 4301 5.1: the answer goes where the question came from, by the session, without a route. */
static void answers(void **state)
{
	const struct sl_sa_add out = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	const struct sl_sa_add in = esp_sa(&esp_suites[0], SL_SA_IN, 0, false);
	struct sl_output head;
	struct frame f;

	(void)state;
	esp_make(&in);
	esp_make(&out);
	esp_frame(&f, esp_suites[0].plain, false, false);
	assert_int_equal(pipeline_in(WAN, &f)->reason, 0);
	assert_non_null(pipeline_out(0, &head));
	assert_int_equal(head.iface, INSIDE);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 2000, 1000, 100);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	assert_int_equal(frame_get(pipeline_out(0, &head) + 34, 4), ESP_SPI);
	assert_int_equal(head.iface, WAN);
}

/* As sl_swap_activate does it: where selectors change, sessions ask for their way again. */
static void swap(void (*change)(struct image_builder *))
{
	struct sl_tables *before = pipeline.dp->tables, *after;
	char error[256];
	size_t size;
	void *image;

	pipeline_change = change;
	image = pipeline_image(false, &size);
	after = sl_tables_build(image, size, before, error, sizeof(error), NULL);
	free(image);
	if (!after)
		fail_msg("%s", error);
	assert_false(sl_selectors_same(before->selectors, after->selectors));
	pipeline.dp->tables = after;
	pipeline.worker->tables = after;
	pipeline.worker->routing_epoch = ++pipeline.dp->routing_epoch;
	sl_tables_free(before);
}

/* NAT comes before encryption, and selectors see what it makes; without a rule for it, nothing. */
static void nat_first(void **state)
{
	(void)state;
	assert_int_equal(way("10.1.7.8", "10.60.0.1", false, 53), WAN);
	swap(translating);
	assert_int_equal(way("10.1.7.8", "10.60.0.1", false, 53), TUNNEL);
	assert_int_equal(memcmp(pipeline.results[0].source, (uint8_t[]){192, 168, 77, 8}, 4), 0);
	assert_int_equal(way("10.1.8.8", "10.60.0.1", false, 53), WAN);
	/* Translated it is none of the other selectors' sources. */
	assert_int_equal(way("10.1.7.8", "10.50.0.1", false, 53), WAN);
	assert_int_equal(way("10.1.8.8", "10.50.0.1", false, 53), TUNNEL);
	assert_int_equal(pipeline.results[0].source_rule, SL_TRANSLATION_NONE);
}

/* RFC 4301 5.2: what is to come out of the tunnel comes by no other way, in a session or not. */
static void in_clear(void **state)
{
	const struct sl_sa_add out = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct frame f, answer;

	(void)state;
	esp_make(&out);
	frame_udp(&answer, "10.50.1.2", "10.1.2.3", 2000, 1000, 100);
	expect_dropped(WAN, &answer, SL_DROP_TUNNEL_IN_CLEAR);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	expect_dropped(WAN, &answer, SL_DROP_TUNNEL_IN_CLEAR);
	frame_udp(&answer, "10.51.1.2", "10.1.2.3", 2000, 1000, 100);
	expect_dropped(WAN, &answer, SL_DROP_POLICY_DEFAULT);
	/* The box speaks for itself: its policy says who may. */
	frame_udp(&answer, "10.50.1.2", "10.1.0.1", 2000, 1000, 100);
	expect_dropped(WAN, &answer, SL_DROP_POLICY_DEFAULT);
}

/* A commit that changes selectors makes live sessions ask again, into the tunnel and out of it. */
static void commit(void **state)
{
	const struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct frame f, g;

	(void)state;
	esp_make(&add);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	frame_udp(&g, "10.1.2.3", "10.51.1.2", 1000, 2000, 100);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_NEW);
	assert_int_equal(pipeline.results[0].to, 4);
	assert_int_equal(pipeline_in(INSIDE, &g)->session, SL_SESSION_NEW);
	assert_int_equal(pipeline.results[0].to, 3);
	swap(other_selectors);
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_HIT);
	assert_int_equal(pipeline.results[0].to, 3);
	assert_int_equal(pipeline_in(INSIDE, &g)->session, SL_SESSION_HIT);
	assert_int_equal(pipeline.results[0].to, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(nat_first, reset),
		cmocka_unit_test_setup(in_clear, reset),
		cmocka_unit_test_setup(commit, reset),
		cmocka_unit_test_setup(narrower_first, reset),
		cmocka_unit_test_setup(down_and_up, reset),
		cmocka_unit_test_setup(answers, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
