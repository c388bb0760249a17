/* SPDX-License-Identifier: BSD-3-Clause */
#include "nat/blocks.h"

#include <rte_byteorder.h>
#include <rte_cycles.h>
#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "core/count.h"
#include "firewall/log.h"
#include "nat/ports.h"
#include "nat/reserve.h"
#include "nat/space.h"
#include "session/hash.h"

#define BUCKETS 65536u
#define SHOWN 10000u

struct block {
	uint32_t public; /* of nat/ports.h */
	uint16_t lo, hi;
	uint32_t sessions;
	uint32_t portless; /* of these, such that have no port to know it by */
	uint32_t since; /* ms of the session clock: lent, */
	uint32_t idle;	/* and without a session, where it has none */
	uint32_t rule;
};

struct client {
	struct sl_block_client key;
	uint8_t count;
	uint32_t next; /* in its bucket, or on the free list; 0 ends it */
	struct block block[SL_MAX_BLOCKS];
};

struct bucket {
	rte_spinlock_t lock;
	uint32_t first;
};

struct sl_blocks {
	struct bucket bucket[BUCKETS];
	struct client *client; /* 0 is none */
	struct sl_ports *ports;
	rte_spinlock_t lock; /* of the next two */
	uint32_t free, touched;
	_Atomic uint32_t clients;
	struct sl_hash_secret secret;
};

struct sl_blocks *sl_blocks_create(uint64_t seed)
{
	struct sl_blocks *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->client = sl_reserve(SL_BLOCK_CLIENTS * sizeof(*b->client));
	b->ports = sl_ports_create(SL_BLOCK_ADDRESSES);
	if (b->client && b->ports && sl_hash_secret_init(&b->secret, seed) == 0)
		return b;
	sl_blocks_free(b);
	return NULL;
}

void sl_blocks_free(struct sl_blocks *b)
{
	if (!b)
		return;
	sl_ports_free(b->ports);
	sl_unreserve(b->client, SL_BLOCK_CLIENTS * sizeof(*b->client));
	free(b);
}

bool sl_blocks_any(const struct sl_blocks *b)
{
	return atomic_load_explicit(&b->clients, memory_order_relaxed);
}

void sl_block_client(struct sl_block_client *client, uint8_t family, const uint8_t *address)
{
	memset(client, 0, sizeof(*client));
	client->family = family;
	memcpy(client->address, address, family == 4 ? 4 : 8);
}

static uint64_t hash_of(const struct sl_blocks *b, const struct sl_block_client *client)
{
	struct sl_key6 key = {.flags = client->family};

	memcpy(key.src, client->address, sizeof(key.src));
	return sl_hash6(&b->secret, &key);
}

static uint32_t find(const struct sl_blocks *b, const struct bucket *bucket,
		     const struct sl_block_client *key)
{
	uint32_t at = bucket->first;

	while (at && memcmp(&b->client[at].key, key, sizeof(*key)) != 0)
		at = b->client[at].next;
	return at;
}

/* A client without blocks at the head of its bucket, which is locked. 0: there is no room. */
static uint32_t add(struct sl_blocks *b, struct bucket *bucket, const struct sl_block_client *key)
{
	uint32_t at;

	rte_spinlock_lock(&b->lock);
	at = b->free;
	if (at)
		b->free = b->client[at].next;
	else if (b->touched + 1 < SL_BLOCK_CLIENTS)
		at = ++b->touched;
	rte_spinlock_unlock(&b->lock);
	if (!at)
		return 0;
	b->client[at].key = *key;
	b->client[at].count = 0;
	b->client[at].next = bucket->first;
	bucket->first = at;
	atomic_fetch_add_explicit(&b->clients, 1, memory_order_relaxed);
	return at;
}

static void drop(struct sl_blocks *b, struct bucket *bucket, uint32_t at)
{
	uint32_t *link = &bucket->first;

	while (*link != at)
		link = &b->client[*link].next;
	*link = b->client[at].next;
	rte_spinlock_lock(&b->lock);
	b->client[at].next = b->free;
	b->free = at;
	rte_spinlock_unlock(&b->lock);
	atomic_fetch_sub_explicit(&b->clients, 1, memory_order_relaxed);
}

/* RFC 6888 REQ-14: who had which ports from when on, or until now. */
static void log_block(struct sl_worker *w, const struct sl_blocks *b, const struct client *c,
		      const struct block *block, uint8_t type)
{
	struct sl_log_record *r = sl_log_begin(w, block->rule);

	if (!r)
		return;
	r->type = type;
	memcpy(r->source, c->key.address, sizeof(r->source));
	memcpy(r->destination, sl_ports_address(b->ports, block->public), 4);
	r->family = c->key.family;
	r->source_port = block->lo;
	r->destination_port = block->hi;
	r->duration = w->now_ms - block->since;
	sl_log_commit(w);
}

