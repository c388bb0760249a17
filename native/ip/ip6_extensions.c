/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/ip6_extensions.h"

#include <netinet/in.h>

#include "ip/l4_parse.h"

/* RFC 7045, 2: extension headers by their registry that end the walk and are a protocol to rules. */
static bool is_other(uint8_t proto)
{
	return proto == 135 || proto == 139 || proto == 140 || proto == 253 || proto == 254;
}

/* MLD and its like need the router alert (RFC 2710, 3) and end at the box. */
static bool between_neighbors(const struct sl_pkt *p)
{
	return p->key6.proto == IPPROTO_ICMPV6 && p->flags & SL_PKT_L4_WHOLE &&
	       sl_icmp6_class((uint8_t)(p->icmp >> 8)) == SL_ICMP_LINK;
}

/* The routing header at `header`: may its type pass? */
static bool routing_allowed(const struct sl_image_settings *settings, const uint8_t *header)
{
	return header[2] < 16 && settings->ip6_routing >> header[2] & 1;
}

enum sl_drop sl_ip6_extensions_slow(const struct sl_image_settings *settings, const uint8_t *ip,
				    const struct sl_pkt *p)
{
	uint32_t at = 40, seen = 0, length;

	/* sl_ip6_walk() came this way: each header lies within l3_length. */
	for (uint8_t type = ip[6]; at < p->l3_length; seen++) {
		uint8_t denied = type == 0  ? SL_IP6_DROP_HOP_BY_HOP :
				 type == 60 ? SL_IP6_DROP_DESTINATION :
					      0;

		if (settings->ip6_flags & denied && !between_neighbors(p))
			return SL_DROP_IP6_EXTENSION_DENIED;
		if (type == 43 && !routing_allowed(settings, ip + at))
			return SL_DROP_IP6_ROUTING_HEADER;
		length = type == 44 ? 8 : (ip[at + 1] + 1u) * 8;
		type = ip[at];
		at += length;
	}
	if (seen > settings->ip6_headers)
		return SL_DROP_IP6_TOO_MANY_EXTENSIONS;
	if (settings->ip6_flags & SL_IP6_DROP_OTHER && is_other(p->key6.proto))
		return SL_DROP_IP6_EXTENSION_DENIED;
	return SL_DROP_NONE;
}
