/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "balancer/balance.h"
#include "core/survey.h"
#include "nat/nat.h"
#include "session/table.h"
#include "test/nat_network.h"
#include "test/pipeline.h"

/* What new tables do to sessions that translate: they live while some rule could have made them. */

static const char *const client = "10.1.2.3", *const server = "203.0.113.80";
static uint8_t mark;

static void *records(struct image_builder *b, enum sl_image_section id)
{
	return b->section[id].data;
}

/* Every pair is another one. */
static void network(struct image_builder *b)
{
	struct sl_image_pairs *pairs;

	nat_network(b);
	pairs = records(b, SL_SECTION_PAIRS);
	for (uint32_t i = 0; i < b->section[SL_SECTION_PAIRS].count; i++)
		pairs[i].hash[15] = mark;
	for (uint32_t i = 0; i < b->section[SL_SECTION_PARTS].count; i++)
		((struct sl_image_parts *)records(b, SL_SECTION_PARTS))[i].hash[15] = mark;
}

static struct sl_image_rules *rule(struct image_builder *b, uint32_t slot)
{
	return (struct sl_image_rules *)records(b, SL_SECTION_RULES) + (slot - SL_RULE_FIRST);
}

static struct sl_image_translations *translation(struct image_builder *b, uint32_t slot)
{
	return (struct sl_image_translations *)records(b, SL_SECTION_TRANSLATIONS) +
	       rule(b, slot)->extra;
}

static void swap(void (*change)(struct image_builder *))
{
	struct sl_tables *before = pipeline.dp->tables, *after;
	char error[256];
	size_t size;
	void *image;

	mark++;
	pipeline_change = change;
	image = pipeline_image(false, &size);
	pipeline_change = NULL;
	after = sl_tables_build(image, size, before, error, sizeof(error), NULL);
	free(image);
	if (!after)
		fail_msg("%s", error);
	pipeline.dp->tables = after;
	pipeline.worker->tables = after;
	sl_tables_free(before);
}

static int start(void **state)
{
	int status;

	pipeline_change = network;
	status = pipeline_reset(state);
	pipeline_change = NULL;
	return status;
}

/* 23 fits all, and says none; 24 lies behind it. */
static void an_exception_before(struct image_builder *b)
{
	network(b);
	rule(b, 23)->source = SL_SET_ANY;
}

static void no_masquerade(struct image_builder *b)
{
	network(b);
	*translation(b, 24) = (struct sl_image_translations){.pool = SL_SET_ANY};
}

static void another_address(struct image_builder *b)
{
	struct sl_image_interfaces *wan;

	network(b);
	wan = (struct sl_image_interfaces *)records(b, SL_SECTION_INTERFACES) + 1;
	((struct sl_image_addresses *)records(b, SL_SECTION_ADDRESSES))[wan->first_address].address[3] =
		7;
}

static void expect_source(uint16_t in, const struct frame *f, const char *address)
{
	struct sl_output head;
	const uint8_t *out;

	expect_forwarded(in, f, WAN);
	out = pipeline_out(0, &head);
	assert_int_equal(frame_get(out + 26, 4), ntohl(inet_addr(address)));
}

static void masquerade(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, client, server, 40000, 53, 10);
	expect_source(INSIDE, &f, "198.51.100.2");
	swap(network);
	expect_source(INSIDE, &f, "198.51.100.2");
	assert_int_equal(pipeline.results[0].session, SL_SESSION_HIT);
	/* A rule before it decides for new ones; this one lives while its own is there. */
	swap(an_exception_before);
	expect_source(INSIDE, &f, "198.51.100.2");
	assert_int_equal(pipeline.results[0].session, SL_SESSION_HIT);
	/* Its rule is gone: it begins anew, as today's rules say. */
	swap(no_masquerade);
	expect_source(INSIDE, &f, client);
	assert_int_equal(pipeline.results[0].session, SL_SESSION_NEW);
}

/* The address of the interface is another one: nobody would find back by the old one. */
static void an_address_that_changes(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, client, server, 40000, 53, 10);
	expect_source(INSIDE, &f, "198.51.100.2");
	swap(another_address);
	expect_source(INSIDE, &f, "198.51.100.7");
	assert_int_equal(pipeline.results[0].session, SL_SESSION_NEW);
}

static void another_server(struct image_builder *b)
{
	network(b);
	translation(b, 25)->address[3] = 81;
}

