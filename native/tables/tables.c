/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tables/classifier_private.h"
#include "tables/selectors.h"
#include "tables/tables_private.h"

/* Of all classifiers of one image together, bytes. */
#define MAX_BYTES (2ull << 30)

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static const struct sl_tables_own *own(const struct sl_tables *tables)
{
	return (const struct sl_tables_own *)tables;
}

static int by_hash(const void *a, const void *b)
{
	const struct sl_shared *x = *(struct sl_shared *const *)a;
	const struct sl_shared *y = *(struct sl_shared *const *)b;

	return memcmp(x->hash, y->hash, sizeof(x->hash));
}

static struct sl_shared *find_part(const struct sl_tables_own *t, const uint8_t hash[16])
{
	struct sl_shared key;
	const struct sl_shared *p = &key;
	struct sl_shared **found;

	if (t == NULL || t->part_count == 0)
		return NULL;
	memcpy(key.hash, hash, sizeof(key.hash));
	found = bsearch(&p, t->by_hash, t->part_count, sizeof(p), by_hash);
	return found != NULL ? *found : NULL;
}

static void release(struct sl_shared *shared)
{
	if (shared == NULL || atomic_fetch_sub(&shared->references, 1) != 1)
		return;
	sl_classifier_free(shared->classifier);
	free(shared);
}

static struct sl_shared *build_part(const struct sl_image *image, const struct sl_specs *specs,
				    uint32_t part, char *error, size_t error_size)
{
	struct sl_shared *shared = calloc(1, sizeof(*shared));

	if (shared == NULL) {
		snprintf(error, error_size, "part %u: no memory", part);
		return NULL;
	}
	shared->classifier = sl_classifier_build_specs(image, specs, part, error, error_size);
	if (shared->classifier == NULL) {
		free(shared);
		return NULL;
	}
	memcpy(shared->hash, image->parts[part].hash, sizeof(shared->hash));
	atomic_init(&shared->references, 1);
	return shared;
}

/* Takes over the parts `previous` has, builds the others; `stats` counts both. */
static bool build_parts(struct sl_tables_own *t, const struct sl_tables_own *previous, char *error,
			size_t error_size, struct sl_tables_stats *stats)
{
	const struct sl_image *image = &t->public.image;
	struct sl_mem mem = {.limit = SL_CLASSIFIER_MAX_BYTES};
	struct sl_specs specs;
	bool ok = sl_specs_build(&mem, image, &specs);

	if (!ok)
		snprintf(error, error_size, "services: no memory");
	for (uint32_t i = 0; i < t->part_count && ok; i++) {
		struct sl_shared *kept = find_part(previous, image->parts[i].hash);

		if (kept != NULL) {
			atomic_fetch_add(&kept->references, 1);
			stats->parts_kept++;
		} else {
			kept = build_part(image, &specs, i, error, error_size);
			stats->parts_built++;
		}
		t->parts[i] = t->by_hash[i] = kept;
		ok = kept != NULL;
		if (ok)
			stats->bytes += sl_classifier_bytes(kept->classifier);
		if (ok && stats->bytes > MAX_BYTES) {
			snprintf(error, error_size,
				 "parts %u: with it the classifiers need %ju MiB, at most %llu", i,
				 (uintmax_t)stats->bytes >> 20, MAX_BYTES >> 20);
			ok = false;
		}
	}
	sl_specs_free(&mem, &specs);
	if (ok && t->part_count > 0)
		qsort(t->by_hash, t->part_count, sizeof(*t->by_hash), by_hash);
	return ok;
}

static void link_pairs(struct sl_tables_own *t)
{
	const struct sl_image *image = &t->public.image;

	for (uint32_t i = 0; i < image->count[SL_SECTION_PAIR_PARTS]; i++)
		t->pair_classifiers[i] = t->parts[image->pair_parts[i].part]->classifier;
	for (uint32_t i = 0; i < image->count[SL_SECTION_PAIRS]; i++) {
		const struct sl_image_pairs *p = &image->pairs[i];

		t->pairs[p->from * SL_MAX_ZONES + p->to] =
			(struct sl_pair){p->first_part, p->parts};
		t->departures[p->from * SL_MAX_ZONES + p->to] =
			(struct sl_pair){p->first_nat, p->nat_parts};
	}
	for (uint32_t i = 0; i < image->count[SL_SECTION_ARRIVALS]; i++)
		t->public.arrivals[image->arrivals[i].zone] = (struct sl_pair){
			image->arrivals[i].first_part, image->arrivals[i].parts};
}

/* A second's worth at once. */
static void set_floods(struct sl_tables_floods *f, const struct sl_image_zones *zone)
{
	const uint32_t a_second[] = {zone->flood_syn, zone->flood_udp, zone->flood_icmp,
				     zone->flood_other, zone->flood_source};

	for (unsigned int i = 0; i < 5; i++) {
		if (a_second[i] == 0)
			continue;
		f->step[i] = (1000000000ull + a_second[i] / 2) / a_second[i];
		f->step[i] = f->step[i] > 0 ? f->step[i] : 1;
		f->depth[i] = f->step[i] * a_second[i];
	}
}

