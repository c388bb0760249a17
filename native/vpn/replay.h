/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * The anti-replay window of an inbound SA (RFC 4303 3.4.3): a ring of bits that moves by whole words
 * (RFC 6479), one word more than the window, so that nothing is shifted.
 */
#define SL_REPLAY_MAX 4096u

struct sl_replay {
	uint64_t top;  /* highest sequence number that was authentic */
	uint32_t size; /* packets; 0: no protection */
	uint32_t words; /* a power of two */
	uint64_t *bits;
};

/* Words for a window of `size` packets. */
static inline uint32_t sl_replay_words(uint32_t size)
{
	uint32_t words = 2;

	while (words * 64 < size + 64)
		words *= 2;
	return words;
}

/*
 * RFC 4303 A2.2: the 64 bits of a sequence number of which the packet has the lower half. 0 where it
 * can only be from before the first packet.
 */
static inline uint64_t sl_replay_guess(const struct sl_replay *r, uint32_t low)
{
	uint32_t high = (uint32_t)(r->top >> 32), top = (uint32_t)r->top;
	uint32_t size = r->size ? r->size : 64, bottom = top - size + 1;

	if (top >= size - 1)
		high += low < bottom;
	else if (low >= bottom && high-- == 0)
		return 0;
	return (uint64_t)high << 32 | low;
}

/* May a packet of this number be new? Zero is never sent (RFC 4303 3.3.3). */
static inline bool sl_replay_fresh(const struct sl_replay *r, uint64_t sequence)
{
	if (sequence > r->top)
		return true;
	if (r->size == 0)
		return true;
	if (sequence == 0 || r->top - sequence >= r->size)
		return false;
	return !(r->bits[sequence / 64 & (r->words - 1)] >> sequence % 64 & 1);
}

/* It was authentic and fresh: it is not any more. */
static inline void sl_replay_mark(struct sl_replay *r, uint64_t sequence)
{
	uint64_t word = sequence / 64, old = r->top / 64;

	if (sequence > r->top) {
		if (word - old >= r->words)
			old = word - r->words;
		while (old < word)
			r->bits[++old & (r->words - 1)] = 0;
		r->top = sequence;
	}
	r->bits[word & (r->words - 1)] |= 1ull << sequence % 64;
}
