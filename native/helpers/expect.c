// SPDX-License-Identifier: BSD-3-Clause
#include "helpers/expect.h"

#include <errno.h>
#include <string.h>

#define HAND 4

/* The tag of what arrives so, never 0; what may come from anywhere has no source in it. */
static uint32_t tag_of(const struct sl_expectations *t, const uint8_t *destination, uint16_t port,
		       uint8_t protocol, uint8_t family, uint32_t *bucket)
{
	struct sl_key6 key = {.dport = port, .proto = protocol, .flags = family};
	uint64_t hash;

	memcpy(key.dst, destination, family == 4 ? 4 : 16);
	hash = sl_hash6(&t->secret, &key);
	*bucket = (uint32_t)hash & (t->buckets - 1);
	return (uint32_t)(hash >> 32) | 1;
}

int sl_expect_create(struct sl_expectations *t, uint64_t seed)
{
	uint32_t buckets = 1;
	size_t entries;
	int error;

	/* Three of seven ways in use when all are expected: a bucket that is full is rare. */
	while (buckets * SL_EXPECT_WAYS < 2 * SL_EXPECT_MOST)
		buckets *= 2;
	entries = (size_t)buckets * SL_EXPECT_WAYS;
	*t = (struct sl_expectations){.buckets = buckets};
	error = sl_hash_secret_init(&t->secret, seed);
	if (!error)
		error = sl_memory_create(&t->memory, "sluice-expected",
					 buckets * sizeof(*t->bucket) + entries * sizeof(*t->entry),
					 0);
	if (error)
		return error;
	t->bucket = t->memory.base;
	t->entry = (struct sl_expected *)(void *)(t->bucket + buckets);
	for (uint32_t i = 0; i < buckets; i++)
		rte_spinlock_init(&t->bucket[i].lock);
	return 0;
}

void sl_expect_destroy(struct sl_expectations *t)
{
	sl_memory_destroy(&t->memory);
	*t = (struct sl_expectations){0};
}

static bool over(const struct sl_expected *e, uint32_t now_ms)
{
	return (int32_t)(now_ms - e->until_ms) >= 0;
}

static void free_way(struct sl_expectations *t, struct sl_expect_bucket *b, unsigned int way)
{
	__atomic_store_n(&b->tag[way], 0, __ATOMIC_RELAXED);
	atomic_fetch_sub(&t->live, 1);
}

static bool arrives_so(const struct sl_expected *a, const struct sl_expected *b)
{
	return a->port == b->port && a->protocol == b->protocol && a->family == b->family &&
	       memcmp(a->destination, b->destination, sizeof(a->destination)) == 0 &&
	       (a->any_source || b->any_source ||
		memcmp(a->source, b->source, sizeof(a->source)) == 0);
}

/* What is over in a bucket goes; its lock is held. */
static void tidy(struct sl_expectations *t, uint32_t at, uint32_t now_ms)
{
	struct sl_expect_bucket *b = &t->bucket[at];

	for (unsigned int way = 0; way < SL_EXPECT_WAYS; way++)
		if (b->tag[way] && over(&t->entry[at * SL_EXPECT_WAYS + way], now_ms)) {
			free_way(t, b, way);
			atomic_fetch_add(&t->expired, 1);
		}
}

/* Each that comes looks for some that are over elsewhere, so that no room is lost to them. */
static void tidy_others(struct sl_expectations *t, uint32_t now_ms)
{
	uint32_t from = atomic_fetch_add(&t->hand, HAND);

	for (uint32_t i = 0; i < HAND; i++) {
		uint32_t at = (from + i) & (t->buckets - 1);

		rte_spinlock_lock(&t->bucket[at].lock);
		tidy(t, at, now_ms);
		rte_spinlock_unlock(&t->bucket[at].lock);
	}
}

/* The way it may have; its bucket is locked. */
static int way_for(const struct sl_expectations *t, uint32_t at, uint32_t tag,
		   const struct sl_expected *e)
{
	const struct sl_expected *entry = &t->entry[(size_t)at * SL_EXPECT_WAYS];
	const struct sl_expect_bucket *b = &t->bucket[at];
	int vacant = -ENOSPC;

	for (int way = 0; way < SL_EXPECT_WAYS; way++) {
		if (b->tag[way] == tag && arrives_so(&entry[way], e))
			return -EEXIST;
		if (!b->tag[way])
			vacant = way;
	}
	return atomic_load(&t->live) < SL_EXPECT_MOST ? vacant : -ENOSPC;
}