static void index_slots(struct sl_tables_own *t)
{
	const struct sl_image *image = &t->public.image;

	for (uint32_t i = 0; i < image->count[SL_SECTION_INTERFACES]; i++)
		t->public.ifaces[image->interfaces[i].slot] = &image->interfaces[i];
	for (uint32_t i = 0; i < image->count[SL_SECTION_ZONES]; i++) {
		t->public.zones[image->zones[i].slot] = &image->zones[i];
		t->public.zone_flags[image->zones[i].slot] = image->zones[i].flags;
		set_floods(&t->public.floods[image->zones[i].slot], &image->zones[i]);
	}
	for (uint32_t i = 0; i < image->count[SL_SECTION_PROXIES]; i++)
		t->public.proxies[image->proxies[i].iface] = &image->proxies[i];
	for (uint32_t i = 0; i < image->count[SL_SECTION_RULES]; i++) {
		t->rule_by_slot[image->rules[i].slot] = i + 1;
		t->public.rule_flags |= image->rules[i].flags;
	}
	for (uint32_t i = 0; i < image->count[SL_SECTION_BALANCERS]; i++)
		t->public.balancer_flags |= image->balancers[i].flags;
}

static bool allocate(struct sl_tables_own *t)
{
	const struct sl_image *image = &t->public.image;
	uint32_t addresses = image->count[SL_SECTION_ADDRESSES];

	t->part_count = image->count[SL_SECTION_PARTS];
	for (uint32_t i = 0; i < image->count[SL_SECTION_RULES]; i++)
		if (image->rules[i].slot >= t->rule_slots)
			t->rule_slots = image->rules[i].slot + 1;
	t->pair_generation = calloc(SL_PAIRS, sizeof(*t->pair_generation));
	t->pairs = calloc(SL_PAIRS, sizeof(*t->pairs));
	t->departures = calloc(SL_PAIRS, sizeof(*t->departures));
	t->pair_classifiers = calloc((size_t)image->count[SL_SECTION_PAIR_PARTS] + 1,
				     sizeof(*t->pair_classifiers));
	t->parts = calloc((size_t)t->part_count + 1, sizeof(*t->parts));
	t->by_hash = calloc((size_t)t->part_count + 1, sizeof(*t->by_hash));
	t->rule_by_slot = calloc((size_t)t->rule_slots + 1, sizeof(*t->rule_by_slot));
	t->schedule_on = calloc((size_t)image->count[SL_SECTION_SCHEDULES] + 1,
				sizeof(*t->schedule_on));
	t->local4 = calloc((size_t)addresses + 1, sizeof(*t->local4));
	t->broadcast4 = calloc((size_t)addresses + 1, sizeof(*t->broadcast4));
	t->local6 = calloc((size_t)addresses + 1, sizeof(*t->local6));
	t->public.pair_generation = t->pair_generation;
	t->public.pairs = t->pairs;
	t->public.departures = t->departures;
	t->public.pair_classifiers = t->pair_classifiers;
	return t->pair_generation != NULL && t->pairs != NULL && t->departures != NULL &&
	       t->pair_classifiers != NULL &&
	       t->parts != NULL && t->by_hash != NULL && t->rule_by_slot != NULL &&
	       t->schedule_on != NULL && t->local4 != NULL && t->broadcast4 != NULL &&
	       t->local6 != NULL;
}

struct sl_tables *sl_tables_build(const void *bytes, size_t size, const struct sl_tables *previous,
				  char *error, size_t error_size, struct sl_tables_stats *stats)
{
	struct sl_tables_stats unused;
	struct sl_tables_own *t = calloc(1, sizeof(*t));
	uint64_t start = now_ns();

	stats = stats != NULL ? stats : &unused;
	memset(stats, 0, sizeof(*stats));
	if (t == NULL || size > SIZE_MAX / 2 || (t->bytes = malloc(size + 1)) == NULL) {
		snprintf(error, error_size, "no memory for an image of %zu bytes", size);
		free(t);
		return NULL;
	}
	memcpy(t->bytes, bytes, size);
	if (sl_image_open(&t->public.image, t->bytes, size, error, error_size) != 0)
		goto fail;
	stats->validate_ns = now_ns() - start;
	if (!allocate(t)) {
		snprintf(error, error_size, "no memory for the tables of %zu bytes", size);
		goto fail;
	}
	t->public.generation = t->public.image.header->generation;
	stats->parts = t->part_count;
	stats->bytes = size;
	if (!build_parts(t, previous != NULL ? own(previous) : NULL, error, error_size, stats))
		goto fail;
	link_pairs(t);
	stats->pairs_changed = sl_generations_raise(t, previous != NULL ? own(previous) : NULL);
	index_slots(t);
	if (!sl_keep_build(t, previous != NULL ? own(previous) : NULL)) {
		snprintf(error, error_size, "no memory for the tables of %zu bytes", size);
		goto fail;
	}
	sl_local_build(t);
	if (!sl_selectors_build(&t->public.image, &t->public.selectors)) {
		snprintf(error, error_size, "no memory for the tables of %zu bytes", size);
		goto fail;
	}
	stats->build_ns = now_ns() - start - stats->validate_ns;
	return &t->public;
fail:
	sl_tables_free(&t->public);
	return NULL;
}

void sl_tables_free(struct sl_tables *tables)
{
	struct sl_tables_own *t = (struct sl_tables_own *)tables;

	if (t == NULL)
		return;
	for (uint32_t i = 0; t->parts != NULL && i < t->part_count; i++)
		release(t->parts[i]);
	free(t->parts);
	free(t->by_hash);
	free(t->pair_generation);
	free(t->pairs);
	free(t->departures);
	free(t->pair_classifiers);
	free(t->rule_by_slot);
	free(t->gone_kept);
	free(t->schedule_on);
	free(t->local4);
	free(t->broadcast4);
	free(t->local6);
	sl_selectors_free(t->public.selectors);
	free(t->bytes);
	free(t);
}

const struct sl_image_rules *sl_tables_rule(const struct sl_tables *tables, uint32_t slot)
{
	const struct sl_tables_own *t = own(tables);

	if (slot >= t->rule_slots || t->rule_by_slot[slot] == 0)
		return NULL;
	return &tables->image.rules[t->rule_by_slot[slot] - 1];
}