/* Where the block with this port is; without one (0), one that such a session holds. Else count. */
static uint32_t place(const struct sl_blocks *b, const struct client *c, const uint8_t address[4],
		      uint16_t port)
{
	for (uint32_t i = 0; i < c->count; i++)
		if ((port ? c->block[i].lo <= port && port <= c->block[i].hi :
			    c->block[i].portless > 0) &&
		    memcmp(sl_ports_address(b->ports, c->block[i].public), address, 4) == 0)
			return i;
	return c->count;
}

static void release(struct sl_worker *w, struct sl_blocks *b, struct client *c,
		    const uint8_t address[4], uint16_t port)
{
	uint32_t i = place(b, c, address, port);

	if (i == c->count)
		return;
	c->block[i].portless -= port == 0;
	if (--c->block[i].sessions == 0)
		c->block[i].idle = w->now_ms;
}

/* Is it of the pool as it is today? */
static bool serves(const struct sl_worker *w, const struct sl_blocks *b,
		   const struct sl_image_translations *t, const struct block *block)
{
	uint8_t address[16] = {0};

	memcpy(address, sl_ports_address(b->ports, block->public), 4);
	return block->lo >= t->port_lo && block->hi <= t->port_hi &&
	       sl_nat_in_set(&w->tables->image, t->pool, 4, address);
}

static void hold(const struct sl_blocks *b, struct block *block, struct sl_block_use *use)
{
	block->sessions++;
	block->portless += !use->ports;
	memcpy(use->address, sl_ports_address(b->ports, block->public), 4);
	use->lo = block->lo;
	use->hi = block->hi;
	use->held = true;
}

/* Of the address the client has, where it has one (paired), else of one that its hash says. */
static bool lend(struct sl_worker *w, struct sl_blocks *b, const struct sl_image_translations *t,
		 const struct client *c, uint64_t hash, struct block *block)
{
	const struct sl_image *image = &w->tables->image;
	uint32_t size = sl_nat_set_size(image, t->pool, 4);
	uint32_t first = (uint32_t)(((hash & 0xffffffff) * size) >> 32);
	uint64_t random = sl_random(w);
	uint8_t address[16];

	for (uint32_t i = 0; i < c->count; i++)
		if (serves(w, b, t, &c->block[i])) {
			block->public = c->block[i].public;
			return sl_ports_take(b->ports, block->public, t, random, &block->lo,
					     &block->hi);
		}
	for (uint32_t i = 0; i < size && i < SL_BLOCK_ADDRESSES; i++) {
		sl_nat_set_at(image, t->pool, 4, (first + i) % size, address);
		block->public = sl_ports_find(b->ports, address);
		if (block->public == SL_PORTS_NONE)
			return false;
		if (sl_ports_take(b->ports, block->public, t, random, &block->lo, &block->hi))
			return true;
	}
	return false;
}

static enum sl_drop lend_one(struct sl_worker *w, struct sl_blocks *b,
			     const struct sl_image_translations *t, uint32_t rule, struct client *c,
			     uint64_t hash, struct sl_block_use *use)
{
	struct block *block = &c->block[c->count];

	if (c->count >= t->blocks || c->count >= SL_MAX_BLOCKS)
		return SL_DROP_NAT_CLIENT_FULL;
	if (!lend(w, b, t, c, hash, block))
		return SL_DROP_NAT_POOL_FULL;
	block->since = w->now_ms;
	block->rule = rule;
	block->sessions = block->portless = 0;
	c->count++;
	hold(b, block, use);
	log_block(w, b, c, block, SL_LOG_NAT_BLOCK);
	return SL_DROP_NONE;
}

enum sl_drop sl_block_next(struct sl_worker *w, const struct sl_image_translations *t, uint32_t rule,
			   const struct sl_block_client *client, struct sl_block_use *use)
{
	struct sl_blocks *b = w->dp->blocks;
	uint64_t hash = hash_of(b, client);
	struct bucket *bucket = &b->bucket[hash >> 48];
	enum sl_drop reason = SL_DROP_NAT_POOL_FULL;
	uint32_t at, i = 0;

	rte_spinlock_lock(&bucket->lock);
	at = find(b, bucket, client);
	if (at && use->held) {
		i = place(b, &b->client[at], use->address, use->lo) + 1;
		release(w, b, &b->client[at], use->address, use->ports ? use->lo : 0);
	}
	use->held = false;
	while (at && i < b->client[at].count && !serves(w, b, t, &b->client[at].block[i]))
		i++;
	if (!at)
		at = add(b, bucket, client);
	if (at && i < b->client[at].count) {
		hold(b, &b->client[at].block[i], use);
		reason = SL_DROP_NONE;
	} else if (at) {
		reason = lend_one(w, b, t, rule, &b->client[at], hash, use);
		if (b->client[at].count == 0)
			drop(b, bucket, at);
	}
	rte_spinlock_unlock(&bucket->lock);
	return reason;
}