static void a_forward(void **state)
{
	struct frame syn, answer, data;

	(void)state;
	frame_tcp(&syn, server, "198.51.100.3", 4000, 8003, 0x02, 1, 0, 0);
	expect_forwarded(WAN, &syn, INSIDE);
	frame_tcp(&answer, "10.1.2.80", server, 83, 4000, 0x12, 5, 2, 0);
	expect_source(INSIDE, &answer, "198.51.100.3");
	swap(network);
	frame_tcp(&data, server, "198.51.100.3", 4000, 8003, 0x10, 2, 6, 9);
	expect_forwarded(WAN, &data, INSIDE);
	swap(another_server);
	expect_dropped(WAN, &data, SL_DROP_TCP_NO_SESSION);
}

static void another_pool(struct image_builder *b)
{
	struct sl_image_address_sets *set;

	network(b);
	set = (struct sl_image_address_sets *)records(b, SL_SECTION_ADDRESS_SETS) +
	      translation(b, 29)->pool;
	((struct sl_image_ranges4 *)records(b, SL_SECTION_RANGES4))[set->first4].lo++;
	((struct sl_image_ranges4 *)records(b, SL_SECTION_RANGES4))[set->first4].hi++;
}

/* 203.0.113.80 by the well-known prefix, and as a balancer's address. */
static const char *const client6 = "2001:db8:a::77", *const server6 = "64:ff9b::cb00:7150";

static void nat64(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, client6, server6, 3001, 53, 10);
	expect_source(INSIDE, &f, "198.51.100.6");
	swap(network);
	expect_source(INSIDE, &f, "198.51.100.6");
	assert_int_equal(pipeline.results[0].session, SL_SESSION_HIT);
	swap(another_pool);
	expect_source(INSIDE, &f, "198.51.100.7");
	assert_int_equal(pipeline.results[0].session, SL_SESSION_NEW);
	assert_int_equal(pipeline.results[0].translated_family, 4);
}

/* Rule 30, a prefix of IPv6 asked for from inside, leads to a server of IPv4 behind wan. */
static void balanced64(struct image_builder *b)
{
	struct sl_image_balancers balancer = {.backends = 1, .entries = 3, .slot = 1, .hash = {9}};
	struct sl_image_backends one = {.slot = 1, .port = 8080, .weight = 1, .family = 4};

	network(b);
	inet_pton(AF_INET, "203.0.113.9", one.address);
	image_add(b, SL_SECTION_BACKENDS, &one);
	for (uint32_t i = 0; i < balancer.entries; i++)
		image_add(b, SL_SECTION_MAGLEV, &(struct sl_image_maglev){0});
	image_add(b, SL_SECTION_BALANCERS, &balancer);
	*translation(b, 30) = (struct sl_image_translations){.kind = SL_NAT_BALANCER, .family = 6};
}

static void a_balancer_of_the_other_family(void **state)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	(void)state;
	swap(balanced64);
	frame_tcp(&f, client6, "2001:db8:64::1", 40000, 80, 0x02, 1, 0, 0);
	expect_source(INSIDE, &f, "198.51.100.2");
	out = pipeline_out(0, &head);
	assert_int_equal(frame_get(out + 30, 4), ntohl(inet_addr("203.0.113.9")));
	assert_int_equal(frame_get(out + 36, 2), 8080);
	assert_true(frame_sound(out, head.length));
	frame_tcp(&f, "203.0.113.9", "198.51.100.2", 8080, 40000, 0x12, 5, 2, 0);
	expect_forwarded(WAN, &f, INSIDE);
	out = pipeline_out(0, &head);
	assert_true(frame_sound(out, head.length));
	swap(balanced64);
	frame_tcp(&f, client6, "2001:db8:64::1", 40000, 80, 0x10, 2, 6, 40);
	expect_source(INSIDE, &f, "198.51.100.2");
	assert_int_equal(pipeline.results[0].session, SL_SESSION_HIT);
	swap(network);
	expect_dropped(INSIDE, &f, SL_DROP_TCP_NO_SESSION);
}

/* Rule 25 leads to backends .80, .81 and so on, their number given, of equal weight. */
static uint32_t backends;

static void balanced(struct image_builder *b)
{
	struct sl_image_balancers balancer = {
		.backends = backends, .entries = 251, .slot = 1, .hash = {(uint8_t)backends}};
	struct sl_image_translations *t;

	network(b);
	for (uint32_t i = 0; i < backends; i++) {
		struct sl_image_backends one = {.slot = (uint16_t)(1 + i), .port = 80, .weight = 1,
						.family = 4};

		inet_pton(AF_INET, "10.1.2.80", one.address);
		one.address[3] += (uint8_t)i;
		image_add(b, SL_SECTION_BACKENDS, &one);
	}
	for (uint32_t i = 0; i < balancer.entries; i++)
		image_add(b, SL_SECTION_MAGLEV,
			  &(struct sl_image_maglev){(uint16_t)(i % backends)});
	image_add(b, SL_SECTION_BALANCERS, &balancer);
	t = translation(b, 25);
	*t = (struct sl_image_translations){.kind = SL_NAT_BALANCER, .family = 4, .pool = 0};
}

