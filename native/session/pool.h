/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/memory.h"

/*
 * Entries of one size, in chunks of 64 that a worker takes whole and gives back once empty, so that
 * memory follows uneven load. Index 0 is never handed out.
 */
#define SL_CHUNK 64u
#define SL_NO_CHUNK UINT32_MAX
#define SL_NO_OWNER 0xff

struct sl_chunk {
	uint64_t free;	      /* bit per entry; the owner's */
	uint32_t next_owned;  /* circle of the owner's chunks, or the pool's list of returned ones */
	uint32_t next_partly; /* owner's list of chunks with free entries, doubly linked */
	uint32_t prev_partly;
	_Atomic uint8_t owner;
	bool partly; /* in that list */
};

struct sl_pool {
	void *base;
	struct sl_chunk *chunks;
	struct sl_memory memory;
	uint32_t count; /* of chunks */
	uint32_t entry; /* bytes */
	rte_spinlock_t lock;
	_Atomic uint32_t fresh; /* chunks never taken start here; written under the lock */
	uint32_t returned;	/* list of chunks given back; under the lock */
};

/* Room for `entries`. 0 or -errno. */
int sl_pool_create(struct sl_pool *pool, const char *name, uint64_t entries, uint32_t entry_bytes);
void sl_pool_destroy(struct sl_pool *pool);

/* A chunk, all entries free, or SL_NO_CHUNK. Any worker. */
uint32_t sl_pool_take(struct sl_pool *pool, uint8_t owner);
void sl_pool_return(struct sl_pool *pool, uint32_t chunk);
