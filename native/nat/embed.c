/* SPDX-License-Identifier: BSD-3-Clause */
#include "nat/embed.h"

#include <rte_byteorder.h>
#include <string.h>

#include "ip/martian.h"

const uint8_t sl_nat64_prefix[16] = {0, 0x64, 0xff, 0x9b};

/* Byte of the IPv6 address where byte `i` of the IPv4 one lies: byte 8 is passed over. */
static uint32_t place(uint32_t length, uint32_t i)
{
	uint32_t at = length / 8 + i;

	return length < 96 && at >= 8 ? at + 1 : at;
}

void sl_nat64_embed(const uint8_t prefix[16], uint32_t length, const uint8_t address[4],
		    uint8_t out[16])
{
	memset(out, 0, 16);
	memcpy(out, prefix, length / 8);
	for (uint32_t i = 0; i < 4; i++)
		out[place(length, i)] = address[i];
}

void sl_nat64_extract(const uint8_t from[16], uint32_t length, uint8_t address[4])
{
	for (uint32_t i = 0; i < 4; i++)
		address[i] = from[place(length, i)];
}

struct block {
	uint32_t net, mask;
};

/* RFC 6890, table of IPv4: networks in use that are not globally reachable. */
static const struct block not_global[] = {
	{0x0a000000, 0xff000000}, {0x64400000, 0xffc00000}, {0xa9fe0000, 0xffff0000},
	{0xac100000, 0xfff00000}, {0xc0000000, 0xffffff00}, {0xc0a80000, 0xffff0000},
	{0xc6120000, 0xfffe0000},
};

bool sl_nat64_reachable(const uint8_t prefix[16], uint32_t length, const uint8_t address[4])
{
	uint32_t a;

	memcpy(&a, address, 4);
	a = rte_be_to_cpu_32(a);
	if (sl_ip4_martian_destination(a) || sl_ip4_martian_source(a) || sl_ip4_is_multicast(a) ||
	    a == 0xffffffff)
		return false;
	if (length != 96 || memcmp(prefix, sl_nat64_prefix, 12) != 0)
		return true;
	for (uint32_t i = 0; i < sizeof(not_global) / sizeof(not_global[0]); i++)
		if ((a & not_global[i].mask) == not_global[i].net)
			return false;
	return true;
}
