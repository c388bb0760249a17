/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ip/fragment_parse.h"
#include "ip/link_parse.h"
#include "ip/martian.h"

/* RFC 8200 4.1 orders seven headers, RFC 8504 5.3 lets a node set limits: no more than this. */
#define SL_IP6_MAX_EXTENSIONS 8

/* Where the walk of an extension-header chain came out. */
struct sl_ip6_chain {
	uint32_t length;   /* of all headers up to the upper layer, the fixed one included */
	uint8_t proto;	   /* upper layer; 59 is none */
	bool fragmented;   /* there was a fragment header */
	bool part;	   /* and it was no atomic one (RFC 6946) */
	uint16_t fragment; /* offset * 8 and the M bit */
	uint32_t part_at;  /* where the fragment header ends */
	uint32_t id;
};

/* RFC 8200 4.2: options fill their header; RFC 2675: no jumbograms here. */
static inline enum sl_drop sl_ip6_options(const uint8_t *option, uint32_t length)
{
	for (uint32_t at = 0; at < length;) {
		if (option[at] == 0) { /* Pad1 */
			at++;
			continue;
		}
		if (length - at < 2 || option[at + 1] > length - at - 2u || option[at] == 0xc2)
			return SL_DROP_IP6_BAD_EXTENSION;
		at += 2u + option[at + 1];
	}
	return SL_DROP_NONE;
}

/*
 * Walks the chain of the packet at `ip`, whose fixed header is there, within `have` bytes. AH and
 * ESP end it as in IPv4: they are the protocol a rule names.
 */
static inline enum sl_drop sl_ip6_walk(const uint8_t *ip, uint32_t have, struct sl_ip6_chain *c)
{
	uint32_t at = 40, seen = 0;

	*c = (struct sl_ip6_chain){.proto = ip[6]};
	for (;; seen++) {
		uint32_t length;
		uint8_t type = c->proto;

		if (type != 0 && type != 43 && type != 44 && type != 60)
			break;
		if (seen == SL_IP6_MAX_EXTENSIONS)
			return SL_DROP_IP6_TOO_MANY_EXTENSIONS;
		length = have - at < 8 || type == 44 ? 8 : (ip[at + 1] + 1u) * 8;
		/* RFC 7112 5: the first fragment holds the whole chain. */
		if (have - at < length)
			return c->part ? SL_DROP_FRAGMENT_TINY : SL_DROP_IP6_BAD_EXTENSION;
		if (type == 0 || type == 60) {
			enum sl_drop reason;

			/* RFC 8200 4.1: hop-by-hop options stand first or nowhere. */
			if (type == 0 && seen)
				return SL_DROP_IP6_BAD_EXTENSION;
			reason = sl_ip6_options(ip + at + 2, length - 2);
			if (reason)
				return reason;
		} else if (type == 43) {
			if (ip[at + 2] == 0)
				return SL_DROP_IP6_ROUTING_HEADER; /* RFC 5095 */
		} else {
			if (c->fragmented)
				return SL_DROP_IP6_BAD_EXTENSION;
			c->fragmented = true;
			c->fragment = sl_get16(ip + at + 2) & 0xfff9;
			c->part = c->fragment != 0;
			c->part_at = at + 8;
			c->id = sl_get32(ip + at + 4);
		}
		c->proto = ip[at];
		at += length;
		/* What follows in a later fragment is data. */
		if (c->fragment & 0xfff8)
			break;
	}
	c->length = at;
	return SL_DROP_NONE;
}

static inline enum sl_drop sl_ip6_martian(const uint8_t src[16], const uint8_t dst[16])
{
	if (unlikely(sl_ip6_martian_source(src)))
		return SL_DROP_IP6_MARTIAN_SOURCE;
	/* RFC 4862 5.4, RFC 3590: a node without address asks its link only. */
	if (unlikely(sl_ip6_is_unspecified(src) && !sl_ip6_is_link_multicast(dst)))
		return SL_DROP_IP6_MARTIAN_SOURCE;
	if (unlikely(sl_ip6_martian_destination(dst)))
		return SL_DROP_IP6_MARTIAN_DESTINATION;
	if (unlikely(memcmp(src, dst, 16) == 0))
		return SL_DROP_IP6_MARTIAN_SOURCE;
	return SL_DROP_NONE;
}

/* RFC 8200 4.5; what does not depend on the family is in fragment_parse.h. */
static inline enum sl_drop sl_ip6_fragment(struct sl_pkt *p, const struct sl_ip6_chain *c,
					   uint32_t whole)
{
	p->fragment_id = c->id;
	return sl_fragment_parse(p, c->fragment & 0xfff8u, c->fragment & 1, whole - c->part_at,
				 c->part_at - 48, c->proto);
}

/* As sl_ip4_parse. */
static inline enum sl_drop sl_ip6_parse(struct sl_pkt *p, const uint8_t *ip, uint32_t have,
					uint32_t whole)
{
	enum sl_drop reason, l4, walk;
	struct sl_ip6_chain chain;
	uint32_t payload, ports;

	if (unlikely(have < 40))
		return SL_DROP_IP6_TRUNCATED;
	if (unlikely(ip[0] >> 4 != 6))
		return SL_DROP_IP6_BAD_VERSION;
	payload = sl_get16(ip + 4);
	/* RFC 2675: zero with options may be a jumbogram, which no link of ours carries. */
	if (unlikely(40 + payload > whole || (payload == 0 && ip[6] == 0)))
		return SL_DROP_IP6_BAD_PAYLOAD_LENGTH;
	have = RTE_MIN(have, 40 + payload);
	walk = sl_ip6_walk(ip, have, &chain);
	if (unlikely(walk)) {
		if (!chain.part)
			return walk;
		/* Its datagram goes with it, so it has to be known. */
		chain.length = chain.part_at;
	}
	whole = 40 + payload;
	payload -= chain.length - 40;
	p->family = 6;
	p->l3_length = (uint16_t)chain.length;
	p->l4 = (uint16_t)(p->l3 + chain.length);
	p->l4_length = (uint16_t)payload;
	memcpy(p->key6.src, ip + 8, 32);
	p->key6.proto = chain.proto;
	p->key6.flags = 0;
	p->key6.vrf = 0;
	p->key6.sport = p->key6.dport = 0;
	reason = sl_ip6_martian(p->key6.src, p->key6.dst);

	if (unlikely(chain.part)) {
		/* One that no datagram may have, its addresses say, is refused without looking on. */
		if (!reason)
			reason = sl_ip6_fragment(p, &chain, whole);
		if (walk || chain.fragment & 0xfff8)
			return reason ? reason : walk;
	}
	l4 = sl_l4_parse(p, ip + chain.length, have - chain.length, payload, chain.proto, chain.part,
			 &ports);
	memcpy(&p->key6.sport, &ports, 4);
	if (unlikely(chain.part))
		l4 = sl_fragment_first(l4, ip + chain.length);
	if (chain.proto == IPPROTO_ICMPV6 && (p->flags & SL_PKT_L4_WHOLE) &&
	    sl_icmp6_class((uint8_t)(p->icmp >> 8)) == SL_ICMP_LINK &&
	    !sl_link_valid(ip, p->icmp, payload, chain.fragmented))
		l4 = SL_DROP_ND_INVALID;
	return reason ? reason : l4;
}
