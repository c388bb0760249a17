/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_cycles.h>
#include <stdint.h>
#include <time.h>

/*
 * Wall-clock ns from the TSC: one anchor of both, moved on by the control thread every second so
 * that the realtime clock's corrections are followed. A turn of the loop reads the TSC once.
 */
struct sl_clock {
	uint64_t tsc, ns;
	uint64_t mult; /* ns per cycle * 2^24 */
};

static inline void sl_clock_anchor(struct sl_clock *clock)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	clock->tsc = rte_rdtsc();
	clock->ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
	clock->mult = (uint64_t)((1000000000.0 / (double)rte_get_tsc_hz()) * (1u << 24));
}

static inline uint64_t sl_clock_ns(const struct sl_clock *clock, uint64_t tsc)
{
	return clock->ns + (uint64_t)(((unsigned __int128)(tsc - clock->tsc) * clock->mult) >> 24);
}

/* The session clock: ms since `boot` (TSC), wraps. The same for all workers, never goes back. */
static inline uint32_t sl_clock_ms(uint64_t boot, uint64_t tsc, uint64_t per_cycle)
{
	return (uint32_t)(((unsigned __int128)(tsc - boot) * per_cycle) >> 48);
}

/* What sl_clock_ms takes: ms per cycle * 2^48. */
static inline uint64_t sl_clock_ms_per_cycle(void)
{
	return (1ull << 48) / (rte_get_tsc_hz() / 1000);
}
