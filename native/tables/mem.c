/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tables/mem.h"

/* From here on a buffer is a mapping of its own: it grows in place and takes huge pages. */
#define MAPPED (256u << 10)
#define HUGE (4u << 20)

static void *mapped_resize(void *old, size_t from, size_t to)
{
	void *data;

	if (from >= MAPPED)
		data = mremap(old, from, to, MREMAP_MAYMOVE);
	else
		data = mmap(NULL, to, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return NULL;
	if (to >= HUGE)
		madvise(data, to, MADV_HUGEPAGE);
	if (from > 0 && from < MAPPED) {
		memcpy(data, old, from);
		free(old);
	}
	return data;
}

static void *heap_resize(void *old, size_t from, size_t to)
{
	size_t keep = from < to ? from : to;
	uint8_t *data = aligned_alloc(64, to);

	if (data == NULL)
		return NULL;
	if (keep > 0)
		memcpy(data, old, keep);
	memset(data + keep, 0, to - keep);
	if (from >= MAPPED)
		munmap(old, from);
	else
		free(old);
	return data;
}

static bool resize(struct sl_mem *mem, struct sl_buf *buf, size_t bytes)
{
	void *data;

	/* A mapping ends with a page, so growing it later finds zeros. */
	bytes = bytes >= MAPPED ? (bytes + 4095) & ~(size_t)4095 : (bytes + 63) & ~(size_t)63;
	if (bytes == buf->bytes)
		return true;
	if (bytes > buf->bytes && bytes - buf->bytes > mem->limit - mem->used) {
		mem->failed = true;
		return false;
	}
	data = bytes >= MAPPED ? mapped_resize(buf->data, buf->bytes, bytes) :
				 heap_resize(buf->data, buf->bytes, bytes);
	if (data == NULL) {
		mem->failed = true;
		return false;
	}
	mem->used += bytes - buf->bytes;
	buf->data = data;
	buf->bytes = bytes;
	return true;
}

bool sl_buf_reserve(struct sl_mem *mem, struct sl_buf *buf, size_t bytes)
{
	if (bytes <= buf->bytes)
		return true;
	return resize(mem, buf, bytes > buf->bytes * 2 ? bytes : buf->bytes * 2);
}

void sl_buf_trim(struct sl_mem *mem, struct sl_buf *buf, size_t bytes)
{
	if (bytes == 0)
		sl_buf_free(mem, buf);
	else if (bytes < buf->bytes)
		resize(mem, buf, bytes);
}

void sl_buf_free(struct sl_mem *mem, struct sl_buf *buf)
{
	if (buf->bytes >= MAPPED)
		munmap(buf->data, buf->bytes);
	else
		free(buf->data);
	mem->used -= buf->bytes;
	buf->data = NULL;
	buf->bytes = 0;
}

/* Table slots: upper half of the hash, then id + 1; 0 is free. */
static uint64_t hash_item(const struct sl_pool *pool, const void *item)
{
	const uint64_t *w = item;
	uint64_t h = pool->seed;

	for (uint32_t i = 0; i < pool->item / 8; i++)
		h = sl_mix(h ^ w[i], i);
	return h;
}

static void place(uint64_t *table, uint32_t mask, uint64_t slot)
{
	uint32_t at = (uint32_t)(slot >> 32) & mask;

	while (table[at] != 0)
		at = (at + 1) & mask;
	table[at] = slot;
}

static bool grow_table(struct sl_mem *mem, struct sl_pool *pool)
{
	uint32_t size = pool->mask == 0 ? 256 : (pool->mask + 1) * 2;
	struct sl_buf table = {NULL, 0};
	const uint64_t *old = pool->table.data;

	if (!sl_buf_reserve(mem, &table, size * sizeof(uint64_t)))
		return false;
	if (old != NULL)
		for (uint32_t i = 0; i <= pool->mask; i++)
			if (old[i] != 0)
				place(table.data, size - 1, old[i]);
	sl_buf_free(mem, &pool->table);
	pool->table = table;
	pool->mask = size - 1;
	return true;
}

void sl_pool_init(struct sl_pool *pool, uint32_t item, uint64_t seed)
{
	memset(pool, 0, sizeof(*pool));
	pool->item = item;
	pool->seed = seed;
}

uint32_t sl_pool_intern(struct sl_mem *mem, struct sl_pool *pool, const void *item)
{
	uint64_t hash = hash_item(pool, item) >> 32;
	uint64_t *table;
	uint32_t at;

	if (pool->count >= (pool->mask + 1) / 2 && !grow_table(mem, pool))
		return SL_POOL_FULL;
	table = pool->table.data;
	for (at = (uint32_t)hash & pool->mask; table[at] != 0; at = (at + 1) & pool->mask) {
		uint32_t id = (uint32_t)table[at] - 1;

		if (table[at] >> 32 == hash &&
		    memcmp((uint8_t *)pool->items.data + (size_t)id * pool->item, item,
			   pool->item) == 0)
			return id;
	}
	/* 2^28 items keep every id well inside its field, whatever the limit. */
	if (pool->count >= 1u << 28 ||
	    !sl_buf_reserve(mem, &pool->items, ((size_t)pool->count + 1) * pool->item)) {
		mem->failed = true;
		return SL_POOL_FULL;
	}
	memcpy((uint8_t *)pool->items.data + (size_t)pool->count * pool->item, item, pool->item);
	table[at] = hash << 32 | (pool->count + 1);
	return pool->count++;
}

void sl_pool_seal(struct sl_mem *mem, struct sl_pool *pool)
{
	sl_buf_free(mem, &pool->table);
	sl_buf_trim(mem, &pool->items, (size_t)pool->count * pool->item);
}

void sl_pool_free(struct sl_mem *mem, struct sl_pool *pool)
{
	sl_buf_free(mem, &pool->table);
	sl_buf_free(mem, &pool->items);
}
