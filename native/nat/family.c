/* SPDX-License-Identifier: BSD-3-Clause */
#include "nat/family.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <rte_ip.h>
#include <string.h>

#include "ip/checksum.h"
#include "ip/l4_parse.h"
#include "ip/pull.h"

#define DF_FROM 1260u /* RFC 7915 5.1: what is longer got its size by discovery */
#define FRAGMENT_HEADER 8u

void sl_family_head4(struct sl_worker *w, uint8_t *ip, const struct sl_key4 *back, uint8_t tos,
		     uint8_t ttl, uint8_t proto, uint32_t length)
{
	bool df = length > DF_FROM;
	uint16_t sum;

	ip[0] = 0x45;
	ip[1] = tos;
	sl_put16(ip + 2, length);
	/* RFC 6864: what is never fragmented needs no identification. */
	sl_put16(ip + 4, df ? 0 : w->tunnel_id++ + w->index * 4096u);
	sl_put16(ip + 6, df ? 0x4000 : 0);
	ip[8] = ttl;
	ip[9] = proto;
	memset(ip + 10, 0, 2);
	memcpy(ip + 12, &back->dst, 4);
	memcpy(ip + 16, &back->src, 4);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, 20));
	memcpy(ip + 10, &sum, 2);
}

void sl_family_head6(uint8_t *ip, const uint8_t *src, const uint8_t *dst, uint8_t class,
		     uint8_t hops, uint8_t proto, uint32_t payload)
{
	ip[0] = (uint8_t)(0x60 | class >> 4);
	ip[1] = (uint8_t)(class << 4);
	sl_put16(ip + 2, 0);
	sl_put16(ip + 4, payload);
	ip[6] = proto;
	ip[7] = hops;
	memcpy(ip + 8, src, 16);
	memcpy(ip + 24, dst, 16);
}

uint8_t sl_family_query(uint8_t type)
{
	switch (type) {
	case 8:
		return 128;
	case 0:
		return 129;
	case 128:
		return 8;
	case 129:
		return 0;
	default:
		return 255; /* timestamps and masks have no counterpart */
	}
}

uint64_t sl_family_icmp_sum(uint8_t family, const uint8_t *before, const uint8_t *after,
			    uint32_t length)
{
	uint16_t was, is, size = rte_cpu_to_be_16((uint16_t)length);
	uint16_t next = RTE_BE16(IPPROTO_ICMPV6);

	memcpy(&was, before, 2);
	memcpy(&is, after, 2);
	if (family == 6) {
		size = (uint16_t)~size;
		next = (uint16_t)~next;
	}
	return (uint64_t)(uint16_t)~was + is + size + next;
}

static void add(uint8_t *at, uint64_t sum)
{
	uint16_t checksum;

	memcpy(&checksum, at, 2);
	checksum = (uint16_t)~sl_checksum_fold(sum + (uint16_t)~checksum);
	memcpy(at, &checksum, 2);
}

/* RFC 7915 4.5: IPv6 has no UDP without a checksum (but RFC 6935's tunnels). */
static bool sum_udp(const struct rte_mbuf *m, const struct sl_pkt *p, const struct sl_key6 *there,
		    uint8_t *udp)
{
	uint64_t total = sl_checksum_words(there->src, 32);
	uint16_t sum;

	if (rte_raw_cksum_mbuf(m, p->l4, p->l4_length, &sum) < 0)
		return false;
	total += (uint64_t)sum + rte_cpu_to_be_16(p->l4_length) + RTE_BE16(IPPROTO_UDP);
	sum = (uint16_t)~sl_checksum_fold(total);
	if (sum == 0)
		sum = 0xffff;
	memcpy(udp + 6, &sum, 2);
	return true;
}

static bool change_query(const struct sl_pkt *p, const struct sl_session *s, uint8_t *icmp,
			 uint16_t id, uint16_t delta)
{
	uint8_t before[2] = {icmp[0], icmp[1]}, type = sl_family_query(icmp[0]);

	if (type == 255 || p->flags & SL_PKT_FRAGMENT)
		return false; /* RFC 7915 1.2: the sum of all fragments would be needed */
	(void)s;
	icmp[0] = type;
	memcpy(icmp + 4, &id, 2);
	add(icmp + 2, delta + sl_family_icmp_sum(p->family, before, icmp, p->l4_length));
	return true;
}

