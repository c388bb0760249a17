/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "test/image_builder.h"

static const uint32_t record_size[SL_IMAGE_SECTIONS + 1] = {
	[SL_SECTION_STRINGS] = 1,
	[SL_SECTION_SETTINGS] = sizeof(struct sl_image_settings),
	[SL_SECTION_ZONES] = sizeof(struct sl_image_zones),
	[SL_SECTION_INTERFACES] = sizeof(struct sl_image_interfaces),
	[SL_SECTION_ADDRESSES] = sizeof(struct sl_image_addresses),
	[SL_SECTION_RANGES4] = sizeof(struct sl_image_ranges4),
	[SL_SECTION_RANGES6] = sizeof(struct sl_image_ranges6),
	[SL_SECTION_ADDRESS_SETS] = sizeof(struct sl_image_address_sets),
	[SL_SECTION_SERVICES] = sizeof(struct sl_image_services),
	[SL_SECTION_SERVICE_SETS] = sizeof(struct sl_image_service_sets),
	[SL_SECTION_POLICIES] = sizeof(struct sl_image_policies),
	[SL_SECTION_RULES] = sizeof(struct sl_image_rules),
	[SL_SECTION_PARTS] = sizeof(struct sl_image_parts),
	[SL_SECTION_PART_POLICIES] = sizeof(struct sl_image_part_policies),
	[SL_SECTION_PAIRS] = sizeof(struct sl_image_pairs),
	[SL_SECTION_PAIR_PARTS] = sizeof(struct sl_image_pair_parts),
	[SL_SECTION_ROUTES] = sizeof(struct sl_image_routes),
	[SL_SECTION_RULE_EXTRAS] = sizeof(struct sl_image_rule_extras),
	[SL_SECTION_RULE_MACS] = sizeof(struct sl_image_rule_macs),
	[SL_SECTION_RULE_IFACES] = sizeof(struct sl_image_rule_ifaces),
	[SL_SECTION_SCHEDULES] = sizeof(struct sl_image_schedules),
	[SL_SECTION_SCHEDULE_WINDOWS] = sizeof(struct sl_image_schedule_windows),
	[SL_SECTION_TIMEZONES] = sizeof(struct sl_image_timezones),
	[SL_SECTION_TIMEZONE_CHANGES] = sizeof(struct sl_image_timezone_changes),
	[SL_SECTION_TRANSLATIONS] = sizeof(struct sl_image_translations),
	[SL_SECTION_ARRIVALS] = sizeof(struct sl_image_arrivals),
	[SL_SECTION_PROXIES] = sizeof(struct sl_image_proxies),
	[SL_SECTION_BALANCERS] = sizeof(struct sl_image_balancers),
	[SL_SECTION_BACKENDS] = sizeof(struct sl_image_backends),
	[SL_SECTION_MAGLEV] = sizeof(struct sl_image_maglev),
	[SL_SECTION_TUNNELS] = sizeof(struct sl_image_tunnels),
	[SL_SECTION_SELECTORS] = sizeof(struct sl_image_selectors),
};

uint32_t image_add(struct image_builder *b, enum sl_image_section id, const void *record)
{
	uint32_t size = record_size[id];

	if (b->section[id].used + size > b->section[id].room) {
		b->section[id].room = b->section[id].room * 2 + 64 * size;
		b->section[id].data = realloc(b->section[id].data, b->section[id].room);
		if (b->section[id].data == NULL)
			abort();
	}
	memcpy(b->section[id].data + b->section[id].used, record, size);
	b->section[id].used += size;
	return b->section[id].count++;
}

uint32_t image_string(struct image_builder *b, const char *text)
{
	uint32_t at = b->section[SL_SECTION_STRINGS].count;

	do
		image_add(b, SL_SECTION_STRINGS, text);
	while (*text++ != 0);
	return at;
}

void image_builder_init(struct image_builder *b)
{
	const struct sl_image_settings settings = {
		.max_sessions = 4096,
		.max_routes = 1024,
		.tcp_opening = 30,
		.tcp_established = 3600,
		.tcp_closing = 120,
		.tcp_closed = 10,
		.udp_opening = 30,
		.udp_established = 180,
		.icmp = 10,
		.other = 60,
		.fragment_timeout = 30,
		.fragment_datagrams = 1024,
		.fragment_source = 256,
		.ip6_headers = 8,
	};

	memset(b, 0, sizeof(*b));
	image_string(b, "");
	image_add(b, SL_SECTION_SETTINGS, &settings);
}

