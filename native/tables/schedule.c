/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables/schedule.h"

#define DAY 86400
/* 1970-01-01 was a Thursday; Monday is day 0. */
#define FIRST_WEEKDAY 3

int32_t sl_timezone_offset(const struct sl_image *image, uint32_t index, uint64_t now_s)
{
	const struct sl_image_timezones *zone = &image->timezones[index];
	const struct sl_image_timezone_changes *change = &image->timezone_changes[zone->first];
	uint32_t low = 0, high = zone->changes;

	/* The number of changes at or before now. */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (change[middle].at <= now_s)
			low = middle + 1;
		else
			high = middle;
	}
	return (int32_t)(low > 0 ? change[low - 1].offset : zone->offset);
}

static bool within(const struct sl_image_schedule_windows *w, uint64_t local)
{
	uint64_t time = local % DAY;

	if (w->days == 0)
		return local >= w->from && local < w->to;
	return (w->days >> (local / DAY + FIRST_WEEKDAY) % 7 & 1) && time >= w->from && time < w->to;
}

bool sl_schedule_active(const struct sl_image *image, uint32_t index, uint64_t now_s)
{
	const struct sl_image_schedules *s = &image->schedules[index];
	int64_t local = (int64_t)now_s + sl_timezone_offset(image, s->timezone, now_s);

	/* The clock was never set: it is the first day. */
	if (local < 0)
		local = 0;
	for (uint32_t i = 0; i < s->windows; i++)
		if (within(&image->schedule_windows[s->first_window + i], (uint64_t)local))
			return true;
	return false;
}