/* Which backend a new connection from this port gets, or 0 where it is dropped. */
static uint32_t backend_of(uint16_t port, uint8_t flags)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	frame_tcp(&f, server, "198.51.100.3", port, 8000, flags, flags == 0x02 ? 1 : 2, 6, 0);
	if (pipeline_in(WAN, &f)->fate != SL_FATE_FORWARDED)
		return 0;
	out = pipeline_out(0, &head);
	assert_true(frame_sound(out, head.length));
	assert_int_equal(frame_get(out + 36, 2), 80);
	return frame_get(out + 30, 4) - 0x0a010250 + 1;
}

static const struct sl_backend_use *use_of(uint32_t backend)
{
	return &pipeline.dp->balancers->use[backend];
}

static void a_balancer(void **state)
{
	uint32_t first[60], hits[4] = {0}, gone = 0;

	(void)state;
	backends = 3;
	swap(balanced);
	for (uint16_t i = 0; i < 60; i++) {
		first[i] = backend_of((uint16_t)(5000 + i), 0x02);
		assert_in_range(first[i], 1, 3);
		hits[first[i]]++;
		assert_int_equal(pipeline.results[0].backend, first[i]);
	}
	for (uint32_t i = 1; i <= 3; i++) {
		assert_true(hits[i] > 5);
		assert_int_equal(use_of(i)->sessions, hits[i]);
	}
	/* The third one goes: its sessions end, the others' keep their backend. */
	backends = 2;
	swap(balanced);
	for (uint16_t i = 0; i < 60; i++) {
		uint32_t now = backend_of((uint16_t)(5000 + i), 0x02);

		if (first[i] < 3)
			assert_int_equal(now, first[i]);
		else
			gone++;
		assert_in_range(now, 1, 2);
	}
	assert_int_equal(gone, hits[3]);
	assert_int_equal(use_of(3)->sessions, 0);
	assert_int_equal(use_of(1)->sessions + use_of(2)->sessions, 60);
}

static void resetting(struct image_builder *b)
{
	balanced(b);
	((struct sl_image_balancers *)records(b, SL_SECTION_BALANCERS))->flags = SL_BALANCER_RESET;
}

/* Who went on by a backend that is gone is told so, and nobody whom the policy does not allow. */
static void a_reset(void **state)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	(void)state;
	backends = 3;
	swap(resetting);
	frame_tcp(&f, server, "198.51.100.3", 5000, 8000, 0x10, 100, 200, 10);
	expect_dropped(WAN, &f, SL_DROP_TCP_NO_SESSION);
	out = pipeline_out(0, &head);
	assert_non_null(out);
	assert_int_equal(head.iface, WAN);
	assert_true(frame_sound(out, head.length));
	assert_int_equal(frame_get(out + 26, 4), ntohl(inet_addr("198.51.100.3")));
	assert_int_equal(frame_get(out + 34, 2), 8000);
	assert_int_equal(frame_get(out + 38, 4), 200);
	assert_int_equal(out[47], 0x04);
	frame_tcp(&f, server, "198.51.100.3", 5000, 8000, 0x04, 100, 0, 0);
	expect_dropped(WAN, &f, SL_DROP_TCP_NO_SESSION);
	assert_null(pipeline_out(0, &head));
	frame_tcp(&f, server, "198.51.100.4", 5000, 8000, 0x10, 100, 200, 10);
	expect_dropped(WAN, &f, SL_DROP_TCP_NO_SESSION);
	assert_null(pipeline_out(0, &head));
}

#define LATER_BYTES (sizeof(struct sl_balance) + 251 * sizeof(uint16_t))