void image_builder_free(struct image_builder *b)
{
	for (uint32_t id = 1; id <= SL_IMAGE_SECTIONS; id++)
		free(b->section[id].data);
}

void image_zone(struct image_builder *b, uint16_t slot, const char *name)
{
	const struct sl_image_zones zone = {.name = image_string(b, name), .slot = slot};

	image_add(b, SL_SECTION_ZONES, &zone);
}

void image_iface(struct image_builder *b, uint16_t slot, uint16_t zone, const char *name)
{
	const struct sl_image_interfaces iface = {.name = image_string(b, name),
						  .slot = slot,
						  .zone = zone,
						  .mtu = 1500};

	image_add(b, SL_SECTION_INTERFACES, &iface);
}

void image_policy(struct image_builder *b, const char *name)
{
	const struct sl_image_policies policy = {
		.name = image_string(b, name),
		.first_rule = b->section[SL_SECTION_RULES].count,
	};

	image_add(b, SL_SECTION_POLICIES, &policy);
}

uint32_t image_rule(struct image_builder *b, uint32_t source, uint32_t destination,
		    uint32_t service, uint8_t action)
{
	uint32_t policy = b->section[SL_SECTION_POLICIES].count - 1;
	const struct sl_image_rules rule = {
		.slot = SL_RULE_FIRST + b->section[SL_SECTION_RULES].count,
		.policy = policy,
		.source = source,
		.destination = destination,
		.service = service,
		.line = b->section[SL_SECTION_RULES].count + 1,
		.extra = SL_EXTRA_NONE,
		.action = action,
	};

	((struct sl_image_policies *)b->section[SL_SECTION_POLICIES].data)[policy].rules++;
	return image_add(b, SL_SECTION_RULES, &rule);
}

uint32_t image_part(struct image_builder *b, uint8_t hash, uint32_t first, uint32_t count)
{
	struct sl_image_parts part = {
		.first_policy = b->section[SL_SECTION_PART_POLICIES].count,
		.policies = count,
	};

	memset(part.hash, hash, sizeof(part.hash));
	for (uint32_t i = first; i < first + count; i++)
		image_add(b, SL_SECTION_PART_POLICIES, &i);
	return image_add(b, SL_SECTION_PARTS, &part);
}

void image_pair(struct image_builder *b, uint8_t hash, uint16_t from, uint16_t to, uint32_t part)
{
	struct sl_image_pairs pair = {
		.first_part = image_add(b, SL_SECTION_PAIR_PARTS, &part),
		.parts = 1,
		.from = from,
		.to = to,
	};

	memset(pair.hash, hash, sizeof(pair.hash));
	image_add(b, SL_SECTION_PAIRS, &pair);
}

void *image_finish(const struct image_builder *b, size_t *size)
{
	size_t at = sizeof(struct sl_image_header) +
		    SL_IMAGE_SECTIONS * sizeof(struct sl_image_directory);
	struct sl_image_directory *directory;
	struct sl_image_header *header;
	uint8_t *bytes;

	*size = at;
	for (uint32_t id = 1; id <= SL_IMAGE_SECTIONS; id++)
		*size = ((*size + 7) & ~(size_t)7) + b->section[id].used;
	bytes = calloc(1, *size);
	if (bytes == NULL)
		abort();
	header = (struct sl_image_header *)bytes;
	directory = (struct sl_image_directory *)(header + 1);
	*header = (struct sl_image_header){
		.magic = SL_IMAGE_MAGIC,
		.layout = SL_IMAGE_LAYOUT,
		.sections = SL_IMAGE_SECTIONS,
		.total = *size,
		.generation = 1,
	};
	for (uint32_t id = 1; id <= SL_IMAGE_SECTIONS; id++, directory++) {
		at = (at + 7) & ~(size_t)7;
		*directory = (struct sl_image_directory){
			.id = id,
			.record = record_size[id],
			.offset = at,
			.count = b->section[id].count,
		};
		if (b->section[id].used > 0)
			memcpy(bytes + at, b->section[id].data, b->section[id].used);
		at += b->section[id].used;
	}
	image_repair_crc(bytes, *size);
	return bytes;
}

void image_repair_crc(void *bytes, size_t size)
{
	if (size >= sizeof(struct sl_image_header))
		((struct sl_image_header *)bytes)->crc = sl_image_crc(bytes, size);
}
