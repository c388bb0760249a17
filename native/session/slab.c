// SPDX-License-Identifier: BSD-3-Clause
#include "session/slab.h"

#include <string.h>

#define SETTLE_MAX 64  /* ready entries put back a call */
#define READY_MIN 256  /* entries that stay ready for new sessions */
#define SPARE_FREE 128 /* free entries a worker keeps when it gives chunks back */

void sl_slab_init(struct sl_slab *slab, struct sl_pool *pool, uint8_t owner, sl_session_ref wide)
{
	*slab = (struct sl_slab){
		.pool = pool,
		.owner = owner,
		.wide = wide,
		.hand = SL_NO_CHUNK,
		.evict = SL_NO_CHUNK,
		.partly = SL_NO_CHUNK,
	};
}

/* An entry in a chain has no numbers of its own any more: they hold the link. */
static uint32_t *link_of(const struct sl_slab *slab, sl_session_ref ref)
{
	return &sl_slab_session(slab, ref & ~SL_REF_WIDE)->end[0];
}

static void chain_push(struct sl_slab *slab, struct sl_chain *chain, sl_session_ref ref)
{
	*link_of(slab, ref) = SL_SESSION_NO_REF;
	if (chain->count++)
		*link_of(slab, chain->tail) = ref;
	else
		chain->head = ref;
	chain->tail = ref;
}

static sl_session_ref chain_pop(struct sl_slab *slab, struct sl_chain *chain)
{
	sl_session_ref ref = chain->head;

	chain->head = *link_of(slab, ref);
	chain->count--;
	return ref;
}

static void chain_append(struct sl_slab *slab, struct sl_chain *chain, struct sl_chain *more)
{
	if (chain->count)
		*link_of(slab, chain->tail) = more->head;
	else
		chain->head = more->head;
	chain->tail = more->tail;
	chain->count += more->count;
	*more = (struct sl_chain){0};
}

static void partly_add(struct sl_slab *slab, uint32_t c)
{
	struct sl_chunk *chunk = &slab->pool->chunks[c];

	chunk->partly = true;
	chunk->prev_partly = SL_NO_CHUNK;
	chunk->next_partly = slab->partly;
	if (slab->partly != SL_NO_CHUNK)
		slab->pool->chunks[slab->partly].prev_partly = c;
	slab->partly = c;
}

static void partly_remove(struct sl_slab *slab, uint32_t c)
{
	struct sl_chunk *chunks = slab->pool->chunks, *chunk = &chunks[c];

	if (!chunk->partly)
		return;
	if (chunk->prev_partly != SL_NO_CHUNK)
		chunks[chunk->prev_partly].next_partly = chunk->next_partly;
	else
		slab->partly = chunk->next_partly;
	if (chunk->next_partly != SL_NO_CHUNK)
		chunks[chunk->next_partly].prev_partly = chunk->prev_partly;
	chunk->partly = false;
}

/* A new chunk joins the circle behind the hand, as the one visited last. */
static bool grow(struct sl_slab *slab)
{
	uint32_t c = sl_pool_take(slab->pool, slab->owner);
	struct sl_chunk *chunks = slab->pool->chunks;

	if (c == SL_NO_CHUNK)
		return false;
	if (slab->hand == SL_NO_CHUNK) {
		chunks[c].next_owned = c;
		slab->evict = c;
	} else {
		chunks[c].next_owned = chunks[slab->hand].next_owned;
		chunks[slab->hand].next_owned = c;
	}
	slab->hand = c;
	slab->owned++;
	slab->free += (unsigned int)__builtin_popcountll(chunks[c].free);
	partly_add(slab, c);
	return true;
}

static void bit_put(struct sl_slab *slab, sl_session_ref ref)
{
	uint32_t index = ref & ~SL_REF_WIDE, c = index / SL_CHUNK;

	slab->pool->chunks[c].free |= 1ull << index % SL_CHUNK;
	slab->free++;
	if (!slab->pool->chunks[c].partly)
		partly_add(slab, c);
}

static sl_session_ref bit_take(struct sl_slab *slab)
{
	uint32_t c = slab->partly, bit;
	struct sl_chunk *chunk = &slab->pool->chunks[c];

	bit = (uint32_t)__builtin_ctzll(chunk->free);
	chunk->free &= chunk->free - 1;
	slab->free--;
	if (!chunk->free)
		partly_remove(slab, c);
	return (c * SL_CHUNK + bit) | slab->wide;
}

struct sl_session *sl_slab_take(struct sl_slab *slab, sl_session_ref *ref)
{
	if (slab->ready.count)
		*ref = chain_pop(slab, &slab->ready);
	else if (slab->partly != SL_NO_CHUNK || grow(slab))
		*ref = bit_take(slab);
	else
		return NULL;
	memset(sl_slab_entry(slab, *ref & ~SL_REF_WIDE), 0, slab->pool->entry);
	return sl_slab_session(slab, *ref & ~SL_REF_WIDE);
}

void sl_slab_retire(struct sl_slab *slab, sl_session_ref ref)
{
	chain_push(slab, &slab->gathering, ref);
}

void sl_slab_untake(struct sl_slab *slab, sl_session_ref ref)
{
	chain_push(slab, &slab->ready, ref);
}

void sl_slab_reclaim(struct sl_slab *slab, struct rte_rcu_qsbr *qsbr)
{
	if (slab->waiting.count && rte_rcu_qsbr_check(qsbr, slab->token, false) == 1)
		chain_append(slab, &slab->ready, &slab->waiting);
	if (!slab->waiting.count && slab->gathering.count) {
		slab->waiting = slab->gathering;
		slab->gathering = (struct sl_chain){0};
		slab->token = rte_rcu_qsbr_start(qsbr);
	}
}

void sl_slab_settle(struct sl_slab *slab)
{
	for (unsigned int i = 0; i < SETTLE_MAX && slab->ready.count > READY_MIN; i++)
		bit_put(slab, chain_pop(slab, &slab->ready));
}

/* Takes the empty chunk behind `before` out of the circle. */
static void give_back(struct sl_slab *slab, uint32_t before, uint32_t c)
{
	struct sl_chunk *chunks = slab->pool->chunks;

	chunks[before].next_owned = chunks[c].next_owned;
	if (slab->hand == c)
		slab->hand = before;
	if (slab->evict == c) {
		slab->evict = before;
		slab->unseen = 0;
	}
	partly_remove(slab, c);
	slab->owned--;
	slab->free -= SL_CHUNK;
	sl_pool_return(slab->pool, c);
}

uint32_t sl_slab_next(struct sl_slab *slab, uint32_t *hand)
{
	struct sl_chunk *chunks = slab->pool->chunks;
	uint32_t c;

	if (*hand == SL_NO_CHUNK)
		return SL_NO_CHUNK;
	c = chunks[*hand].next_owned;
	if (c != *hand && !~chunks[c].free && slab->free >= SL_CHUNK + SPARE_FREE) {
		uint32_t next = chunks[c].next_owned;

		give_back(slab, *hand, c);
		c = next;
	}
	return *hand = c;
}