int sl_expect_add(struct sl_expectations *t, struct sl_expected *e, uint32_t now_ms)
{
	uint32_t at, tag = tag_of(t, e->destination, e->port, e->protocol, e->family, &at);
	struct sl_expect_bucket *b = &t->bucket[at];
	int way;

	tidy_others(t, now_ms);
	rte_spinlock_lock(&b->lock);
	tidy(t, at, now_ms);
	way = way_for(t, at, tag, e);
	if (way >= 0) {
		e->ref.index = at * SL_EXPECT_WAYS + (uint32_t)way;
		e->ref.serial = atomic_fetch_add(&t->serials, 1) + 1;
		t->entry[e->ref.index] = *e;
		__atomic_store_n(&b->tag[way], tag, __ATOMIC_RELEASE);
		atomic_fetch_add(&t->live, 1);
		atomic_fetch_add(&t->opened, 1);
	}
	rte_spinlock_unlock(&b->lock);
	if (way == -ENOSPC)
		atomic_fetch_add(&t->refused, 1);
	return way < 0 ? way : 0;
}

/* With its bucket locked: is it still the one that is named? */
static bool is(const struct sl_expectations *t, const struct sl_expect_bucket *b,
	       struct sl_expect_ref ref)
{
	return b->tag[ref.index % SL_EXPECT_WAYS] && t->entry[ref.index].ref.serial == ref.serial;
}

void sl_expect_end(struct sl_expectations *t, struct sl_expect_ref ref)
{
	struct sl_expect_bucket *b = &t->bucket[ref.index / SL_EXPECT_WAYS];

	rte_spinlock_lock(&b->lock);
	if (is(t, b, ref)) {
		free_way(t, b, ref.index % SL_EXPECT_WAYS);
		atomic_fetch_add(&t->ended, 1);
	}
	rte_spinlock_unlock(&b->lock);
}

static bool fits(const struct sl_expected *e, const struct sl_pkt *p, uint32_t now_ms)
{
	if (e->family != p->family || over(e, now_ms))
		return false;
	if (p->family == 4)
		return e->protocol == p->key4.proto && e->port == p->key4.dport &&
		       memcmp(e->destination, &p->key4.dst, 4) == 0 &&
		       (e->any_source || memcmp(e->source, &p->key4.src, 4) == 0);
	return e->protocol == p->key6.proto && e->port == p->key6.dport &&
	       memcmp(e->destination, p->key6.dst, 16) == 0 &&
	       (e->any_source || memcmp(e->source, p->key6.src, 16) == 0);
}

bool sl_expect_find(const struct sl_expectations *t, const struct sl_pkt *p, uint32_t now_ms,
		    struct sl_expected *e)
{
	bool four = p->family == 4;
	uint32_t at;
	uint32_t tag = tag_of(t, four ? (const uint8_t *)&p->key4.dst : p->key6.dst,
			      four ? p->key4.dport : p->key6.dport,
			      four ? p->key4.proto : p->key6.proto, p->family, &at);
	struct sl_expect_bucket *b = &t->bucket[at];
	bool found = false;

	for (unsigned int way = 0; way < SL_EXPECT_WAYS && !found; way++) {
		const struct sl_expected *entry = &t->entry[at * SL_EXPECT_WAYS + way];

		if (__atomic_load_n(&b->tag[way], __ATOMIC_ACQUIRE) != tag)
			continue;
		rte_spinlock_lock(&b->lock);
		found = b->tag[way] == tag && fits(entry, p, now_ms);
		if (found)
			*e = *entry;
		rte_spinlock_unlock(&b->lock);
	}
	return found;
}

bool sl_expect_take(struct sl_expectations *t, struct sl_expect_ref ref,
		    void (*held)(void *arg, uint32_t parent), void *arg)
{
	struct sl_expect_bucket *b = &t->bucket[ref.index / SL_EXPECT_WAYS];
	bool taken;

	rte_spinlock_lock(&b->lock);
	taken = is(t, b, ref);
	if (taken) {
		held(arg, t->entry[ref.index].parent);
		free_way(t, b, ref.index % SL_EXPECT_WAYS);
		atomic_fetch_add(&t->taken, 1);
	}
	rte_spinlock_unlock(&b->lock);
	return taken;
}
