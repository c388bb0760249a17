/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <immintrin.h>

#include "session/index.h"

/* The slots of a bucket whose signature is that of `hash`: bit i for slot i. */

#if defined(__AVX2__) && !defined(__SANITIZE_THREAD__)
/*
 * Wide loads only say where to look: whoever acts on a slot loads it again, atomically. Aligned
 * words do not tear within a cache line on x86.
 */
static inline unsigned int sl_bucket_match(const struct sl_bucket *b, uint64_t hash)
{
	const __m256i *line = (const __m256i *)(const void *)b;
	__m256i want = _mm256_set1_epi64x((long long)((hash & 0xffff) << 1 | 1));
	__m256i lo = _mm256_cmpeq_epi64(_mm256_srli_epi64(_mm256_load_si256(line), 47), want);
	__m256i hi = _mm256_cmpeq_epi64(_mm256_srli_epi64(_mm256_load_si256(line + 1), 47), want);
	unsigned int lanes = (unsigned int)_mm256_movemask_pd(_mm256_castsi256_pd(lo)) |
			     (unsigned int)_mm256_movemask_pd(_mm256_castsi256_pd(hi)) << 4;

	static_assert(offsetof(struct sl_bucket, slot) == 8, "lane 0 is the control word");
	return lanes >> 1;
}
#else
static inline unsigned int sl_bucket_match(const struct sl_bucket *b, uint64_t hash)
{
	uint64_t want = (hash & 0xffff) << 1 | 1;
	unsigned int match = 0;

	for (unsigned int i = 0; i < SL_BUCKET_SLOTS; i++)
		match |= (unsigned int)(atomic_load_explicit(&b->slot[i], memory_order_relaxed) >> 47 ==
					want)
			 << i;
	return match;
}
#endif

static inline uint64_t sl_bucket_slot(const struct sl_bucket *b, unsigned int i)
{
	return atomic_load_explicit(&b->slot[i], memory_order_acquire);
}
