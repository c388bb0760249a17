/* SPDX-License-Identifier: BSD-3-Clause */
#include <assert.h>

#include "tables/map.h"

/* With more steps than one node holds, a 256 KiB table beats a search of two levels. */
#define ONE_NODE 33
#define MAX_LEVELS 7
static_assert(MAX_LEVELS < 1 << (32 - SL_ENTRY_KIND_SHIFT), "levels fit an entry");

/* First values and what they lead to, ready to become a tree. */
struct steps {
	struct sl_buf start, value; /* uint64_t, uint32_t */
	uint32_t n;
};

static bool push(struct sl_mem *mem, struct steps *steps, uint64_t start, uint32_t value)
{
	if (!sl_buf_reserve(mem, &steps->start, ((size_t)steps->n + 1) * 8) ||
	    !sl_buf_reserve(mem, &steps->value, ((size_t)steps->n + 1) * 4))
		return false;
	((uint64_t *)steps->start.data)[steps->n] = start;
	((uint32_t *)steps->value.data)[steps->n++] = value;
	return true;
}

static void steps_free(struct sl_mem *mem, struct steps *steps)
{
	sl_buf_free(mem, &steps->start);
	sl_buf_free(mem, &steps->value);
}

bool sl_lines_init(struct sl_lines *lines, struct sl_mem *mem)
{
	*lines = (struct sl_lines){.mem = mem, .count = 1};
	return sl_buf_reserve(mem, &lines->buf, sizeof(struct sl_line));
}

static struct sl_line *take_lines(struct sl_lines *lines, uint64_t n)
{
	uint64_t count = lines->count + n;

	if (count > SL_ENTRY_INDEX ||
	    !sl_buf_reserve(lines->mem, &lines->buf, count * sizeof(struct sl_line))) {
		lines->mem->failed = true;
		return NULL;
	}
	lines->count = (uint32_t)count;
	return (struct sl_line *)lines->buf.data + (count - n);
}

/* Keys start[0], start[step], ... below `end`; at most `most` of them, all ones behind. */
static void put_keys(struct sl_line *line, const uint64_t *start, uint64_t at, uint64_t end,
		     uint64_t step, uint32_t most, uint32_t fanout)
{
	for (uint32_t i = 0; i < fanout; i++, at += step) {
		uint64_t key = i < most && at < end ? start[at] - 1 : UINT64_MAX;

		if (fanout == 32)
			line->key16[i] = (uint16_t)key;
		else
			line->key64[i] = key;
	}
}

static bool build_small(struct sl_lines *lines, const uint64_t *start, const uint32_t *value,
			uint64_t keys, uint32_t *entry)
{
	uint32_t first = lines->count;
	struct sl_line *at = take_lines(lines, 1);

	if (at == NULL)
		return false;
	put_keys(at, start, 0, keys, 1, SL_SMALL_KEYS, 32);
	memcpy((uint8_t *)at + SL_SMALL_VALUES, value, (keys + 1) * sizeof(*value));
	*entry = (uint32_t)SL_ENTRY_SMALL << SL_ENTRY_KIND_SHIFT | first;
	return true;
}

static bool build_direct(struct sl_lines *lines, const struct steps *steps, uint32_t *entry)
{
	const uint64_t *start = steps->start.data;
	const uint32_t *value = steps->value.data;
	uint32_t first = lines->count;
	uint32_t *at = (uint32_t *)(void *)take_lines(lines, 65536 / 16);

	if (at == NULL)
		return false;
	for (uint32_t i = 0, step = 0; i < 65536; i++) {
		if (step + 1 < steps->n && start[step + 1] == i)
			step++;
		at[i] = value[step];
	}
	*entry = (uint32_t)SL_ENTRY_DIRECT << SL_ENTRY_KIND_SHIFT | first;
	return true;
}

