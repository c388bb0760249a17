/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "test/random_image.h"

static const uint8_t protocols[] = {6, 17, 132, 1, 58, 47, 0, 255};

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* 2n sorted distinct points at most; gives n back. Extremes of the space come up often. */
static uint32_t points(struct random *r, uint32_t ranges, uint32_t spread, uint64_t *at)
{
	uint32_t n = 0, distinct = 0;

	for (uint32_t i = 0; i < 2 * ranges; i++) {
		uint32_t x = (uint32_t)random_next(r) >> (32 - spread);

		switch (random_below(r, 16)) {
		case 0:
			x = 0;
			break;
		case 1:
			x = UINT32_MAX;
			break;
		case 2:
			x |= 0xffff;
			break;
		case 3:
			x &= 0xffff0000;
			break;
		}
		at[n++] = x;
	}
	qsort(at, n, sizeof(*at), compare);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || at[i] != at[i - 1])
			at[distinct++] = at[i];
	return distinct / 2;
}

/* A value of 32 bits spread over 128 so that both words and their edges matter. */
static void widen(uint64_t x, uint64_t *high, uint64_t *low, uint32_t kind)
{
	switch (kind) {
	case 0: /* everything in the low word */
		*high = 0x20010db800000000;
		*low = x == UINT32_MAX ? UINT64_MAX : x;
		break;
	case 1: /* everything in the high word */
		*high = x << 32;
		*low = 0;
		break;
	default: /* across */
		*high = 0x20010db800000000 | x >> 8;
		*low = (x & 0xff) << 56;
		break;
	}
	if (x == 0)
		*high = *low = 0;
	if (x == UINT32_MAX && kind == 1)
		*high = *low = UINT64_MAX;
}

static void add_set(struct image_builder *b, struct random *r, const struct random_shape *shape)
{
	uint64_t *at = calloc(2 * (size_t)shape->ranges + 2, sizeof(*at));
	struct sl_image_address_sets set = {
		.first4 = b->section[SL_SECTION_RANGES4].count,
		.first6 = b->section[SL_SECTION_RANGES6].count,
	};
	uint32_t kind = random_below(r, 3);

	if (random_below(r, 4) != 0) {
		set.count4 = points(r, 1 + random_below(r, shape->ranges), shape->spread, at);
		for (uint32_t i = 0; i < set.count4; i++) {
			struct sl_image_ranges4 range = {(uint32_t)at[2 * i],
							 (uint32_t)at[2 * i + 1]};

			if (random_below(r, 3) == 0)
				range.hi = range.lo;
			image_add(b, SL_SECTION_RANGES4, &range);
		}
	}
	if (random_below(r, 4) != 0) {
		uint32_t n = points(r, 1 + random_below(r, shape->ranges), shape->spread, at);
		struct sl_image_ranges6 last = {0};

		for (uint32_t i = 0; i < n; i++) {
			struct sl_image_ranges6 range;
			widen(at[2 * i], &range.lo_high, &range.lo_low, kind);
			widen(at[2 * i + 1], &range.hi_high, &range.hi_low, kind);
			if (range.hi_high < range.lo_high ||
			    (range.hi_high == range.lo_high && range.hi_low < range.lo_low))
				continue;
			if (set.count6 > 0 && (range.lo_high < last.hi_high ||
					       (range.lo_high == last.hi_high &&
						range.lo_low <= last.hi_low)))
				continue;
			last = range;
			image_add(b, SL_SECTION_RANGES6, &range);
			set.count6++;
		}
	}
	image_add(b, SL_SECTION_ADDRESS_SETS, &set);
	free(at);
}

static void add_service_set(struct image_builder *b, struct random *r, uint32_t services)
{
	struct sl_image_service_sets set = {.first = b->section[SL_SECTION_SERVICES].count};

	set.count = random_below(r, services + 1);
	for (uint32_t i = 0; i < set.count; i++) {
		uint16_t port = (uint16_t)(random_below(r, 64) * 1024 + random_below(r, 4));
		struct sl_image_services s = {
			.protocol = protocols[random_below(r, sizeof(protocols))],
			.source_hi = 65535,
			.destination_lo = port,
			.destination_hi = port,
		};

		if (random_below(r, 8) == 0)
			s.protocol = SL_PROTO_ANY;
		if (random_below(r, 4) == 0)
			s.destination_hi = (uint16_t)(port + random_below(r, 65536 - port));
		if (random_below(r, 6) == 0) {
			s.destination_lo = 0;
			s.destination_hi = 65535;
		}
		if (random_below(r, 4) == 0) {
			s.source_lo = (uint16_t)(random_below(r, 4) * 16384);
			s.source_hi = (uint16_t)(s.source_lo + 16383);
		}
		image_add(b, SL_SECTION_SERVICES, &s);
	}
	image_add(b, SL_SECTION_SERVICE_SETS, &set);
}

