/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>
#include <string.h>

#include "tables/sweep.h"

#define TOGGLED 1
#define OPEN 2
#define BACK 4 /* toggled an even number of times since */

struct seen {
	uint64_t sum[2];
	uint32_t class; /* + 1; 0 is free */
};

bool sl_sweep_init(struct sl_sweep *s, struct sl_mem *mem, struct sl_bits *bits, uint32_t sets,
		   const uint32_t *set_first, const uint32_t *set_atoms, const uint32_t *base,
		   uint32_t base_count)
{
	memset(s, 0, sizeof(*s));
	s->mem = mem;
	s->bits = bits;
	s->sets = sets;
	s->set_first = set_first;
	s->set_atoms = set_atoms;
	if (!sl_row_init(mem, &s->row, bits) ||
	    !sl_buf_reserve(mem, &s->memory[0], (size_t)sets + 1) ||
	    !sl_buf_reserve(mem, &s->memory[1], ((size_t)sets + 1) * sizeof(uint32_t)))
		return false;
	s->marks = s->memory[0].data;
	s->pending = s->memory[1].data;
	for (uint32_t i = 0; i < base_count; i++)
		sl_row_flip(&s->row, base[i]);
	return true;
}

void sl_sweep_free(struct sl_sweep *s)
{
	sl_row_free(s->mem, &s->row);
	for (int i = 0; i < 2; i++)
		sl_buf_free(s->mem, &s->memory[i]);
	sl_buf_free(s->mem, &s->table);
	sl_buf_free(s->mem, &s->class_pages);
	sl_buf_free(s->mem, &s->events);
	sl_buf_free(s->mem, &s->scratch);
	sl_buf_free(s->mem, &s->intervals);
}

bool sl_sweep_add(struct sl_sweep *s, uint64_t high, uint64_t low, uint32_t set)
{
	struct sl_event *e;

	if (!sl_buf_reserve(s->mem, &s->events, ((size_t)s->event_count + 1) * sizeof(*e)))
		return false;
	e = (struct sl_event *)s->events.data + s->event_count++;
	e->high = high;
	e->low = low;
	e->set = set;
	return true;
}

/* LSD radix sort by value over the bytes that differ at all. */
static bool sort_events(struct sl_sweep *s)
{
	size_t n = s->event_count;
	struct sl_event *from = s->events.data, *to;
	uint64_t differ[2] = {0, 0};

	for (size_t i = 1; i < n; i++) {
		differ[0] |= from[i].low ^ from[0].low;
		differ[1] |= from[i].high ^ from[0].high;
	}
	if (!sl_buf_reserve(s->mem, &s->scratch, n * sizeof(*from)))
		return false;
	to = s->scratch.data;
	for (int byte = 0; byte < 16; byte++) {
		uint32_t start[257] = {0};
		int shift = byte % 8 * 8;
		struct sl_event *swap;

		if ((differ[byte / 8] >> shift & 0xff) == 0)
			continue;
#define KEY(e) ((byte < 8 ? (e).low : (e).high) >> shift & 0xff)
		for (size_t i = 0; i < n; i++)
			start[KEY(from[i]) + 1]++;
		for (int i = 0; i < 256; i++)
			start[i + 1] += start[i];
		for (size_t i = 0; i < n; i++)
			to[start[KEY(from[i])]++] = from[i];
#undef KEY
		swap = from;
		from = to;
		to = swap;
	}
	if (from != s->events.data) {
		struct sl_buf swap = s->events;

		s->events = s->scratch;
		s->scratch = swap;
	}
	return true;
}

/* The key of a set: two independent mixes of its number under the store's secret seed. */
static void toggle(struct sl_sweep *s, uint32_t set)
{
	s->sum[0] ^= sl_mix(s->bits->seed ^ set, 0x243f6a8885a308d3);
	s->sum[1] ^= sl_mix(s->bits->seed ^ ~(uint64_t)set, 0x13198a2e03707344);
	s->marks[set] ^= OPEN;
	if ((s->marks[set] & TOGGLED) == 0) {
		s->marks[set] |= TOGGLED;
		s->pending[s->pending_count++] = set;
	} else {
		s->marks[set] ^= BACK;
	}
}

