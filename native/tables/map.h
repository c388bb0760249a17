/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <string.h>
#ifdef __AVX512BW__
#include <immintrin.h>
#endif

#include "tables/sweep.h"

/*
 * From a value to its class. Sixteen bits at a time: an entry is a class (levels 0), or a search
 * tree over 16-bit keys whose values are classes or, for the high half of an IPv4 address, entries
 * again. Trees lie in 64-byte lines, one node of 32 keys a line, compared all at once:
 *   one level:  [node][values ...]
 *   more:       [line number of the values][root][level 1: 32 nodes][level 2: 1024][level 3]
 * A key is the first value of its interval less one, so that 0xffff can fill up.
 */
#define SL_ENTRY_LEVEL_SHIFT 29
#define SL_ENTRY_INDEX ((1u << SL_ENTRY_LEVEL_SHIFT) - 1)

struct sl_line {
	union {
		uint16_t key16[32];
		uint32_t value[16];
		uint64_t key64[8];
	};
} __attribute__((aligned(64)));

/* Lines under construction; line 0 is never a tree. */
struct sl_lines {
	struct sl_mem *mem;
	struct sl_buf buf;
	uint32_t count;
};

/* An entry to ask with sl_map16 for values below 65,536; false when memory is out. */
bool sl_map16_build(struct sl_lines *lines, const struct sl_interval *intervals, uint32_t n,
		    uint32_t *entry);

/* IPv4: a table of 65,536 entries by the high half where that pays, else one entry to search. */
struct sl_map32 {
	const uint32_t *table; /* NULL: ask `entry` */
	uint32_t entry;
	struct sl_buf memory;
};
bool sl_map32_build(struct sl_lines *lines, const struct sl_interval *intervals, uint32_t n,
		    struct sl_map32 *map);

/*
 * IPv6: a search tree over the high words with 8 keys a line; its values are classes, or trees over
 * the low word where the class depends on it. Layout and entries as above with 8 for 32.
 */
bool sl_map128_build(struct sl_lines *lines, const struct sl_interval *intervals, uint32_t n,
		     uint32_t *entry);

/* How many of the 32 keys are below x. */
static inline uint32_t sl_count16(const struct sl_line *line, uint16_t x)
{
#ifdef __AVX512BW__
	return (uint32_t)__builtin_popcount(
		_mm512_cmplt_epu16_mask(_mm512_load_si512(line), _mm512_set1_epi16((short)x)));
#else
	uint16_t n = 0;

	for (int i = 0; i < 32; i++)
		n = (uint16_t)(n + (line->key16[i] < x));
	return n;
#endif
}

static inline uint32_t sl_count64(const struct sl_line *line, uint64_t x)
{
#ifdef __AVX512F__
	return (uint32_t)__builtin_popcount(_mm512_cmplt_epu64_mask(
		_mm512_load_si512(line), _mm512_set1_epi64((long long)x)));
#else
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n += line->key64[i] < x;
	return (uint32_t)n;
#endif
}

/* The values of a tree run on over as many lines as they need. */
static inline const uint32_t *sl_values(const struct sl_line *line)
{
	return (const uint32_t *)(const void *)line;
}

static inline uint32_t sl_map16(const struct sl_line *lines, uint32_t entry, uint16_t x)
{
	uint32_t levels = entry >> SL_ENTRY_LEVEL_SHIFT;
	uint32_t i, start = 0, width = 1;
	const struct sl_line *at;
	const uint32_t *values;

	if (levels == 0)
		return entry;
	at = lines + (entry & SL_ENTRY_INDEX);
	if (levels == 1)
		return sl_values(at + 1)[sl_count16(at, x)];
	values = sl_values(lines + at->value[0]);
	at++;
	i = sl_count16(at, x);
	for (uint32_t l = 1; l < levels; l++) {
		start += width;
		width *= 32;
		i = i * 32 + sl_count16(at + start + i, x);
	}
	return values[i];
}

static inline uint32_t sl_map32(const struct sl_line *lines, const struct sl_map32 *map, uint32_t x)
{
	uint32_t entry = map->table != NULL ?
				 map->table[x >> 16] :
				 sl_map16(lines, map->entry, (uint16_t)(x >> 16));

	return sl_map16(lines, entry, (uint16_t)x);
}

static inline uint32_t sl_map64(const struct sl_line *lines, uint32_t entry, uint64_t x)
{
	uint32_t levels = entry >> SL_ENTRY_LEVEL_SHIFT;
	uint32_t i, start = 0, width = 1;
	const struct sl_line *at;
	const uint32_t *values;

	if (levels == 0)
		return entry;
	at = lines + (entry & SL_ENTRY_INDEX);
	if (levels == 1)
		return sl_values(at + 1)[sl_count64(at, x)];
	values = sl_values(lines + at->value[0]);
	at++;
	i = sl_count64(at, x);
	for (uint32_t l = 1; l < levels; l++) {
		start += width;
		width *= 8;
		i = i * 8 + sl_count64(at + start + i, x);
	}
	return values[i];
}

static inline uint32_t sl_map128(const struct sl_line *lines, uint32_t entry, uint64_t high,
				 uint64_t low)
{
	return sl_map64(lines, sl_map64(lines, entry, high), low);
}
