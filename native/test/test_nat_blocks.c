/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "nat/blocks.h"
#include "tables/tables.h"
#include "test/frame_text.h"
#include "test/nat_network.h"
#include "test/pipeline.h"

/* CGNAT: rules 21 and 29 of nat_network.h lend blocks of 8 of the ports 2000-2031, two to a client. */

static const char *const server = "203.0.113.80";

static struct sl_image_translations *translation(struct image_builder *b, uint32_t slot)
{
	const struct sl_image_rules *rules = (void *)b->section[SL_SECTION_RULES].data;
	struct sl_image_translations *all = (void *)b->section[SL_SECTION_TRANSLATIONS].data;

	return &all[rules[slot - SL_RULE_FIRST].extra];
}

static void network(struct image_builder *b)
{
	nat_network(b);
	for (uint32_t slot = 21; slot <= 29; slot += 8) {
		struct sl_image_translations *t = translation(b, slot);

		t->port_lo = 2000;
		t->port_hi = 2031;
		t->match_lo = 8;
		t->blocks = 2;
	}
}

static int start(void **state)
{
	int status;

	pipeline_change = network;
	status = pipeline_reset(state);
	pipeline_change = NULL;
	return status;
}

/* The public port of a new flow, 0 where it is dropped; all are of the one address. */
static uint32_t ask(const char *client, uint16_t port, const char *to, uint32_t after_ms)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	frame_udp(&f, client, to, port, 53, 20);
	if (pipeline_run(SL_MODE_REPLAY, INSIDE, &f, after_ms)->fate != SL_FATE_FORWARDED)
		return 0;
	out = pipeline_out(0, &head);
	assert_true(frame_sound(out, head.length));
	assert_in_range(frame_get(out + 26, 4), 0xc6336405, 0xc6336406);
	return frame_get(out + 34, 2);
}

/* Time passes; somebody else, who is not translated, shows it. */
static void later(uint32_t ms)
{
	struct frame f;

	frame_udp(&f, "10.1.7.3", server, 5, 53, 20);
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, ms)->fate, SL_FATE_FORWARDED);
}

static uint32_t block_of(uint32_t port)
{
	assert_in_range(port, 2000, 2031);
	return (port - 2000) / 8;
}

static void by_client(void **state)
{
	uint32_t first = 0, second = 0;
	bool seen[32] = {false};

	(void)state;
	for (uint16_t i = 0; i < 16; i++) {
		uint32_t port = ask("10.1.5.9", (uint16_t)(40000 + i), server, 1);

		if (i == 0)
			first = block_of(port);
		if (i == 8)
			second = block_of(port);
		assert_int_equal(block_of(port), i < 8 ? first : second);
		assert_false(seen[port - 2000]);
		seen[port - 2000] = true;
	}
	assert_int_not_equal(first, second);
	assert_int_equal(ask("10.1.5.9", 41000, server, 1), 0);
	assert_int_equal(pipeline.results[0].reason, SL_DROP_NAT_CLIENT_FULL);
	/* Another destination has all of these ports for itself. */
	assert_int_equal(block_of(ask("10.1.5.9", 41000, "203.0.113.81", 1)), first);
	for (uint16_t i = 0; i < 9; i++) {
		uint32_t other = block_of(ask("10.1.5.10", (uint16_t)(40000 + i), server, 1));

		assert_true(other != first && other != second);
	}
	assert_int_equal(ask("10.1.5.11", 40000, server, 1), 0);
	assert_int_equal(pipeline.results[0].reason, SL_DROP_NAT_POOL_FULL);
	assert_int_equal(sl_blocks_any(pipeline.dp->blocks), true);
}

/* The newest record of the log, and how many there have been. */
static uint32_t logged(struct sl_log_record *last)
{
	const struct sl_log_ring *ring = pipeline.worker->log;
	uint32_t n = (uint32_t)ring->head;

	if (n)
		*last = ((const struct sl_log_record *)(ring + 1))[(n - 1) % SL_LOG_RING_RECORDS];
	return n;
}

