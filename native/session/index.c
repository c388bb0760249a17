// SPDX-License-Identifier: BSD-3-Clause
#include "session/index.h"

#include <errno.h>
#include <rte_pause.h>
#include <sched.h>

#include "session/bucket.h"

/*
 * Keys a bucket has on average when the table is full. At 3 one bucket of 18,000 is full, so one new
 * key in 3e8 finds both of its own full, and 4 % lie elsewhere; at 3.5 it was one of 1,500, and
 * every third table of 10,000,000 sessions refused one before it was full.
 */
#define KEYS_A_BUCKET 3

int sl_index_create(struct sl_session_index *index, uint64_t keys)
{
	uint64_t count = keys / KEYS_A_BUCKET + 16;
	int err;

	if (count > UINT32_MAX)
		return -EINVAL;
	err = sl_memory_create(&index->memory, "sluice-index", count * sizeof(struct sl_bucket),
			       SL_MEMORY_POPULATE);
	if (err)
		return err;
	index->buckets = index->memory.base;
	index->count = (uint32_t)count;
	return 0;
}

void sl_index_destroy(struct sl_session_index *index)
{
	sl_memory_destroy(&index->memory);
	index->buckets = NULL;
}

/* Held for some dozen loads. Yields in the end: workers may share a CPU with the holder. */
static void lock(struct sl_bucket *b)
{
	unsigned int spins = 0;

	while (atomic_exchange_explicit(&b->lock, 1, memory_order_acquire)) {
		while (atomic_load_explicit(&b->lock, memory_order_relaxed)) {
			rte_pause();
			if (++spins % 1024 == 0)
				sched_yield();
		}
	}
}

static void unlock(struct sl_bucket *b)
{
	atomic_store_explicit(&b->lock, 0, memory_order_release);
}

static bool holds(const struct sl_bucket *b, uint64_t hash, const struct sl_session_table *table,
		  sl_index_same same, const void *key)
{
	for (unsigned int match = sl_bucket_match(b, hash); match; match &= match - 1) {
		uint64_t slot = sl_bucket_slot(b, (unsigned int)__builtin_ctz(match));

		if (slot & SL_SLOT_USED && same(table, slot, key))
			return true;
	}
	return false;
}

static unsigned int load(const struct sl_bucket *b)
{
	return SL_BUCKET_SLOTS - (unsigned int)__builtin_popcount(sl_bucket_equal(b, 0));
}

/* Others may claim at the same time: those for whom this is the other bucket. */
static bool claim(struct sl_bucket *b, uint64_t slot)
{
	for (unsigned int empty = sl_bucket_equal(b, 0); empty; empty &= empty - 1) {
		uint64_t none = 0;

		if (atomic_compare_exchange_strong_explicit(&b->slot[__builtin_ctz(empty)], &none,
							    slot, memory_order_release,
							    memory_order_relaxed))
			return true;
	}
	return false;
}

static bool claim_elsewhere(struct sl_bucket *primary, struct sl_bucket *secondary, uint64_t slot)
{
	if (primary == secondary)
		return false;
	/* counted first, so that no reader passes by a key that is already in */
	atomic_fetch_add_explicit(&primary->elsewhere, 1, memory_order_seq_cst);
	if (claim(secondary, slot))
		return true;
	atomic_fetch_sub_explicit(&primary->elsewhere, 1, memory_order_release);
	return false;
}

int sl_index_insert(struct sl_session_index *index, uint64_t hash, uint64_t slot,
		    const struct sl_session_table *table, sl_index_same same, const void *key)
{
	struct sl_bucket *primary = sl_index_primary(index, hash);
	struct sl_bucket *secondary = sl_index_secondary(index, hash);
	unsigned int used;
	int err = 0;

	lock(primary);
	if (holds(primary, hash, table, same, key) ||
	    (atomic_load_explicit(&primary->elsewhere, memory_order_relaxed) &&
	     holds(secondary, hash, table, same, key))) {
		err = -EEXIST;
		goto out;
	}
	used = load(primary);
	if (used >= SL_BUCKET_CROWDED && load(secondary) < used) {
		if (!claim_elsewhere(primary, secondary, slot) && !claim(primary, slot))
			err = -ENOSPC;
	} else if (!claim(primary, slot) && !claim_elsewhere(primary, secondary, slot)) {
		err = -ENOSPC;
	}
out:
	unlock(primary);
	return err;
}

/* Only its owner clears a slot, so it stays where it was seen. */
static bool clear(struct sl_bucket *b, uint64_t slot)
{
	unsigned int at = sl_bucket_equal(b, slot);

	if (!at)
		return false;
	atomic_store_explicit(&b->slot[__builtin_ctz(at)], 0, memory_order_release);
	return true;
}

int sl_index_delete(struct sl_session_index *index, uint64_t hash, uint64_t slot)
{
	struct sl_bucket *primary = sl_index_primary(index, hash);
	int err = 0;

	lock(primary);
	if (!clear(primary, slot)) {
		if (clear(sl_index_secondary(index, hash), slot))
			atomic_fetch_sub_explicit(&primary->elsewhere, 1, memory_order_release);
		else
			err = -ENOENT;
	}
	unlock(primary);
	return err;
}