static void give(struct sl_worker *w, const struct sl_block_client *client,
		 const uint8_t address[4], uint16_t port)
{
	struct sl_blocks *b = w->dp->blocks;
	struct bucket *bucket = &b->bucket[hash_of(b, client) >> 48];
	uint32_t at;

	rte_spinlock_lock(&bucket->lock);
	at = find(b, bucket, client);
	if (at)
		release(w, b, &b->client[at], address, port);
	rte_spinlock_unlock(&bucket->lock);
}

void sl_block_give(struct sl_worker *w, const struct sl_block_client *client,
		   const struct sl_block_use *use)
{
	if (use->held)
		give(w, client, use->address, use->ports ? use->lo : 0);
}

void sl_block_end(struct sl_worker *w, sl_session_ref ref, const struct sl_session *s)
{
	struct sl_block_client client;
	const struct sl_key4 *back = ref & SL_REF_WIDE ? &sl_entry6(s)->key[1].key4 :
							 &sl_entry4(s)->key[1];

	sl_block_client(&client, (uint8_t)sl_session_family(ref, s, 0), sl_session_source(ref, s, 0));
	give(w, &client, (const uint8_t *)&back->dst, rte_be_to_cpu_16(back->dport));
}

static void sweep(struct sl_worker *w, struct sl_blocks *b, struct bucket *bucket)
{
	rte_spinlock_lock(&bucket->lock);
	for (uint32_t at = bucket->first, next; at; at = next) {
		struct client *c = &b->client[at];

		next = c->next;
		for (uint32_t i = 0; i < c->count;) {
			struct block *block = &c->block[i];

			if (block->sessions || (int32_t)(w->now_ms - block->idle) <
						       (int32_t)SL_BLOCK_HOLD_MS) {
				i++;
				continue;
			}
			log_block(w, b, c, block, SL_LOG_NAT_BLOCK_END);
			sl_ports_give(b->ports, block->public, block->lo, block->hi);
			memmove(block, block + 1, (--c->count - i) * sizeof(*block));
		}
		if (c->count == 0)
			drop(b, bucket, at);
	}
	rte_spinlock_unlock(&bucket->lock);
}

void sl_blocks_sweep_some(struct sl_worker *w)
{
	struct sl_blocks *b = w->dp->blocks;
	uint32_t share = BUCKETS / w->dp->workers;
	/* As many buckets as time has passed, of a pass a second. */
	uint32_t to = (uint32_t)((uint64_t)(w->now_ms % 1000) * share / 1000);

	for (uint32_t budget = 256; w->block_sweep != to && budget; budget--) {
		struct bucket *bucket =
			&b->bucket[(w->block_sweep * w->dp->workers + w->index) % BUCKETS];

		if (bucket->first)
			sweep(w, b, bucket);
		w->block_sweep = w->block_sweep + 1 < share ? w->block_sweep + 1 : 0;
	}
}

void sl_blocks_sweep_all(struct sl_worker *w)
{
	struct sl_blocks *b = w->dp->blocks;

	for (uint32_t i = 0; sl_blocks_any(b) && i < BUCKETS; i++)
		if (b->bucket[i].first)
			sweep(w, b, &b->bucket[i]);
}

static void show(const struct sl_blocks *b, const struct client *c, uint32_t now_ms,
		 struct sl_json *json)
{
	for (uint32_t i = 0; i < c->count; i++) {
		const struct block *block = &c->block[i];

		sl_json_object(json, NULL);
		sl_json_address(json, "client", c->key.family, c->key.address);
		sl_json_address(json, "address", 4, sl_ports_address(b->ports, block->public));
		sl_json_number(json, "low", block->lo);
		sl_json_number(json, "high", block->hi);
		sl_json_number(json, "sessions", block->sessions);
		sl_json_number(json, "age_ms", now_ms - block->since);
		sl_json_number(json, "rule", block->rule);
		sl_json_object_end(json);
	}
}

void sl_blocks_show(struct sl_datapath *dp, struct sl_json *json)
{
	uint32_t now_ms = sl_clock_ms(dp->boot_tsc, rte_rdtsc(), sl_clock_ms_per_cycle());
	struct sl_blocks *b = dp->blocks;
	uint32_t shown = 0;

	sl_json_object(json, NULL);
	sl_json_array(json, "blocks");
	for (uint32_t i = 0; i < BUCKETS && shown < SHOWN; i++) {
		struct bucket *bucket = &b->bucket[i];

		if (!bucket->first)
			continue;
		rte_spinlock_lock(&bucket->lock);
		for (uint32_t at = bucket->first; at; at = b->client[at].next) {
			show(b, &b->client[at], now_ms, json);
			shown += b->client[at].count;
		}
		rte_spinlock_unlock(&bucket->lock);
	}
	sl_json_array_end(json);
	sl_json_bool(json, "more", shown >= SHOWN);
	sl_ports_show(b->ports, json);
	sl_json_object_end(json);
}
