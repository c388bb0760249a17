/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_rcu_qsbr.h>
#include <rte_ring_elem.h>

#include "core/drop.h"
#include "session/entry.h"
#include "session/extension.h"
#include "session/hash.h"
#include "session/index.h"
#include "session/pool.h"

/*
 * The session table: one index that all workers share, entries each written by its owner alone.
 *
 * The way of a packet: hash its key, sl_session_find4/6 for the whole burst; then per packet
 *   hit, owner is me     sl_session_alive(), sl_session_track() (track.h), sl_session_count()
 *   hit, owner is other  hand over; the receiver looks up again, a reference does not outlive a turn
 *   miss at home         judge, sl_session_new(), fill, sl_session_publish()
 * A second packet of the same new flow in one burst missed too: publish says -EEXIST, look again.
 *
 * Each worker reports to `qsbr` as thread id = its number, once per turn of its loop; references
 * and hits are good until then.
 */

struct sl_session_hit {
	sl_session_ref ref; /* SL_SESSION_NO_REF: miss */
	uint8_t owner;
	uint8_t direction;
	uint16_t spare;
};
static_assert(sizeof(struct sl_session_hit) == 8, "hit");

/* Why a session ended; in log records beside drop reasons' ids. */
enum sl_session_end {
	SL_END_IDLE = 1, /* its idle time passed */
	SL_END_FINISHED, /* closed by its ends, then its last wait passed */
	SL_END_EVICTED,	 /* made room while it was still opening */
	SL_END_CLEARED,	 /* on request of the operator */
	SL_END_POLICY,	 /* its rule is gone or denies it now */
	SL_END_SHUTDOWN,
};

/* Called by the owner when a session ends, entry still whole. `arg` is of sl_session_worker_create. */
typedef void (*sl_session_ended)(void *arg, sl_session_ref ref, const struct sl_session *s,
				 enum sl_session_end why, uint32_t now_ms);

struct sl_session_options {
	uint32_t max_sessions; /* both families together, 64..100,000,000; cannot grow later */
	unsigned int workers;  /* 1..64 */
	struct rte_rcu_qsbr *qsbr;
	uint64_t seed; /* of the hash; 0: random */
};

struct sl_session_table {
	struct sl_session_index index;
	struct sl_pool pool[2]; /* narrow, wide */
	struct sl_pool extensions;
	struct sl_hash_secret secret;
	struct sl_hash_secret cookie_secret; /* firewall/syn_cookie.h: what it makes others see */
	struct rte_rcu_qsbr *qsbr;
	unsigned int workers;
	struct sl_session_worker *worker[64];
	/* written by the control thread, read by workers at any time */
	_Atomic uint32_t timeout_ms[SL_SESSION_STATES];
	uint32_t capacity;
	_Atomic int64_t credit; /* sessions that may still be made, less what workers have drawn */
	_Atomic int64_t limit;
};

struct sl_session_stats {
	uint64_t live[2]; /* narrow, wide */
	uint64_t created, ended;
	uint64_t ended_by_policy; /* of these */
	uint64_t evicted, full, index_full, clashes;
};

/* 0 or -errno. Memory is reserved, and touched as sessions come. */
int sl_session_table_create(struct sl_session_table **table, const struct sl_session_options *o);
void sl_session_table_destroy(struct sl_session_table *table);

/*
 * Idle times and the number of sessions, from now on; any time, control thread. Returns false when
 * max_sessions is more than the table was made for (it then holds what it was made for).
 */
bool sl_session_table_configure(struct sl_session_table *table,
				const struct sl_image_settings *settings);

/* Worker `index` of the table. Control thread, before the worker runs. NULL: no memory. */
struct sl_session_worker *sl_session_worker_create(struct sl_session_table *table,
						   unsigned int index, sl_session_ended ended,
						   void *arg);
const struct sl_session_stats *sl_session_stats(const struct sl_session_worker *worker);

static inline struct sl_session *sl_session_at(const struct sl_session_table *t, sl_session_ref ref)
{
	if (ref & SL_REF_WIDE)
		return &((struct sl_entry6 *)t->pool[1].base)[ref & ~SL_REF_WIDE].session;
	return &((struct sl_entry4 *)t->pool[0].base)[ref].session;
}

/*
 * Looks up `n` (1..64) keys; hashes as of sl_hash4/6 with the table's secret. A hit's key was
 * compared; of those `self` owns the owner's line is on its way into the cache too, of others it
 * is left where it is being written. Returns the mask of hits.
 */
uint64_t sl_session_find4(const struct sl_session_table *t, unsigned int self,
			  const struct sl_key4 *const *keys, const uint64_t *hashes, unsigned int n,
			  struct sl_session_hit *hits);
uint64_t sl_session_find6(const struct sl_session_table *t, unsigned int self,
			  const struct sl_key6 *const *keys, const uint64_t *hashes, unsigned int n,
			  struct sl_session_hit *hits);

/*
 * Making a session, owner only. New gives a zeroed entry to fill, or NULL with the drop reason
 * (table full; it evicts an opening session first where it meets one). Fill keys of both
 * directions, the fixed half, state by sl_tcp_first() or sl_flow_first(); then publish.
 */
struct sl_session *sl_session_new(struct sl_session_worker *w, bool wide, uint32_t now_ms,
				  sl_session_ref *ref, enum sl_drop *reason);

/*
 * Both keys or none; `hash` is of key 0. SL_DROP_NONE, or
 *   SL_DROP_SESSION_CLASH with *clash = 1: the key of direction 1 is taken. Nothing was published:
 *     set another key[1] and publish again, or abandon;
 *   SL_DROP_SESSION_CLASH with *clash = 0: key 0 is taken; abandon, then look it up;
 *   SL_DROP_SESSION_INDEX_FULL: abandon.
 */
enum sl_drop sl_session_publish(struct sl_session_worker *w, sl_session_ref ref, uint64_t hash,
				unsigned int *clash);
void sl_session_abandon(struct sl_session_worker *w, sl_session_ref ref);

/*
 * The session's extension record, zeroed when it is made here; NULL when there is none left. It is
 * taken back when the session ends or is abandoned. Owner only.
 */
struct sl_extension *sl_session_extend(struct sl_session_worker *w, struct sl_session *s);

/* Ends a live session of this worker. */
void sl_session_end(struct sl_session_worker *w, sl_session_ref ref, enum sl_session_end why,
		    uint32_t now_ms);

/*
 * Once per turn of the worker's loop: idle sessions end, at the pace of one pass a second and
 * `budget` entries a call at most; ended entries whose readers are gone are taken back; requests of
 * the control thread are served. Returns the number of sessions that ended.
 */
unsigned int sl_session_sweep(struct sl_session_worker *w, uint32_t now_ms, unsigned int budget);

/* A whole pass at once, for time that jumps (captures). */
unsigned int sl_session_sweep_all(struct sl_session_worker *w, uint32_t now_ms);

/* Past its idle time, though no sweep has come by. */
static inline bool sl_session_expired(const struct sl_session_table *t, const struct sl_session *s,
				      uint32_t now_ms)
{
	return now_ms - s->last > atomic_load_explicit(&t->timeout_ms[s->state], memory_order_relaxed);
}
