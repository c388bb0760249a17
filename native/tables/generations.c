/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tables/schedule.h"
#include "tables/tables_private.h"

static struct sl_tables_own *own(struct sl_tables *tables)
{
	return (struct sl_tables_own *)tables;
}

/* Workers read it meanwhile. */
static void set(uint32_t *generation, uint32_t value)
{
	__atomic_store_n(generation, value, __ATOMIC_RELAXED);
}

/* Both lists are sorted by (from, to): one walk over their union. */
uint32_t sl_generations_raise(struct sl_tables_own *t, const struct sl_tables_own *previous)
{
	const struct sl_image *a = &t->public.image;
	const struct sl_image *b = previous != NULL ? &previous->public.image : NULL;
	uint32_t na = a->count[SL_SECTION_PAIRS], nb = b != NULL ? b->count[SL_SECTION_PAIRS] : 0;
	uint32_t i = 0, k = 0, changed = 0;

	t->epoch = previous != NULL ? previous->epoch + 1 : 1;
	if (previous != NULL)
		memcpy(t->pair_generation, previous->pair_generation, SL_PAIRS * sizeof(uint32_t));
	while (i < na || k < nb) {
		uint32_t x = i < na ? a->pairs[i].from * SL_MAX_ZONES + a->pairs[i].to : SL_PAIRS;
		uint32_t y = k < nb ? b->pairs[k].from * SL_MAX_ZONES + b->pairs[k].to : SL_PAIRS;

		if (x != y || memcmp(a->pairs[i].hash, b->pairs[k].hash, 16) != 0) {
			t->pair_generation[x < y ? x : y] = t->epoch;
			changed++;
		}
		i += x <= y;
		k += y <= x;
	}
	return changed;
}

/* Brings schedule_on up to date; true if anything changed, with marks (2) where. */
static bool look(struct sl_tables_own *t, uint64_t now_s)
{
	const struct sl_image *image = &t->public.image;
	bool changed = false;

	for (uint32_t i = 0; i < image->count[SL_SECTION_SCHEDULES]; i++) {
		uint8_t on = sl_schedule_active(image, i, now_s);

		t->schedule_on[i] = on | (on != (t->schedule_on[i] & 1) ? 2 : 0);
		changed |= t->schedule_on[i] & 2;
	}
	return changed;
}

static bool policy_uses(const struct sl_tables_own *t, const struct sl_image_policies *policy)
{
	const struct sl_image *image = &t->public.image;

	for (uint32_t i = 0; i < policy->rules; i++) {
		const struct sl_image_rules *rule = &image->rules[policy->first_rule + i];
		uint32_t extra = rule->extra, schedule;

		if (extra == SL_EXTRA_NONE || rule->action == SL_ACTION_TRANSLATE)
			continue;
		schedule = image->rule_extras[extra].schedule;
		if (schedule != SL_SCHEDULE_NONE && (t->schedule_on[schedule] & 2))
			return true;
	}
	return false;
}

/* Has the pair a rule whose schedule changed? */
static bool pair_uses(const struct sl_tables_own *t, const struct sl_image_pairs *pair)
{
	const struct sl_image *image = &t->public.image;

	for (uint32_t i = 0; i < pair->parts; i++) {
		const struct sl_image_parts *part =
			&image->parts[image->pair_parts[pair->first_part + i].part];

		for (uint32_t k = 0; k < part->policies; k++)
			if (policy_uses(t, &image->policies[image->part_policies[part->first_policy + k]
								    .policy]))
				return true;
	}
	return false;
}

uint32_t sl_tables_schedules(struct sl_tables *tables, uint64_t now_s)
{
	struct sl_tables_own *t = own(tables);
	const struct sl_image *image = &tables->image;
	uint32_t raised = 0;

	if (!look(t, now_s))
		return 0;
	t->epoch++;
	for (uint32_t i = 0; i < image->count[SL_SECTION_PAIRS]; i++) {
		const struct sl_image_pairs *pair = &image->pairs[i];

		if (!pair_uses(t, pair))
			continue;
		set(&t->pair_generation[pair->from * SL_MAX_ZONES + pair->to], t->epoch);
		raised++;
	}
	return raised;
}

void sl_tables_follow(struct sl_tables *tables, struct sl_tables *previous, uint64_t now_s)
{
	/* With both asked at one time, equal schedules are in equal states. */
	if (previous != NULL)
		sl_tables_schedules(previous, now_s);
	sl_generations_raise(own(tables), previous != NULL ? own(previous) : NULL);
	look(own(tables), now_s);
}
