/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables/classifier_private.h"

#define BATCH 16
#define NO_ATOM UINT32_MAX
#define INLINE static inline __attribute__((always_inline))

/* The four pages of one segment; the fourth is unused where any source port will do. */
struct pages {
	const uint8_t *at[SL_DIMENSIONS];
};

/* One bit per block of the segment in which every dimension has an atom of some common word. */
INLINE uint64_t live_blocks(const struct pages *p, uint32_t words, int dimensions)
{
#ifdef __AVX512BW__
	__mmask8 lanes = (__mmask8)((1u << words) - 1);
	__m512i v = _mm512_maskz_loadu_epi64(lanes, p->at[0]);

	for (int d = 1; d < dimensions; d++)
		v = _mm512_and_si512(v, _mm512_maskz_loadu_epi64(lanes, p->at[d]));
	return _mm512_test_epi8_mask(v, v);
#else
	uint64_t live = 0;

	for (uint32_t w = 0; w < words; w++) {
		uint64_t v = ((const uint64_t *)p->at[0])[w];

		for (int d = 1; d < dimensions; d++)
			v &= ((const uint64_t *)p->at[d])[w];
		/* The lowest bit of each byte says whether the byte is not zero. */
		v |= v >> 4;
		v |= v >> 2;
		v |= v >> 1;
		v &= 0x0101010101010101;
		live |= (v * 0x0102040810204080 >> 56) << (8 * w);
	}
	return live;
#endif
}

/* The first atom that all dimensions have in a block, or NO_ATOM. */
INLINE uint32_t first_in_block(const struct sl_family *f, const struct pages *p, uint32_t block,
			       int dimensions)
{
	const uint64_t *word[SL_DIMENSIONS];
	uint64_t v;

	for (int d = 0; d < dimensions; d++) {
		const uint32_t *ids = (const uint32_t *)(p->at[d] + f->summary_words * 8);

		word[d] = f->blocks + (size_t)ids[block] * SL_BLOCK_WORDS;
	}
#ifdef __AVX512F__
	__m512i all = _mm512_load_si512(word[0]);
	uint32_t hits, w;

	for (int d = 1; d < dimensions; d++)
		all = _mm512_and_si512(all, _mm512_load_si512(word[d]));
	hits = _mm512_test_epi64_mask(all, all);
	if (hits == 0)
		return NO_ATOM;
	w = (uint32_t)__builtin_ctz(hits);
	v = word[0][w];
	for (int d = 1; d < dimensions; d++)
		v &= word[d][w];
	return w * 64 + (uint32_t)__builtin_ctzll(v);
#else
	for (uint32_t w = 0; w < SL_BLOCK_WORDS; w++) {
		v = word[0][w];
		for (int d = 1; d < dimensions; d++)
			v &= word[d][w];
		if (v != 0)
			return w * 64 + (uint32_t)__builtin_ctzll(v);
	}
	return NO_ATOM;
#endif
}

INLINE const uint8_t *page_of(const struct sl_family *f, int d, uint32_t class, uint32_t segment,
			      bool segmented)
{
	uint32_t id = segmented ? f->class_pages[d][(size_t)class * f->segments + segment] : class;

	return f->pages + (size_t)id * f->stride;
}

INLINE const struct sl_rule *first_rule(const struct sl_family *f, const uint32_t *class,
					int dimensions, bool segmented)
{
	uint32_t segments = segmented ? f->segments : 1;

	for (uint32_t segment = 0; segment < segments; segment++) {
		struct pages p;
		uint64_t live;

		for (int d = 0; d < dimensions; d++)
			p.at[d] = page_of(f, d, class[d], segment, segmented);
		for (live = live_blocks(&p, f->summary_words, dimensions); live != 0;
		     live &= live - 1) {
			uint32_t block = (uint32_t)__builtin_ctzll(live);
			uint32_t atom = first_in_block(f, &p, block, dimensions);

			if (atom != NO_ATOM)
				return &f->rules[segment * SL_PAGE_ATOMS + block * SL_BLOCK_ATOMS +
						 atom];
		}
	}
	return NULL;
}

/* Values to classes for all flows first, so that the loads of one hide behind the others'. */
INLINE void match_batch(const struct sl_family *f, const struct sl_flow *const *flows,
			const struct sl_rule **out, uint32_t n, int family, int dimensions,
			bool segmented)
{
	const struct sl_line *lines = f->lines;
	uint32_t class[BATCH][SL_DIMENSIONS];

	for (uint32_t i = 0; i < n; i++) {
		const struct sl_flow *flow = flows[i];

		if (family == 4) {
			class[i][0] = sl_map32(lines, &f->address4[0], flow->v4.src);
			class[i][1] = sl_map32(lines, &f->address4[1], flow->v4.dst);
		} else {
			class[i][0] = sl_map128(lines, f->address6[0], flow->v6.src[0],
						flow->v6.src[1]);
			class[i][1] = sl_map128(lines, f->address6[1], flow->v6.dst[0],
						flow->v6.dst[1]);
		}
		class[i][2] = sl_map16(lines, f->service[flow->proto], flow->dport);
		if (dimensions == 4)
			class[i][3] = sl_map16(lines, f->source_port, flow->sport);
		for (int d = 0; d < dimensions; d++)
			__builtin_prefetch(page_of(f, d, class[i][d], 0, segmented));
	}
	for (uint32_t i = 0; i < n; i++)
		out[i] = first_rule(f, class[i], dimensions, segmented);
}

INLINE void match_family(const struct sl_family *f, const struct sl_flow *const *flows,
			 const struct sl_rule **out, uint32_t n, int family)
{
	if (f->atoms == 0) {
		for (uint32_t i = 0; i < n; i++)
			out[i] = NULL;
	} else if (f->segments > 1) {
		match_batch(f, flows, out, n, family, 4, true);
	} else if (f->any_source_port) {
		match_batch(f, flows, out, n, family, 3, false);
	} else {
		match_batch(f, flows, out, n, family, 4, false);
	}
}

void sl_classifier_match(const struct sl_classifier *classifier, const struct sl_flow *const *flows,
			 const struct sl_rule **out, uint32_t n)
{
	for (uint32_t i = 0, end; i < n; i = end) {
		uint8_t family = flows[i]->family;

		for (end = i + 1; end < n && end - i < BATCH && flows[end]->family == family;)
			end++;
		if (family == 4)
			match_family(&classifier->family[0], flows + i, out + i, end - i, 4);
		else if (family == 6)
			match_family(&classifier->family[1], flows + i, out + i, end - i, 6);
		else
			for (uint32_t k = i; k < end; k++)
				out[k] = NULL;
	}
}
