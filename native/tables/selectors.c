/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables/selectors.h"

#include <stdlib.h>
#include <string.h>

#define NO_GROUP 0xffffffffu

/* The selectors of one destination prefix. */
struct group {
	uint32_t first, count; /* into `all` */
	uint32_t parent;       /* the next wider prefix that has this one */
};

struct sl_selectors {
	uint32_t count, groups, groups4; /* IPv4's stand first */
	const struct sl_image_selectors **all;
	struct group *group;
};

static unsigned int bits_of(const uint8_t *a, const uint8_t *b, unsigned int most)
{
	unsigned int bits = 0;

	while (bits < most && a[bits / 8] == b[bits / 8] && bits % 8 == 0)
		bits += 8;
	while (bits < most && ((a[bits / 8] ^ b[bits / 8]) >> (7 - bits % 8) & 1) == 0)
		bits++;
	return bits < most ? bits : most;
}

static bool has(const uint8_t *prefix, uint8_t length, const uint8_t *address)
{
	return bits_of(prefix, address, length) >= length;
}

bool sl_selector_has_source(const struct sl_image_selectors *s, const uint8_t *address)
{
	return has(s->source, s->source_length, address);
}

/* IPv4 first, by destination, wider ones first; then narrower sources, protocols and ports first. */
static int compare(const void *one, const void *two)
{
	const struct sl_image_selectors *a = *(const struct sl_image_selectors *const *)one;
	const struct sl_image_selectors *b = *(const struct sl_image_selectors *const *)two;
	int order = memcmp(a->destination, b->destination, 16);

	if (a->family != b->family)
		return a->family - b->family;
	if (order)
		return order;
	if (a->destination_length != b->destination_length)
		return a->destination_length - b->destination_length;
	if (a->source_length != b->source_length)
		return b->source_length - a->source_length;
	if (a->protocol != b->protocol)
		return a->protocol - b->protocol; /* PROTO_ANY is the greatest */
	if (a->destination_hi - a->destination_lo != b->destination_hi - b->destination_lo)
		return (a->destination_hi - a->destination_lo) - (b->destination_hi - b->destination_lo);
	return memcmp(a, b, sizeof(*a));
}

static void add_group(struct sl_selectors *s, uint32_t i)
{
	const struct sl_image_selectors *of = s->all[i], *before;
	uint32_t parent = s->groups ? s->groups - 1 : NO_GROUP;

	if (s->groups) {
		before = s->all[s->group[parent].first];
		if (before->family == of->family &&
		    before->destination_length == of->destination_length &&
		    memcmp(before->destination, of->destination, 16) == 0) {
			s->group[parent].count++;
			return;
		}
	}
	for (; parent != NO_GROUP; parent = s->group[parent].parent) {
		before = s->all[s->group[parent].first];
		if (before->family == of->family &&
		    has(before->destination, before->destination_length, of->destination))
			break;
	}
	s->group[s->groups++] = (struct group){.first = i, .count = 1, .parent = parent};
	if (of->family == 4)
		s->groups4 = s->groups;
}

bool sl_selectors_build(const struct sl_image *image, struct sl_selectors **selectors)
{
	uint32_t count = image->count[SL_SECTION_SELECTORS];
	struct sl_selectors *s;

	*selectors = NULL;
	if (count == 0)
		return true;
	s = *selectors = calloc(1, sizeof(*s));
	if (!s)
		return false;
	s->all = calloc(count, sizeof(s->all[0]));
	s->group = calloc(count, sizeof(s->group[0]));
	if (!s->all || !s->group)
		return false;
	s->count = count;
	for (uint32_t i = 0; i < count; i++)
		s->all[i] = &image->selectors[i];
	qsort(s->all, count, sizeof(s->all[0]), compare);
	for (uint32_t i = 0; i < count; i++)
		add_group(s, i);
	return true;
}

void sl_selectors_free(struct sl_selectors *selectors)
{
	if (!selectors)
		return;
	free(selectors->all);
	free(selectors->group);
	free(selectors);
}

bool sl_selectors_same(const struct sl_selectors *a, const struct sl_selectors *b)
{
	uint32_t i = 0;

	if (!a || !b)
		return a == b;
	while (a->count == b->count && i < a->count &&
	       memcmp(a->all[i], b->all[i], sizeof(*a->all[i])) == 0)
		i++;
	return a->count == b->count && i == a->count;
}

static void destination_of(const struct sl_flow *flow, uint8_t to[16])
{
	memset(to, 0, 16);
	for (unsigned int i = 0; i < 4 && flow->family == 4; i++)
		to[i] = (uint8_t)(flow->v4.dst >> (24 - 8 * i));
	for (unsigned int i = 0; i < 16 && flow->family == 6; i++)
		to[i] = (uint8_t)(flow->v6.dst[i / 8] >> (56 - 8 * (i % 8)));
}

static bool rest_fits(const struct sl_image_selectors *s, const struct sl_flow *flow)
{
	bool icmp = flow->proto == 1 || flow->proto == 58;
	uint16_t sport = icmp ? flow->dport : flow->sport;

	return (s->protocol == SL_PROTO_ANY || s->protocol == flow->proto) &&
	       sport >= s->source_lo && sport <= s->source_hi &&
	       flow->dport >= s->destination_lo && flow->dport <= s->destination_hi;
}

const struct sl_image_selectors *sl_selectors_find(const struct sl_selectors *s,
						   const struct sl_flow *flow,
						   bool (*fits)(const struct sl_image_selectors *s,
								void *context),
						   void *context)
{
	uint32_t low = flow->family == 4 ? 0 : s->groups4;
	uint32_t first = low, high = flow->family == 4 ? s->groups4 : s->groups;
	uint8_t to[16];

	destination_of(flow, to);
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (memcmp(s->all[s->group[middle].first]->destination, to, 16) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == first)
		return NULL;
	/* The last that begins at or before it: it, or one around it, is the narrowest. */
	for (uint32_t g = low - 1; g != NO_GROUP; g = s->group[g].parent) {
		const struct group *group = &s->group[g];
		const struct sl_image_selectors *one = s->all[group->first];

		if (!has(one->destination, one->destination_length, to))
			continue;
		for (uint32_t i = 0; i < group->count; i++)
			if (rest_fits(s->all[group->first + i], flow) &&
			    fits(s->all[group->first + i], context))
				return s->all[group->first + i];
	}
	return NULL;
}
