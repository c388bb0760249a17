/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/image_builder.h"
#include "tables/classifier.h"

/* xorshift64*; never 0. */
struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1d;
}

/* 0..n-1 */
static inline uint32_t random_below(struct random *r, uint32_t n)
{
	return (uint32_t)((random_next(r) >> 32) * n >> 32);
}

struct random_shape {
	uint32_t rules, sets, ranges; /* ranges: at most, per set */
	uint32_t service_sets, services;
	uint32_t any_percent; /* of each dimension of a rule */
	uint32_t spread;      /* bits of the address space in use, 4..32 */
};

/* Sets, one policy of random rules and part 0 over it; zones 2 and 3, pairs (2, 3) and (3, 2). */
void random_image(struct image_builder *b, struct random *r, const struct random_shape *shape);

/* A flow at or near an edge of what some rule of the image matches; any family, any protocol. */
void random_flow(const struct sl_image *image, struct random *r, struct sl_flow *flow);
