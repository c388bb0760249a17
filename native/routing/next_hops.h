/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "routing/fib.h"

/*
 * The different routes there are, counted by use; a FIB's entries are ids of this table. Id 0 is
 * SL_ROUTE_KIND_NONE. Readers index `route` without a lock, so a put that frees an id must come
 * after a grace period.
 */
struct sl_next_hops {
	struct sl_route route[SL_FIB_NEXT_HOPS + 1];
	uint32_t uses[SL_FIB_NEXT_HOPS + 1];
	uint16_t next[SL_FIB_NEXT_HOPS + 1]; /* of the chain, or of the free list */
	uint16_t head[4096];
	uint16_t free;	/* 0: none */
	uint32_t fresh; /* ids from here on were never used */
};

struct sl_next_hops *sl_next_hops_create(void);

/* The id of an equal route with a use more, or 0 when the table is full. */
uint16_t sl_next_hops_get(struct sl_next_hops *table, const struct sl_route *route);
void sl_next_hops_use(struct sl_next_hops *table, uint16_t id);
void sl_next_hops_put(struct sl_next_hops *table, uint16_t id);
