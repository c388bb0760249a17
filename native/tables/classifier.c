/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "tables/classifier_private.h"
#include "tables/service_sweep.h"

/* One family of one part under construction. */
struct build {
	struct sl_mem *mem;
	const struct sl_image *image;
	const struct sl_specs *specs;
	uint8_t number; /* 4 or 6 */
	struct sl_family *family;
	struct sl_atoms atoms;
	struct sl_bits bits;
	struct sl_lines lines;
};

static bool add_ranges4(struct sl_sweep *sweep, const struct sl_image *image, uint32_t set,
			uint32_t id)
{
	const struct sl_image_address_sets *s = &image->address_sets[set];

	for (uint32_t i = 0; i < s->count4; i++) {
		const struct sl_image_ranges4 *r = &image->ranges4[s->first4 + i];

		if (!sl_sweep_add(sweep, 0, r->lo, id) ||
		    (r->hi != UINT32_MAX && !sl_sweep_add(sweep, 0, r->hi + 1, id)))
			return false;
	}
	return true;
}

static bool add_ranges6(struct sl_sweep *sweep, const struct sl_image *image, uint32_t set,
			uint32_t id)
{
	const struct sl_image_address_sets *s = &image->address_sets[set];

	for (uint32_t i = 0; i < s->count6; i++) {
		const struct sl_image_ranges6 *r = &image->ranges6[s->first6 + i];
		uint64_t low = r->hi_low + 1, high = r->hi_high + (low == 0);

		if (!sl_sweep_add(sweep, r->lo_high, r->lo_low, id) ||
		    ((low != 0 || high != 0) && !sl_sweep_add(sweep, high, low, id)))
			return false;
	}
	return true;
}

static bool sweep_addresses(struct build *b, enum sl_dimension d, const struct sl_uses *uses,
			    struct sl_sweep *sweep)
{
	const uint32_t *set = uses->set.data;

	for (uint32_t i = 0; i < uses->sets; i++)
		if (!(b->number == 4 ? add_ranges4 : add_ranges6)(sweep, b->image, set[i], i))
			return false;
	if (!sl_sweep_run(sweep))
		return false;
	if (b->number == 6)
		return sl_map128_build(&b->lines, sweep->intervals.data, sweep->interval_count,
				       &b->family->address6[d]);
	return sl_map32_build(&b->lines, sweep->intervals.data, sweep->interval_count,
			      &b->family->address4[d]);
}

static bool sweep_source_ports(struct build *b, const struct sl_uses *uses, struct sl_sweep *sweep)
{
	const uint32_t *set = uses->set.data, *range = b->specs->source_ports.data;

	b->family->any_source_port = uses->sets == 0;
	for (uint32_t i = 0; i < uses->sets; i++) {
		uint32_t lo = range[set[i]] >> 16, hi = range[set[i]] & 0xffff;

		if (!sl_sweep_add(sweep, 0, lo, i) ||
		    (hi != 65535 && !sl_sweep_add(sweep, 0, hi + 1, i)))
			return false;
	}
	return sl_sweep_run(sweep) &&
	       sl_map16_build(&b->lines, sweep->intervals.data, sweep->interval_count,
			      &b->family->source_port);
}

static bool build_dimension(struct build *b, enum sl_dimension d)
{
	const uint32_t limits[SL_DIMENSIONS] = {
		b->image->count[SL_SECTION_ADDRESS_SETS],
		b->image->count[SL_SECTION_ADDRESS_SETS],
		b->specs->spec_count,
		b->specs->source_port_count,
	};
	struct sl_sweep sweep = {.mem = b->mem};
	struct sl_uses uses;
	bool ok;

	ok = sl_uses_build(b->mem, &b->atoms, d, limits[d], &uses) &&
	     sl_sweep_init(&sweep, b->mem, &b->bits, uses.sets, uses.first.data, uses.atoms.data,
			   uses.base.data, uses.base_count);
	if (d == SL_DIM_SERVICE)
		ok = ok && sl_service_sweep(b->image, b->specs, &uses, &sweep, &b->lines,
					    b->family->service);
	else if (d == SL_DIM_SOURCE_PORT)
		ok = ok && sweep_source_ports(b, &uses, &sweep);
	else
		ok = ok && sweep_addresses(b, d, &uses, &sweep);
	if (ok && b->bits.segments > 1) {
		sl_buf_trim(b->mem, &sweep.class_pages,
			    (size_t)sweep.classes * b->bits.segments * sizeof(uint32_t));
		b->family->class_pages[d] = sweep.class_pages.data;
		b->family->memory[4 + d] = sweep.class_pages;
		sweep.class_pages = (struct sl_buf){NULL, 0};
	}
	sl_sweep_free(&sweep);
	sl_uses_free(b->mem, &uses);
	return ok;
}

