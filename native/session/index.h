/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>

#include "session/entry.h"
#include "session/memory.h"

/*
 * From a key's hash to where its session lies, for both families. A bucket is a cache line of seven
 * slots and a control word. A slot is one word, so one store publishes it and one load reads it
 * whole; it never moves. A key lies in its primary bucket, or in its secondary when the primary is
 * crowded: the primary counts those, so that a miss mostly costs one line. Whoever inserts or
 * deletes a key holds the lock of its primary bucket; readers hold nothing.
 *
 * slot: signature 63..48, used 47, direction 46, owner 39..32, reference 31..0
 */
#define SL_BUCKET_SLOTS 7
#define SL_BUCKET_CROWDED 5 /* from here on the emptier of both is taken */
#define SL_SLOT_USED (1ull << 47)
#define SL_SLOT_DIRECTION_SHIFT 46

struct sl_bucket {
	_Atomic uint32_t lock;
	_Atomic uint32_t elsewhere; /* keys of this primary that lie in their secondary */
	_Atomic uint64_t slot[SL_BUCKET_SLOTS];
};
static_assert(sizeof(struct sl_bucket) == 64, "a cache line");

struct sl_session_index {
	struct sl_bucket *buckets;
	uint32_t count; /* of buckets */
	struct sl_memory memory;
};

/* An index for `keys` keys (two a session). 0 or -errno. */
int sl_index_create(struct sl_session_index *index, uint64_t keys);
void sl_index_destroy(struct sl_session_index *index);

static inline struct sl_bucket *sl_index_primary(const struct sl_session_index *index, uint64_t hash)
{
	return &index->buckets[((hash >> 32) * index->count) >> 32];
}

/* Another product of the same hash; may be the primary again in a tiny index, which does no harm. */
static inline struct sl_bucket *sl_index_secondary(const struct sl_session_index *index,
						   uint64_t hash)
{
	return &index->buckets[((uint64_t)(uint32_t)hash * index->count) >> 32];
}

static inline uint64_t sl_slot_make(uint64_t hash, sl_session_ref ref, unsigned int direction,
				    unsigned int owner)
{
	return hash << 48 | SL_SLOT_USED | (uint64_t)direction << SL_SLOT_DIRECTION_SHIFT |
	       (uint64_t)owner << 32 | ref;
}

/* Does the entry a slot points at have this key? */
struct sl_session_table;
typedef bool (*sl_index_same)(const struct sl_session_table *table, uint64_t slot, const void *key);

/* Puts `slot` in unless the key is there: 0, -EEXIST, or -ENOSPC when both buckets are full. */
int sl_index_insert(struct sl_session_index *index, uint64_t hash, uint64_t slot,
		    const struct sl_session_table *table, sl_index_same same, const void *key);

/* Takes exactly this slot out: 0 or -ENOENT. */
int sl_index_delete(struct sl_session_index *index, uint64_t hash, uint64_t slot);
