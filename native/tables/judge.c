/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables/tables.h"

#define BATCH 64

/* Asks the later parts for what the earlier ones left undecided. */
static void ask_rest(const struct sl_tables *tables, const struct sl_pair *pair,
		     const struct sl_flow *const *flows, const struct sl_rule **out, uint32_t n)
{
	const struct sl_flow *open[BATCH];
	const struct sl_rule *found[BATCH];
	uint32_t index[BATCH];

	for (uint32_t part = 1; part < pair->parts; part++) {
		uint32_t count = 0;

		for (uint32_t i = 0; i < n; i++) {
			if (out[i] != NULL)
				continue;
			index[count] = i;
			open[count++] = flows[i];
		}
		if (count == 0)
			return;
		sl_classifier_match(tables->pair_classifiers[pair->first + part], open, found,
				    count);
		for (uint32_t i = 0; i < count; i++)
			out[index[i]] = found[i];
	}
}

void sl_tables_match(const struct sl_tables *tables, const struct sl_pair *pair,
		     const struct sl_flow *const *flows, const struct sl_rule **out, uint32_t n)
{
	if (pair->parts == 0) {
		for (uint32_t i = 0; i < n; i++)
			out[i] = NULL;
		return;
	}
	sl_classifier_match(tables->pair_classifiers[pair->first], flows, out, n);
	for (uint32_t i = 0; pair->parts > 1 && i < n; i += BATCH)
		ask_rest(tables, pair, flows + i, out + i, n - i < BATCH ? n - i : BATCH);
}

void sl_tables_judge(const struct sl_tables *tables, uint16_t from, uint16_t to,
		     const struct sl_flow *const *flows, const struct sl_rule **out, uint32_t n)
{
	static const struct sl_pair nothing;
	bool known = from < SL_MAX_ZONES && to < SL_MAX_ZONES;

	sl_tables_match(tables, known ? sl_tables_pair(tables, from, to) : &nothing, flows, out, n);
}

const struct sl_rule *sl_tables_judge_after(const struct sl_tables *tables, uint16_t from,
					    uint16_t to, const struct sl_flow *flow,
					    const struct sl_rule *after, struct sl_cursor *cursor)
{
	return sl_tables_ask(tables, sl_tables_pair(tables, from, to), flow, after, cursor);
}

const struct sl_rule *sl_tables_ask(const struct sl_tables *tables, const struct sl_pair *pair,
				    const struct sl_flow *flow, const struct sl_rule *after,
				    struct sl_cursor *cursor)
{
	const struct sl_classifier *const *asked = tables->pair_classifiers + pair->first;
	const struct sl_rule *rule;

	while (after != NULL && cursor->part < pair->parts &&
	       !sl_classifier_has(asked[cursor->part], flow->family, after))
		cursor->part++;
	if (cursor->part >= pair->parts)
		return NULL;
	rule = sl_classifier_match_after(asked[cursor->part], flow, after, cursor);
	while (rule == NULL && ++cursor->part < pair->parts)
		rule = sl_classifier_match_after(asked[cursor->part], flow, NULL, cursor);
	return rule;
}
