/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_cryptodev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/flight.h"
#include "vpn/gcm.h"

/*
 * Which engine does the crypto of an SA, that each of them does it alike, and what happens to packets
 * and numbers when one is taken out, stops, or fails under way.
 */
static int reset(void **state)
{
	pipeline_change = esp_network;
	if (pipeline_reset(state))
		return -1;
	sl_sad_flush(pipeline.dp);
	for (unsigned int i = 0; i < sl_engine_count; i++)
		sl_engine_switch(pipeline.dp, sl_engines[i].name, true);
	return 0;
}

static int start(void **state)
{
	pipeline_change = esp_network;
	if (pipeline_start(state) || sl_engines_start(pipeline.dp))
		return -1;
	return 0;
}

static struct sl_engine *engine(const char *name)
{
	for (unsigned int i = 0; i < sl_engine_count; i++)
		if (strcmp(sl_engines[i].name, name) == 0)
			return &sl_engines[i];
	fail_msg("no engine %s", name);
	return NULL;
}

static const char *engine_of(const struct sl_sa *sa)
{
	return sl_engines[atomic_load(&sa->using)->engine].name;
}

/* Only this one may be used. */
static void only(const char *name)
{
	sl_engine_switch(pipeline.dp, name, true);
	for (unsigned int i = 0; i < sl_engine_count; i++)
		if (strcmp(sl_engines[i].name, name) != 0)
			sl_engine_switch(pipeline.dp, sl_engines[i].name, false);
}

#define GCM (1u << SL_SUITE_GCM)
#define CHACHA (1u << SL_SUITE_CHACHA)
#define CBC (1u << SL_SUITE_CBC)

/* Device lists: of these machines, of one with QAT, and of one without any. */
static void listed(void **state)
{
	static const struct {
		struct sl_engine_device devices[4];
		unsigned int count;
		const char *names[8];
	} rows[] = {
		{{{"crypto_openssl", 0, false, GCM | CBC},
		  {"crypto_aesni_mb", 1, true, GCM | CHACHA | CBC},
		  {"crypto_aesni_gcm", 2, true, GCM}},
		 3,
		 {"aesni_gcm", "aesni_gcm-lookaside", "aesni_mb", "aesni_mb-lookaside", "openssl"}},
		{{{"crypto_aesni_mb", 0, true, GCM | CHACHA | CBC},
		  {"crypto_qat", 1, false, GCM | CBC},
		  {"crypto_qat", 2, false, GCM | CBC},
		  {"crypto_null", 3, false, GCM}},
		 4,
		 {"qat", "qat-1", "aesni_mb", "aesni_mb-lookaside"}},
		{{{"crypto_aesni_gcm", 0, true, GCM}, {"vaes", SL_ENGINE_OWN, true, GCM}},
		 2,
		 {"vaes", "aesni_gcm", "aesni_gcm-lookaside"}},
		{{{"crypto_aesni_mb", 0, true, 0}}, 1, {NULL}},
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct sl_engine table[SL_ENGINES];
		unsigned int n = sl_engine_list(table, rows[i].devices, rows[i].count), k = 0;

		for (; rows[i].names[k]; k++) {
			assert_true(k < n);
			assert_string_equal(table[k].name, rows[i].names[k]);
		}
		assert_int_equal(n, k);
	}
}

static void ranked(void **state)
{
	static const struct {
		uint32_t cycles[4]; /* GCM, of the four below */
		uint8_t states[4];
		uint8_t order[4], count;
	} rows[] = {
		/* nothing measured: by their place */
		{{0, 0, 0, 0}, {0}, {0, 1, 2, 3}, 4},
		/* the fastest first, the unmeasured last */
		{{900, 0, 300, 500}, {0}, {2, 3, 0, 1}, 4},
		/* what is about as fast keeps its place */
		{{320, 300, 310, 900}, {0}, {0, 1, 2, 3}, 4},
		{{330, 300, 310, 900}, {0}, {1, 2, 0, 3}, 4},
		/* who is out is out */
		{{100, 200, 300, 400},
		 {SL_ENGINE_FAILED, SL_ENGINE_READY, SL_ENGINE_DISABLED, SL_ENGINE_READY},
		 {1, 3}, 2},
	};

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		struct sl_engine table[5];
		uint8_t order[SL_ENGINES];

		memset(table, 0, sizeof(table));
		for (unsigned int k = 0; k < 4; k++) {
			table[k].does = GCM;
			table[k].cycles[SL_SUITE_GCM] = rows[i].cycles[k];
			atomic_store(&table[k].state, rows[i].states[k]);
		}
		table[4].does = CHACHA;
		assert_int_equal(sl_engine_rank(table, 5, SL_SUITE_GCM, order), rows[i].count);
		assert_memory_equal(order, rows[i].order, rows[i].count);
		assert_int_equal(sl_engine_rank(table, 5, SL_SUITE_CHACHA, order), 1);
		assert_int_equal(order[0], 4);
		assert_int_equal(sl_engine_rank(table, 5, SL_SUITE_CBC, order), 0);
	}
}

