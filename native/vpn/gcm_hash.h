/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * A GCM key, and GHASH with it (NIST SP 800-38D 6.4). The hash of up to 18 blocks is a sum of products
 * by powers of H with one reduction at its end (Gueron and Kounavis, Intel Carry-Less Multiplication
 * Instruction and its Usage for Computing the GCM Mode, 2010). vpn/gcm.c alone.
 */
#define BLOCKS 16
#define POWERS (BLOCKS + 2)

#define VAES __attribute__((target("avx2,aes,pclmul,vaes,vpclmulqdq")))
#define WITHIN static inline __attribute__((always_inline)) VAES

struct sl_gcm {
	__m128i round[15];
	/* H^18 to H^1, each times x (see times_x()); and the sum of its halves, in both. */
	__m128i power[POWERS], folded[POWERS];
	uint32_t rounds;
	bool seals;
};

/* A hash that is not reduced yet: what products of low halves, of high halves and of sums add up to. */
struct sum {
	__m256i low, high, middle;
};

static inline VAES __m128i swapped(__m128i x)
{
	return _mm_shuffle_epi8(x, _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
}

static inline VAES __m256i swapped2(__m256i x)
{
	return _mm256_shuffle_epi8(
		x, _mm256_broadcastsi128_si256(
			   _mm_set_epi8(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)));
}

/* Halves exchanged. */
static inline VAES __m128i turned(__m128i x)
{
	return _mm_shuffle_epi32(x, 0x4e);
}

static inline VAES __m128i reduce(__m128i low, __m128i high)
{
	const __m128i polynomial = _mm_set_epi64x((long long)0xc200000000000000, 1);

	low = _mm_xor_si128(turned(low), _mm_clmulepi64_si128(low, polynomial, 0x10));
	low = _mm_xor_si128(turned(low), _mm_clmulepi64_si128(low, polynomial, 0x10));
	return _mm_xor_si128(low, high);
}

/* Adds two blocks by two powers. */
static inline VAES void add2(struct sum *s, __m256i x, __m256i power, __m256i folded)
{
	__m256i halves = _mm256_xor_si256(x, _mm256_shuffle_epi32(x, 0x4e));

	s->low = _mm256_xor_si256(s->low, _mm256_clmulepi64_epi128(x, power, 0x00));
	s->high = _mm256_xor_si256(s->high, _mm256_clmulepi64_epi128(x, power, 0x11));
	s->middle = _mm256_xor_si256(s->middle, _mm256_clmulepi64_epi128(halves, folded, 0x00));
}

/* Adds a block by H^n. */
static inline VAES void add1(const struct sl_gcm *g, struct sum *s, __m128i x, uint32_t n)
{
	add2(s, _mm256_zextsi128_si256(x), _mm256_zextsi128_si256(g->power[POWERS - n]),
	     _mm256_zextsi128_si256(g->folded[POWERS - n]));
}

static inline VAES __m128i total(const struct sum *s)
{
	__m128i low = _mm_xor_si128(_mm256_castsi256_si128(s->low),
				    _mm256_extracti128_si256(s->low, 1));
	__m128i high = _mm_xor_si128(_mm256_castsi256_si128(s->high),
				     _mm256_extracti128_si256(s->high, 1));
	__m128i middle = _mm_xor_si128(_mm256_castsi256_si128(s->middle),
				       _mm256_extracti128_si256(s->middle, 1));

	middle = _mm_xor_si128(middle, _mm_xor_si128(low, high));
	return reduce(_mm_xor_si128(low, _mm_slli_si128(middle, 8)),
		      _mm_xor_si128(high, _mm_srli_si128(middle, 8)));
}

/* A register of two blocks of a table, from that of H^n on. */
static inline VAES __m256i pair(const __m128i *table, uint32_t n)
{
	return _mm256_loadu_si256((const __m256i *)(const void *)(table + POWERS - n));
}
