/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tables/image.h"

/* Private to the image reader: where the text of the first fault goes. */
struct sl_image_check {
	const struct sl_image *image;
	char *error;
	size_t error_size;
};

/* Writes "SECTION RECORD: text" and returns false. */
bool sl_image_fault(const struct sl_image_check *check, const char *section, uint32_t record,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Whether first + count lies within `total`. */
static inline bool sl_image_range_ok(uint32_t first, uint32_t count, uint32_t total)
{
	return first <= total && count <= total - first;
}

/* settings, zones, interfaces, addresses, routes */
bool sl_image_check_net(const struct sl_image_check *check);
/* ranges, address sets, services, service sets */
bool sl_image_check_sets(const struct sl_image_check *check);
/* schedules, timezones */
bool sl_image_check_schedules(const struct sl_image_check *check);
/* extras of rules; `i` of `rule`, whose own fields are good but for this one */
bool sl_image_check_extra(const struct sl_image_check *check, uint32_t rule);
/* the translation of a rule that is one of NAT; its own fields are good but for this one */
bool sl_image_check_translation(const struct sl_image_check *check, uint32_t rule);
/* balancers, backends; before the policies */
bool sl_image_check_balancers(const struct sl_image_check *check);
/* arrivals, proxies; after the policies */
bool sl_image_check_nat(const struct sl_image_check *check);
/* policies, rules, parts, pairs; after the sets and schedules */
bool sl_image_check_policies(const struct sl_image_check *check);
