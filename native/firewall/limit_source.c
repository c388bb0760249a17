// SPDX-License-Identifier: BSD-3-Clause
#include "firewall/limit_source.h"

#include <errno.h>
#include <stdlib.h>

#include "layout.h"

int sl_sources_create(struct sl_sources *t, uint32_t sources, uint64_t seed)
{
	const uint32_t shard = SL_SOURCE_SHARD * SL_SOURCE_BUCKET;
	uint64_t shards = ((uint64_t)sources + sources / 4) / shard + 1;
	int error;

	*t = (struct sl_sources){.shards = (uint32_t)shards};
	error = sl_hash_secret_init(&t->secret, seed);
	if (!error)
		error = sl_memory_create(&t->memory, "sluice-sources",
					 shards * shard * sizeof(*t->entry), 0);
	if (error)
		return error;
	t->entry = t->memory.base;
	t->lock = aligned_alloc(sizeof(*t->lock), shards * sizeof(*t->lock));
	if (!t->lock) {
		sl_memory_destroy(&t->memory);
		return -ENOMEM;
	}
	for (uint64_t i = 0; i < shards; i++)
		rte_spinlock_init(&t->lock[i].lock);
	return 0;
}

void sl_sources_destroy(struct sl_sources *t)
{
	free(t->lock);
	sl_memory_destroy(&t->memory);
	*t = (struct sl_sources){0};
}

static uint64_t mask(uint64_t word, unsigned int length)
{
	return length == 0 ? 0 : length >= 64 ? word : word & ~0ull << (64 - length);
}

void sl_source_key4(struct sl_source_key *key, uint32_t slot, uint32_t address, unsigned int length)
{
	uint32_t kept = (uint32_t)(mask((uint64_t)address << 32, length) >> 32);

	*key = (struct sl_source_key){{0, 0xffffull << 32 | kept}, slot};
}

void sl_source_key6(struct sl_source_key *key, uint32_t slot, const uint64_t address[2],
		    unsigned int length)
{
	*key = (struct sl_source_key){
		{mask(address[0], length), length > 64 ? mask(address[1], length - 64) : 0}, slot};
}

static uint64_t hash_of(const struct sl_sources *t, const struct sl_source_key *key)
{
	struct sl_key6 k = {.sport = (uint16_t)key->slot, .dport = (uint16_t)(key->slot >> 16)};

	memcpy(k.src, key->address, sizeof(k.src));
	return sl_hash6(&t->secret, &k);
}

static bool is(const struct sl_source *e, const struct sl_source_key *key)
{
	return e->slot == key->slot && e->address[0] == key->address[0] &&
	       e->address[1] == key->address[1];
}

/* Of the entries of two buckets: the key's own, or a place to put it. */
struct place {
	struct sl_source *own;
	struct sl_source *vacant;
};

static void look(struct sl_source *bucket, const struct sl_source_key *key, uint64_t now,
		 struct place *place, unsigned int *most)
{
	struct sl_source *vacant = NULL;
	unsigned int n = 0;

	for (unsigned int i = 0; i < SL_SOURCE_BUCKET; i++) {
		struct sl_source *e = &bucket[i];

		if (is(e, key))
			place->own = e;
		if (e->slot != 0 && (e->sessions != 0 || e->full_at > now))
			continue;
		vacant = e;
		n++;
	}
	/* Into the emptier of the two. */
	if (n > *most) {
		*most = n;
		place->vacant = vacant;
	}
}

static enum sl_source_answer judge(struct sl_source *e, const struct sl_source_limit *limit,
				   uint64_t now)
{
	uint64_t next = 0;

	if (limit->count && limit->sessions && e->sessions >= limit->sessions)
		return SL_SOURCE_SESSIONS;
	if (limit->rate.step) {
		next = sl_rate_next(&limit->rate, e->full_at, now);
		if (!next)
			return SL_SOURCE_RATE;
		e->full_at = next;
	}
	e->sessions += limit->count;
	return SL_SOURCE_WITHIN;
}

enum sl_source_answer sl_source_take(struct sl_sources *t, const struct sl_source_key *key,
				     const struct sl_source_limit *limit, uint64_t now,
				     uint32_t *entry)
{
	uint64_t hash = hash_of(t, key);
	uint32_t shard = (uint32_t)((hash >> 32) * t->shards >> 32);
	struct sl_source *first = t->entry + (size_t)shard * SL_SOURCE_SHARD * SL_SOURCE_BUCKET;
	struct sl_source *bucket[2] = {
		first + hash % SL_SOURCE_SHARD * SL_SOURCE_BUCKET,
		first + hash / SL_SOURCE_SHARD % SL_SOURCE_SHARD * SL_SOURCE_BUCKET};
	rte_spinlock_t *lock = &t->lock[shard].lock;
	enum sl_source_answer answer = SL_SOURCE_FULL;
	struct place place = {0};
	unsigned int most = 0;

	for (unsigned int i = 0; i < SL_SOURCE_BUCKET; i += 2) {
		__builtin_prefetch(bucket[0] + i, 1);
		__builtin_prefetch(bucket[1] + i, 1);
	}
	rte_spinlock_lock(lock);
	look(bucket[0], key, now, &place, &most);
	if (!place.own)
		look(bucket[1], key, now, &place, &most);
	if (!place.own && place.vacant) {
		place.own = place.vacant;
		*place.own = (struct sl_source){
			.address = {key->address[0], key->address[1]}, .slot = key->slot};
	}
	if (place.own) {
		answer = judge(place.own, limit, now);
		*entry = (uint32_t)(place.own - t->entry) + 1;
	}
	rte_spinlock_unlock(lock);
	return answer;
}

static rte_spinlock_t *lock_of(const struct sl_sources *t, uint32_t entry)
{
	return &t->lock[(entry - 1) / (SL_SOURCE_SHARD * SL_SOURCE_BUCKET)].lock;
}

void sl_source_undo(struct sl_sources *t, uint32_t entry, const struct sl_source_key *key,
		    const struct sl_source_limit *limit)
{
	struct sl_source *e = &t->entry[entry - 1];

	rte_spinlock_lock(lock_of(t, entry));
	/* Without a session to count it may have become another's meanwhile, by a later clock. */
	if (is(e, key)) {
		e->sessions -= limit->count;
		e->full_at -= limit->rate.step;
	}
	rte_spinlock_unlock(lock_of(t, entry));
}

void sl_source_release(struct sl_sources *t, uint32_t entry)
{
	rte_spinlock_lock(lock_of(t, entry));
	t->entry[entry - 1].sessions--;
	rte_spinlock_unlock(lock_of(t, entry));
}
