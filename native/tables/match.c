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

INLINE const uint64_t *block_of(const struct sl_family *f, const uint8_t *page, uint32_t block,
				bool wide)
{
	const uint8_t *ids = page + f->summary_words * 8;
	uint32_t id = wide ? ((const uint32_t *)ids)[block] : ((const uint16_t *)ids)[block];

	return f->blocks + (size_t)id * SL_BLOCK_WORDS;
}

/* The first atom that all dimensions have in a block, or NO_ATOM. */
INLINE uint32_t first_in_block(const struct sl_family *f, const struct pages *p, uint32_t block,
			       int dimensions, bool wide)
{
	const uint64_t *word[SL_DIMENSIONS];
	uint64_t v;

	for (int d = 0; d < dimensions; d++)
		word[d] = block_of(f, p->at[d], block, wide);
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

INLINE const struct sl_rule *first_in_page(const struct sl_family *f, const struct pages *p,
					   uint64_t live, uint32_t segment, int dimensions, bool wide)
{
	for (; live != 0; live &= live - 1) {
		uint32_t block = (uint32_t)__builtin_ctzll(live);
		uint32_t atom = first_in_block(f, p, block, dimensions, wide);

		if (atom != NO_ATOM)
			return &f->rules[segment * SL_PAGE_ATOMS + block * SL_BLOCK_ATOMS + atom];
	}
	return NULL;
}

/* How far the addresses of a flow are known after the first look: entries to go on with. */
INLINE void classify_begin(const struct sl_family *f, const struct sl_flow *flow, int family,
			   uint32_t entry[2])
{
	const uint32_t address[2] = {flow->v4.src, flow->v4.dst};

	if (family != 4)
		return;
	for (int d = 0; d < 2; d++) {
		entry[d] = sl_map32_half(f->lines, &f->address4[d], address[d]);
		__builtin_prefetch(f->lines + (entry[d] & SL_ENTRY_INDEX));
	}
}

INLINE void classify_end(const struct sl_family *f, const struct sl_flow *flow, int family,
			 int dimensions, const uint32_t entry[2], uint32_t class[SL_DIMENSIONS])
{
	const struct sl_line *lines = f->lines;

	if (family == 4) {
		class[0] = sl_map16(lines, entry[0], (uint16_t)flow->v4.src);
		class[1] = sl_map16(lines, entry[1], (uint16_t)flow->v4.dst);
	} else {
		class[0] = sl_map128(lines, f->address6[0], flow->v6.src[0], flow->v6.src[1]);
		class[1] = sl_map128(lines, f->address6[1], flow->v6.dst[0], flow->v6.dst[1]);
	}
	class[2] = sl_map16(lines, f->service[flow->proto], flow->dport);
	if (dimensions == 4)
		class[3] = sl_map16(lines, f->source_port, flow->sport);
}

/*
 * Stage by stage over the batch, so that the loads of one flow hide behind the others':
 * entries, classes, then which blocks are worth reading, then the blocks.
 */
INLINE void match_batch(const struct sl_family *f, const struct sl_flow *const *flows,
			const struct sl_rule **out, uint32_t n, int family, int dimensions,
			bool segmented, bool wide)
{
	uint32_t class[BATCH][SL_DIMENSIONS];
	struct pages pages[BATCH];
	uint64_t live[BATCH];
	uint32_t entry[BATCH][2];

	for (uint32_t i = 0; i < n; i++)
		classify_begin(f, flows[i], family, entry[i]);
	for (uint32_t i = 0; i < n; i++) {
		classify_end(f, flows[i], family, dimensions, entry[i], class[i]);
		for (int d = 0; d < dimensions; d++) {
			pages[i].at[d] = page_of(f, d, class[i][d], 0, segmented);
			__builtin_prefetch(pages[i].at[d]);
		}
	}
	for (uint32_t i = 0; i < n; i++) {
		live[i] = live_blocks(&pages[i], f->summary_words, dimensions);
		for (int d = 0; live[i] != 0 && d < dimensions; d++)
			__builtin_prefetch(block_of(f, pages[i].at[d],
						    (uint32_t)__builtin_ctzll(live[i]), wide));
	}
	for (uint32_t i = 0; i < n; i++) {
		out[i] = first_in_page(f, &pages[i], live[i], 0, dimensions, wide);
		for (uint32_t s = 1; segmented && out[i] == NULL && s < f->segments; s++) {
			for (int d = 0; d < dimensions; d++)
				pages[i].at[d] = page_of(f, d, class[i][d], s, true);
			out[i] = first_in_page(f, &pages[i],
					       live_blocks(&pages[i], f->summary_words, dimensions),
					       s, dimensions, wide);
		}
	}
}

/* The variants that matter are compiled apart; the rest ask at run time. */
INLINE void match_family(const struct sl_family *f, const struct sl_flow *const *flows,
			 const struct sl_rule **out, uint32_t n, int family)
{
	if (f->atoms == 0) {
		for (uint32_t i = 0; i < n; i++)
			out[i] = NULL;
	} else if (f->segments > 1 || f->wide_ids) {
		match_batch(f, flows, out, n, family, 4, f->segments > 1, f->wide_ids);
	} else if (f->any_source_port) {
		match_batch(f, flows, out, n, family, 3, false, false);
	} else {
		match_batch(f, flows, out, n, family, 4, false, false);
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
