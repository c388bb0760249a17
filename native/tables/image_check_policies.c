/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tables/image_check.h"

#define COUNT(check, section) ((check)->image->count[SL_SECTION_##section])

static bool check_set(const struct sl_image_check *check, uint32_t i)
{
	const struct sl_image *image = check->image;
	const struct sl_image_address_sets *s = &image->address_sets[i];

	if (!sl_image_range_ok(s->first4, s->count4, COUNT(check, RANGES4)))
		return sl_image_fault(check, "address_sets", i, "ranges4 %u+%u of %u", s->first4,
				      s->count4, COUNT(check, RANGES4));
	if (!sl_image_range_ok(s->first6, s->count6, COUNT(check, RANGES6)))
		return sl_image_fault(check, "address_sets", i, "ranges6 %u+%u of %u", s->first6,
				      s->count6, COUNT(check, RANGES6));
	for (uint32_t k = 0; k < s->count4; k++) {
		const struct sl_image_ranges4 *r = &image->ranges4[s->first4 + k];

		if (r->lo > r->hi || (k > 0 && r->lo <= r[-1].hi))
			return sl_image_fault(check, "ranges4", s->first4 + k,
					      "not in order within set %u", i);
	}
	for (uint32_t k = 0; k < s->count6; k++) {
		const struct sl_image_ranges6 *r = &image->ranges6[s->first6 + k];

		if (r->lo_high > r->hi_high || (r->lo_high == r->hi_high && r->lo_low > r->hi_low) ||
		    (k > 0 && (r->lo_high < r[-1].hi_high ||
			       (r->lo_high == r[-1].hi_high && r->lo_low <= r[-1].hi_low))))
			return sl_image_fault(check, "ranges6", s->first6 + k,
					      "not in order within set %u", i);
	}
	return true;
}

bool sl_image_check_sets(const struct sl_image_check *check)
{
	const struct sl_image *image = check->image;
	uint64_t ranges4 = 0, ranges6 = 0, services = 0;

	/* Sets that shared ranges could ask for work far beyond the image's size. */
	for (uint32_t i = 0; i < COUNT(check, ADDRESS_SETS); i++) {
		ranges4 += image->address_sets[i].count4;
		ranges6 += image->address_sets[i].count6;
		if (ranges4 > COUNT(check, RANGES4) || ranges6 > COUNT(check, RANGES6))
			return sl_image_fault(check, "address_sets", i, "more ranges than there are");
		if (!check_set(check, i))
			return false;
	}
	for (uint32_t i = 0; i < COUNT(check, SERVICES); i++) {
		const struct sl_image_services *s = &image->services[i];

		if (s->protocol > SL_PROTO_ANY)
			return sl_image_fault(check, "services", i, "protocol %u", s->protocol);
		if (s->source_lo > s->source_hi || s->destination_lo > s->destination_hi)
			return sl_image_fault(check, "services", i, "a range ends before it starts");
	}
	for (uint32_t i = 0; i < COUNT(check, SERVICE_SETS); i++) {
		const struct sl_image_service_sets *s = &image->service_sets[i];

		if (!sl_image_range_ok(s->first, s->count, COUNT(check, SERVICES)))
			return sl_image_fault(check, "service_sets", i, "services %u+%u of %u",
					      s->first, s->count, COUNT(check, SERVICES));
		services += s->count;
		if (services > COUNT(check, SERVICES))
			return sl_image_fault(check, "service_sets", i,
					      "more services than there are");
	}
	return true;
}

static bool check_rule(const struct sl_image_check *check, uint32_t i, uint32_t policy,
		       uint64_t *seen)
{
	const struct sl_image_rules *r = &check->image->rules[i];
	uint32_t strings = COUNT(check, STRINGS), sets = COUNT(check, ADDRESS_SETS);

	if (r->slot < SL_RULE_FIRST || r->slot >= SL_MAX_RULES)
		return sl_image_fault(check, "rules", i, "slot %u is not in %u..%u", r->slot,
				      SL_RULE_FIRST, SL_MAX_RULES - 1);
	if ((seen[r->slot / 64] >> r->slot % 64 & 1) != 0)
		return sl_image_fault(check, "rules", i, "slot %u is there twice", r->slot);
	seen[r->slot / 64] |= 1ull << r->slot % 64;
	if (r->policy != policy)
		return sl_image_fault(check, "rules", i, "policy %u, but it lies in policy %u",
				      r->policy, policy);
	if (r->name >= strings || r->file >= strings)
		return sl_image_fault(check, "rules", i, "name %u or file %u is out of range",
				      r->name, r->file);
	if (r->source != SL_SET_ANY && r->source >= sets)
		return sl_image_fault(check, "rules", i, "source %u of %u sets", r->source, sets);
	if (r->destination != SL_SET_ANY && r->destination >= sets)
		return sl_image_fault(check, "rules", i, "destination %u of %u sets",
				      r->destination, sets);
	if (r->service != SL_SET_ANY && r->service >= COUNT(check, SERVICE_SETS))
		return sl_image_fault(check, "rules", i, "service %u of %u sets", r->service,
				      COUNT(check, SERVICE_SETS));
	if (r->action > SL_ACTION_TRANSLATE)
		return sl_image_fault(check, "rules", i, "action %u is unknown", r->action);
	if ((r->flags & ~(SL_RULE_LOG | SL_RULE_LOG_END | SL_RULE_STATELESS | SL_RULE_MIDSTREAM |
			   SL_RULE_CONDITION)) != 0)
		return sl_image_fault(check, "rules", i, "flags 0x%x are unknown", r->flags);
	if (r->reserved != 0)
		return sl_image_fault(check, "rules", i, "reserved is %u", r->reserved);
	return r->action == SL_ACTION_TRANSLATE ? sl_image_check_translation(check, i) :
						  sl_image_check_extra(check, i);
}

