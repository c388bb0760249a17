/* SPDX-License-Identifier: BSD-3-Clause */
#include "tables/image_check.h"

#define COUNT(check, section) ((check)->image->count[SL_SECTION_##section])

static bool check_lists(const struct sl_image_check *check, uint32_t i)
{
	const struct sl_image *image = check->image;
	const struct sl_image_rule_extras *x = &image->rule_extras[i];
	uint32_t ifaces = (uint32_t)x->in + x->out;

	if (!sl_image_range_ok(x->first_mac, x->macs, COUNT(check, RULE_MACS)))
		return sl_image_fault(check, "rule_extras", i, "macs %u+%u of %u", x->first_mac,
				      x->macs, COUNT(check, RULE_MACS));
	if (!sl_image_range_ok(x->first_iface, ifaces, COUNT(check, RULE_IFACES)))
		return sl_image_fault(check, "rule_extras", i, "interfaces %u+%u of %u",
				      x->first_iface, ifaces, COUNT(check, RULE_IFACES));
	for (uint32_t k = 0; k < x->macs; k++) {
		const struct sl_image_rule_macs *m = &image->rule_macs[x->first_mac + k];

		if (m->mac >> 48 != 0 || (k > 0 && m->mac <= m[-1].mac))
			return sl_image_fault(check, "rule_macs", x->first_mac + k,
					      "no MAC, or not in order");
	}
	for (uint32_t k = 0; k < ifaces; k++)
		if (image->rule_ifaces[x->first_iface + k].iface >= SL_MAX_IFACES)
			return sl_image_fault(check, "rule_ifaces", x->first_iface + k,
					      "interface %u",
					      image->rule_ifaces[x->first_iface + k].iface);
	return true;
}

static bool conditional(const struct sl_image_rule_extras *x)
{
	return x->dscp != 0 || x->schedule != SL_SCHEDULE_NONE || x->macs != 0 || x->in != 0 ||
	       x->out != 0 || x->tcp_mask != 0 || x->translation != SL_TRANSLATION_NONE || (x->flags & SL_EXTRA_OVER_NEXT) != 0;
}

bool sl_image_check_extra(const struct sl_image_check *check, uint32_t rule)
{
	const struct sl_image_rules *r = &check->image->rules[rule];
	uint32_t i = r->extra;
	const struct sl_image_rule_extras *x = &check->image->rule_extras[i];
	bool condition = (r->flags & SL_RULE_CONDITION) != 0;

	if (i == SL_EXTRA_NONE)
		return !condition || sl_image_fault(check, "rules", rule, "conditions of no extra");
	if (i >= COUNT(check, RULE_EXTRAS))
		return sl_image_fault(check, "rules", rule, "extra %u of %u", i,
				      COUNT(check, RULE_EXTRAS));
	if (condition != conditional(x))
		return sl_image_fault(check, "rules", rule, "the flag of its conditions is wrong");
	if ((x->rate_ns != 0 && x->burst == 0) || (x->source_rate_ns != 0 && x->source_burst == 0) ||
	    (x->log_ns != 0 && x->log_burst == 0))
		return sl_image_fault(check, "rule_extras", i, "a rate without burst");
	if (x->schedule != SL_SCHEDULE_NONE && x->schedule >= COUNT(check, SCHEDULES))
		return sl_image_fault(check, "rule_extras", i, "schedule %u of %u", x->schedule,
				      COUNT(check, SCHEDULES));
	if ((x->tcp_value & ~x->tcp_mask) != 0)
		return sl_image_fault(check, "rule_extras", i, "TCP flags 0x%x of 0x%x",
				      x->tcp_value, x->tcp_mask);
	if (x->set_dscp > 63 && x->set_dscp != SL_DSCP_NONE)
		return sl_image_fault(check, "rule_extras", i, "DSCP %u", x->set_dscp);
	if (x->reject > SL_REJECT_PROHIBITED)
		return sl_image_fault(check, "rule_extras", i, "reject %u is unknown", x->reject);
	if (x->source_length4 < 1 || x->source_length4 > 32 || x->source_length6 < 1 ||
	    x->source_length6 > 128)
		return sl_image_fault(check, "rule_extras", i, "source prefixes /%u and /%u",
				      x->source_length4, x->source_length6);
	if (x->translation >= SL_MAX_RULES || x->reserved2 != 0)
		return sl_image_fault(check, "rule_extras", i, "translation %u, reserved %u",
				      x->translation, x->reserved2);
	if ((x->flags & ~(SL_EXTRA_OVER_NEXT | SL_EXTRA_TCP_NOT)) != 0 || x->helper > SL_HELPER_SIP)
		return sl_image_fault(check, "rule_extras", i, "flags 0x%x, helper %u", x->flags,
				      x->helper);
	return check_lists(check, i);
}

