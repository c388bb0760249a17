/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "routing/fib_side.h"

struct prefix {
	sl_fib_key first, last;
	uint8_t length;
	uint16_t id;
};

static int compare(const void *a, const void *b)
{
	const struct prefix *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return (int)x->length - (int)y->length;
}

static sl_fib_key to_key(const uint8_t prefix[16])
{
	sl_fib_key key = 0;

	for (unsigned int i = 0; i < 16; i++)
		key = key << 8 | prefix[i];
	return key;
}

static void start_interval(struct sl_fib_side *side, sl_fib_key start, uint16_t id)
{
	uint32_t n = side->intervals;

	/* What starts at the same place later is the longer prefix. */
	if (n && side->start[n - 1] == start)
		n--;
	if (n && side->id[n - 1] == id) {
		side->intervals = n;
		return;
	}
	side->start[n] = start;
	side->id[n] = id;
	side->intervals = n + 1;
}

/* Cuts the prefixes, which nest or are disjoint, into intervals of their longest match. */
static void cut(struct sl_fib_side *side, const struct prefix *list, uint32_t n)
{
	const struct prefix *open[130]; /* by nesting: one a length at the most */
	unsigned int depth = 0;

	start_interval(side, 0, 0);
	for (uint32_t i = 0; i <= n; i++) {
		while (depth && (i == n || open[depth - 1]->last < list[i].first)) {
			sl_fib_key last = open[--depth]->last;

			if (last != ~(sl_fib_key)0)
				start_interval(side, last + 1, depth ? open[depth - 1]->id : 0);
		}
		if (i == n)
			return;
		start_interval(side, list[i].first, list[i].id);
		open[depth++] = &list[i];
	}
}

struct sl_fib_side *sl_fib_small(const struct sl_rib *rib)
{
	size_t intervals = 2 * (size_t)rib->live + 1;
	struct prefix *list = malloc((rib->live + 1) * sizeof(*list));
	struct sl_fib_side *side = calloc(1, sizeof(*side));
	uint32_t n = 0;

	if (!list || !side)
		goto fail;
	side->start = malloc(intervals * sizeof(*side->start));
	side->id = malloc(intervals * sizeof(*side->id));
	if (!side->start || !side->id)
		goto fail;
	side->capacity = UINT32_MAX;
	for (uint32_t i = 0; i < rib->used; i++) {
		const struct sl_rib_entry *e = &rib->entry[i];
		sl_fib_key hosts = ~(sl_fib_key)0;

		if (!e->want)
			continue;
		hosts = e->length == 128 ? 0 : hosts >> e->length;
		list[n].first = to_key(e->prefix);
		list[n].last = list[n].first | hosts;
		list[n].length = e->length;
		list[n++].id = e->want;
	}
	qsort(list, n, sizeof(*list), compare);
	cut(side, list, n);
	free(list);
	return side;
fail:
	free(list);
	sl_fib_side_free(side);
	return NULL;
}