/* What this machine has, and what it measured; the SAs are with the first of each suite. */
static void measured(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sl_engine_count; i++) {
		const struct sl_engine *e = &sl_engines[i];

		print_message("%-20s GCM %5u  ChaCha20 %5u  CBC %5u cycles a packet of 512 bytes\n",
			      e->name, e->cycles[0], e->cycles[1], e->cycles[2]);
		for (unsigned int suite = 0; suite < SL_SUITES; suite++)
			assert_int_equal(e->cycles[suite] > 0, e->does >> suite & 1);
	}
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		const struct sl_sa_add add = esp_sa(&esp_suites[i], SL_SA_OUT, 0, false);
		uint8_t order[SL_ENGINES];
		struct sl_sa *sa;

		reset(state);
		sa = esp_make(&add);
		assert_true(sl_engine_rank(sl_engines, sl_engine_count, (enum sl_suite)sa->suite,
					   order) > 0);
		assert_int_equal(atomic_load(&sa->using)->engine, order[0]);
	}
}

static void both_ways(const struct esp_suite *s, uint16_t flags)
{
	struct sl_sa_add in = esp_sa(s, SL_SA_IN, flags, false);
	struct sl_sa_add out = esp_sa(s, SL_SA_OUT, flags, false);
	struct sl_sa *opens, *seals;
	struct sl_output head;
	struct frame f, back;
	const uint8_t *ip;

	if (esp_add(&in) || esp_add(&out))
		return; /* none of this engine's */
	opens = sl_sad_named(pipeline.dp, &in.name);
	seals = sl_sad_named(pipeline.dp, &out.name);
	/* What another implementation sealed, then with a bit of each byte wrong. */
	opens->replay.top = flags & SL_SA_ESN ? 0x100000000 : 0;
	esp_frame(&f, flags & SL_SA_ESN ? s->esn : s->plain, flags & SL_SA_ENCAP, false);
	for (uint32_t at = f.l3 + 20 + (flags & SL_SA_ENCAP ? 8 : 0) + 4; at < f.length; at += 3) {
		f.bytes[at] ^= 4;
		expect_dropped(WAN, &f, SL_DROP_ESP_AUTHENTICATION);
		f.bytes[at] ^= 4;
	}
	expect_forwarded(WAN, &f, INSIDE);
	assert_memory_equal(pipeline_out(0, &head) + 14 + 28, "hello, sluice", 13);
	expect_dropped(WAN, &f, SL_DROP_ESP_REPLAY);
	/* Into the tunnel, and what that made out of it again. */
	seals->sequence = opens->replay.top;
	for (uint32_t size = 0; size < 1200; size += size < 20 ? 1 : 111) {
		uint64_t packets = opens->packets;

		frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, size);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		ip = pipeline_out(0, &head) + 14;
		esp_frame(&back, "", flags & SL_SA_ENCAP, false);
		frame_add(&back, ip + 20 + (flags & SL_SA_ENCAP ? 8 : 0),
			  head.length - 34 - (flags & SL_SA_ENCAP ? 8 : 0));
		frame_finish(&back);
		pipeline_in(WAN, &back);
		assert_int_equal(opens->packets, packets + 1);
	}
}

