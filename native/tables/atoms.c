/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "tables/atoms.h"

#define FULL_PORTS 0xffffu /* lo 0, hi 65535 */

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int by_port_range(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static uint32_t source_range(const struct sl_image_services *s)
{
	return (uint32_t)s->source_lo << 16 | s->source_hi;
}

/* The distinct source ranges, sorted, so that they have numbers. */
static bool list_source_ports(struct sl_mem *mem, const struct sl_image *image,
			      struct sl_specs *specs)
{
	uint32_t n = image->count[SL_SECTION_SERVICES], distinct = 0;
	uint32_t *range;

	if (!sl_buf_reserve(mem, &specs->source_ports, ((size_t)n + 1) * 4))
		return false;
	range = specs->source_ports.data;
	for (uint32_t i = 0; i < n; i++)
		range[i] = source_range(&image->services[i]);
	qsort(range, n, sizeof(*range), by_port_range);
	for (uint32_t i = 0; i < n; i++)
		if (i == 0 || range[i] != range[i - 1])
			range[distinct++] = range[i];
	specs->source_port_count = distinct;
	return true;
}

static uint32_t source_port_number(const struct sl_specs *specs, uint32_t range)
{
	const uint32_t *all = specs->source_ports.data;
	const uint32_t *at;

	if (range == FULL_PORTS)
		return SL_SET_ANY;
	at = bsearch(&range, all, specs->source_port_count, sizeof(*all), by_port_range);
	return (uint32_t)(at - all);
}

static bool takes_all(const struct sl_image_services *s)
{
	return s->protocol == SL_PROTO_ANY && s->destination_lo == 0 && s->destination_hi == 65535;
}

/* Appends one set's specs; `keys` has room for its services. */
static bool cut_set(struct sl_mem *mem, const struct sl_image *image, uint32_t set, uint64_t *keys,
		    uint32_t *services, struct sl_specs *specs)
{
	const struct sl_image_service_sets *s = &image->service_sets[set];

	for (uint32_t i = 0; i < s->count; i++)
		keys[i] = (uint64_t)source_range(&image->services[s->first + i]) << 32 |
			  (s->first + i);
	qsort(keys, s->count, sizeof(*keys), by_value);
	for (uint32_t i = 0; i < s->count;) {
		uint32_t range = (uint32_t)(keys[i] >> 32), begin = i;
		bool all = false;
		struct sl_spec *spec;

		for (; i < s->count && keys[i] >> 32 == range; i++) {
			services[i] = (uint32_t)keys[i];
			all = all || takes_all(&image->services[services[i]]);
		}
		if (!sl_buf_reserve(mem, &specs->specs,
				    ((size_t)specs->spec_count + 1) * sizeof(*spec)))
			return false;
		spec = (struct sl_spec *)specs->specs.data + specs->spec_count;
		spec->first = (uint32_t)(services - (uint32_t *)specs->services.data) + begin;
		spec->count = i - begin;
		spec->source_port = source_port_number(specs, range);
		spec->service = all ? SL_SET_ANY : specs->spec_count;
		specs->spec_count++;
	}
	return true;
}

bool sl_specs_build(struct sl_mem *mem, const struct sl_image *image, struct sl_specs *specs)
{
	uint32_t sets = image->count[SL_SECTION_SERVICE_SETS];
	uint32_t services = image->count[SL_SECTION_SERVICES], at = 0;
	struct sl_buf keys = {NULL, 0};
	bool ok;

	memset(specs, 0, sizeof(*specs));
	ok = sl_buf_reserve(mem, &specs->of_set, ((size_t)sets + 1) * 4) &&
	     sl_buf_reserve(mem, &specs->services, ((size_t)services + 1) * 4) &&
	     sl_buf_reserve(mem, &keys, ((size_t)services + 1) * 8) &&
	     list_source_ports(mem, image, specs);
	for (uint32_t i = 0; ok && i < sets; i++) {
		((uint32_t *)specs->of_set.data)[i] = specs->spec_count;
		ok = cut_set(mem, image, i, keys.data, (uint32_t *)specs->services.data + at, specs);
		at += image->service_sets[i].count;
	}
	if (ok)
		((uint32_t *)specs->of_set.data)[sets] = specs->spec_count;
	sl_buf_free(mem, &keys);
	return ok;
}

void sl_specs_free(struct sl_mem *mem, struct sl_specs *specs)
{
	sl_buf_free(mem, &specs->of_set);
	sl_buf_free(mem, &specs->specs);
	sl_buf_free(mem, &specs->services);
	sl_buf_free(mem, &specs->source_ports);
}

/* A set without ranges of a family has nothing to say to its packets. */
static bool has_family(const struct sl_image *image, uint32_t set, uint8_t family)
{
	if (set == SL_SET_ANY)
		return true;
	return (family == 4 ? image->address_sets[set].count4 : image->address_sets[set].count6) > 0;
}

static bool add_atom(struct sl_mem *mem, struct sl_atoms *atoms, const struct sl_image_rules *rule,
		     uint32_t service, uint32_t source_port)
{
	const uint32_t sets[SL_DIMENSIONS] = {rule->source, rule->destination, service,
					      source_port};
	const struct sl_rule out = {.slot = rule->slot, .action = rule->action,
				    .flags = rule->flags,
				    .extra = rule->extra != SL_EXTRA_NONE &&
					     rule->action != SL_ACTION_TRANSLATE};

	if (atoms->count >= SL_MAX_ATOMS ||
	    !sl_buf_reserve(mem, &atoms->rules, ((size_t)atoms->count + 1) * sizeof(out))) {
		mem->failed = true;
		return false;
	}
	((struct sl_rule *)atoms->rules.data)[atoms->count] = out;
	for (int d = 0; d < SL_DIMENSIONS; d++) {
		if (!sl_buf_reserve(mem, &atoms->sets[d], ((size_t)atoms->count + 1) * 4))
			return false;
		((uint32_t *)atoms->sets[d].data)[atoms->count] = sets[d];
	}
	atoms->count++;
	return true;
}

static bool add_rule(struct sl_mem *mem, const struct sl_image *image, const struct sl_specs *specs,
		     const struct sl_image_rules *rule, uint8_t family, struct sl_atoms *atoms)
{
	const uint32_t *of_set = specs->of_set.data;

	if (!has_family(image, rule->source, family) ||
	    !has_family(image, rule->destination, family))
		return true;
	if (rule->service == SL_SET_ANY)
		return add_atom(mem, atoms, rule, SL_SET_ANY, SL_SET_ANY);
	for (uint32_t i = of_set[rule->service]; i < of_set[rule->service + 1]; i++) {
		const struct sl_spec *spec = (const struct sl_spec *)specs->specs.data + i;

		if (!add_atom(mem, atoms, rule, spec->service, spec->source_port))
			return false;
	}
	return true;
}

bool sl_atoms_build(struct sl_mem *mem, const struct sl_image *image, const struct sl_specs *specs,
		    uint32_t part, uint8_t family, struct sl_atoms *atoms)
{
	const struct sl_image_parts *p = &image->parts[part];

	memset(atoms, 0, sizeof(*atoms));
	for (uint32_t k = 0; k < p->policies; k++) {
		const struct sl_image_policies *policy =
			&image->policies[image->part_policies[p->first_policy + k].policy];

		for (uint32_t i = 0; i < policy->rules; i++)
			if (!add_rule(mem, image, specs, &image->rules[policy->first_rule + i],
				      family, atoms))
				return false;
	}
	return true;
}

void sl_atoms_free(struct sl_mem *mem, struct sl_atoms *atoms)
{
	sl_buf_free(mem, &atoms->rules);
	for (int d = 0; d < SL_DIMENSIONS; d++)
		sl_buf_free(mem, &atoms->sets[d]);
}

bool sl_uses_build(struct sl_mem *mem, const struct sl_atoms *atoms, enum sl_dimension dimension,
		   uint32_t limit, struct sl_uses *uses)
{
	const uint32_t *of = atoms->sets[dimension].data;
	struct sl_buf number = {NULL, 0};
	uint32_t *local, *set, *first, *list, *base;
	uint32_t used = 0;

	memset(uses, 0, sizeof(*uses));
	if (!sl_buf_reserve(mem, &number, ((size_t)limit + 1) * 4))
		return false;
	local = number.data;
	for (uint32_t a = 0; a < atoms->count; a++)
		if (of[a] != SL_SET_ANY)
			local[of[a]]++;
	for (uint32_t s = 0; s < limit; s++)
		uses->sets += local[s] > 0;
	if (!sl_buf_reserve(mem, &uses->set, ((size_t)uses->sets + 1) * 4) ||
	    !sl_buf_reserve(mem, &uses->first, ((size_t)uses->sets + 2) * 4) ||
	    !sl_buf_reserve(mem, &uses->atoms, ((size_t)atoms->count + 1) * 4) ||
	    !sl_buf_reserve(mem, &uses->base, ((size_t)atoms->count + 1) * 4)) {
		sl_buf_free(mem, &number);
		return false;
	}
	set = uses->set.data;
	first = uses->first.data;
	list = uses->atoms.data;
	base = uses->base.data;
	/* first[k + 1] runs over set k's atoms while they are placed and ends at its end. */
	for (uint32_t s = 0, k = 0; s < limit; s++) {
		if (local[s] == 0)
			continue;
		set[k] = s;
		first[k + 1] = used;
		used += local[s];
		local[s] = k++;
	}
	for (uint32_t a = 0; a < atoms->count; a++) {
		if (of[a] == SL_SET_ANY)
			base[uses->base_count++] = a;
		else
			list[first[local[of[a]] + 1]++] = a;
	}
	sl_buf_free(mem, &number);
	return true;
}

void sl_uses_free(struct sl_mem *mem, struct sl_uses *uses)
{
	sl_buf_free(mem, &uses->set);
	sl_buf_free(mem, &uses->first);
	sl_buf_free(mem, &uses->atoms);
	sl_buf_free(mem, &uses->base);
}
