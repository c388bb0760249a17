/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tables/image.h"
#include "tables/image_check.h"

#define MAX_IMAGE (1ull << 30)

static const struct section {
	const char *name;
	uint32_t record;
	size_t pointer; /* where the view keeps its address */
} sections[SL_IMAGE_SECTIONS + 1] = {
#define SECTION(id, field)                                                                         \
	[id] = {#field, sizeof(struct sl_image_##field), offsetof(struct sl_image, field)}
	SECTION(SL_SECTION_STRINGS, strings),
	SECTION(SL_SECTION_SETTINGS, settings),
	SECTION(SL_SECTION_ZONES, zones),
	SECTION(SL_SECTION_INTERFACES, interfaces),
	SECTION(SL_SECTION_ADDRESSES, addresses),
	SECTION(SL_SECTION_RANGES4, ranges4),
	SECTION(SL_SECTION_RANGES6, ranges6),
	SECTION(SL_SECTION_ADDRESS_SETS, address_sets),
	SECTION(SL_SECTION_SERVICES, services),
	SECTION(SL_SECTION_SERVICE_SETS, service_sets),
	SECTION(SL_SECTION_POLICIES, policies),
	SECTION(SL_SECTION_RULES, rules),
	SECTION(SL_SECTION_PARTS, parts),
	SECTION(SL_SECTION_PART_POLICIES, part_policies),
	SECTION(SL_SECTION_PAIRS, pairs),
	SECTION(SL_SECTION_PAIR_PARTS, pair_parts),
	SECTION(SL_SECTION_ROUTES, routes),
	SECTION(SL_SECTION_RULE_EXTRAS, rule_extras),
	SECTION(SL_SECTION_RULE_MACS, rule_macs),
	SECTION(SL_SECTION_RULE_IFACES, rule_ifaces),
	SECTION(SL_SECTION_SCHEDULES, schedules),
	SECTION(SL_SECTION_SCHEDULE_WINDOWS, schedule_windows),
	SECTION(SL_SECTION_TIMEZONES, timezones),
	SECTION(SL_SECTION_TIMEZONE_CHANGES, timezone_changes),
	SECTION(SL_SECTION_TRANSLATIONS, translations),
	SECTION(SL_SECTION_ARRIVALS, arrivals),
	SECTION(SL_SECTION_PROXIES, proxies),
	SECTION(SL_SECTION_BALANCERS, balancers),
	SECTION(SL_SECTION_BACKENDS, backends),
	SECTION(SL_SECTION_MAGLEV, maglev),
	SECTION(SL_SECTION_TUNNELS, tunnels),
	SECTION(SL_SECTION_SELECTORS, selectors),
#undef SECTION
};
static_assert(SL_SECTION_SELECTORS == SL_IMAGE_SECTIONS, "a section is missing above");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the image is read in place");

bool sl_image_fault(const struct sl_image_check *check, const char *section, uint32_t record,
		    const char *format, ...)
{
	va_list args;
	int n;

	if (check->error_size == 0)
		return false;
	n = snprintf(check->error, check->error_size, "%s %u: ", section, record);
	if (n < 0 || (size_t)n >= check->error_size)
		return false;
	va_start(args, format);
	vsnprintf(check->error + n, check->error_size - n, format, args);
	va_end(args);
	return false;
}

static int fault(char *error, size_t error_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int fault(char *error, size_t error_size, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, error_size, format, args);
	va_end(args);
	return -EINVAL;
}

static int check_header(const struct sl_image_header *h, size_t size, char *error, size_t n)
{
	if (size < sizeof(*h))
		return fault(error, n, "header: %zu bytes of %zu", size, sizeof(*h));
	if (h->magic != SL_IMAGE_MAGIC)
		return fault(error, n, "header: magic 0x%08x is not 0x%08x", h->magic,
			     SL_IMAGE_MAGIC);
	if (h->layout != SL_IMAGE_LAYOUT)
		return fault(error, n, "header: layout version %u, this datapath reads %u",
			     h->layout, SL_IMAGE_LAYOUT);
	if (h->total != size)
		return fault(error, n, "header: %ju bytes announced, %zu there",
			     (uintmax_t)h->total, size);
	if (size > MAX_IMAGE)
		return fault(error, n, "header: %zu bytes, at most %llu", size, MAX_IMAGE);
	if (h->sections != SL_IMAGE_SECTIONS)
		return fault(error, n, "header: %u sections, not %u", h->sections,
			     SL_IMAGE_SECTIONS);
	if (h->reserved != 0)
		return fault(error, n, "header: reserved is %u", h->reserved);
	if (size < sizeof(*h) + SL_IMAGE_SECTIONS * sizeof(struct sl_image_directory))
		return fault(error, n, "directory: cut short at %zu bytes", size);
	if (h->crc != sl_image_crc(h, size))
		return fault(error, n, "header: CRC 0x%08x, the bytes have 0x%08x", h->crc,
			     sl_image_crc(h, size));
	return 0;
}

static int check_directory(struct sl_image *image, size_t size, char *error, size_t n)
{
	const uint8_t *bytes = (const uint8_t *)image->header;
	const struct sl_image_directory *d =
		(const struct sl_image_directory *)(image->header + 1);
	uint64_t end = sizeof(*image->header) + SL_IMAGE_SECTIONS * sizeof(*d);

	for (uint32_t id = 1; id <= SL_IMAGE_SECTIONS; id++, d++) {
		const struct section *s = &sections[id];
		uint64_t gap;

		if (d->id != id)
			return fault(error, n, "directory %u: section %u where %s (%u) belongs",
				     id - 1, d->id, s->name, id);
		if (d->record != s->record)
			return fault(error, n, "directory %u: %s has records of %u bytes, not %u",
				     id - 1, s->name, d->record, s->record);
		if (d->offset % 8 != 0)
			return fault(error, n, "directory %u: %s is not aligned", id - 1, s->name);
		if (d->offset < end)
			return fault(error, n, "directory %u: %s overlaps what is before it",
				     id - 1, s->name);
		if (d->offset > size || d->count > (size - d->offset) / d->record)
			return fault(error, n, "directory %u: %s passes the end", id - 1, s->name);
		for (gap = end; gap < d->offset; gap++)
			if (bytes[gap] != 0)
				return fault(error, n, "directory %u: the gap before %s is not zero",
					     id - 1, s->name);
		image->count[id] = (uint32_t)d->count;
		*(const void **)((char *)image + s->pointer) = bytes + d->offset;
		end = d->offset + d->count * d->record;
	}
	for (; end < size; end++)
		if (bytes[end] != 0)
			return fault(error, n, "directory: bytes after the last section");
	return 0;
}

int sl_image_open(struct sl_image *image, const void *bytes, size_t size, char *error,
		  size_t error_size)
{
	const struct sl_image_check check = {image, error, error_size};
	uint32_t strings;
	int rc;

	memset(image, 0, sizeof(*image));
	if ((uintptr_t)bytes % 8 != 0)
		return fault(error, error_size, "header: the buffer is not 8-byte aligned");
	rc = check_header(bytes, size, error, error_size);
	if (rc != 0)
		return rc;
	image->header = bytes;
	rc = check_directory(image, size, error, error_size);
	if (rc != 0)
		return rc;
	strings = image->count[SL_SECTION_STRINGS];
	if (strings == 0 || image->strings[0] != 0 || image->strings[strings - 1] != 0)
		return fault(error, error_size, "strings: do not start and end with NUL");
	if (!sl_image_check_net(&check) || !sl_image_check_sets(&check) ||
	    !sl_image_check_schedules(&check) || !sl_image_check_balancers(&check) ||
	    !sl_image_check_policies(&check) ||
	    !sl_image_check_nat(&check))
		return -EINVAL;
	return 0;
}