/* Every engine does all it says, and what it says it does not is refused. */
static void each_engine(void **state)
{
	unsigned int served = 0;

	for (unsigned int e = 0; e < sl_engine_count; e++)
		for (unsigned int i = 0; i < esp_suite_count; i++)
			for (uint16_t flags = 0; flags < 4; flags++) {
				reset(state);
				only(sl_engines[e].name);
				both_ways(&esp_suites[i], flags);
				served += sl_sad_count(pipeline.dp) == 2;
			}
	/* aesni_gcm 3 suites and aesni_mb 8, both ways of each; openssl all but ChaCha20; VAES 3. */
	print_message("%u of %u\n", served, sl_engine_count * esp_suite_count * 4);
	assert_int_equal(served, (2 * 3 + 2 * 8 + 7 + (sl_gcm_here() ? 3 : 0)) * 4);
}

static void expect_number(uint64_t number)
{
	struct sl_output head;
	const uint8_t *ip = pipeline_out(0, &head) + 14;

	assert_int_equal(pipeline.outputs, 1);
	assert_int_equal(frame_get(ip + 24, 4), number);
	/* RFC 4106 3.1: of GCM the number is the IV, so that none comes twice. */
	assert_int_equal(frame_get(ip + 32, 4), number);
}

/* An operator takes engines out and in under way: the numbers go on. */
static void switched(void **state)
{
	const struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa *sa = esp_make(&add);
	uint64_t number = 0;
	struct frame f;

	(void)state;
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	assert_int_equal(sl_engine_switch(pipeline.dp, "abacus", false), -ENOENT);
	for (unsigned int turn = 0; turn < 3; turn++)
		for (unsigned int i = 0; i < sl_engine_count; i++) {
			if (!(sl_engines[i].does & GCM))
				continue;
			only(sl_engines[i].name);
			assert_string_equal(engine_of(sa), sl_engines[i].name);
			assert_int_equal(sl_engines[i].sas, 1);
			for (unsigned int k = 0; k < 3; k++) {
				assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
				expect_number(++number);
			}
		}
	/* With none left it stays where it is. */
	sl_engine_switch(pipeline.dp, engine_of(sa), false);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	expect_number(++number);
}

/* A device that keeps what it is given, until it is out: then it comes with it. */
static struct {
	struct rte_crypto_op *op[64];
	unsigned int kept;
	unsigned int polls;
	struct sl_engine *engine;
} hung;

static uint16_t keep(uint16_t device, uint16_t queue, struct rte_crypto_op **op, uint16_t n, void *user)
{
	(void)device, (void)queue, (void)user;
	for (uint16_t i = 0; i < n; i++)
		hung.op[hung.kept++] = op[i];
	hung.polls++;
	if (atomic_load(&hung.engine->state) == SL_ENGINE_FAILED) {
		n = (uint16_t)hung.kept;
		memcpy(op, hung.op, n * sizeof(*op));
		hung.kept = 0;
		return n;
	}
	/* Time goes on, and so does the control thread, which waits for no worker here. */
	pipeline.worker->now_ms += 5;
	rte_rcu_qsbr_thread_offline(pipeline.dp->qsbr, 0);
	sl_engines_watch(pipeline.dp);
	rte_rcu_qsbr_thread_online(pipeline.dp->qsbr, 0);
	return 0;
}

