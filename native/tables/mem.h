/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Private to tables/: growing buffers under one limit, and a store of equal-sized unique items. */
struct sl_mem {
	size_t used, limit; /* bytes */
	bool failed;	    /* the limit was met or the system refused */
};

struct sl_buf {
	void *data; /* cache-line aligned; fresh bytes are zero */
	size_t bytes;
};

/* Makes room for `bytes`, at least doubling; false once the limit is met (then nothing changed). */
bool sl_buf_reserve(struct sl_mem *mem, struct sl_buf *buf, size_t bytes);
/* Gives back what is beyond `bytes`. */
void sl_buf_trim(struct sl_mem *mem, struct sl_buf *buf, size_t bytes);
void sl_buf_free(struct sl_mem *mem, struct sl_buf *buf);

/* Unique items of `item` bytes (a multiple of 8); ids count from 0. */
struct sl_pool {
	struct sl_buf items, table;
	uint32_t item, count, mask;
	uint64_t seed;
};

#define SL_POOL_FULL UINT32_MAX

void sl_pool_init(struct sl_pool *pool, uint32_t item, uint64_t seed);
/* The id of the item equal to `item`, stored now if new; SL_POOL_FULL when memory is out. */
uint32_t sl_pool_intern(struct sl_mem *mem, struct sl_pool *pool, const void *item);
/* Drops the index and the slack; the items stay. */
void sl_pool_seal(struct sl_mem *mem, struct sl_pool *pool);
void sl_pool_free(struct sl_mem *mem, struct sl_pool *pool);

/* A 64-bit mix of two words, in the manner of wyhash. */
static inline uint64_t sl_mix(uint64_t a, uint64_t b)
{
	unsigned __int128 m = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15) * (b ^ 0xe7037ed1a0b428db);

	return (uint64_t)m ^ (uint64_t)(m >> 64);
}