static void family_free(struct sl_mem *mem, struct sl_family *f)
{
	for (int k = 0; k < 4 + SL_DIMENSIONS; k++)
		sl_buf_free(mem, &f->memory[k]);
	for (int d = 0; d < 2; d++)
		sl_buf_free(mem, &f->address4[d].memory);
}

/* Hands what the lookup needs to the family; what is left is dropped with the build. */
static void finish(struct build *b)
{
	struct sl_family *f = b->family;

	sl_pool_seal(b->mem, &b->bits.pool);
	sl_pool_seal(b->mem, &b->bits.pages);
	sl_buf_trim(b->mem, &b->lines.buf, (size_t)b->lines.count * sizeof(struct sl_line));
	sl_buf_trim(b->mem, &b->atoms.rules, b->atoms.count * sizeof(struct sl_rule));
	f->memory[0] = b->bits.pool.items;
	f->memory[1] = b->bits.pages.items;
	f->memory[2] = b->lines.buf;
	f->memory[3] = b->atoms.rules;
	f->blocks = f->memory[0].data;
	f->pages = f->memory[1].data;
	f->lines = f->memory[2].data;
	f->rules = f->memory[3].data;
	f->segments = b->bits.segments;
	f->stride = b->bits.stride;
	f->summary_words = b->bits.summary_words;
	f->wide_ids = b->bits.id_bytes == 4;
	f->atoms = b->atoms.count;
	b->bits.pool.items = b->bits.pages.items = (struct sl_buf){NULL, 0};
	b->lines.buf = b->atoms.rules = (struct sl_buf){NULL, 0};
}

/* Everything but the atoms, with block ids of this size. */
static bool build_dimensions(struct build *b, uint32_t id_bytes, uint64_t seed)
{
	bool ok = sl_lines_init(&b->lines, b->mem);

	sl_bits_init(&b->bits, b->atoms.count, id_bytes, seed);
	for (int d = 0; d < SL_DIMENSIONS && ok; d++)
		ok = build_dimension(b, d);
	if (ok)
		finish(b);
	else
		family_free(b->mem, b->family);
	sl_pool_free(b->mem, &b->bits.pool);
	sl_pool_free(b->mem, &b->bits.pages);
	sl_buf_free(b->mem, &b->lines.buf);
	return ok;
}

static bool build_family(struct build *b, uint32_t part, uint64_t seed)
{
	bool ok = sl_atoms_build(b->mem, b->image, b->specs, part, b->number, &b->atoms);

	if (ok && b->atoms.count > 0) {
		ok = build_dimensions(b, 2, seed);
		if (!ok && sl_bits_outgrown(&b->bits))
			ok = build_dimensions(b, 4, seed);
	}
	sl_atoms_free(b->mem, &b->atoms);
	return ok;
}

struct sl_classifier *sl_classifier_build_specs(const struct sl_image *image,
						const struct sl_specs *specs, uint32_t part,
						char *error, size_t error_size)
{
	struct sl_classifier *c = calloc(1, sizeof(*c));
	uint64_t seed;

	if (c == NULL || getrandom(&seed, sizeof(seed), 0) != sizeof(seed)) {
		snprintf(error, error_size, "part %u: no memory or no random numbers", part);
		free(c);
		return NULL;
	}
	c->mem.limit = SL_CLASSIFIER_MAX_BYTES;
	for (int i = 0; i < 2; i++) {
		struct build b = {
			.mem = &c->mem,
			.image = image,
			.specs = specs,
			.number = i == 0 ? 4 : 6,
			.family = &c->family[i],
		};

		if (!build_family(&b, part, seed + (uint64_t)i)) {
			snprintf(error, error_size,
				 "part %u: its rules need more than the %llu MiB or the %u rules times "
				 "source port ranges a classifier may take",
				 part, SL_CLASSIFIER_MAX_BYTES >> 20, SL_MAX_ATOMS);
			sl_classifier_free(c);
			return NULL;
		}
	}
	return c;
}

struct sl_classifier *sl_classifier_build(const struct sl_image *image, uint32_t part, char *error,
					  size_t error_size)
{
	struct sl_mem mem = {.limit = SL_CLASSIFIER_MAX_BYTES};
	struct sl_classifier *c = NULL;
	struct sl_specs specs;

	if (sl_specs_build(&mem, image, &specs))
		c = sl_classifier_build_specs(image, &specs, part, error, error_size);
	else
		snprintf(error, error_size, "services: out of memory");
	sl_specs_free(&mem, &specs);
	return c;
}

void sl_classifier_free(struct sl_classifier *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < 2; i++)
		family_free(&c->mem, &c->family[i]);
	free(c);
}

size_t sl_classifier_bytes(const struct sl_classifier *c)
{
	return sizeof(*c) + c->mem.used;
}
