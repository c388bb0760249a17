/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/naive_conditions.h"

#include <time.h>

static bool iface_fits(const struct sl_image *image, uint32_t first, uint32_t count, uint16_t slot)
{
	bool fits = count == 0;

	for (uint32_t i = first; i < first + count; i++)
		fits |= image->rule_ifaces[i].iface == slot;
	return fits;
}

static bool is_time(const struct sl_image *image, uint32_t schedule, uint64_t now_s)
{
	const struct sl_image_schedules *s = &image->schedules[schedule];
	time_t now = (time_t)now_s;
	struct tm tm;

	gmtime_r(&now, &tm);
	for (uint32_t i = s->first_window; i < s->first_window + s->windows; i++) {
		const struct sl_image_schedule_windows *w = &image->schedule_windows[i];
		uint64_t value = w->days ? (uint64_t)(tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) :
					   now_s;
		/* struct tm counts from Sunday. */
		unsigned int day = (unsigned int)(tm.tm_wday + 6) % 7;

		if ((w->days == 0 || (w->days & (1u << day))) && value >= w->from && value < w->to)
			return true;
	}
	return false;
}

static bool mac_fits(const struct sl_image *image, const struct sl_image_rule_extras *x, uint64_t mac)
{
	bool fits = x->macs == 0;

	for (uint32_t i = x->first_mac; i < x->first_mac + x->macs; i++)
		fits |= image->rule_macs[i].mac == mac;
	return fits;
}

bool naive_holds(const struct sl_image *image, const struct sl_image_rules *rule,
		 const struct sl_flow *flow, const struct sl_seen *seen)
{
	const struct sl_image_rule_extras *x;
	bool first;

	if (!(rule->flags & SL_RULE_CONDITION))
		return true;
	x = &image->rule_extras[rule->extra];
	if (!iface_fits(image, x->first_iface, x->in, seen->in) ||
	    !iface_fits(image, x->first_iface + x->in, x->out, seen->out))
		return false;
	if (x->schedule != SL_SCHEDULE_NONE && !is_time(image, x->schedule, seen->now_s))
		return false;
	first = x->macs > 0 || x->dscp != 0 || x->tcp_mask != 0 || (x->flags & SL_EXTRA_OVER_NEXT);
	if (seen->opened_by != SL_RULE_NOT_ASKED)
		return !first || seen->opened_by == rule->slot;
	if (!mac_fits(image, x, seen->mac))
		return false;
	if (x->dscp != 0 && (x->dscp & (1ull << seen->dscp)) == 0)
		return false;
	if (x->tcp_mask != 0) {
		if (flow->proto != 6)
			return false;
		if (x->flags & SL_EXTRA_TCP_NOT)
			return (seen->tcp_flags & x->tcp_mask) != x->tcp_value;
		return (seen->tcp_flags & x->tcp_mask) == x->tcp_value;
	}
	return true;
}
