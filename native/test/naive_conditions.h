/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "firewall/conditions.h"

/* Do the conditions of a rule hold, read straight from the image? Schedules are in UTC here. */
bool naive_holds(const struct sl_image *image, const struct sl_image_rules *rule,
		 const struct sl_flow *flow, const struct sl_seen *seen);
