/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "tables/image.h"

/*
 * Is schedule `index` active at `now_s`, seconds since 1970 UTC? A clock on the wall decides: an hour
 * that is skipped does not come, one that comes twice counts twice.
 */
bool sl_schedule_active(const struct sl_image *image, uint32_t index, uint64_t now_s);

/* Seconds east of UTC in timezone `index` at that time. */
int32_t sl_timezone_offset(const struct sl_image *image, uint32_t index, uint64_t now_s);