static struct seen *find(struct seen *table, uint32_t mask, const uint64_t sum[2])
{
	uint32_t at = (uint32_t)sum[0] & mask;

	while (table[at].class != 0 && (table[at].sum[0] != sum[0] || table[at].sum[1] != sum[1]))
		at = (at + 1) & mask;
	return &table[at];
}

static bool grow_table(struct sl_sweep *s)
{
	uint32_t size = s->table_mask == 0 ? 256 : (s->table_mask + 1) * 2;
	struct sl_buf table = {NULL, 0};
	const struct seen *old = s->table.data;

	if (!sl_buf_reserve(s->mem, &table, (size_t)size * sizeof(struct seen)))
		return false;
	if (old != NULL)
		for (uint32_t i = 0; i <= s->table_mask; i++)
			if (old[i].class != 0)
				*find(table.data, size - 1, old[i].sum) = old[i];
	sl_buf_free(s->mem, &s->table);
	s->table = table;
	s->table_mask = size - 1;
	return true;
}

/* Applies the toggles since the last stored class. */
static void settle(struct sl_sweep *s)
{
	for (uint32_t i = 0; i < s->pending_count; i++) {
		uint32_t set = s->pending[i];

		if ((s->marks[set] & BACK) == 0)
			for (uint32_t k = s->set_first[set]; k < s->set_first[set + 1]; k++)
				sl_row_flip(&s->row, s->set_atoms[k]);
		s->marks[set] &= OPEN;
	}
	s->pending_count = 0;
}

static bool current_class(struct sl_sweep *s, uint32_t *class)
{
	uint32_t segments = s->bits->segments;
	struct seen *seen;

	if (s->table_count >= (s->table_mask + 1) / 2 && !grow_table(s))
		return false;
	seen = find(s->table.data, s->table_mask, s->sum);
	if (seen->class != 0) {
		*class = seen->class - 1;
		return true;
	}
	settle(s);
	if (!sl_row_store(s->mem, &s->row, s->bits))
		return false;
	if (segments == 1) {
		*class = s->row.page_ids[0];
	} else {
		if (!sl_buf_reserve(s->mem, &s->class_pages,
				    ((size_t)s->classes + 1) * segments * sizeof(uint32_t)))
			return false;
		memcpy((uint32_t *)s->class_pages.data + (size_t)s->classes * segments,
		       s->row.page_ids, segments * sizeof(uint32_t));
		*class = s->classes++;
	}
	seen->sum[0] = s->sum[0];
	seen->sum[1] = s->sum[1];
	seen->class = *class + 1;
	s->table_count++;
	return true;
}

static bool emit(struct sl_sweep *s, uint64_t high, uint64_t low)
{
	struct sl_interval *interval;
	uint32_t class;

	if (!current_class(s, &class) ||
	    !sl_buf_reserve(s->mem, &s->intervals,
			    ((size_t)s->interval_count + 1) * sizeof(*interval)))
		return false;
	interval = (struct sl_interval *)s->intervals.data + s->interval_count;
	if (s->interval_count > 0 && interval[-1].class == class)
		return true;
	interval->high = high;
	interval->low = low;
	interval->class = class;
	s->interval_count++;
	return true;
}

bool sl_sweep_run(struct sl_sweep *s)
{
	const struct sl_event *e;
	uint32_t i = 0;

	if (!sort_events(s))
		return false;
	e = s->events.data;
	s->interval_count = 0;
	while (i < s->event_count && e[i].high == 0 && e[i].low == 0)
		toggle(s, e[i++].set);
	if (!emit(s, 0, 0))
		return false;
	while (i < s->event_count) {
		uint64_t high = e[i].high, low = e[i].low;

		for (; i < s->event_count && e[i].high == high && e[i].low == low; i++)
			toggle(s, e[i].set);
		if (!emit(s, high, low))
			return false;
	}
	/* Close what reached the last value, for the next run. */
	for (i = 0; i < s->event_count; i++)
		if ((s->marks[e[i].set] & OPEN) != 0)
			toggle(s, e[i].set);
	s->event_count = 0;
	return true;
}
