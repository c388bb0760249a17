// SPDX-License-Identifier: BSD-3-Clause
#include "session/extension.h"

#include <string.h>

#define SPARE_CHUNKS 2 /* empty ones that a worker keeps */

void sl_extensions_init(struct sl_extensions *x, struct sl_pool *pool, uint8_t owner)
{
	*x = (struct sl_extensions){.pool = pool, .owner = owner, .partly = SL_NO_CHUNK};
}

/* Index 0 is never handed out. */
static uint64_t all_free(uint32_t c)
{
	return c == 0 ? ~1ull : ~0ull;
}

static void link_chunk(struct sl_extensions *x, uint32_t c)
{
	struct sl_chunk *chunks = x->pool->chunks;

	chunks[c].partly = true;
	chunks[c].prev_partly = SL_NO_CHUNK;
	chunks[c].next_partly = x->partly;
	if (x->partly != SL_NO_CHUNK)
		chunks[x->partly].prev_partly = c;
	x->partly = c;
}

static void unlink_chunk(struct sl_extensions *x, uint32_t c)
{
	struct sl_chunk *chunks = x->pool->chunks, *chunk = &chunks[c];

	if (chunk->prev_partly != SL_NO_CHUNK)
		chunks[chunk->prev_partly].next_partly = chunk->next_partly;
	else
		x->partly = chunk->next_partly;
	if (chunk->next_partly != SL_NO_CHUNK)
		chunks[chunk->next_partly].prev_partly = chunk->prev_partly;
	chunk->partly = false;
}

uint32_t sl_extension_take(struct sl_extensions *x)
{
	struct sl_chunk *chunk;
	uint32_t c, index;

	if (x->partly == SL_NO_CHUNK) {
		c = sl_pool_take(x->pool, x->owner);
		if (c == SL_NO_CHUNK)
			return 0;
		x->empty++;
		link_chunk(x, c);
	}
	c = x->partly;
	chunk = &x->pool->chunks[c];
	x->empty -= chunk->free == all_free(c);
	index = c * SL_CHUNK + (uint32_t)__builtin_ctzll(chunk->free);
	chunk->free &= chunk->free - 1;
	if (!chunk->free)
		unlink_chunk(x, c);
	x->used++;
	memset(sl_extension_at(x->pool, index), 0, sizeof(struct sl_extension));
	return index;
}

void sl_extension_give(struct sl_extensions *x, uint32_t index)
{
	uint32_t c = index / SL_CHUNK;
	struct sl_chunk *chunk = &x->pool->chunks[c];

	if (!chunk->free)
		link_chunk(x, c);
	chunk->free |= 1ull << index % SL_CHUNK;
	x->used--;
	if (chunk->free != all_free(c))
		return;
	if (x->empty < SPARE_CHUNKS) {
		x->empty++;
		return;
	}
	unlink_chunk(x, c);
	sl_pool_return(x->pool, c);
}