static void a_table_that_comes_later(void **state)
{
	struct {
		struct sl_balance head;
		uint16_t entry[251];
	} later = {.head = {.slot = 1, .entries = 251, .hash = {3}}};
	char error[256];

	(void)state;
	backends = 3;
	swap(balanced);
	for (uint32_t i = 0; i < 251; i++)
		later.entry[i] = 1; /* the second alone is up */
	assert_int_equal(sl_balance_set(pipeline.dp, &later, LATER_BYTES, error, sizeof(error)), 0);
	for (uint16_t i = 0; i < 20; i++)
		assert_int_equal(backend_of((uint16_t)(6000 + i), 0x02), 2);
	for (uint32_t i = 0; i < 251; i++)
		later.entry[i] = SL_MAGLEV_NONE;
	assert_int_equal(sl_balance_set(pipeline.dp, &later, LATER_BYTES, error, sizeof(error)), 0);
	assert_int_equal(backend_of(7000, 0x02), 0);
	assert_int_equal(pipeline.results[0].reason, SL_DROP_BALANCER_NO_BACKEND);
	/* Those that live go on. */
	assert_int_equal(backend_of(6000, 0x02), 2);
	/* It is for these backends alone. */
	backends = 2;
	swap(balanced);
	assert_in_range(backend_of(7000, 0x02), 1, 2);
	later.head.entries = 250;
	assert_int_equal(sl_balance_set(pipeline.dp, &later, LATER_BYTES, error, sizeof(error)), -22);
	assert_string_equal(error, "balancer 1 with 250 entries in 526 bytes");
}

/* Where none is left, who wants to connect is told so as well: of TCP, and by a rule that allows. */
static void a_reset_by_nobody(void **state)
{
	struct {
		struct sl_balance head;
		uint16_t entry[251];
	} none = {.head = {.slot = 1, .entries = 251, .hash = {3}}};
	struct sl_output head;
	const uint8_t *out;
	char error[256];
	struct frame f;

	(void)state;
	backends = 3;
	swap(resetting);
	for (uint32_t i = 0; i < 251; i++)
		none.entry[i] = SL_MAGLEV_NONE;
	assert_int_equal(sl_balance_set(pipeline.dp, &none, LATER_BYTES, error, sizeof(error)), 0);
	for (unsigned int syn = 0; syn < 2; syn++) {
		frame_tcp(&f, server, "198.51.100.3", 5000, 8000, syn ? 0x02 : 0x10, 100, syn ? 0 : 200, 0);
		expect_dropped(WAN, &f, syn ? SL_DROP_BALANCER_NO_BACKEND : SL_DROP_TCP_NO_SESSION);
		assert_int_equal(pipeline.results[0].backend, 0);
		out = pipeline_out(0, &head);
		assert_non_null(out);
		assert_int_equal(head.iface, WAN);
		assert_true(frame_sound(out, head.length));
		assert_int_equal(frame_get(out + 26, 4), ntohl(inet_addr("198.51.100.3")));
		assert_int_equal(frame_get(out + 38, 4), syn ? 0 : 200);
		assert_int_equal(out[47], syn ? 0x14 : 0x04);
		assert_null(pipeline_out(1, &head));
	}
	frame_udp(&f, server, "198.51.100.3", 5000, 8000, 20);
	pipeline_in(WAN, &f);
	assert_null(pipeline_out(0, &head));
	/* Without the word, nobody is told. */
	swap(balanced);
	frame_tcp(&f, server, "198.51.100.3", 5000, 8000, 0x02, 100, 0, 0);
	expect_dropped(WAN, &f, SL_DROP_BALANCER_NO_BACKEND);
	assert_null(pipeline_out(0, &head));
}

static void uses(void **state)
{
	struct sl_survey *survey;
	struct sl_json json = {0};
	struct frame f;

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		frame_udp(&f, "10.1.5.9", server, (uint16_t)(40000 + i), 53, 20);
		expect_forwarded(INSIDE, &f, WAN);
	}
	frame_udp(&f, client, server, 40000, 53, 10);
	expect_forwarded(INSIDE, &f, WAN);
	frame_udp(&f, "10.1.7.3", server, 40000, 53, 10);
	expect_forwarded(INSIDE, &f, WAN);
	survey = sl_survey_nat(pipeline.dp);
	assert_non_null(survey);
	while (sl_survey_step(pipeline.dp, survey))
		;
	survey->tell(survey, &json);
	survey->free(survey);
	assert_non_null(strstr(json.text, "{\"address\":\"198.51.100.5\",\"sessions\":[3]}"));
	assert_non_null(strstr(json.text, "{\"address\":\"198.51.100.2\",\"sessions\":[1]}"));
	assert_non_null(strstr(json.text, "],\"others\":0}"));
	sl_json_free(&json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(masquerade, start),
		cmocka_unit_test_setup(an_address_that_changes, start),
		cmocka_unit_test_setup(a_forward, start),
		cmocka_unit_test_setup(nat64, start),
		cmocka_unit_test_setup(a_balancer_of_the_other_family, start),
		cmocka_unit_test_setup(a_balancer, start),
		cmocka_unit_test_setup(a_reset, start),
		cmocka_unit_test_setup(a_table_that_comes_later, start),
		cmocka_unit_test_setup(a_reset_by_nobody, start),
		cmocka_unit_test_setup(uses, start),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
