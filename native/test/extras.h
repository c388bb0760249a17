/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/image_builder.h"

/* Changes to the network of pipeline.h, from within pipeline_change. */

/* Gives the rule of a slot an extra. */
void extras_rule(struct image_builder *b, uint32_t slot, const struct sl_image_rule_extras *extra);
/* An extra that says nothing yet. */
struct sl_image_rule_extras extras_none(void);

struct sl_image_zones *extras_zone(struct image_builder *b, uint16_t slot);
struct sl_image_interfaces *extras_iface(struct image_builder *b, uint16_t slot);

/* Other parts and pairs than before: nothing is shared with the tables there were. */
void extras_changed(struct image_builder *b);
