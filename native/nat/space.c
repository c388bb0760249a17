/* SPDX-License-Identifier: BSD-3-Clause */
#include "nat/space.h"

#include <rte_byteorder.h>
#include <string.h>

#include "ip/martian.h"

void sl_nat_prefix(const uint8_t prefix[16], uint32_t length, uint8_t address[16])
{
	uint32_t whole = length / 8;

	memcpy(address, prefix, whole);
	if (length % 8 != 0) {
		uint8_t mask = (uint8_t)(0xff << (8 - length % 8));

		address[whole] = (uint8_t)((prefix[whole] & mask) | (address[whole] & ~mask));
	}
}

static uint16_t word(const uint8_t *address, uint32_t i)
{
	return (uint16_t)(address[2 * i] << 8 | address[2 * i + 1]);
}

/*
 * RFC 6296 3.4 to 3.5: the word that takes up the difference is the subnet's, or, where the prefix
 * reaches into it, the first one behind the subnet that is not all ones. 8: there is none.
 */
static uint32_t neutral_word(const uint8_t address[16], uint32_t length)
{
	uint32_t i = 3;

	if (length <= 48)
		return word(address, 3) == 0xffff ? 8 : 3;
	while (++i < 8 && word(address, i) == 0xffff)
		;
	/* 3.5: an interface identifier of zeroes is the anycast address of the subnet's routers. */
	for (uint32_t k = 8; k < 16; k++)
		if (address[k] != 0)
			return i;
	return 8;
}

static uint32_t prefix_sum(const uint8_t address[16])
{
	return (uint32_t)word(address, 0) + word(address, 1) + word(address, 2) + word(address, 3);
}

bool sl_nat_map(const struct sl_image_translations *t, uint8_t address[16])
{
	uint32_t at, sum, before = prefix_sum(address);

	if (!(t->flags & SL_NAT_NEUTRAL)) {
		sl_nat_prefix(t->address, t->length, address);
		return true;
	}
	at = neutral_word(address, t->length);
	if (at == 8)
		return false;
	sl_nat_prefix(t->address, t->length, address);
	/* Four words' sum is below 0x40000: a multiple of 0xffff, which is no change, keeps it above 0. */
	sum = word(address, at) + before + 5 * 0xffffu - prefix_sum(address);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	/* Negative zero is written as zero: all ones would not be found again. */
	sum = sum == 0xffff ? 0 : sum;
	address[2 * at] = (uint8_t)(sum >> 8);
	address[2 * at + 1] = (uint8_t)sum;
	return true;
}

static const struct sl_image_interfaces *iface_at(const struct sl_tables *tables, uint16_t slot)
{
	return tables->ifaces[slot % SL_MAX_IFACES];
}

const uint8_t *sl_nat_iface_address(const struct sl_tables *tables, uint16_t slot, uint8_t family)
{
	const struct sl_image_interfaces *iface = iface_at(tables, slot);

	for (uint32_t i = 0; iface && i < iface->addresses; i++) {
		const struct sl_image_addresses *a =
			&tables->image.addresses[iface->first_address + i];

		if (a->family == family && (family == 4 || !sl_ip6_is_link_local(a->address)))
			return a->address;
	}
	return NULL;
}

bool sl_nat_is_of_iface(const struct sl_tables *tables, uint16_t slot, uint8_t family,
			const uint8_t address[16])
{
	const struct sl_image_interfaces *iface = iface_at(tables, slot);

	for (uint32_t i = 0; iface && i < iface->addresses; i++) {
		const struct sl_image_addresses *a =
			&tables->image.addresses[iface->first_address + i];

		if (a->family == family && memcmp(a->address, address, family == 4 ? 4 : 16) == 0)
			return true;
	}
	return false;
}

static uint32_t get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return rte_be_to_cpu_32(v);
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return rte_be_to_cpu_64(v);
}