static bool check_window(const struct sl_image_check *check, uint32_t i)
{
	const struct sl_image_schedule_windows *w = &check->image->schedule_windows[i];

	if (w->from >= w->to || w->days >> 7 != 0 || (w->days != 0 && w->to > 86400) ||
	    w->to > 1ull << 40 || w->reserved != 0)
		return sl_image_fault(check, "schedule_windows", i, "%ju to %ju on days 0x%x",
				      (uintmax_t)w->from, (uintmax_t)w->to, w->days);
	return true;
}

static bool check_timezone(const struct sl_image_check *check, uint32_t i)
{
	const struct sl_image_timezones *z = &check->image->timezones[i];
	const struct sl_image_timezone_changes *c;

	if (z->name >= COUNT(check, STRINGS))
		return sl_image_fault(check, "timezones", i, "name %u is out of range", z->name);
	if (!sl_image_range_ok(z->first, z->changes, COUNT(check, TIMEZONE_CHANGES)))
		return sl_image_fault(check, "timezones", i, "changes %u+%u of %u", z->first,
				      z->changes, COUNT(check, TIMEZONE_CHANGES));
	c = &check->image->timezone_changes[z->first];
	for (uint32_t k = 0; k < z->changes; k++)
		if (c[k].at > 1ull << 40 || c[k].reserved != 0 || (k > 0 && c[k].at <= c[k - 1].at) ||
		    (int32_t)c[k].offset < -86400 || (int32_t)c[k].offset > 86400)
			return sl_image_fault(check, "timezone_changes", z->first + k,
					      "not in order, or out of range");
	if ((int32_t)z->offset < -86400 || (int32_t)z->offset > 86400)
		return sl_image_fault(check, "timezones", i, "offset %d", (int32_t)z->offset);
	return true;
}

bool sl_image_check_schedules(const struct sl_image_check *check)
{
	uint64_t windows = 0, changes = 0;

	for (uint32_t i = 0; i < COUNT(check, SCHEDULE_WINDOWS); i++)
		if (!check_window(check, i))
			return false;
	for (uint32_t i = 0; i < COUNT(check, TIMEZONES); i++) {
		changes += check->image->timezones[i].changes;
		if (changes > COUNT(check, TIMEZONE_CHANGES))
			return sl_image_fault(check, "timezones", i, "changes are shared");
		if (!check_timezone(check, i))
			return false;
	}
	for (uint32_t i = 0; i < COUNT(check, SCHEDULES); i++) {
		const struct sl_image_schedules *s = &check->image->schedules[i];

		if (s->name >= COUNT(check, STRINGS) || s->timezone >= COUNT(check, TIMEZONES))
			return sl_image_fault(check, "schedules", i, "name %u, timezone %u", s->name,
					      s->timezone);
		if (!sl_image_range_ok(s->first_window, s->windows, COUNT(check, SCHEDULE_WINDOWS)))
			return sl_image_fault(check, "schedules", i, "windows %u+%u of %u",
					      s->first_window, s->windows,
					      COUNT(check, SCHEDULE_WINDOWS));
		windows += s->windows;
		if (windows > COUNT(check, SCHEDULE_WINDOWS))
			return sl_image_fault(check, "schedules", i, "windows are shared");
	}
	return true;
}
