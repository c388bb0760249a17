/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/gcm.h"

#include <rte_common.h>
#include <rte_cpuflags.h>
#include <rte_malloc.h>
#include <string.h>

#include "vpn/gcm_hash.h"

/*
 * 16 blocks are encrypted at a time, eight registers of two; their hash is independent of the next
 * 16, so that the CPU does both at once. Up to 256 bytes are hashed by one sum.
 */
bool sl_gcm_here(void)
{
	static const enum rte_cpu_flag_t wanted[] = {RTE_CPUFLAG_AVX2, RTE_CPUFLAG_AES,
						     RTE_CPUFLAG_PCLMULQDQ, RTE_CPUFLAG_VAES,
						     RTE_CPUFLAG_VPCLMULQDQ};

	for (unsigned int i = 0; i < RTE_DIM(wanted); i++)
		if (rte_cpu_get_flag_enabled(wanted[i]) != 1)
			return false;
	return true;
}

static inline VAES __m256i round_key(const struct sl_gcm *g, uint32_t i)
{
	return _mm256_broadcastsi128_si256(g->round[i]);
}

/* Encrypts `n` registers, a number the compiler knows. */
WITHIN void encrypt(const struct sl_gcm *g, __m256i *x, uint32_t n)
{
	__m256i key = round_key(g, 0);

	for (uint32_t i = 0; i < n; i++)
		x[i] = _mm256_xor_si256(x[i], key);
	for (uint32_t r = 1; r < g->rounds; r++) {
		key = round_key(g, r);
		for (uint32_t i = 0; i < n; i++)
			x[i] = _mm256_aesenc_epi128(x[i], key);
	}
	key = round_key(g, g->rounds);
	for (uint32_t i = 0; i < n; i++)
		x[i] = _mm256_aesenclast_epi128(x[i], key);
}

/* The next two counter blocks (SP 800-38D 6.2): `counter` has its last word in the CPU's order. */
static inline VAES __m256i blocks(__m256i counter)
{
	const __m128i order = _mm_set_epi8(12, 13, 14, 15, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);

	return _mm256_shuffle_epi8(counter, _mm256_broadcastsi128_si256(order));
}

static inline VAES __m256i plus(__m256i counter, uint32_t n)
{
	return _mm256_add_epi32(counter, _mm256_set_epi32((int)n, 0, 0, 0, (int)n, 0, 0, 0));
}

/* 16 blocks; `sum` has what comes before them. */
WITHIN void many(const struct sl_gcm *g, uint8_t *data,
						       __m256i counter, struct sum *sum, __m128i hash,
						       bool seals)
{
	__m256i x[BLOCKS / 2];

	for (uint32_t i = 0; i < BLOCKS / 2; i++)
		x[i] = blocks(plus(counter, 2 * i));
	encrypt(g, x, BLOCKS / 2);
	for (uint32_t i = 0; i < BLOCKS / 2; i++) {
		__m256i *at = (__m256i *)(void *)(data + 32 * i);
		__m256i in = _mm256_loadu_si256(at), out = _mm256_xor_si256(in, x[i]);

		_mm256_storeu_si256(at, out);
		x[i] = swapped2(seals ? out : in);
	}
	x[0] = _mm256_xor_si256(x[0], _mm256_zextsi128_si256(hash));
	for (uint32_t i = BLOCKS / 2; i-- > 0;)
		add2(sum, x[i], pair(g->power, BLOCKS - 2 * i), pair(g->folded, BLOCKS - 2 * i));
}