/* Policies cover the rules in order, each rule once. */
static bool check_rules(const struct sl_image_check *check, uint64_t *seen)
{
	uint32_t next = 0;

	for (uint32_t p = 0; p < COUNT(check, POLICIES); p++) {
		const struct sl_image_policies *policy = &check->image->policies[p];

		if (policy->name >= COUNT(check, STRINGS))
			return sl_image_fault(check, "policies", p, "name %u is out of range",
					      policy->name);
		if ((policy->flags & ~SL_POLICY_KEEP_ESTABLISHED) != 0)
			return sl_image_fault(check, "policies", p, "flags 0x%x are unknown",
					      policy->flags);
		if (policy->first_rule != next || policy->rules > COUNT(check, RULES) - next)
			return sl_image_fault(check, "policies", p, "rules %u+%u of %u, %u expected",
					      policy->first_rule, policy->rules,
					      COUNT(check, RULES), next);
		for (uint32_t i = next; i < next + policy->rules; i++)
			if (!check_rule(check, i, p, seen))
				return false;
		next += policy->rules;
	}
	if (next != COUNT(check, RULES))
		return sl_image_fault(check, "rules", next, "in no policy");
	return true;
}

static bool check_parts(const struct sl_image_check *check)
{
	const struct sl_image *image = check->image;
	uint64_t policies = 0;

	for (uint32_t i = 0; i < COUNT(check, PART_POLICIES); i++)
		if (image->part_policies[i].policy >= COUNT(check, POLICIES))
			return sl_image_fault(check, "part_policies", i, "policy %u of %u",
					      image->part_policies[i].policy,
					      COUNT(check, POLICIES));
	for (uint32_t i = 0; i < COUNT(check, PARTS); i++) {
		const struct sl_image_parts *p = &image->parts[i];

		if (!sl_image_range_ok(p->first_policy, p->policies, COUNT(check, PART_POLICIES)))
			return sl_image_fault(check, "parts", i, "policies %u+%u of %u",
					      p->first_policy, p->policies,
					      COUNT(check, PART_POLICIES));
		policies += p->policies;
		if (policies > COUNT(check, PART_POLICIES))
			return sl_image_fault(check, "parts", i, "more policies than there are");
		/* In file order, so none twice: first match is by that order. */
		for (uint32_t k = 1; k < p->policies; k++)
			if (image->part_policies[p->first_policy + k].policy <=
			    image->part_policies[p->first_policy + k - 1].policy)
				return sl_image_fault(check, "part_policies", p->first_policy + k,
						      "not in order within part %u", i);
	}
	return true;
}

static bool check_pairs(const struct sl_image_check *check)
{
	const struct sl_image *image = check->image;
	bool zones[SL_MAX_ZONES] = {[SL_ZONE_NONE] = true, [SL_ZONE_LOCAL] = true};

	for (uint32_t i = 0; i < COUNT(check, ZONES); i++)
		zones[image->zones[i].slot] = true;
	for (uint32_t i = 0; i < COUNT(check, PAIR_PARTS); i++)
		if (image->pair_parts[i].part >= COUNT(check, PARTS))
			return sl_image_fault(check, "pair_parts", i, "part %u of %u",
					      image->pair_parts[i].part, COUNT(check, PARTS));
	for (uint32_t i = 0; i < COUNT(check, PAIRS); i++) {
		const struct sl_image_pairs *p = &image->pairs[i];

		if (p->from >= SL_MAX_ZONES || p->to >= SL_MAX_ZONES || p->from == SL_ZONE_NONE ||
		    !zones[p->from] || !zones[p->to])
			return sl_image_fault(check, "pairs", i, "zones %u and %u are not both there",
					      p->from, p->to);
		if (i > 0 && (p->from < p[-1].from || (p->from == p[-1].from && p->to <= p[-1].to)))
			return sl_image_fault(check, "pairs", i, "not in order");
		if (!sl_image_range_ok(p->first_part, p->parts, COUNT(check, PAIR_PARTS)))
			return sl_image_fault(check, "pairs", i, "parts %u+%u of %u", p->first_part,
					      p->parts, COUNT(check, PAIR_PARTS));
		if (!sl_image_range_ok(p->first_nat, p->nat_parts, COUNT(check, PAIR_PARTS)))
			return sl_image_fault(check, "pairs", i, "NAT parts %u+%u of %u",
					      p->first_nat, p->nat_parts, COUNT(check, PAIR_PARTS));
	}
	return true;
}

bool sl_image_check_policies(const struct sl_image_check *check)
{
	uint64_t *seen = calloc(SL_MAX_RULES / 64, sizeof(*seen));
	bool ok;

	if (seen == NULL)
		return sl_image_fault(check, "rules", 0, "no memory");
	ok = check_rules(check, seen);
	free(seen);
	return ok && check_parts(check) && check_pairs(check);
}
