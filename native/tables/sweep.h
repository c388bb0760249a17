/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tables/bits.h"

/*
 * Cuts one dimension into intervals of values that the same atoms accept. The caller names sets of
 * disjoint ranges and the atoms that use each; the sweep walks the sorted endpoints and toggles
 * sets. Which sets are open is known by a 128-bit sum of random keys, so a class met before costs
 * nothing, and a new one only what changed.
 */
struct sl_event {
	uint64_t high, low; /* the value at which the set opens or closes */
	uint32_t set;
};

struct sl_interval {
	uint64_t high, low; /* first value */
	uint32_t class;
};

struct sl_sweep {
	struct sl_mem *mem;
	struct sl_bits *bits;
	struct sl_row row;
	uint32_t sets;
	const uint32_t *set_first; /* sets + 1, into set_atoms */
	const uint32_t *set_atoms;
	uint64_t sum[2];
	uint8_t *marks;	   /* per set: 1 toggled since the last store, 2 open */
	uint32_t *pending; /* sets whose mark 1 is or was set */
	uint32_t pending_count;
	struct sl_buf table; /* of sums seen */
	uint32_t table_mask, table_count;
	struct sl_buf class_pages; /* u32 rows of bits->segments, when those are more than one */
	uint32_t classes;
	struct sl_buf events, scratch, intervals;
	uint32_t event_count, interval_count;
	struct sl_buf memory[2];
};

/* `base`: atoms that accept every value. The arrays must outlive the sweep. */
bool sl_sweep_init(struct sl_sweep *sweep, struct sl_mem *mem, struct sl_bits *bits, uint32_t sets,
		   const uint32_t *set_first, const uint32_t *set_atoms, const uint32_t *base,
		   uint32_t base_count);
void sl_sweep_free(struct sl_sweep *sweep);

/* One endpoint for the next run; a set that is never closed stays open to the last value. */
bool sl_sweep_add(struct sl_sweep *sweep, uint64_t high, uint64_t low, uint32_t set);

/*
 * Walks the endpoints added since the last run and leaves `intervals` from value 0 on, neighbours
 * always of different class. Classes are shared between runs.
 */
bool sl_sweep_run(struct sl_sweep *sweep);
