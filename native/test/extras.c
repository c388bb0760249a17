// SPDX-License-Identifier: BSD-3-Clause
#include "test/extras.h"

#include <stdlib.h>

struct sl_image_rule_extras extras_none(void)
{
	return (struct sl_image_rule_extras){
		.schedule = SL_SCHEDULE_NONE,
		.set_dscp = SL_DSCP_NONE,
		.source_length4 = 32,
		.source_length6 = 64,
	};
}

void extras_rule(struct image_builder *b, uint32_t slot, const struct sl_image_rule_extras *extra)
{
	struct sl_image_rules *rules = (void *)b->section[SL_SECTION_RULES].data;

	for (uint32_t i = 0; i < b->section[SL_SECTION_RULES].count; i++) {
		if (rules[i].slot != slot)
			continue;
		rules[i].extra = image_add(b, SL_SECTION_RULE_EXTRAS, extra);
		if (extra->flags & SL_EXTRA_OVER_NEXT)
			rules[i].flags |= SL_RULE_CONDITION;
		return;
	}
	abort();
}

struct sl_image_zones *extras_zone(struct image_builder *b, uint16_t slot)
{
	struct sl_image_zones *zones = (void *)b->section[SL_SECTION_ZONES].data;

	for (uint32_t i = 0; i < b->section[SL_SECTION_ZONES].count; i++)
		if (zones[i].slot == slot)
			return &zones[i];
	abort();
}

struct sl_image_interfaces *extras_iface(struct image_builder *b, uint16_t slot)
{
	struct sl_image_interfaces *ifaces = (void *)b->section[SL_SECTION_INTERFACES].data;

	for (uint32_t i = 0; i < b->section[SL_SECTION_INTERFACES].count; i++)
		if (ifaces[i].slot == slot)
			return &ifaces[i];
	abort();
}

void extras_changed(struct image_builder *b)
{
	static uint8_t generation = 0x40;
	struct sl_image_parts *parts = (void *)b->section[SL_SECTION_PARTS].data;
	struct sl_image_pairs *pairs = (void *)b->section[SL_SECTION_PAIRS].data;

	generation++;
	for (uint32_t i = 0; i < b->section[SL_SECTION_PARTS].count; i++)
		parts[i].hash[15] = generation;
	for (uint32_t i = 0; i < b->section[SL_SECTION_PAIRS].count; i++)
		pairs[i].hash[15] = generation;
}
