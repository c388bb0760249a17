/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/spread.h"

#include <errno.h>
#include <stdio.h>

/* Ops that may wait for a worker: as many as it does in some turns. */
#define ASKED 256
/* A worker takes so many at a time: who is interrupted then holds up no more. */
#define PIECE 8
/* Cycles of crypto from which a packet is worth the way to another CPU and back. */
#define WORTH 2000

static unsigned int workers; /* that may be asked */

int sl_spread_create(const struct sl_datapath *dp, unsigned int index, struct sl_flights *fl)
{
	char name[RTE_RING_NAMESIZE];

	workers = dp->workers;
	if (workers < 2 || dp->shared_cpu)
		return 0;
	snprintf(name, sizeof(name), "esp-asked-%u", index);
	fl->asked = rte_ring_create(name, ASKED, SOCKET_ID_ANY, 0);
	return fl->asked ? 0 : -ENOMEM;
}

/* The ring of worker `index` if that has time for more; else NULL. */
static struct rte_ring *ring_of(const struct sl_worker *w, unsigned int index)
{
	const struct sl_worker *other = w->dp->worker[index];
	struct rte_ring *ring = index == w->index ? NULL : sl_flights_of(other)->asked;

	if (!ring || atomic_load_explicit(&other->pressed, memory_order_relaxed) ||
	    rte_ring_count(ring) > ASKED / 2)
		return NULL;
	return ring;
}

static uint32_t helpers(const struct sl_worker *w)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < workers; i++)
		n += ring_of(w, i) != NULL;
	return n;
}

uint32_t sl_spread_share_of(const struct sl_worker *w, const struct sl_sa *sa,
			    const struct sl_sa_session *use, const struct sl_esp_batch *b)
{
	const struct sl_flights *fl = sl_flights_of(w);
	const struct sl_engine *e = &sl_engines[use->engine];
	uint64_t bytes = 0;
	uint32_t n;

	if (use->lookaside || b->n < 2 || !fl->asked || fl->tail - fl->head > SL_ENGINE_DEPTH / 2)
		return 0;
	for (uint32_t i = 0; i < b->n; i++)
		bytes += b->data[i].len;
	/* It was measured with packets of 512. */
	if (bytes * e->cycles[sa->suite] / 512 < (uint64_t)WORTH * b->n)
		return 0;
	n = helpers(w);
	return b->n * n / (n + 1);
}

void sl_spread_ask(struct sl_worker *w, struct rte_crypto_op **op, uint32_t n)
{
	uint32_t left = n ? helpers(w) : 0, asked = 0;

	for (uint32_t i = 0; i < n; i++)
		sl_flight_of(op[i])->helped = true;
	/* In the order of workers from the next one on, so that the first is not everybody's. */
	for (unsigned int k = 1; k < workers && left && asked < n; k++) {
		struct rte_ring *ring = ring_of(w, (w->index + k) % workers);

		if (!ring)
			continue;
		asked += rte_ring_mp_enqueue_burst(ring, (void **)(op + asked),
						   (n - asked + left - 1) / left, NULL);
		left--;
	}
	if (asked < n)
		sl_flight_at_once(&sl_flights_of(w)->batch, op + asked, n - asked);
}

/* Does some of what waits in a ring; how many. */
static uint32_t work(struct sl_worker *w, struct rte_ring *ring)
{
	struct sl_flights *fl = sl_flights_of(w);
	struct rte_crypto_op *op[PIECE];
	uint32_t n = rte_ring_mc_dequeue_burst(ring, (void **)op, PIECE, NULL), end;

	for (uint32_t i = 0; i < n; i = end) {
		const struct sl_sa_session *use = sl_flight_of(op[i])->use;

		for (end = i + 1; end < n && sl_flight_of(op[end])->use == use; end++)
			;
		sl_flight_at_once(&fl->batch, op + i, end - i);
	}
	return n;
}

void sl_spread_help(struct sl_worker *w)
{
	for (uint32_t n = 0; n < SL_BURST && sl_spread_asked(sl_flights_of(w)); n += PIECE)
		w->crypto += work(w, sl_flights_of(w)->asked);
}

void sl_spread_take_back(struct sl_worker *w)
{
	const struct sl_flights *fl = sl_flights_of(w);

	if (atomic_load_explicit(&w->pressed, memory_order_relaxed) &&
	    fl->tail - fl->head < SL_ENGINE_DEPTH / 2)
		return;
	for (unsigned int i = 0; i < workers; i++) {
		struct rte_ring *ring = i == w->index ? NULL : sl_flights_of(w->dp->worker[i])->asked;

		if (ring && work(w, ring))
			return;
	}
}
