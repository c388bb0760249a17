// SPDX-License-Identifier: BSD-3-Clause
#include "session/pool.h"

#include <errno.h>
#include <stdlib.h>

int sl_pool_create(struct sl_pool *pool, const char *name, uint64_t entries, uint32_t entry_bytes)
{
	uint64_t count = (entries + 1 + SL_CHUNK - 1) / SL_CHUNK;
	int err;

	if (count * SL_CHUNK > INT32_MAX)
		return -EINVAL;
	*pool = (struct sl_pool){.count = (uint32_t)count, .entry = entry_bytes};
	rte_spinlock_init(&pool->lock);
	pool->returned = SL_NO_CHUNK;
	pool->chunks = calloc(count, sizeof(*pool->chunks));
	if (!pool->chunks)
		return -ENOMEM;
	for (uint64_t i = 0; i < count; i++)
		atomic_init(&pool->chunks[i].owner, SL_NO_OWNER);
	err = sl_memory_create(&pool->memory, name, count * SL_CHUNK * entry_bytes, 0);
	if (err) {
		free(pool->chunks);
		return err;
	}
	pool->base = pool->memory.base;
	return 0;
}

void sl_pool_destroy(struct sl_pool *pool)
{
	free(pool->chunks);
	sl_memory_destroy(&pool->memory);
	*pool = (struct sl_pool){0};
}

uint32_t sl_pool_take(struct sl_pool *pool, uint8_t owner)
{
	uint32_t fresh, chunk;

	rte_spinlock_lock(&pool->lock);
	chunk = pool->returned;
	fresh = atomic_load_explicit(&pool->fresh, memory_order_relaxed);
	if (chunk != SL_NO_CHUNK) {
		pool->returned = pool->chunks[chunk].next_owned;
	} else if (fresh < pool->count) {
		chunk = fresh;
		atomic_store_explicit(&pool->fresh, fresh + 1, memory_order_release);
	}
	rte_spinlock_unlock(&pool->lock);
	if (chunk == SL_NO_CHUNK)
		return chunk;
	/* index 0 means no entry */
	pool->chunks[chunk].free = chunk == 0 ? ~1ull : ~0ull;
	pool->chunks[chunk].partly = false;
	atomic_store_explicit(&pool->chunks[chunk].owner, owner, memory_order_release);
	return chunk;
}

void sl_pool_return(struct sl_pool *pool, uint32_t chunk)
{
	atomic_store_explicit(&pool->chunks[chunk].owner, SL_NO_OWNER, memory_order_release);
	rte_spinlock_lock(&pool->lock);
	pool->chunks[chunk].next_owned = pool->returned;
	pool->returned = chunk;
	rte_spinlock_unlock(&pool->lock);
}
