/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ip/checksum.h"
#include "ip/fragment_parse.h"
#include "ip/l4_parse.h"
#include "ip/martian.h"

/* RFC 791 3.1: options end with the list or with the header; each but two has a length of its own. */
static inline enum sl_drop sl_ip4_options(const uint8_t *option, uint32_t length)
{
	for (uint32_t at = 0; at < length;) {
		uint8_t type = option[at];

		if (type == 0)
			return SL_DROP_NONE;
		if (type == 1) {
			at++;
			continue;
		}
		if (length - at < 2 || option[at + 1] < 2 || option[at + 1] > length - at)
			return SL_DROP_IP4_BAD_OPTIONS;
		/* RFC 7126 4.3 and 4.4: loose and strict source routes are dropped. */
		if (type == 131 || type == 137)
			return SL_DROP_IP4_SOURCE_ROUTE;
		at += option[at + 1];
	}
	return SL_DROP_NONE;
}

static inline enum sl_drop sl_ip4_martian(uint32_t src, uint32_t dst)
{
	if (unlikely(sl_ip4_martian_source(src))) {
		/* RFC 1122 3.2.1.3: a host that has no address yet speaks to its link only. */
		if (src != 0 || dst != 0xffffffff)
			return SL_DROP_IP4_MARTIAN_SOURCE;
	}
	if (unlikely(sl_ip4_martian_destination(dst)))
		return SL_DROP_IP4_MARTIAN_DESTINATION;
	/* Nobody sends to himself through a router ("land"); its two directions would be one. */
	if (unlikely(src == dst))
		return SL_DROP_IP4_MARTIAN_SOURCE;
	return SL_DROP_NONE;
}

/* RFC 791 3.2; what does not depend on the family is in fragment_parse.h. */
static inline enum sl_drop sl_ip4_fragment(struct sl_pkt *p, const uint8_t *ip, uint16_t field,
					   uint32_t payload)
{
	p->fragment_id = sl_get16(ip + 4);
	return sl_fragment_parse(p, (field & 0x1fffu) * 8, field & 0x2000, payload,
				 p->l3_length, ip[9]);
}

/*
 * Validates the IPv4 packet at `ip`: `have` bytes of it lie in front of us, the frame holds `whole`.
 * Fills key, family, lengths and the L4 fields of `p`, whose l3 is set.
 */
static inline enum sl_drop sl_ip4_parse(struct sl_pkt *p, const uint8_t *ip, uint32_t have,
					uint32_t whole)
{
	enum sl_drop reason = SL_DROP_NONE, l4;
	uint32_t header, total, ports = 0, src, dst, payload;
	uint16_t fragment;

	if (unlikely(have < 20))
		return SL_DROP_IP4_TRUNCATED;
	/* RFC 1812 5.2.2: the five checks of every router. */
	if (unlikely(ip[0] >> 4 != 4))
		return SL_DROP_IP4_BAD_VERSION;
	header = (ip[0] & 15) * 4u;
	if (unlikely(header < 20 || header > have))
		return SL_DROP_IP4_BAD_HEADER_LENGTH;
	total = sl_get16(ip + 2);
	if (unlikely(total < header || total > whole))
		return SL_DROP_IP4_BAD_TOTAL_LENGTH;
	if (unlikely(!sl_ip4_checksum_ok(ip, header)))
		return SL_DROP_IP4_BAD_CHECKSUM;
	payload = total - header;
	p->family = 4;
	p->l3_length = (uint16_t)header;
	p->l4 = (uint16_t)(p->l3 + header);
	p->l4_length = (uint16_t)payload;
	memcpy(&p->key4.src, ip + 12, 8);
	p->key4.proto = ip[9];
	p->key4.flags = 0;
	p->key4.vrf = 0;
	src = rte_be_to_cpu_32(p->key4.src);
	dst = rte_be_to_cpu_32(p->key4.dst);
	reason = sl_ip4_martian(src, dst);
	if (unlikely(header > 20 && !reason))
		reason = sl_ip4_options(ip + 20, header - 20);

	fragment = sl_get16(ip + 6);
	if (unlikely(fragment & 0x3fff)) {
		/* One that no datagram may have, its addresses say, is refused without looking on. */
		if (!reason)
			reason = sl_ip4_fragment(p, ip, fragment, payload);
		if (fragment & 0x1fff) {
			p->key4.sport = p->key4.dport = 0;
			return reason;
		}
	}
	l4 = sl_l4_parse(p, ip + header, RTE_MIN(have - header, payload), payload, ip[9],
			 fragment & 0x3fff, &ports);
	memcpy(&p->key4.sport, &ports, 4);
	if (unlikely(fragment & 0x3fff))
		l4 = sl_fragment_first(l4, ip + header);
	return reason ? reason : l4;
}
