/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/*
 * A validated view of a table image. It points into the bytes given to sl_image_open, which must
 * outlive it and stay unchanged; after a successful open every offset, index and range in it is
 * good and needs no further check.
 */
struct sl_image {
	const struct sl_image_header *header;
	const char *strings;
	const struct sl_image_settings *settings;
	const struct sl_image_zones *zones;
	const struct sl_image_interfaces *interfaces;
	const struct sl_image_addresses *addresses;
	const struct sl_image_ranges4 *ranges4;
	const struct sl_image_ranges6 *ranges6;
	const struct sl_image_address_sets *address_sets;
	const struct sl_image_services *services;
	const struct sl_image_service_sets *service_sets;
	const struct sl_image_policies *policies;
	const struct sl_image_rules *rules;
	const struct sl_image_parts *parts;
	const struct sl_image_part_policies *part_policies;
	const struct sl_image_pairs *pairs;
	const struct sl_image_pair_parts *pair_parts;
	const struct sl_image_routes *routes;
	const struct sl_image_rule_extras *rule_extras;
	const struct sl_image_rule_macs *rule_macs;
	const struct sl_image_rule_ifaces *rule_ifaces;
	const struct sl_image_schedules *schedules;
	const struct sl_image_schedule_windows *schedule_windows;
	const struct sl_image_timezones *timezones;
	const struct sl_image_timezone_changes *timezone_changes;
	const struct sl_image_translations *translations;
	const struct sl_image_arrivals *arrivals;
	const struct sl_image_proxies *proxies;
	const struct sl_image_balancers *balancers;
	const struct sl_image_backends *backends;
	const struct sl_image_maglev *maglev;
	const struct sl_image_tunnels *tunnels;
	const struct sl_image_selectors *selectors;
	/* Records per section, by enum sl_image_section; [0] is unused. */
	uint32_t count[SL_IMAGE_SECTIONS + 1];
};

/*
 * Validates the whole image: magic, layout version, size, CRC, directory and every record of every
 * section. `bytes` must be 8-byte aligned. 0 or -EINVAL (`error` then says section, record from 0
 * and what); the view is usable only after 0. At most 2^32-1 records a section, 1 GiB in all.
 */
int sl_image_open(struct sl_image *image, const void *bytes, size_t size, char *error,
		  size_t error_size);

/* The CRC-32 (zlib) of an image with its crc field taken as zero; `size` at least the header's. */
uint32_t sl_image_crc(const void *bytes, size_t size);

/* The string at a validated offset; "" for 0. */
static inline const char *sl_image_string(const struct sl_image *image, uint32_t offset)
{
	return image->strings + offset;
}
