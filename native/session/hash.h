/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <immintrin.h>
#include <stdbool.h>
#include <string.h>

#include "core/packet.h"

/*
 * Keyed hash of tuples. Non-linear on purpose: with CRC or Toeplitz whoever chooses addresses and
 * ports finds collisions without knowing the key. Two AES rounds spread every bit over the block;
 * one more stands between them and what an attacker can learn from timing.
 */
#ifndef __AES__
#error "needs -maes"
#endif

struct sl_hash_secret {
	__m128i k[4];
};

/* Draws a secret from the kernel, or makes it from `seed` when that is not zero. 0 or -errno. */
int sl_hash_secret_init(struct sl_hash_secret *secret, uint64_t seed);

static inline __m128i sl_load128(const void *p)
{
	return _mm_loadu_si128(p);
}

static inline uint64_t sl_hash_finish(const struct sl_hash_secret *s, __m128i x)
{
	x = _mm_aesenc_si128(x, s->k[1]);
	x = _mm_aesenc_si128(x, s->k[2]);
	x = _mm_aesenc_si128(x, s->k[3]);
	return (uint64_t)_mm_cvtsi128_si64(x);
}

static inline uint64_t sl_hash4(const struct sl_hash_secret *s, const struct sl_key4 *key)
{
	return sl_hash_finish(s, _mm_xor_si128(sl_load128(key), s->k[0]));
}

static inline uint64_t sl_hash6(const struct sl_hash_secret *s, const struct sl_key6 *key)
{
	uint64_t tail;
	__m128i x;

	static_assert(offsetof(struct sl_key6, sport) == 32, "the tail is one word");
	memcpy(&tail, &key->sport, sizeof(tail));
	x = _mm_xor_si128(sl_load128(key->src), s->k[0]);
	x = _mm_aesenc_si128(_mm_aesenc_si128(x, s->k[1]), s->k[2]);
	x = _mm_xor_si128(x, sl_load128(key->dst));
	x = _mm_aesenc_si128(_mm_aesenc_si128(x, s->k[2]), s->k[3]);
	x = _mm_xor_si128(x, _mm_set_epi64x(6, (long long)tail));
	return sl_hash_finish(s, x);
}

/*
 * The same for both directions of a tuple: which worker is home to a flow that has no session.
 * The ends are put in order first; combining two hashes instead would let flows be steered.
 */
static inline uint64_t sl_hash4_symmetric(const struct sl_hash_secret *s, const struct sl_key4 *key)
{
	struct sl_key4 k = *key;

	if (k.src > k.dst || (k.src == k.dst && k.sport > k.dport))
		k = (struct sl_key4){k.dst, k.src, k.dport, k.sport, k.proto, k.flags, k.vrf};
	k.vrf ^= 0x5a5a; /* apart from the index's hash */
	return sl_hash4(s, &k);
}

static inline uint64_t sl_hash6_symmetric(const struct sl_hash_secret *s, const struct sl_key6 *key)
{
	struct sl_key6 k = *key;
	int order = memcmp(k.src, k.dst, sizeof(k.src));

	if (order > 0 || (order == 0 && k.sport > k.dport)) {
		memcpy(k.src, key->dst, sizeof(k.src));
		memcpy(k.dst, key->src, sizeof(k.dst));
		k.sport = key->dport;
		k.dport = key->sport;
	}
	k.vrf ^= 0x5a5a;
	return sl_hash6(s, &k);
}

/* Home worker of a symmetric hash, 0..workers-1, without a division. */
static inline unsigned int sl_hash_home(uint64_t hash, unsigned int workers)
{
	return (unsigned int)(((hash >> 32) * workers) >> 32);
}
