// SPDX-License-Identifier: BSD-3-Clause
#include <rte_prefetch.h>

#include "session/find.h"
#include "session/worker.h"

/* Sessions come and go: credit, eviction, publish, end. Owner only. */

#define CREDIT_MAX 256	  /* sessions' credit drawn at once */
#define EVICT_MAX 64	  /* entries looked at per pool for an opening session, a packet */

#define BIT(state) (1u << (state))
#define OPENING_STATES                                                                             \
	(BIT(SL_TCP_SYN_SENT) | BIT(SL_TCP_SYN_CROSSED) | BIT(SL_TCP_SYN_RECEIVED) |               \
	 BIT(SL_UDP_OPENING) | BIT(SL_ICMP_OPENING) | BIT(SL_OTHER_OPENING))

/* The nearer the table is to full, the less a worker keeps to itself. */
static int64_t credit_portion(const struct sl_session_table *t)
{
	int64_t left = atomic_load_explicit(&t->credit, memory_order_relaxed) /
		       (int64_t)(4 * t->workers);

	return left < 1 ? 1 : RTE_MIN(left, CREDIT_MAX);
}

static bool credit_take(struct sl_session_worker *w)
{
	struct sl_session_table *t = w->table;
	int64_t want, before;

	if (w->credit > 0) {
		w->credit--;
		return true;
	}
	want = credit_portion(t);
	before = atomic_fetch_sub(&t->credit, want);
	if (before < want) {
		int64_t got = before > 0 ? before : 0;

		atomic_fetch_add(&t->credit, want - got);
		want = got;
	}
	w->credit = want - 1;
	if (want > 0)
		return true;
	w->credit = 0;
	return false;
}

static void credit_give(struct sl_session_worker *w)
{
	/* below zero after max_sessions was lowered: nothing is kept back then */
	bool owed = atomic_load_explicit(&w->table->credit, memory_order_relaxed) < 0;
	int64_t keep = owed ? 0 : credit_portion(w->table);

	if (++w->credit <= 2 * keep)
		return;
	atomic_fetch_add(&w->table->credit, w->credit - keep);
	w->credit = keep;
}

/*
 * Looks at a bounded number of entries from where it left off, within a chunk too: what was made
 * since comes round last, so that a handshake has as long as the table is large.
 */
static bool evict_from(struct sl_session_worker *w, struct sl_slab *slab, uint32_t now_ms)
{
	if (slab->evict == SL_NO_CHUNK)
		return false;
	for (unsigned int left = EVICT_MAX; left; left--) {
		uint32_t c = slab->evict, index;
		uint64_t used = ~slab->pool->chunks[c].free & slab->unseen;
		struct sl_session *s;

		if (!used) {
			slab->unseen = sl_slab_next(slab, &slab->evict) == 0 ? ~1ull : ~0ull;
			continue;
		}
		slab->unseen = used & (used - 1);
		index = c * SL_CHUNK + (uint32_t)__builtin_ctzll(used);
		s = sl_slab_session(slab, index);
		if (!sl_session_alive(s) || !(OPENING_STATES & BIT(s->state)))
			continue;
		sl_session_end(w, index | slab->wide, SL_END_EVICTED, now_ms);
		w->stats.evicted++;
		return true;
	}
	return false;
}

struct sl_session *sl_session_new(struct sl_session_worker *w, bool wide, uint32_t now_ms,
				  sl_session_ref *ref, enum sl_drop *reason)
{
	struct sl_slab *slab = &w->slab[wide];
	struct sl_session *s;

	if (!credit_take(w) &&
	    !((evict_from(w, slab, now_ms) || evict_from(w, &w->slab[!wide], now_ms)) &&
	      credit_take(w)))
		goto full;
	s = sl_slab_take(slab, ref);
	if (!s) {
		credit_give(w);
		goto full;
	}
	s->created = now_ms;
	s->last = now_ms;
	return s;
full:
	w->stats.full++;
	*reason = SL_DROP_SESSION_TABLE_FULL;
	return NULL;
}

