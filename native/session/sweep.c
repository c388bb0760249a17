// SPDX-License-Identifier: BSD-3-Clause
#include <rte_prefetch.h>

#include "session/worker.h"

#define PASS_MS 1000
#define REQUESTS_A_CALL 64

static void end_idle(struct sl_session_worker *w, const struct sl_slab *slab,
		     const uint32_t *idle, unsigned int n, uint32_t now_ms)
{
	struct sl_session_table *t = w->table;

	/* all their buckets first, then one after the other */
	for (unsigned int i = 0; i < n; i++)
		for (unsigned int d = 0; d < 2; d++)
			rte_prefetch0(sl_index_primary(
				&t->index, sl_session_hash(t, idle[i] | slab->wide,
							   sl_slab_session(slab, idle[i]), d)));
	for (unsigned int i = 0; i < n; i++) {
		uint8_t state = sl_slab_session(slab, idle[i])->state;

		sl_session_end(w, idle[i] | slab->wide,
			       state == SL_TCP_TIME_WAIT || state == SL_TCP_CLOSED ?
				       SL_END_FINISHED :
				       SL_END_IDLE,
			       now_ms);
	}
}

/* Of one chunk: adds the entries it looked at to `looked`, returns how many sessions ended. */
static unsigned int sweep_chunk(struct sl_session_worker *w, struct sl_slab *slab, uint32_t c,
				uint32_t now_ms, unsigned int *looked)
{
	uint64_t used = ~slab->pool->chunks[c].free & (c == 0 ? ~1ull : ~0ull);
	uint32_t idle[SL_CHUNK];
	unsigned int n = 0;

	for (uint64_t u = used; u; u &= u - 1)
		rte_prefetch0(
			sl_slab_session(slab, c * SL_CHUNK + (uint32_t)__builtin_ctzll(u))->bytes);
	for (; used; used &= used - 1) {
		uint32_t index = c * SL_CHUNK + (uint32_t)__builtin_ctzll(used);
		struct sl_session *s = sl_slab_session(slab, index);

		(*looked)++;
		if (!sl_session_expired(w->table, s, now_ms))
			continue;
		rte_prefetch0(sl_slab_entry(slab, index));
		idle[n++] = index;
	}
	/* entries that ended before are still idle, and are no sessions any more */
	for (unsigned int i = 0; i < n;)
		if (sl_session_alive(sl_slab_session(slab, idle[i])))
			i++;
		else
			idle[i] = idle[--n];
	end_idle(w, slab, idle, n, now_ms);
	return n;
}

static unsigned int sweep_slab(struct sl_session_worker *w, unsigned int which, uint32_t now_ms,
			       uint32_t elapsed, unsigned int budget)
{
	struct sl_slab *slab = &w->slab[which];
	uint64_t pass = (uint64_t)slab->owned * PASS_MS;
	unsigned int looked = 0, ended = 0;

	w->debt[which] += (uint64_t)slab->owned * RTE_MIN(elapsed, (uint32_t)PASS_MS);
	if (w->debt[which] > pass)
		w->debt[which] = pass;
	while (w->debt[which] >= PASS_MS && looked < budget) {
		uint32_t c = sl_slab_next(slab, &slab->hand);

		w->debt[which] -= PASS_MS;
		if (c == SL_NO_CHUNK)
			break;
		ended += sweep_chunk(w, slab, c, now_ms, &looked);
		looked++;
	}
	sl_slab_reclaim(slab, w->table->qsbr);
	sl_slab_settle(slab);
	return ended;
}

/* Only if the session is the one that was meant: its entry may have another by now. */
static unsigned int serve(struct sl_session_worker *w, const struct sl_request_message *r,
			  uint32_t now_ms)
{
	struct sl_session *s = sl_session_at(w->table, r->ref);

	if (!sl_session_alive(s) || s->created != r->created ||
	    sl_session_hash(w->table, r->ref, s, 0) != r->hash)
		return 0;
	if (r->kind == SL_REQUEST_END) {
		sl_session_end(w, r->ref, (enum sl_session_end)r->why, now_ms);
		return 1;
	}
	s->generation = r->generation;
	s->rule = r->rule;
	return 0;
}

static unsigned int serve_requests(struct sl_session_worker *w, uint32_t now_ms)
{
	struct sl_request_message r;
	unsigned int ended = 0, n = 0;

	while (n < REQUESTS_A_CALL && sl_session_request_next(w, &r)) {
		ended += serve(w, &r, now_ms);
		n++;
	}
	if (n)
		atomic_store_explicit(
			&w->served, atomic_load_explicit(&w->served, memory_order_relaxed) + n,
			memory_order_release);
	return ended;
}

unsigned int sl_session_sweep(struct sl_session_worker *w, uint32_t now_ms, unsigned int budget)
{
	uint32_t elapsed = now_ms - w->swept_ms;
	unsigned int ended = serve_requests(w, now_ms);

	w->swept_ms = now_ms;
	ended += sweep_slab(w, 0, now_ms, elapsed, budget);
	ended += sweep_slab(w, 1, now_ms, elapsed, budget);
	return ended;
}

unsigned int sl_session_sweep_all(struct sl_session_worker *w, uint32_t now_ms)
{
	w->swept_ms = now_ms - PASS_MS;
	return sl_session_sweep(w, now_ms, UINT32_MAX);
}
