/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/spread.h"

/*
 * What a pressed worker gives to another is done alike and lands in its order, whichever of the two
 * is first done, and if the other never comes.
 */
#define COUNT 24u
#define LENGTH 300u

static struct sl_worker other;
static struct sl_esp_batch batch;
static struct rte_mbuf *packet[COUNT];

static int start(void **state)
{
	struct sl_datapath *dp;

	pipeline_change = esp_network;
	if (pipeline_start(state))
		return -1;
	dp = pipeline.dp;
	other = (struct sl_worker){.dp = dp, .index = 1};
	dp->worker[1] = &other;
	dp->shared_cpu = false;
	dp->workers = 2;
	if (sl_engines_start(dp))
		return -1;
	dp->workers = 1; /* whose traffic it is */
	esp_at_once();
	for (unsigned int i = 0; i < sl_engine_count; i++)
		for (unsigned int s = 0; s < SL_SUITES; s++)
			sl_engines[i].cycles[s] = 1u << 20; /* worth the way */
	return 0;
}

static uint8_t content(uint32_t i, uint32_t k)
{
	return k == 0 ? 0x45 : k == 2 ? LENGTH >> 8 : k == 3 ? LENGTH & 0xff : (uint8_t)(i * 3 + k);
}

static uint32_t asked(void)
{
	return rte_ring_count(sl_flights_of(&other)->asked);
}

/* Has all of the batch done, part of it by the other worker if that is there, and in its order. */
static void done(struct sl_sa *sa, bool there)
{
	struct sl_worker *w = pipeline.worker;
	struct sl_flights *fl = sl_flights_of(w);
	uint32_t landed = 0;

	atomic_store(&w->pressed, true);
	assert_false(sl_esp_process(w, sa, &batch));
	assert_int_equal(asked(), COUNT / 2);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(batch.status[i], SL_FLIGHT_TAKEN);
	/* This one's half is done and waits for the other half. */
	sl_flight_poll(w);
	assert_null(sl_flight_landed(w));
	if (there)
		sl_spread_help(&other);
	else
		atomic_store(&w->pressed, false);
	while (sl_flights_any(w)) {
		sl_flight_poll(w);
		if (sl_flight_landed(w) != sa)
			continue;
		for (uint32_t i = 0; i < fl->batch.n; i++, landed++) {
			assert_ptr_equal(fl->batch.m[i], packet[landed]);
			assert_int_equal(fl->batch.status[i], 0);
			batch.m[landed] = fl->batch.m[i];
			batch.sequence[landed] = fl->batch.sequence[i];
			batch.status[landed] = 0;
		}
	}
	assert_int_equal(landed, COUNT);
	assert_int_equal(asked(), 0);
}

static void through(const struct esp_suite *suite, bool there)
{
	const struct sl_sa_add out = esp_sa(suite, SL_SA_OUT, SL_SA_ESN, false);
	const struct sl_sa_add in = esp_sa(suite, SL_SA_IN, SL_SA_ESN, false);
	struct sl_sa *seals = esp_make(&out), *opens = esp_make(&in);
	struct sl_worker *w = pipeline.worker;
	uint16_t ethertype;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct rte_mbuf *m = packet[i] = rte_pktmbuf_alloc(pipeline.dp->pool);
		uint8_t *bytes = (uint8_t *)rte_pktmbuf_append(m, 14 + LENGTH);

		for (uint32_t k = 0; k < LENGTH; k++)
			bytes[14 + k] = content(i, k);
		*sl_pkt(m) = (struct sl_pkt){.l3 = 14, .family = 4};
		batch.m[i] = m;
		assert_int_equal(sl_esp_seal(w, seals, &batch, i), 0);
	}
	batch.n = COUNT;
	done(seals, there);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(sl_esp_out_done(w, seals, &batch, i), 0);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(sl_esp_open(opens, &batch, i), 0);
	batch.n = COUNT;
	done(opens, there);
	for (uint32_t i = 0; i < COUNT; i++) {
		const uint8_t *inner;

		assert_int_equal(sl_esp_opened(w, opens, &batch, i, &ethertype), 0);
		inner = rte_pktmbuf_mtod_offset(packet[i], const uint8_t *, sl_pkt(packet[i])->l3);
		for (uint32_t k = 0; k < LENGTH; k++)
			assert_int_equal(inner[k], content(i, k));
		rte_pktmbuf_free(packet[i]);
	}
	assert_int_equal(opens->packets, COUNT);
	sl_sad_flush(pipeline.dp);
}

static void shared(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++)
		for (unsigned int there = 0; there < 2; there++)
			through(&esp_suites[i], there);
	assert_int_equal(other.crypto, esp_suite_count * COUNT);
}

/* A worker that is pressed itself is not asked, and who has time asks nobody. */
static void not_shared(void **state)
{
	const struct sl_sa_add out = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa *sa = esp_make(&out);
	struct sl_sa_session *use = atomic_load(&sa->using);
	struct sl_worker *w = pipeline.worker;

	(void)state;
	batch.n = COUNT;
	for (uint32_t i = 0; i < COUNT; i++)
		batch.data[i].len = LENGTH;
	atomic_store(&w->pressed, true);
	assert_int_equal(sl_spread_share(w, sa, use, &batch), COUNT / 2);
	atomic_store(&other.pressed, true);
	assert_int_equal(sl_spread_share(w, sa, use, &batch), 0);
	atomic_store(&other.pressed, false);
	sl_engines[use->engine].cycles[sa->suite] = 100;
	assert_int_equal(sl_spread_share(w, sa, use, &batch), 0);
	sl_engines[use->engine].cycles[sa->suite] = 1u << 20;
	atomic_store(&w->pressed, false);
	assert_int_equal(sl_spread_share(w, sa, use, &batch), 0);
	sl_sad_flush(pipeline.dp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared),
		cmocka_unit_test(not_shared),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
