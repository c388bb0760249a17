/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tables/service_sweep.h"

/* One service of one set. */
struct item {
	uint16_t protocol, lo, hi;
	uint32_t set;
};

static int by_protocol_set_lo(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	if (x->set != y->set)
		return x->set < y->set ? -1 : 1;
	return (x->lo > y->lo) - (x->lo < y->lo);
}

static bool before(const struct item *x, const struct item *y)
{
	return x->set != y->set ? x->set < y->set : x->lo < y->lo;
}

static bool add_range(struct sl_sweep *sweep, uint32_t set, uint32_t lo, uint32_t hi)
{
	return sl_sweep_add(sweep, 0, lo, set) &&
	       (hi == 65535 || sl_sweep_add(sweep, 0, hi + 1, set));
}

/*
 * One protocol: its own items and those of any protocol, both sorted by set and start, merged into
 * ranges that are disjoint within a set.
 */
static bool sweep_protocol(struct sl_sweep *sweep, const struct item *own, const struct item *own_end,
			   const struct item *any, const struct item *any_end)
{
	uint32_t set = 0, lo = 0, hi = 0;
	bool open = false;

	while (own < own_end || any < any_end) {
		const struct item *i;

		if (any == any_end || (own < own_end && before(own, any)))
			i = own++;
		else
			i = any++;
		if (open && i->set == set && i->lo <= hi + 1) {
			hi = i->hi > hi ? i->hi : hi;
			continue;
		}
		if (open && !add_range(sweep, set, lo, hi))
			return false;
		open = true;
		set = i->set;
		lo = i->lo;
		hi = i->hi;
	}
	return (!open || add_range(sweep, set, lo, hi)) && sl_sweep_run(sweep);
}

static uint32_t list_items(const struct sl_image *image, const struct sl_specs *specs,
			   const struct sl_uses *uses, struct item *items)
{
	const uint32_t *set = uses->set.data, *services = specs->services.data;
	uint32_t n = 0;

	for (uint32_t i = 0; i < uses->sets; i++) {
		const struct sl_spec *spec = (const struct sl_spec *)specs->specs.data + set[i];

		for (uint32_t k = 0; k < spec->count; k++) {
			const struct sl_image_services *s =
				&image->services[services[spec->first + k]];

			items[n++] = (struct item){s->protocol, s->destination_lo,
						   s->destination_hi, i};
		}
	}
	qsort(items, n, sizeof(*items), by_protocol_set_lo);
	return n;
}

bool sl_service_sweep(const struct sl_image *image, const struct sl_specs *specs,
		      const struct sl_uses *uses, struct sl_sweep *sweep, struct sl_lines *lines,
		      uint32_t entries[256])
{
	const struct item *items, *end, *any, *at;
	struct sl_buf memory = {NULL, 0};
	bool named[256] = {false};
	uint32_t others = 0, n;
	bool ok;

	if (!sl_buf_reserve(sweep->mem, &memory,
			    ((size_t)image->count[SL_SECTION_SERVICES] + 1) * sizeof(*items)))
		return false;
	n = list_items(image, specs, uses, memory.data);
	items = memory.data;
	end = items + n;
	for (any = end; any > items && any[-1].protocol == SL_PROTO_ANY;)
		any--;
	ok = sweep_protocol(sweep, NULL, NULL, any, end) &&
	     sl_map16_build(lines, sweep->intervals.data, sweep->interval_count, &others);
	for (at = items; ok && at < any;) {
		const struct item *own = at;

		while (at < any && at->protocol == own->protocol)
			at++;
		named[own->protocol] = true;
		ok = sweep_protocol(sweep, own, at, any, end) &&
		     sl_map16_build(lines, sweep->intervals.data, sweep->interval_count,
				    &entries[own->protocol]);
	}
	for (int p = 0; ok && p < 256; p++)
		if (!named[p])
			entries[p] = others;
	sl_buf_free(sweep->mem, &memory);
	return ok;
}