static void lent_and_given_back(void **state)
{
	struct sl_log_record r = {0};
	uint32_t before = logged(&r), port, since;

	(void)state;
	port = ask("10.1.5.9", 40000, server, 1);
	since = pipeline.worker->now_ms;
	assert_int_equal(logged(&r), before + 1);
	assert_int_equal(r.type, SL_LOG_NAT_BLOCK);
	assert_int_equal(r.rule, 21);
	assert_int_equal(frame_get(r.source, 4), 0x0a010509);
	assert_int_equal(frame_get(r.destination, 4), 0xc6336405);
	assert_int_equal(r.source_port, 2000 + block_of(port) * 8);
	assert_int_equal(r.destination_port, r.source_port + 7);
	/* Many sessions, no more records; the block is there while one of them is, and a minute. */
	ask("10.1.5.9", 40001, server, 1);
	ask("10.1.5.9", 40002, server, 1);
	assert_int_equal(logged(&r), before + 1);
	later(31000);
	later(58000);
	assert_int_equal(logged(&r), before + 1);
	later(4000);
	assert_int_equal(logged(&r), before + 2);
	assert_int_equal(r.type, SL_LOG_NAT_BLOCK_END);
	assert_int_equal(r.source_port, 2000 + block_of(port) * 8);
	assert_in_range(r.duration, 90000, pipeline.worker->now_ms - since);
	assert_false(sl_blocks_any(pipeline.dp->blocks));
	/* The whole pool is there again. */
	for (uint16_t i = 0; i < 32; i++)
		assert_int_not_equal(ask(i < 16 ? "10.1.5.20" : "10.1.5.21", (uint16_t)(40000 + i),
					 server, 1),
				     0);
}

/* Identifiers of queries are of the block too; what has no ports holds a block, and lets it go. */
static void without_ports(void **state)
{
	struct sl_output head;
	struct frame f;

	(void)state;
	frame_icmp(&f, "10.1.5.9", server, 8, 0, 0x12340001, 9);
	assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
	block_of(frame_get(pipeline_out(0, &head) + 38, 2));
	frame_text(&f, "47 10.1.5.10 > 203.0.113.80 data 0000000000000000");
	assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
	assert_int_equal(frame_get(pipeline_out(0, &head) + 26, 4), 0xc6336405);
	later(700000);
	later(61000);
	assert_false(sl_blocks_any(pipeline.dp->blocks));
}

/* With NAT64 a client is a /64. */
static void of_ipv6(void **state)
{
	uint32_t first;

	(void)state;
	first = block_of(ask("2001:db8:a::77", 3000, "64:ff9b::cb00:7150", 1));
	assert_int_equal(block_of(ask("2001:db8:a::78", 3000, "64:ff9b::cb00:7150", 1)), first);
	assert_int_not_equal(block_of(ask("2001:db8:b::78", 3000, "64:ff9b::cb00:7150", 1)), first);
}

#define THREADS 4
#define CLIENTS 8

static struct crowd {
	struct sl_worker *worker;
	struct sl_image_translations t;
	_Atomic uint32_t held[32];
	_Atomic uint32_t lent, refused;
} crowd;

static void *one_of_the_crowd(void *arg)
{
	struct sl_worker w = *crowd.worker;
	uint32_t seed = (uint32_t)(uintptr_t)arg;

	w.log = calloc(1, sizeof(*w.log) + SL_LOG_RING_RECORDS * sizeof(struct sl_log_record));
	w.random += seed * 0x9e3779b97f4a7c15ull;
	for (uint32_t i = 0; i < 20000; i++) {
		struct sl_block_use use = {.ports = true};
		struct sl_block_client client;
		uint8_t address[4] = {10, 1, 5, (uint8_t)(rand_r(&seed) % CLIENTS)};

		sl_block_client(&client, 4, address);
		if (sl_block_next(&w, &crowd.t, 21, &client, &use)) {
			crowd.refused++;
		} else {
			uint32_t mine = address[3] + 1u, none = 0;
			uint32_t block = (use.lo - 2000u) / 8;

			/* A block is of one client at a time. */
			atomic_compare_exchange_strong(&crowd.held[block], &none, mine);
			if (crowd.held[block] != mine)
				abort();
			crowd.lent++;
			sl_block_give(&w, &client, &use);
		}
	}
	free(w.log);
	return NULL;
}

/* Many workers at once; nobody is swept meanwhile, so blocks stay with who got them. */
static void together(void **state)
{
	pthread_t thread[THREADS];

	(void)state;
	memset(&crowd, 0, sizeof(crowd));
	crowd.worker = pipeline.worker;
	crowd.t = *sl_tables_translation(pipeline.dp->tables, 21);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, one_of_the_crowd, (void *)(i + 1)), 0);
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	assert_true(crowd.lent > 0 && crowd.refused > 0);
	assert_int_equal(crowd.lent + crowd.refused, THREADS * 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(by_client, start),
		cmocka_unit_test_setup(lent_and_given_back, start),
		cmocka_unit_test_setup(without_ports, start),
		cmocka_unit_test_setup(of_ipv6, start),
		cmocka_unit_test_setup(together, start),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
