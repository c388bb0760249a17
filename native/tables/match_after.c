/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables/classifier_private.h"

/*
 * The rare second look: the rule that matched has conditions which do not hold, so the match goes on
 * behind it. One flow at a time, the same pages as match.c reads.
 */

static_assert(sizeof(((struct sl_cursor *)NULL)->class) == SL_DIMENSIONS * sizeof(uint32_t),
	      "a class for each dimension");

static const struct sl_family *family_of(const struct sl_classifier *c, uint8_t family)
{
	if (family != 4 && family != 6)
		return NULL;
	return &c->family[family == 4 ? 0 : 1];
}

static void classes(const struct sl_family *f, const struct sl_flow *flow,
		    uint32_t class[SL_DIMENSIONS])
{
	if (flow->family == 4) {
		class[0] = sl_map32(f->lines, &f->address4[0], flow->v4.src);
		class[1] = sl_map32(f->lines, &f->address4[1], flow->v4.dst);
	} else {
		class[0] = sl_map128(f->lines, f->address6[0], flow->v6.src[0], flow->v6.src[1]);
		class[1] = sl_map128(f->lines, f->address6[1], flow->v6.dst[0], flow->v6.dst[1]);
	}
	class[2] = sl_map16(f->lines, f->service[flow->proto], flow->dport);
	class[3] = sl_map16(f->lines, f->source_port, flow->sport);
}

static const uint64_t *block_at(const struct sl_family *f, const uint8_t *page, uint32_t block)
{
	const uint8_t *ids = page + (size_t)f->summary_words * 8;
	uint32_t id = f->wide_ids ? ((const uint32_t *)ids)[block] : ((const uint16_t *)ids)[block];

	return f->blocks + (size_t)id * SL_BLOCK_WORDS;
}

/* The first atom from `from` on, counted within the page, that all pages have; or SL_PAGE_ATOMS. */
static uint32_t first_from(const struct sl_family *f, const uint8_t *const page[SL_DIMENSIONS],
			   uint32_t from)
{
	for (uint32_t block = from / SL_BLOCK_ATOMS; block < f->summary_words * 8; block++) {
		/* Byte `block` of a summary has one bit for each word of the block. */
		uint32_t live = page[0][block] & page[1][block] & page[2][block] & page[3][block];

		for (; live != 0; live &= live - 1) {
			uint32_t w = (uint32_t)__builtin_ctz(live);
			uint32_t base = block * SL_BLOCK_ATOMS + w * 64;
			uint64_t v = ~0ull;

			if (base + 64 <= from)
				continue;
			for (int d = 0; d < SL_DIMENSIONS; d++)
				v &= block_at(f, page[d], block)[w];
			if (base < from)
				v &= ~0ull << (from - base);
			if (v != 0)
				return base + (uint32_t)__builtin_ctzll(v);
		}
	}
	return SL_PAGE_ATOMS;
}

bool sl_classifier_has(const struct sl_classifier *c, uint8_t family, const struct sl_rule *rule)
{
	const struct sl_family *f = family_of(c, family);

	return f != NULL && f->atoms > 0 && (uintptr_t)rule >= (uintptr_t)f->rules &&
	       (uintptr_t)rule < (uintptr_t)(f->rules + f->atoms);
}

const struct sl_rule *sl_classifier_match_after(const struct sl_classifier *c,
						const struct sl_flow *flow,
						const struct sl_rule *after,
						struct sl_cursor *cursor)
{
	const struct sl_family *f = family_of(c, flow->family);
	const uint32_t *class = cursor->class;
	uint32_t from = 0;

	if (f == NULL || f->atoms == 0)
		return NULL;
	/* A rule is an atom for each of its source port ranges, one behind the other. */
	if (after != NULL)
		for (from = (uint32_t)(after - f->rules);
		     from < f->atoms && f->rules[from].slot == after->slot;)
			from++;
	if (from >= f->atoms)
		return NULL;
	if (cursor->of != c) {
		classes(f, flow, cursor->class);
		cursor->of = c;
	}
	for (uint32_t s = from / SL_PAGE_ATOMS; s < f->segments; s++) {
		const uint8_t *page[SL_DIMENSIONS];
		uint32_t start = s * SL_PAGE_ATOMS, atom;

		for (int d = 0; d < SL_DIMENSIONS; d++) {
			uint32_t id = f->segments > 1 ?
					      f->class_pages[d][(size_t)class[d] * f->segments + s] :
					      class[d];

			page[d] = f->pages + (size_t)id * f->stride;
		}
		atom = first_from(f, page, from > start ? from - start : 0);
		if (atom < SL_PAGE_ATOMS)
			return &f->rules[start + atom];
	}
	return NULL;
}
