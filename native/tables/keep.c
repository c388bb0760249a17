/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "tables/tables_private.h"

static bool bit(const struct sl_tables_own *t, uint32_t slot)
{
	return slot / 64 < t->gone_kept_words && (t->gone_kept[slot / 64] >> slot % 64 & 1);
}

static bool any_keeps(const struct sl_tables_own *t)
{
	const struct sl_image *image = &t->public.image;

	for (uint32_t i = 0; i < image->count[SL_SECTION_POLICIES]; i++)
		if (image->policies[i].flags & SL_POLICY_KEEP_ESTABLISHED)
			return true;
	return t->gone_kept_words > 0;
}

bool sl_keep_build(struct sl_tables_own *t, const struct sl_tables_own *previous)
{
	uint32_t slots;

	if (previous == NULL || !any_keeps(previous))
		return true;
	slots = previous->rule_slots;
	if (slots < previous->gone_kept_words * 64)
		slots = previous->gone_kept_words * 64;
	t->gone_kept_words = (slots + 63) / 64;
	t->gone_kept = calloc((size_t)t->gone_kept_words + 1, sizeof(*t->gone_kept));
	if (t->gone_kept == NULL)
		return false;
	for (uint32_t slot = 0; slot < slots; slot++)
		if (sl_tables_rule(&t->public, slot) == NULL &&
		    sl_tables_keeps(&previous->public, slot))
			t->gone_kept[slot / 64] |= 1ull << slot % 64;
	return true;
}

bool sl_tables_keeps(const struct sl_tables *tables, uint32_t slot)
{
	const struct sl_image_rules *rule = sl_tables_rule(tables, slot);

	if (rule == NULL)
		return bit((const struct sl_tables_own *)tables, slot);
	return tables->image.policies[rule->policy].flags & SL_POLICY_KEEP_ESTABLISHED;
}
