/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * A token bucket in one word: the time at which it is full again (the generic cell rate algorithm,
 * ITU-T I.371). A token comes every `step` ns, the bucket holds `depth` ns of them, a multiple of
 * step. Zero is a full bucket.
 */
struct sl_rate {
	uint64_t step; /* 0: no limit */
	uint64_t depth;
};

/* Beyond what a bucket can be ahead, plus this, the wall clock was set back. */
#define SL_RATE_SLACK_NS 1000000000ull
/* 73 years: sums with a wall clock's time do not wrap. */
#define SL_RATE_MAX_NS (1ull << 61)

static inline struct sl_rate sl_rate_make(uint64_t step, uint32_t burst)
{
	struct sl_rate r = {.step = step < SL_RATE_MAX_NS ? step : SL_RATE_MAX_NS};

	if (__builtin_mul_overflow(r.step, burst ? burst : 1, &r.depth) || r.depth > SL_RATE_MAX_NS)
		r.depth = SL_RATE_MAX_NS;
	return r;
}

/* When the bucket will be full once one more token is taken; 0 when there is none to take. */
static inline uint64_t sl_rate_next(const struct sl_rate *r, uint64_t full_at, uint64_t now)
{
	if (full_at <= now || full_at - now > r->depth + SL_RATE_SLACK_NS)
		return now + r->step;
	return full_at - now + r->step <= r->depth ? full_at + r->step : 0;
}

/* Costs a load when there is no token: nobody writes to a bucket that a flood keeps empty. */
static inline bool sl_rate_has(const struct sl_rate *r, const uint64_t *bucket, uint64_t now)
{
	return sl_rate_next(r, __atomic_load_n(bucket, __ATOMIC_RELAXED), now) != 0;
}

/* Takes a token; any number of workers. */
static inline bool sl_rate_take(const struct sl_rate *r, uint64_t *bucket, uint64_t now)
{
	uint64_t full_at = __atomic_load_n(bucket, __ATOMIC_RELAXED), next;

	do {
		next = sl_rate_next(r, full_at, now);
		if (!next)
			return false;
	} while (!__atomic_compare_exchange_n(bucket, &full_at, next, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

/* Gives back one that was taken. */
static inline void sl_rate_give(const struct sl_rate *r, uint64_t *bucket)
{
	__atomic_fetch_sub(bucket, r->step, __ATOMIC_RELAXED);
}