/* fanout: 32 for 16-bit keys, 8 for 64-bit ones. */
static bool build_tree(struct sl_lines *lines, const struct steps *steps, uint32_t fanout,
		       uint32_t *entry)
{
	const uint64_t *start = (const uint64_t *)steps->start.data + 1;
	const uint32_t *value = steps->value.data;
	uint64_t keys = steps->n - 1, reach = fanout, inner = 0, width = 1, nodes;
	uint32_t levels = 1, first = lines->count;
	struct sl_line *at;

	if (keys == 0) {
		*entry = value[0];
		return true;
	}
	if (fanout == 32 && keys <= SL_SMALL_KEYS)
		return build_small(lines, start, value, keys, entry);
	for (; reach < keys; reach *= fanout, levels++) {
		inner += width;
		width *= fanout;
	}
	if (levels > MAX_LEVELS) {
		lines->mem->failed = true;
		return false;
	}
	/* Inner levels are whole, the leaves as many as there are. */
	nodes = inner + (keys + fanout - 1) / fanout;
	at = take_lines(lines, nodes + (steps->n + 15) / 16 + (levels > 1));
	if (at == NULL)
		return false;
	*entry = (fanout == 32 ? SL_ENTRY_LEVEL_1 - 1 + levels : levels) << SL_ENTRY_KIND_SHIFT | first;
	if (levels > 1)
		(at++)->value[0] = first + 1 + (uint32_t)nodes;
	memcpy((void *)(at + nodes), value, (size_t)steps->n * 4);
	/* `span` keys lie below each child of the level; children part by their first keys. */
	width = 1;
	for (uint64_t span = reach / fanout; span > 1; span /= fanout) {
		for (uint64_t k = 0; k < width; k++, at++)
			put_keys(at, start, (k * fanout + 1) * span, keys, span, fanout - 1,
				 fanout);
		width *= fanout;
	}
	for (uint64_t k = 0; k < keys; k += fanout, at++)
		put_keys(at, start, k, keys, 1, fanout, fanout);
	return true;
}

bool sl_map16_build(struct sl_lines *lines, const struct sl_interval *intervals, uint32_t n,
		    uint32_t *entry)
{
	struct steps steps = {.n = 0};
	bool ok = true;

	for (uint32_t i = 0; i < n && ok; i++)
		ok = push(lines->mem, &steps, intervals[i].low, intervals[i].class);
	if (steps.n <= ONE_NODE)
		ok = ok && build_tree(lines, &steps, 32, entry);
	else
		ok = ok && build_direct(lines, &steps, entry);
	steps_free(lines->mem, &steps);
	return ok;
}

static uint64_t upper(const struct sl_interval *interval, uint32_t fanout)
{
	return fanout == 32 ? interval->low >> 16 : interval->high;
}

static uint64_t lower(const struct sl_interval *interval, uint32_t fanout)
{
	return fanout == 32 ? interval->low & 0xffff : interval->low;
}

/* Steps over the upper halves; where the class depends on the lower half, a tree over that. */
static bool nest(struct sl_lines *lines, const struct sl_interval *v, uint32_t n, uint32_t fanout,
		 struct steps *out)
{
	uint64_t last = fanout == 32 ? 0xffff : UINT64_MAX;
	struct steps inner = {.n = 0};
	bool ok = true;

	for (uint32_t i = 0; i < n && ok;) {
		uint64_t at = upper(&v[i], fanout);
		uint32_t end = i + 1, entry;

		while (end < n && upper(&v[end], fanout) == at)
			end++;
		if (end == i + 1 && lower(&v[i], fanout) == 0) {
			ok = push(lines->mem, out, at, v[i].class);
			i = end;
			continue;
		}
		inner.n = 0;
		if (lower(&v[i], fanout) != 0)
			ok = push(lines->mem, &inner, 0, v[i - 1].class);
		for (; i < end && ok; i++)
			ok = push(lines->mem, &inner, lower(&v[i], fanout), v[i].class);
		ok = ok && build_tree(lines, &inner, fanout, &entry) &&
		     push(lines->mem, out, at, entry);
		if (ok && at < last && (end == n || upper(&v[end], fanout) != at + 1))
			ok = push(lines->mem, out, at + 1, v[end - 1].class);
	}
	steps_free(lines->mem, &inner);
	return ok;
}

bool sl_map32_build(struct sl_lines *lines, const struct sl_interval *intervals, uint32_t n,
		    struct sl_map32 *map)
{
	struct steps steps = {.n = 0};
	bool ok = nest(lines, intervals, n, 32, &steps);

	memset(map, 0, sizeof(*map));
	if (ok && steps.n <= ONE_NODE) {
		ok = build_tree(lines, &steps, 32, &map->entry);
	} else if (ok) {
		const uint64_t *start = steps.start.data;
		const uint32_t *value = steps.value.data;

		ok = sl_buf_reserve(lines->mem, &map->memory, 65536 * sizeof(uint32_t));
		for (uint32_t i = 0, step = 0; ok && i < 65536; i++) {
			if (step + 1 < steps.n && start[step + 1] == i)
				step++;
			((uint32_t *)map->memory.data)[i] = value[step];
		}
		map->table = map->memory.data;
	}
	steps_free(lines->mem, &steps);
	return ok;
}

bool sl_map128_build(struct sl_lines *lines, const struct sl_interval *intervals, uint32_t n,
		     uint32_t *entry)
{
	struct steps steps = {.n = 0};
	bool ok = nest(lines, intervals, n, 8, &steps) && build_tree(lines, &steps, 8, entry);

	steps_free(lines->mem, &steps);
	return ok;
}
