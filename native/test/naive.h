/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "tables/classifier.h"

/* First match straight from the image, rule by rule: what every classifier must agree with. */
const struct sl_image_rules *naive_match(const struct sl_image *image, uint32_t part,
					 const struct sl_flow *flow);

/* The same of the rules that `holds` says yes to as well. */
const struct sl_image_rules *naive_match_if(const struct sl_image *image, uint32_t part,
					    const struct sl_flow *flow,
					    bool (*holds)(const struct sl_image_rules *rule, void *arg),
					    void *arg);
