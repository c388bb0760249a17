/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_fib.h>
#include <rte_fib6.h>

#include "routing/rib.h"

/* An address of either family as one number, IPv4 in the highest 32 bits. */
typedef unsigned __int128 sl_fib_key;

/*
 * One lookup structure of one family: address -> next hop id. Small ones are sorted interval starts,
 * built whole from the RIB; big ones are rte_fib (DIR24-8) or rte_fib6 (trie), changed in place.
 */
struct sl_fib_side {
	struct rte_fib *fib4;
	struct rte_fib6 *fib6;
	uint32_t capacity; /* routes */
	uint32_t intervals;
	sl_fib_key *start; /* ascending, the first is 0 */
	uint16_t *id;
};

struct sl_fib_side *sl_fib_small(const struct sl_rib *rib);
/* An empty one, for `capacity` routes; NULL when memory is short. */
struct sl_fib_side *sl_fib_big(const struct sl_rib *rib, uint32_t capacity);
/* Big only: gives a prefix this id, or takes the prefix away when 0. -ENOSPC when it does not fit. */
int sl_fib_side_set(struct sl_fib_side *side, const struct sl_rib_entry *entry, uint16_t id);
void sl_fib_side_free(struct sl_fib_side *side);

static inline uint16_t sl_fib_small_lookup(const struct sl_fib_side *side, sl_fib_key key)
{
	const sl_fib_key *base = side->start;

	for (uint32_t n = side->intervals; n > 1; n -= n / 2)
		base += key >= base[n / 2] ? n / 2 : 0;
	return side->id[base - side->start];
}
