/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ip/l4_parse.h"
#include "ip/martian.h"

/*
 * ICMPv6 between neighbours: may it have come from one? What cannot must not reach the box, whose
 * implicit rules take these types from any zone (RFC 4890, 4.4.1).
 */

/* Bytes a message has at least: RFC 4861 4.1-4.5, RFC 2710 3, RFC 3810 5, RFC 4286 4-6. */
static inline uint32_t sl_link_least(uint8_t type)
{
	switch (type) {
	case 134:
		return 16;
	case 130: case 131: case 132: case 135: case 136:
		return 24;
	case 137:
		return 40;
	default:
		return 8;
	}
}

/* Neighbour discovery: from the link itself, unfragmented, and well formed. */
static inline bool sl_nd_valid(const uint8_t *ip, uint8_t type, uint8_t code, bool fragmented)
{
	bool local = sl_ip6_is_link_local(ip + 8);

	/* RFC 6980: never fragmented; RFC 4861 6.1, 7.1, 8.1: hop limit 255, code 0. */
	if (fragmented || ip[7] != 255 || code != 0)
		return false;
	/* RFC 4861 6.1.2 and 8.1: routers use their link-local address. */
	if ((type == 134 || type == 137) && !local)
		return false;
	/* RFC 4861 7.1.1: who has no address asks the solicited-node group; 7.1.2, 6.1.1 */
	if (sl_ip6_is_unspecified(ip + 8))
		return type == 133 || (type == 135 && ip[24] == 0xff);
	return true;
}

/*
 * Multicast listener and router discovery: hop limit 1 (RFC 2710 3, RFC 3810 5, RFC 4286 4) from a
 * link-local address, of a listener that has none yet the unspecified one (RFC 3590).
 */
static inline bool sl_mld_valid(const uint8_t *ip, uint8_t type)
{
	bool listener = type == 131 || type == 132 || type == 143;

	return ip[7] == 1 && (sl_ip6_is_link_local(ip + 8) ||
			      (listener && sl_ip6_is_unspecified(ip + 8)));
}

/* Of the class SL_ICMP_LINK; `ip` is the whole fixed header, `length` the message's bytes. */
static inline bool sl_link_valid(const uint8_t *ip, uint16_t icmp, uint32_t length, bool fragmented)
{
	uint8_t type = (uint8_t)(icmp >> 8);

	if (length < sl_link_least(type))
		return false;
	return sl_icmp6_is_nd(type) ? sl_nd_valid(ip, type, (uint8_t)icmp, fragmented)
				    : sl_mld_valid(ip, type);
}
