// SPDX-License-Identifier: BSD-3-Clause
#include "session/find.h"

#include <rte_prefetch.h>

#include "session/bucket.h"

/*
 * The burst goes through in stages, so that all its buckets, then all its entries, are on their way
 * from memory at once. The stages only take the one candidate that nearly every key has; what has
 * more (a signature shared by two keys) is looked up again alone.
 */
#define BURST 64

static inline void candidate_prefetch(const struct sl_session_table *t, unsigned int self,
				      uint64_t slot)
{
	const struct sl_session *s = sl_session_at(t, (sl_session_ref)slot);

	rte_prefetch0(s);
	if ((sl_session_ref)slot & SL_REF_WIDE)
		rte_prefetch0(sl_entry6(s));
	if ((uint8_t)(slot >> 32) == self)
		__builtin_prefetch(s->bytes, 1);
}

static inline uint64_t search(const struct sl_bucket *b, const struct sl_session_table *t,
			      uint64_t hash, sl_index_same same, const void *key)
{
	for (unsigned int match = sl_bucket_match(b, hash); match; match &= match - 1) {
		uint64_t slot = sl_bucket_slot(b, (unsigned int)__builtin_ctz(match));

		if (slot & SL_SLOT_USED && same(t, slot, key))
			return slot;
	}
	return 0;
}

/* The slot of a key, or 0. */
static inline uint64_t search_all(const struct sl_session_table *t, uint64_t hash,
				  sl_index_same same, const void *key)
{
	const struct sl_bucket *b = sl_index_primary(&t->index, hash);
	uint64_t slot = search(b, t, hash, same, key);

	if (!slot && atomic_load_explicit(&b->elsewhere, memory_order_acquire))
		slot = search(sl_index_secondary(&t->index, hash), t, hash, same, key);
	return slot;
}

static __rte_always_inline uint64_t find(const struct sl_session_table *t, unsigned int self,
					 const void *const *keys, const uint64_t *hashes,
					 unsigned int n, struct sl_session_hit *hits,
					 sl_index_same same)
{
	uint64_t slots[BURST], found = 0;
	uint8_t elsewhere[BURST];
	unsigned int others = 0;

	for (unsigned int i = 0; i < n; i++)
		rte_prefetch0(sl_index_primary(&t->index, hashes[i]));
	for (unsigned int i = 0; i < n; i++) {
		const struct sl_bucket *b = sl_index_primary(&t->index, hashes[i]);
		unsigned int match = sl_bucket_match(b, hashes[i]);

		slots[i] = 0;
		if (likely(match)) {
			slots[i] = sl_bucket_slot(b, (unsigned int)__builtin_ctz(match));
			candidate_prefetch(t, self, slots[i]);
		} else if (atomic_load_explicit(&b->elsewhere, memory_order_acquire)) {
			rte_prefetch0(sl_index_secondary(&t->index, hashes[i]));
			elsewhere[others++] = (uint8_t)i;
		}
	}
	for (unsigned int j = 0; j < others; j++) {
		unsigned int i = elsewhere[j];
		const struct sl_bucket *b = sl_index_secondary(&t->index, hashes[i]);
		unsigned int match = sl_bucket_match(b, hashes[i]);

		if (!match)
			continue;
		slots[i] = sl_bucket_slot(b, (unsigned int)__builtin_ctz(match));
		candidate_prefetch(t, self, slots[i]);
	}
	for (unsigned int i = 0; i < n; i++) {
		uint64_t slot = slots[i];

		/* A slot cleared between the match and its load reads as empty: ref 0 is no entry. */
		if (slot && unlikely(!same(t, slot, keys[i])))
			slot = search_all(t, hashes[i], same, keys[i]);
		hits[i] = (struct sl_session_hit){
			.ref = (sl_session_ref)slot,
			.owner = (uint8_t)(slot >> 32),
			.direction = (uint8_t)sl_slot_direction(slot),
		};
		found |= (uint64_t)(slot != 0) << i;
	}
	return found;
}

uint64_t sl_session_find4(const struct sl_session_table *t, unsigned int self,
			  const struct sl_key4 *const *keys, const uint64_t *hashes, unsigned int n,
			  struct sl_session_hit *hits)
{
	return find(t, self, (const void *const *)keys, hashes, n, hits, sl_slot_same4);
}

uint64_t sl_session_find6(const struct sl_session_table *t, unsigned int self,
			  const struct sl_key6 *const *keys, const uint64_t *hashes, unsigned int n,
			  struct sl_session_hit *hits)
{
	return find(t, self, (const void *const *)keys, hashes, n, hits, sl_slot_same6);
}