static int insert(struct sl_session_worker *w, sl_session_ref ref, const struct sl_session *s,
		  unsigned int direction, uint64_t hash)
{
	uint64_t slot = sl_slot_make(hash, ref, direction, w->index);
	const void *key = ref & SL_REF_WIDE ? (const void *)&sl_entry6(s)->key[direction] :
					      (const void *)&sl_entry4(s)->key[direction];
	sl_index_same same =
		sl_session_family(ref, s, direction) == 4 ? sl_slot_same4 : sl_slot_same6;

	return sl_index_insert(&w->table->index, hash, slot, w->table, same, key);
}

static void unindex(struct sl_session_worker *w, sl_session_ref ref, unsigned int direction,
		    uint64_t hash)
{
	sl_index_delete(&w->table->index, hash, sl_slot_make(hash, ref, direction, w->index));
}

enum sl_drop sl_session_publish(struct sl_session_worker *w, sl_session_ref ref, uint64_t hash,
				unsigned int *clash)
{
	struct sl_session *s = sl_session_at(w->table, ref);
	uint64_t back = sl_session_hash(w->table, ref, s, 1);
	int err;

	rte_prefetch0(sl_index_primary(&w->table->index, back));
	rte_prefetch0(sl_index_primary(&w->table->index, hash));
	/*
	 * The way back first: its key is the one that may clash and be chosen anew (NAT), and it
	 * must not be seen until the choice is final.
	 */
	*clash = 1;
	err = insert(w, ref, s, 1, back);
	if (!err) {
		*clash = 0;
		err = insert(w, ref, s, 0, hash);
		if (err)
			unindex(w, ref, 1, back);
	}
	if (err) {
		w->stats.clashes += err == -EEXIST;
		w->stats.index_full += err != -EEXIST;
		return err == -EEXIST ? SL_DROP_SESSION_CLASH : SL_DROP_SESSION_INDEX_FULL;
	}
	__atomic_store_n(&s->flags, s->flags | SL_SESSION_LIVE, __ATOMIC_RELEASE);
	w->stats.live[!!(ref & SL_REF_WIDE)]++;
	w->stats.created++;
	return SL_DROP_NONE;
}

struct sl_extension *sl_session_extend(struct sl_session_worker *w, struct sl_session *s)
{
	if (!s->extension)
		s->extension = sl_extension_take(&w->extensions);
	return s->extension ? sl_extension_at(&w->table->extensions, s->extension) : NULL;
}

/* One of its keys may have been seen for a moment, so it waits like an ended one. */
void sl_session_abandon(struct sl_session_worker *w, sl_session_ref ref)
{
	struct sl_session *s = sl_session_at(w->table, ref);

	if (s->extension) {
		sl_extension_give(&w->extensions, s->extension);
		s->extension = 0;
	}
	sl_slab_retire(&w->slab[!!(ref & SL_REF_WIDE)], ref);
	credit_give(w);
}

void sl_session_end(struct sl_session_worker *w, sl_session_ref ref, enum sl_session_end why,
		    uint32_t now_ms)
{
	struct sl_session *s = sl_session_at(w->table, ref);
	uint64_t hash[2];

	if (!sl_session_alive(s))
		return;
	for (unsigned int d = 0; d < 2; d++) {
		hash[d] = sl_session_hash(w->table, ref, s, d);
		rte_prefetch0(sl_index_primary(&w->table->index, hash[d]));
	}
	if (w->ended)
		w->ended(w->arg, ref, s, why, now_ms);
	/* Before the session is seen to be dead: whoever misses it finds it counted. */
	if (why == SL_END_POLICY)
		__atomic_store_n(&w->stats.ended_by_policy, w->stats.ended_by_policy + 1,
				 __ATOMIC_RELAXED);
	for (unsigned int d = 0; d < 2; d++)
		unindex(w, ref, d, hash[d]);
	__atomic_store_n(&s->flags, s->flags & ~SL_SESSION_LIVE, __ATOMIC_RELEASE);
	w->stats.live[!!(ref & SL_REF_WIDE)]--;
	w->stats.ended++;
	sl_session_abandon(w, ref);
}