/* Ports, identifier and checksum; what follows a first fragment has none of them. */
static bool change_l4(struct rte_mbuf *m, const struct sl_pkt *p, const struct sl_session *s)
{
	const struct sl_key4 *four = &sl_entry6(s)->key[1].key4;
	const struct sl_key6 *six = &sl_entry6(s)->key[0].key6;
	uint8_t *l4 = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4);
	uint16_t sport = p->family == 6 ? four->dport : six->dport;
	uint16_t dport = p->family == 6 ? four->sport : six->sport;
	uint16_t delta = p->family == 6 ? s->l4_delta : (uint16_t)~s->l4_delta, sum;

	if (s->protocol == IPPROTO_ICMPV6)
		return p->flags & SL_PKT_L4_WHOLE && change_query(p, s, l4, sport, delta);
	if (!(p->flags & SL_PKT_L4_WHOLE))
		return true;
	memcpy(l4, &sport, 2);
	memcpy(l4 + 2, &dport, 2);
	if (s->protocol == IPPROTO_TCP) {
		add(l4 + 16, delta);
		return true;
	}
	memcpy(&sum, l4 + 6, 2);
	if (sum == 0) {
		struct sl_key6 there = *six;

		if (p->family == 6)
			return true;
		if (p->flags & SL_PKT_FRAGMENT)
			return false; /* RFC 7915 4.5 */
		return sum_udp(m, p, &there, l4);
	}
	add(l4 + 6, delta);
	memcpy(&sum, l4 + 6, 2);
	if (sum == 0)
		memset(l4 + 6, 0xff, 2); /* RFC 768 */
	return true;
}

/* The IP header is to have `header` bytes, whatever they are; the frame's own moves along. */
static uint8_t *resize(struct rte_mbuf *m, struct sl_pkt *p, uint32_t header, uint16_t type)
{
	int by = (int)header - p->l3_length;
	uint8_t *frame;

	sl_trim(m, (uint32_t)p->l3 + p->l3_length + p->l4_length);
	if (by > 0) {
		frame = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)by);
		if (!frame)
			return NULL;
		memmove(frame, frame + by, p->l3);
	} else {
		frame = rte_pktmbuf_mtod(m, uint8_t *);
		memmove(frame - by, frame, p->l3);
		frame = (uint8_t *)rte_pktmbuf_adj(m, (uint16_t)-by);
	}
	memcpy(frame + p->l3 - 2, &type, 2);
	p->l4 = (uint16_t)(p->l3 + header);
	p->l3_length = (uint16_t)header;
	return frame + p->l3;
}

uint32_t sl_family_length(const struct rte_mbuf *m, bool *df, int *header)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	bool fragment = p->flags & SL_PKT_FRAGMENT;
	uint32_t length;

	if (p->family == 6) {
		length = 20u + p->l4_length;
		*df = !fragment && length > DF_FROM;
	} else {
		*df = ip[6] & 0x40;
		length = 40 + (fragment ? FRAGMENT_HEADER : 0) + p->l4_length;
	}
	*header = (int)length - p->l4_length - p->l3_length;
	return length;
}

static enum sl_drop to4(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s)
{
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	uint8_t class = (uint8_t)(ip[0] << 4 | ip[1] >> 4), hops = ip[7];
	uint8_t proto = s->protocol == IPPROTO_ICMPV6 ? IPPROTO_ICMP : s->protocol;
	bool fragment = p->flags & SL_PKT_FRAGMENT;
	uint16_t sum;

	/* Headers behind the fragment header count in the places of the fragments: they cannot go. */
	if ((fragment && p->l3_length != 40 + FRAGMENT_HEADER) || !change_l4(m, p, s))
		return SL_DROP_NAT64_UNTRANSLATABLE;
	ip = resize(m, p, 20, RTE_BE16(0x0800));
	if (!ip)
		return SL_DROP_NO_MBUF;
	sl_family_head4(w, ip, &sl_entry6(s)->key[1].key4, class, hops, proto, 20u + p->l4_length);
	if (fragment) {
		sl_put16(ip + 4, p->fragment_id & 0xffff);
		sl_put16(ip + 6, p->fragment >> 3 | (p->fragment & 1u) << 13);
		memset(ip + 10, 0, 2);
		sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, 20));
		memcpy(ip + 10, &sum, 2);
	}
	return SL_DROP_NONE;
}

