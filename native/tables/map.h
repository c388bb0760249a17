/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <string.h>
#ifdef __AVX2__
#include <immintrin.h>
#endif

#include "tables/sweep.h"

/*
 * From a value to its class. Sixteen bits at a time: an entry is a class, or a search tree over
 * 16-bit keys whose values are classes or, for the high half of an IPv4 address, entries again.
 * Trees lie in 64-byte lines, one node of 32 keys a line, compared all at once:
 *   small:      [10 keys, 11 values]
 *   one level:  [node][values ...]
 *   more:       [line number of the values][root][level 1: 32 nodes][level 2: 1024][level 3]
 *   direct:     [65,536 values], for ports where a tree would need levels
 * A key is the first value of its interval less one, so that 0xffff can fill up.
 */
#define SL_ENTRY_KIND_SHIFT 29
#define SL_ENTRY_INDEX ((1u << SL_ENTRY_KIND_SHIFT) - 1)
enum sl_entry_kind {
	SL_ENTRY_CLASS,
	SL_ENTRY_SMALL,
	SL_ENTRY_LEVEL_1,
	SL_ENTRY_LEVEL_2,
	SL_ENTRY_LEVEL_4 = SL_ENTRY_LEVEL_2 + 2,
	SL_ENTRY_DIRECT = 6,
};
#define SL_SMALL_KEYS 10
#define SL_SMALL_VALUES 20 /* bytes from the line's start */

struct sl_line {
	union {
		uint16_t key16[32];
		uint32_t value[16];
		uint64_t key64[8];
	};
} __attribute__((aligned(64)));

/* Lines under construction; line 0 is no tree but there to be read. */
struct sl_lines {
	struct sl_mem *mem;
	struct sl_buf buf;
	uint32_t count;
};
bool sl_lines_init(struct sl_lines *lines, struct sl_mem *mem);

/*
 * An entry to ask with sl_map16 for values below 65,536, a direct one rather than a tree of several
 * levels; false when memory is out.
 */
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
 * the low word where the class depends on it. The kind of an entry is its number of levels here,
 * 0 for a class; layout as above with 8 for 32.
 */
bool sl_map128_build(struct sl_lines *lines, const struct sl_interval *intervals, uint32_t n,
		     uint32_t *entry);

/* One bit for each of the 32 keys that is below x. */
static inline uint32_t sl_below16(const struct sl_line *line, uint16_t x)
{
#if defined(__AVX512BW__)
	return _mm512_cmplt_epu16_mask(_mm512_load_si512(line), _mm512_set1_epi16((short)x));
#elif defined(__AVX2__)
	const __m256i *half = (const __m256i *)(const void *)line;
	const __m256i value = _mm256_set1_epi16((short)x), zero = _mm256_setzero_si256();
	/* x - key saturates to 0 where the key is not below. */
	__m256i low = _mm256_cmpeq_epi16(_mm256_subs_epu16(value, half[0]), zero);
	__m256i high = _mm256_cmpeq_epi16(_mm256_subs_epu16(value, half[1]), zero);
	__m256i both = _mm256_permute4x64_epi64(_mm256_packs_epi16(low, high), 0xd8);

	return ~(uint32_t)_mm256_movemask_epi8(both);
#else
	uint32_t mask = 0;

	for (int i = 0; i < 32; i++)
		mask |= (uint32_t)(line->key16[i] < x) << i;
	return mask;
#endif
}

static inline uint32_t sl_count16(const struct sl_line *line, uint16_t x)
{
	return (uint32_t)__builtin_popcount(sl_below16(line, x));
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

static inline uint32_t sl_map16_deep(const struct sl_line *lines, uint32_t entry, uint16_t x)
{
	const struct sl_line *at = lines + (entry & SL_ENTRY_INDEX);
	uint32_t kind = entry >> SL_ENTRY_KIND_SHIFT;
	uint32_t i, start = 0, width = 1;
	const uint32_t *values;

	if (kind == SL_ENTRY_DIRECT)
		return sl_values(at)[x];
	values = sl_values(lines + at->value[0]);
	at++;
	i = sl_count16(at, x);
	for (uint32_t l = SL_ENTRY_LEVEL_1; l < kind; l++) {
		start += width;
		width *= 32;
		i = i * 32 + sl_count16(at + start + i, x);
	}
	return values[i];
}

/* The usual kinds take one path without branches: which comes is as random as the traffic. */
static inline uint32_t sl_map16(const struct sl_line *lines, uint32_t entry, uint16_t x)
{
	static const uint32_t keys[] = {0, (1u << SL_SMALL_KEYS) - 1, UINT32_MAX};
	static const uint32_t values[] = {0, SL_SMALL_VALUES, sizeof(struct sl_line)};
	uint32_t kind = entry >> SL_ENTRY_KIND_SHIFT, i, value;
	const struct sl_line *at;

	if (__builtin_expect(kind > SL_ENTRY_LEVEL_1, 0))
		return sl_map16_deep(lines, entry, x);
	at = lines + (kind == SL_ENTRY_CLASS ? 0 : entry & SL_ENTRY_INDEX);
	i = (uint32_t)__builtin_popcount(sl_below16(at, x) & keys[kind]);
	value = sl_values((const struct sl_line *)((const char *)at + values[kind]))[i];
	return kind == SL_ENTRY_CLASS ? entry : value;
}

/* The entry for the low half. */
static inline uint32_t sl_map32_half(const struct sl_line *lines, const struct sl_map32 *map,
				     uint32_t x)
{
	return map->table != NULL ? map->table[x >> 16] :
				    sl_map16(lines, map->entry, (uint16_t)(x >> 16));
}

static inline uint32_t sl_map32(const struct sl_line *lines, const struct sl_map32 *map, uint32_t x)
{
	return sl_map16(lines, sl_map32_half(lines, map, x), (uint16_t)x);
}

static inline uint32_t sl_map64(const struct sl_line *lines, uint32_t entry, uint64_t x)
{
	uint32_t levels = entry >> SL_ENTRY_KIND_SHIFT;
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