/* 32 bytes from `n` before its middle on: the first n are ones. */
static const uint8_t ones[64] = {
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

struct end {
	__m128i hash;	 /* of all before; `first`: nothing is, it is the block beside, not yet multiplied */
	__m128i lengths; /* SP 800-38D 7.1, step 5 */
	__m128i mask;	 /* the tag's block, encrypted */
	bool first;
};

/*
 * The last `length` bytes, which `n` registers hold, and the lengths; the tag. The last register is
 * one block only where there are no more: behind them are 16 bytes at least.
 */
WITHIN __m128i
last(const struct sl_gcm *g, uint8_t *data, uint32_t length, __m256i counter,
     const struct end *e, const uint32_t n, bool seals)
{
	uint32_t count = (length + 15) / 16, top = count + 1;
	struct sum sum = {0};
	__m256i x[BLOCKS / 2 + 1];

	for (uint32_t i = 0; i < n; i++)
		x[i] = blocks(plus(counter, 2 * i));
	x[n] = _mm256_zextsi128_si256(e->mask);
	encrypt(g, x, n + 1);
	for (uint32_t i = 0; i + 1 < n; i++) {
		__m256i *at = (__m256i *)(void *)(data + 32 * i);
		__m256i in = _mm256_loadu_si256(at), out = _mm256_xor_si256(in, x[i]);

		_mm256_storeu_si256(at, out);
		x[i] = swapped2(seals ? out : in);
	}
	if (n > 0) {
		uint8_t *at = data + 32 * (n - 1);
		__m256i which = _mm256_loadu_si256(
			(const __m256i *)(const void *)(ones + 32 - (length - 32 * (n - 1))));
		__m256i in, out;

		if (count & 1) {
			in = _mm256_zextsi128_si256(_mm_loadu_si128((__m128i *)(void *)at));
			out = _mm256_xor_si256(in, _mm256_and_si256(x[n - 1], which));
			_mm_storeu_si128((__m128i *)(void *)at, _mm256_castsi256_si128(out));
		} else {
			in = _mm256_loadu_si256((__m256i *)(void *)at);
			out = _mm256_xor_si256(in, _mm256_and_si256(x[n - 1], which));
			_mm256_storeu_si256((__m256i *)(void *)at, out);
		}
		x[n - 1] = swapped2(_mm256_and_si256(seals ? out : in, which));
	}
	if (n > 0 && count & 1)
		x[n - 1] = _mm256_inserti128_si256(x[n - 1], e->lengths, 1);
	else
		add1(g, &sum, e->lengths, 1);
	for (uint32_t i = n; i-- > 0;)
		add2(&sum, x[i], pair(g->power, top - 2 * i), pair(g->folded, top - 2 * i));
	add1(g, &sum, e->hash, top + e->first);
	return _mm_xor_si128(swapped(total(&sum)), _mm256_castsi256_si128(x[n]));
}

WITHIN __m128i last_by_size(const struct sl_gcm *g, uint8_t *data, uint32_t length, __m256i counter,
			    const struct end *e, bool seals)
{
	switch ((length + 31) / 32) {
#define CASE(n) case n: return last(g, data, length, counter, e, n, seals)
	CASE(0);
	CASE(1);
	CASE(2);
	CASE(3);
	CASE(4);
	CASE(5);
	CASE(6);
	CASE(7);
	default:
	CASE(8);
#undef CASE
	}
}

/* In words: a load of 16 bytes would wait for the stores of fewer that were just made there. */
WITHIN __m128i words(const uint8_t *p, uint32_t n, uint32_t fourth)
{
	uint32_t w[3] = {0};

	memcpy(&w[0], p, 4);
	memcpy(&w[1], p + 4, 4);
	if (n > 2)
		memcpy(&w[2], p + 8, 4);
	return _mm_set_epi32((int)fourth, (int)w[2], (int)w[1], (int)w[0]);
}

WITHIN __m128i tag_of(const struct sl_gcm *g, const struct sl_gcm_packet *p, bool seals)
{
	__m256i counter = _mm256_broadcastsi128_si256(words(p->nonce, 3, 1));
	struct end e = {
		.hash = swapped(words(p->beside, p->beside_length / 4, 0)),
		.lengths = _mm_set_epi64x((long long)p->beside_length * 8, (long long)p->length * 8),
		.mask = _mm256_castsi256_si128(blocks(counter)),
		.first = true,
	};
	uint32_t left = p->length;
	uint8_t *data = p->data;

	counter = _mm256_add_epi32(counter, _mm256_set_epi32(2, 0, 0, 0, 1, 0, 0, 0));
	for (; left > 16 * BLOCKS; left -= 16 * BLOCKS, data += 16 * BLOCKS) {
		struct sum sum = {0};

		if (e.first) {
			add1(g, &sum, e.hash, BLOCKS + 1);
			e.hash = _mm_setzero_si128();
			e.first = false;
		}
		many(g, data, counter, &sum, e.hash, seals);
		e.hash = total(&sum);
		counter = plus(counter, BLOCKS);
	}
	return last_by_size(g, data, left, counter, &e, seals);
}

VAES bool sl_gcm_process(const struct sl_gcm *g, const struct sl_gcm_packet *p)
{
	__m128i tag;

	if (g->seals) {
		_mm_storeu_si128((__m128i *)(void *)p->tag, tag_of(g, p, true));
		return true;
	}
	tag = _mm_xor_si128(tag_of(g, p, false), _mm_loadu_si128((const __m128i *)(const void *)p->tag));
	return _mm_testz_si128(tag, tag);
}

/* FIPS 197 5.2; the S-box is that of the last round with a key of zero, in which columns are alike. */
static VAES uint32_t substituted(uint32_t word)
{
	__m128i x = _mm_aesenclast_si128(_mm_set1_epi32((int)word), _mm_setzero_si128());

	return (uint32_t)_mm_cvtsi128_si32(x);
}

static VAES void expand(struct sl_gcm *g, const uint8_t *key, uint32_t length)
{
	uint32_t words[60], n = length / 4, constant = 1;

	g->rounds = n + 6;
	memcpy(words, key, length);
	for (uint32_t i = n; i < 4 * (g->rounds + 1); i++) {
		uint32_t word = words[i - 1];

		if (i % n == 0) {
			word = substituted(word >> 8 | word << 24) ^ constant;
			constant = constant << 1 ^ (constant >> 7) * 0x11b;
		} else if (n == 8 && i % 8 == 4) {
			word = substituted(word);
		}
		words[i] = words[i - n] ^ word;
	}
	memcpy(g->round, words, (g->rounds + 1) * 16);
	explicit_bzero(words, sizeof(words));
}

/* Times x modulo the polynomial, bits reflected: products then need no shift of their own. */
static VAES __m128i times_x(__m128i h)
{
	uint64_t w[2], carry;

	memcpy(w, &h, 16);
	carry = -(w[1] >> 63);
	w[1] = (w[1] << 1 | w[0] >> 63) ^ (carry & 0xc200000000000000);
	w[0] = w[0] << 1 ^ (carry & 1);
	return _mm_set_epi64x((long long)w[1], (long long)w[0]);
}

VAES struct sl_gcm *sl_gcm_create(const uint8_t *key, uint32_t length, bool seals)
{
	struct sl_gcm *g = rte_zmalloc("gcm", sizeof(*g), RTE_CACHE_LINE_SIZE);
	__m256i h = _mm256_setzero_si256();

	if (!g)
		return NULL;
	g->seals = seals;
	expand(g, key, length);
	encrypt(g, &h, 1);
	for (uint32_t n = 1; n <= POWERS; n++) {
		struct sum sum = {0};
		__m128i power;

		if (n == 1) {
			power = times_x(swapped(_mm256_castsi256_si128(h)));
		} else {
			add1(g, &sum, g->power[POWERS - n + 1], 1);
			power = total(&sum);
		}
		g->power[POWERS - n] = power;
		g->folded[POWERS - n] = _mm_xor_si128(power, turned(power));
	}
	return g;
}

void sl_gcm_free(struct sl_gcm *g)
{
	if (g)
		explicit_bzero(g, sizeof(*g));
	rte_free(g);
}