static void fragment_header(uint8_t *at, uint8_t proto, uint32_t field, uint32_t id)
{
	at[0] = proto;
	at[1] = 0;
	sl_put16(at + 2, field);
	sl_put16(at + 4, id >> 16);
	sl_put16(at + 6, id);
}

/* The rest of a packet with a fragment header that does not fit the least MTU. */
static bool cut(struct sl_worker *w, struct rte_mbuf *m, struct rte_mbuf **rest)
{
	struct sl_pkt *p = sl_pkt(m);
	uint32_t head = (uint32_t)p->l3 + p->l3_length, payload = p->l4_length;
	uint32_t room = (SL_IP6_LEAST_MTU - p->l3_length) & ~7u, n;
	uint8_t *first = rte_pktmbuf_mtod(m, uint8_t *);
	uint32_t field = sl_get16(first + head - 6);
	struct rte_mbuf **link = rest;

	for (uint32_t at = room; at < payload; at += n) {
		struct rte_mbuf *copy;
		uint8_t *frame;

		n = RTE_MIN(payload - at, room);
		copy = rte_pktmbuf_copy(m, w->dp->pool, head + at, n);
		frame = copy ? (uint8_t *)rte_pktmbuf_prepend(copy, (uint16_t)head) : NULL;
		if (!frame) {
			rte_pktmbuf_free(copy);
			goto fail;
		}
		memcpy(frame, first, head);
		sl_put16(frame + p->l3 + 4, FRAGMENT_HEADER + n);
		sl_put16(frame + head - 6,
			 ((field & 0xfff8) + at) | (at + n < payload ? 1 : field & 1));
		copy->port = m->port;
		*sl_pkt(copy) = *p;
		sl_pkt(copy)->flags = SL_PKT_GENERATED;
		sl_pkt(copy)->input = SL_INPUT_GENERATED;
		sl_pkt(copy)->datagram = 0;
		sl_pkt(copy)->l4_length = (uint16_t)n;
		sl_pkt(copy)->held = NULL;
		*link = copy;
		link = &sl_pkt(copy)->held;
	}
	sl_trim(m, head + room);
	sl_put16(first + p->l3 + 4, FRAGMENT_HEADER + room);
	sl_put16(first + head - 6, field | 1);
	p->l4_length = (uint16_t)room;
	return true;
fail:
	for (struct rte_mbuf *next; *rest; *rest = next) {
		next = sl_pkt(*rest)->held;
		rte_pktmbuf_free(*rest);
	}
	return false;
}

static enum sl_drop to6(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s,
			struct rte_mbuf **rest)
{
	const struct sl_key6 *six = &sl_entry6(s)->key[0].key6;
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	uint8_t tos = ip[1], ttl = ip[8];
	bool fragment = p->flags & SL_PKT_FRAGMENT, whole = ip[6] & 0x40;
	uint32_t id = sl_get16(ip + 4), header = 40 + (fragment ? FRAGMENT_HEADER : 0);
	bool long_one = !whole && header + p->l4_length > SL_IP6_LEAST_MTU;

	if (!change_l4(m, p, s))
		return SL_DROP_NAT64_UNTRANSLATABLE;
	if (long_one)
		header = 40 + FRAGMENT_HEADER;
	ip = resize(m, p, header, RTE_BE16(0x86dd));
	if (!ip)
		return SL_DROP_NO_MBUF;
	sl_family_head6(ip, six->dst, six->src, tos, ttl,
			header > 40 ? IPPROTO_FRAGMENT : s->protocol,
			header - 40 + p->l4_length);
	if (header > 40)
		fragment_header(ip + 40, s->protocol, fragment ? p->fragment : 0, id);
	return !long_one || cut(w, m, rest) ? SL_DROP_NONE : SL_DROP_NO_MBUF;
}

enum sl_drop sl_family_change(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s,
			      struct rte_mbuf **rest)
{
	struct sl_pkt *p = sl_pkt(m);
	uint8_t family = p->family;
	enum sl_drop reason;

	*rest = NULL;
	reason = family == 6 ? to4(w, m, s) : to6(w, m, s, rest);
	if (reason)
		return reason;
	p->key_family = family;
	p->family = family == 6 ? 4 : 6;
	for (struct rte_mbuf *one = *rest; one; one = sl_pkt(one)->held) {
		sl_pkt(one)->key_family = family;
		sl_pkt(one)->family = p->family;
	}
	return SL_DROP_NONE;
}
