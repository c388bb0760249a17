/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_cryptodev.h>
#include <rte_cycles.h>

#include "vpn/crypto.h"
#include "vpn/engine_device.h"
#include "vpn/flight.h"

/* So many packets at a time, of so many bytes of ESP, for so long for each suite of each engine. */
#define BURST 32
#define BYTES 512
#define US 1000
#define ROUNDS_LEAST 3

struct trial {
	struct sl_sa sa;
	struct sl_sa_session use;
	struct sl_esp_batch batch;
	struct rte_crypto_op *op[BURST];
	struct rte_mempool *pool;
};

/*
 * By its queues: all of them in, and out again, with what a flight costs beside: its op, and the copy
 * that is kept of it. False when they do not come within a second.
 */
static bool queued(struct trial *t, uint16_t queue)
{
	struct rte_crypto_op *out[BURST];
	struct rte_mbuf *spare[BURST];
	uint64_t until = rte_rdtsc() + rte_get_tsc_hz();
	uint16_t in = 0, back = 0;

	for (uint32_t i = 0; i < BURST; i++) {
		struct sl_flight *f = sl_flight_of(t->op[i]);

		*f = (struct sl_flight){.sa = &t->sa, .use = &t->use, .m = t->batch.m[i],
					.length = BYTES - (BYTES - 24) % 16};
		spare[i] = rte_pktmbuf_copy(t->batch.m[i], t->pool, 0, UINT32_MAX);
		sl_flight_fill(&t->sa, t->op[i]);
	}
	while (back < BURST) {
		if (in < BURST)
			in = (uint16_t)(in + rte_cryptodev_enqueue_burst(t->use.device, queue,
									 t->op + in,
									 (uint16_t)(BURST - in)));
		back = (uint16_t)(back + rte_cryptodev_dequeue_burst(t->use.device, queue, out,
								     (uint16_t)(BURST - back)));
		if (rte_rdtsc() > until)
			break;
	}
	for (uint32_t i = 0; i < BURST; i++)
		rte_pktmbuf_free(spare[i]);
	return back == BURST;
}

static bool prepare(struct sl_datapath *dp, struct trial *t)
{
	for (uint32_t i = 0; i < BURST; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(dp->pool);
		uint8_t *esp = m ? (uint8_t *)rte_pktmbuf_append(m, BYTES + SL_ESP_ICV_MOST) : NULL;

		t->batch.m[i] = m;
		t->op[i] = sl_flight_alloc();
		t->batch.n = i + 1;
		if (!esp || !t->op[i])
			return false;
		memset(esp, 0, BYTES + SL_ESP_ICV_MOST);
		sl_esp_describe(&t->sa, &t->batch, i, esp, BYTES - (BYTES - 24) % 16, 1);
	}
	return true;
}

static uint32_t run(struct trial *t, uint16_t queue)
{
	uint64_t begin = rte_rdtsc(), end = begin + rte_get_tsc_hz() / 1000000 * US, best = UINT64_MAX;

	for (unsigned int round = 0; round < ROUNDS_LEAST || rte_rdtsc() < end; round++) {
		uint64_t from = rte_rdtsc();

		if (!t->use.lookaside)
			sl_esp_process_by(&t->sa, &t->use, &t->batch, 0);
		else if (!queued(t, queue))
			return 0;
		best = RTE_MIN(best, rte_rdtsc() - from);
	}
	return (uint32_t)(best / BURST);
}

static uint32_t measure(struct sl_datapath *dp, const struct sl_engine *e, enum sl_suite suite,
			struct trial *t)
{
	static const struct {
		uint16_t cipher, integrity;
		uint8_t key, integrity_key;
	} suites[SL_SUITES] = {
		[SL_SUITE_GCM] = {SL_SA_AES_GCM_16, SL_SA_NONE, 20, 0},
		[SL_SUITE_CHACHA] = {SL_SA_CHACHA20, SL_SA_NONE, 36, 0},
		[SL_SUITE_CBC] = {SL_SA_AES_CBC, SL_SA_SHA2_256_128, 16, 32},
	};
	struct sl_sa_add add = {
		.cipher = suites[suite].cipher,
		.integrity = suites[suite].integrity,
		.cipher_key_length = suites[suite].key,
		.integrity_key_length = suites[suite].integrity_key,
	};
	struct sl_sa_xforms x;
	uint32_t cycles = 0;

	memset(t, 0, sizeof(*t));
	t->pool = dp->pool;
	t->sa.direction = SL_SA_OUT;
	t->use.device = e->device;
	t->use.lookaside = e->lookaside;
	if (sl_sa_transforms(&t->sa, &add, &x) < 0)
		return 0;
	t->use.session = sl_engine_session(e, &x);
	if (!t->use.session)
		return 0;
	if (prepare(dp, t))
		cycles = run(t, (uint16_t)dp->workers);
	/* What never came back stays where it is. */
	for (uint32_t i = 0; i < t->batch.n && (cycles || !e->lookaside); i++) {
		rte_pktmbuf_free(t->batch.m[i]);
		if (t->op[i])
			rte_crypto_op_free(t->op[i]);
	}
	if (cycles || !e->lookaside)
		sl_engine_session_free(e->device, t->use.session);
	return cycles;
}

void sl_engine_measure(struct sl_datapath *dp, unsigned int index)
{
	static struct trial trial;
	struct sl_engine *e = &sl_engines[index];

	for (unsigned int suite = 0; suite < SL_SUITES; suite++)
		if (e->does >> suite & 1)
			e->cycles[suite] = measure(dp, e, (enum sl_suite)suite, &trial);
}