static bool in_set4(const struct sl_image_ranges4 *r, uint32_t n, uint32_t address)
{
	while (n > 0) {
		const struct sl_image_ranges4 *middle = r + n / 2;

		if (address < middle->lo) {
			n /= 2;
		} else if (address > middle->hi) {
			n -= n / 2 + 1;
			r = middle + 1;
		} else {
			return true;
		}
	}
	return false;
}

static int compare6(uint64_t high, uint64_t low, uint64_t other_high, uint64_t other_low)
{
	if (high != other_high)
		return high < other_high ? -1 : 1;
	return low < other_low ? -1 : low > other_low;
}

static bool in_set6(const struct sl_image_ranges6 *r, uint32_t n, uint64_t high, uint64_t low)
{
	while (n > 0) {
		const struct sl_image_ranges6 *middle = r + n / 2;

		if (compare6(high, low, middle->lo_high, middle->lo_low) < 0) {
			n /= 2;
		} else if (compare6(high, low, middle->hi_high, middle->hi_low) > 0) {
			n -= n / 2 + 1;
			r = middle + 1;
		} else {
			return true;
		}
	}
	return false;
}

bool sl_nat_in_set(const struct sl_image *image, uint32_t set, uint8_t family,
		   const uint8_t address[16])
{
	const struct sl_image_address_sets *s = &image->address_sets[set];

	return family == 4 ? in_set4(&image->ranges4[s->first4], s->count4, get32(address)) :
			     in_set6(&image->ranges6[s->first6], s->count6, get64(address),
				     get64(address + 8));
}

/* Of an IPv6 range at most 2^32 addresses, the first ones, are given out. */
static uint64_t size6(const struct sl_image_ranges6 *r)
{
	if (r->hi_high != r->lo_high || r->hi_low - r->lo_low > UINT32_MAX)
		return 1ull << 32;
	return r->hi_low - r->lo_low + 1;
}

uint32_t sl_nat_set_size(const struct sl_image *image, uint32_t set, uint8_t family)
{
	const struct sl_image_address_sets *s = &image->address_sets[set];
	uint64_t size = 0;

	for (uint32_t i = 0; family == 4 && i < s->count4; i++)
		size += (uint64_t)image->ranges4[s->first4 + i].hi - image->ranges4[s->first4 + i].lo +
			1;
	for (uint32_t i = 0; family == 6 && i < s->count6 && size < UINT32_MAX; i++)
		size += size6(&image->ranges6[s->first6 + i]);
	return size < UINT32_MAX ? (uint32_t)size : UINT32_MAX;
}

static void at4(const struct sl_image_ranges4 *r, uint32_t count, uint64_t n, uint8_t address[16])
{
	for (uint32_t i = 0; i < count; i++, r++) {
		uint64_t size = (uint64_t)r->hi - r->lo + 1;

		if (n < size) {
			uint32_t v = rte_cpu_to_be_32((uint32_t)(r->lo + n));

			memcpy(address, &v, 4);
			return;
		}
		n -= size;
	}
}

static void at6(const struct sl_image_ranges6 *r, uint32_t count, uint64_t n, uint8_t address[16])
{
	for (uint32_t i = 0; i < count; i++, r++) {
		uint64_t high, low;

		if (n >= size6(r)) {
			n -= size6(r);
			continue;
		}
		low = r->lo_low + n;
		high = rte_cpu_to_be_64(r->lo_high + (low < n));
		low = rte_cpu_to_be_64(low);
		memcpy(address, &high, 8);
		memcpy(address + 8, &low, 8);
		return;
	}
}

void sl_nat_set_at(const struct sl_image *image, uint32_t set, uint8_t family, uint32_t n,
		   uint8_t address[16])
{
	const struct sl_image_address_sets *s = &image->address_sets[set];

	memset(address, 0, 16);
	if (family == 4)
		at4(&image->ranges4[s->first4], s->count4, n, address);
	else
		at6(&image->ranges6[s->first6], s->count6, n, address);
}