static uint32_t pick(struct random *r, uint32_t sets, uint32_t any_percent)
{
	if (sets == 0 || random_below(r, 100) < any_percent)
		return SL_SET_ANY;
	return random_below(r, sets);
}

void random_image(struct image_builder *b, struct random *r, const struct random_shape *shape)
{
	uint32_t part;

	image_builder_init(b);
	image_zone(b, 2, "inside");
	image_zone(b, 3, "outside");
	for (uint32_t i = 0; i < shape->sets; i++)
		add_set(b, r, shape);
	for (uint32_t i = 0; i < shape->service_sets; i++)
		add_service_set(b, r, shape->services);
	image_policy(b, "policy");
	for (uint32_t i = 0; i < shape->rules; i++)
		image_rule(b, pick(r, shape->sets, shape->any_percent),
			   pick(r, shape->sets, shape->any_percent),
			   pick(r, shape->service_sets, shape->any_percent),
			   (uint8_t)random_below(r, 2));
	part = image_part(b, 1, 0, 1);
	image_pair(b, 1, 2, 3, part);
	image_pair(b, 2, 3, 2, part);
}

static uint16_t near_port(struct random *r, uint16_t lo, uint16_t hi)
{
	switch (random_below(r, 5)) {
	case 0:
		return (uint16_t)random_next(r);
	case 1:
		return (uint16_t)(lo - random_below(r, 2));
	case 2:
		return (uint16_t)(hi + random_below(r, 2));
	default:
		return (uint16_t)(lo + random_below(r, hi - lo + 1u));
	}
}

static uint32_t near_address4(const struct sl_image *image, uint32_t set, struct random *r)
{
	const struct sl_image_address_sets *s;
	const struct sl_image_ranges4 *range;

	if (set == SL_SET_ANY || image->address_sets[set].count4 == 0 || random_below(r, 8) == 0)
		return (uint32_t)random_next(r);
	s = &image->address_sets[set];
	range = &image->ranges4[s->first4 + random_below(r, s->count4)];
	switch (random_below(r, 4)) {
	case 0:
		return range->lo - random_below(r, 2);
	case 1:
		return range->hi + random_below(r, 2);
	default:
		return range->lo + (uint32_t)(random_next(r) % ((uint64_t)range->hi - range->lo + 1));
	}
}

static void near_address6(const struct sl_image *image, uint32_t set, struct random *r,
			  uint64_t words[2])
{
	const struct sl_image_address_sets *s;
	const struct sl_image_ranges6 *range;
	unsigned __int128 x;

	words[0] = random_next(r);
	words[1] = random_next(r);
	if (set == SL_SET_ANY || image->address_sets[set].count6 == 0 || random_below(r, 8) == 0)
		return;
	s = &image->address_sets[set];
	range = &image->ranges6[s->first6 + random_below(r, s->count6)];
	if (random_below(r, 2) == 0)
		x = (((unsigned __int128)range->lo_high << 64) | range->lo_low) -
		    random_below(r, 2);
	else
		x = (((unsigned __int128)range->hi_high << 64) | range->hi_low) +
		    random_below(r, 2);
	words[0] = (uint64_t)(x >> 64);
	words[1] = (uint64_t)x;
}

void random_flow(const struct sl_image *image, struct random *r, struct sl_flow *flow)
{
	uint32_t rules = image->count[SL_SECTION_RULES];
	const struct sl_image_rules any = {
		.source = SL_SET_ANY, .destination = SL_SET_ANY, .service = SL_SET_ANY};
	const struct sl_image_rules *rule = rules > 0 ? &image->rules[random_below(r, rules)] : &any;

	memset(flow, 0, sizeof(*flow));
	flow->family = random_below(r, 2) == 0 ? 4 : 6;
	if (flow->family == 4) {
		flow->v4.src = near_address4(image, rule->source, r);
		flow->v4.dst = near_address4(image, rule->destination, r);
	} else {
		near_address6(image, rule->source, r, flow->v6.src);
		near_address6(image, rule->destination, r, flow->v6.dst);
	}
	flow->proto = (uint8_t)random_next(r);
	flow->sport = (uint16_t)random_next(r);
	flow->dport = (uint16_t)random_next(r);
	if (rule->service != SL_SET_ANY && image->service_sets[rule->service].count > 0) {
		const struct sl_image_service_sets *set = &image->service_sets[rule->service];
		const struct sl_image_services *s =
			&image->services[set->first + random_below(r, set->count)];

		if (s->protocol < SL_PROTO_ANY)
			flow->proto = (uint8_t)s->protocol;
		flow->sport = near_port(r, s->source_lo, s->source_hi);
		flow->dport = near_port(r, s->destination_lo, s->destination_hi);
	}
}
