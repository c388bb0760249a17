/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <immintrin.h>

#include "session/index.h"

/*
 * What slots of a bucket are like, bit i for slot i: sl_bucket_match has those with the signature
 * of `hash`, sl_bucket_equal those that are `value`, 0 for the empty ones.
 */

#if defined(__AVX2__) && !defined(__SANITIZE_THREAD__)
/*
 * Wide loads only say where to look: whoever acts on a slot loads it again, atomically. Aligned
 * words do not tear within a cache line on x86.
 */
static inline unsigned int sl_bucket_compare(const struct sl_bucket *b, uint64_t value, int shift)
{
	const __m256i *line = (const __m256i *)(const void *)b;
	__m256i want = _mm256_set1_epi64x((long long)value);
	__m256i lo = _mm256_cmpeq_epi64(_mm256_srli_epi64(_mm256_load_si256(line), shift), want);
	__m256i hi = _mm256_cmpeq_epi64(_mm256_srli_epi64(_mm256_load_si256(line + 1), shift), want);
	unsigned int lanes = (unsigned int)_mm256_movemask_pd(_mm256_castsi256_pd(lo)) |
			     (unsigned int)_mm256_movemask_pd(_mm256_castsi256_pd(hi)) << 4;

	static_assert(offsetof(struct sl_bucket, slot) == 8, "lane 0 is the control word");
	return lanes >> 1;
}
#else
static inline unsigned int sl_bucket_compare(const struct sl_bucket *b, uint64_t value, int shift)
{
	unsigned int lanes = 0;

	for (unsigned int i = 0; i < SL_BUCKET_SLOTS; i++)
		lanes |= (unsigned int)(atomic_load_explicit(&b->slot[i], memory_order_relaxed) >>
						shift ==
					value)
			 << i;
	return lanes;
}
#endif

static inline unsigned int sl_bucket_match(const struct sl_bucket *b, uint64_t hash)
{
	return sl_bucket_compare(b, (hash & 0xffff) << 1 | 1, 47);
}

static inline unsigned int sl_bucket_equal(const struct sl_bucket *b, uint64_t value)
{
	return sl_bucket_compare(b, value, 0);
}

static inline uint64_t sl_bucket_slot(const struct sl_bucket *b, unsigned int i)
{
	return atomic_load_explicit(&b->slot[i], memory_order_acquire);
}