/* One that stops completing: what it has goes to the next, under the numbers it had. */
static void stopped(void **state)
{
	const struct sl_sa_add out = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	const struct sl_sa_add in = esp_sa(&esp_suites[0], SL_SA_IN, 0, false);
	struct sl_sa *seals, *opens;
	struct rte_cryptodev_cb *hook;
	struct frame f, want;
	struct sl_output head;
	const uint8_t *ip;

	for (unsigned int way = 0; way < 2; way++) {
		reset(state);
		hung.engine = engine("openssl");
		hung.engine->cycles[SL_SUITE_GCM] = 1;
		seals = esp_make(&out);
		opens = esp_make(&in);
		assert_string_equal(engine_of(seals), "openssl");
		hook = rte_cryptodev_add_deq_callback(hung.engine->device, 0, keep, NULL);
		assert_non_null(hook);
		hung.polls = 0;
		if (way == 0) {
			frame_ip(&f, 0, "10.1.2.3", "10.50.1.2", 17);
			frame_add(&f, "\3\xe8\7\xd0\0\25\0\0hello, sluice", 21);
			f.bytes[f.l3 + 4] = f.bytes[f.l3 + 5] = 0;
			f.bytes[f.l3 + 6] = 0x40;
			f.bytes[f.l3 + 8] = 65;
			frame_finish(&f);
			assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
			expect_number(1);
			ip = pipeline_out(0, &head) + 14;
			esp_frame(&want, esp_suites[0].sealed, false, false);
			assert_memory_equal(ip + 20, want.bytes + want.l3 + 20, head.length - 34);
		} else {
			esp_frame(&f, esp_suites[0].plain, false, false);
			expect_forwarded(WAN, &f, INSIDE);
			assert_int_equal(opens->packets, 1);
			expect_dropped(WAN, &f, SL_DROP_ESP_REPLAY);
		}
		assert_true(hung.polls > 3);
		assert_int_equal(hung.kept, 0);
		assert_int_equal(atomic_load(&hung.engine->state), SL_ENGINE_FAILED);
		assert_string_not_equal(engine_of(seals), "openssl");
		assert_string_not_equal(engine_of(opens), "openssl");
		assert_int_equal(rte_cryptodev_remove_deq_callback(hung.engine->device, 0, hook), 0);
		/* And on it goes, with the next number. */
		frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		expect_number(seals->sequence);
		assert_int_equal(seals->sequence, way == 0 ? 2 : 1);
		/* A new SA does not go there either, until it is said to be well. */
		assert_int_equal(hung.engine->sas, 0);
		sl_engine_switch(pipeline.dp, "openssl", true);
		assert_string_equal(engine_of(seals), "openssl");
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		expect_number(seals->sequence);
	}
	hung.engine->cycles[SL_SUITE_GCM] = 1u << 20;
}

/* A device that says of everything that it went wrong. */
static uint16_t spoil(uint16_t device, uint16_t queue, struct rte_crypto_op **op, uint16_t n, void *user)
{
	(void)device, (void)queue, (void)user;
	for (uint16_t i = 0; i < n; i++)
		op[i]->status = RTE_CRYPTO_OP_STATUS_ERROR;
	return n;
}

/* One that fails: its packets are dropped and counted, at a bound it is out. Forgeries are not that. */
static void failing(void **state)
{
	const struct sl_sa_add out = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	const struct sl_sa_add in = esp_sa(&esp_suites[0], SL_SA_IN, 0, false);
	struct sl_engine *e = engine("openssl");
	uint64_t lost = e->failovers;
	struct rte_cryptodev_cb *hook;
	struct sl_sa *seals, *opens;
	struct frame f;

	(void)state;
	e->cycles[SL_SUITE_GCM] = 1;
	seals = esp_make(&out);
	opens = esp_make(&in);
	esp_frame(&f, esp_suites[0].plain, false, false);
	f.bytes[f.length - 1] ^= 1;
	for (unsigned int i = 0; i < 2 * SL_ENGINE_FAILURES; i++)
		expect_dropped(WAN, &f, SL_DROP_ESP_AUTHENTICATION);
	sl_engines_watch(pipeline.dp);
	assert_string_equal(engine_of(opens), "openssl");

	hook = rte_cryptodev_add_deq_callback(e->device, 0, spoil, NULL);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	for (unsigned int i = 0; i < SL_ENGINE_FAILURES; i++)
		expect_dropped(INSIDE, &f, SL_DROP_ESP_ENGINE);
	sl_engines_watch(pipeline.dp);
	assert_string_equal(engine_of(seals), "openssl");
	for (unsigned int i = 0; i < SL_ENGINE_FAILURES + 1; i++)
		expect_dropped(INSIDE, &f, SL_DROP_ESP_ENGINE);
	sl_engines_watch(pipeline.dp);
	assert_string_not_equal(engine_of(seals), "openssl");
	assert_string_not_equal(engine_of(opens), "openssl");
	assert_int_equal(e->failovers, lost + 2);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	expect_number(2 * SL_ENGINE_FAILURES + 2);
	rte_cryptodev_remove_deq_callback(e->device, 0, hook);
	e->cycles[SL_SUITE_GCM] = 1u << 20;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listed),
		cmocka_unit_test(ranked),
		cmocka_unit_test_setup(measured, reset),
		cmocka_unit_test_setup(each_engine, reset),
		cmocka_unit_test_setup(switched, reset),
		cmocka_unit_test_setup(stopped, reset),
		cmocka_unit_test_setup(failing, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
