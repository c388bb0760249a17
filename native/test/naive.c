/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/naive.h"

static bool in_set(const struct sl_image *image, uint32_t set, const struct sl_flow *flow, int end)
{
	const struct sl_image_address_sets *s;

	if (set == SL_SET_ANY)
		return true;
	s = &image->address_sets[set];
	if (flow->family == 4) {
		uint32_t x = end == 0 ? flow->v4.src : flow->v4.dst;

		for (uint32_t i = s->first4; i < s->first4 + s->count4; i++)
			if (x >= image->ranges4[i].lo && x <= image->ranges4[i].hi)
				return true;
		return false;
	}
	const uint64_t *w = end == 0 ? flow->v6.src : flow->v6.dst;
	unsigned __int128 x = (unsigned __int128)w[0] << 64 | w[1];

	for (uint32_t i = s->first6; i < s->first6 + s->count6; i++) {
		const struct sl_image_ranges6 *r = &image->ranges6[i];

		if (x >= ((unsigned __int128)r->lo_high << 64 | r->lo_low) &&
		    x <= ((unsigned __int128)r->hi_high << 64 | r->hi_low))
			return true;
	}
	return false;
}

static bool in_service(const struct sl_image *image, uint32_t set, const struct sl_flow *flow)
{
	const struct sl_image_service_sets *s;

	if (set == SL_SET_ANY)
		return true;
	s = &image->service_sets[set];
	for (uint32_t i = s->first; i < s->first + s->count; i++) {
		const struct sl_image_services *v = &image->services[i];

		if ((v->protocol == SL_PROTO_ANY || v->protocol == flow->proto) &&
		    flow->sport >= v->source_lo && flow->sport <= v->source_hi &&
		    flow->dport >= v->destination_lo && flow->dport <= v->destination_hi)
			return true;
	}
	return false;
}

const struct sl_image_rules *naive_match_if(const struct sl_image *image, uint32_t part,
					    const struct sl_flow *flow,
					    bool (*holds)(const struct sl_image_rules *rule, void *arg),
					    void *arg)
{
	const struct sl_image_parts *p = &image->parts[part];

	if (flow->family != 4 && flow->family != 6)
		return NULL;
	for (uint32_t k = 0; k < p->policies; k++) {
		const struct sl_image_policies *policy =
			&image->policies[image->part_policies[p->first_policy + k].policy];

		for (uint32_t i = 0; i < policy->rules; i++) {
			const struct sl_image_rules *r = &image->rules[policy->first_rule + i];

			if (in_set(image, r->source, flow, 0) &&
			    in_set(image, r->destination, flow, 1) &&
			    in_service(image, r->service, flow) && holds(r, arg))
				return r;
		}
	}
	return NULL;
}

static bool always(const struct sl_image_rules *rule, void *arg)
{
	(void)rule;
	(void)arg;
	return true;
}

const struct sl_image_rules *naive_match(const struct sl_image *image, uint32_t part,
					 const struct sl_flow *flow)
{
	return naive_match_if(image, part, flow, always, NULL);
}
