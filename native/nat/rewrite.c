/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "ip/checksum.h"
#include "ip/l4_parse.h"
#include "nat/nat.h"
#include "session/sequence.h"
#include "session/table.h"

/* Where a protocol's checksum is, whether it covers the addresses too, and where ports lie. */
struct l4 {
	int8_t checksum; /* -1: none that changes */
	bool pseudo;
	bool ports;
	int8_t id; /* of a query; -1: none */
	bool optional; /* zero means none: UDP over IPv4 (RFC 768) */
};

static struct l4 l4_of(uint8_t proto, uint8_t family)
{
	switch (proto) {
	case IPPROTO_TCP:
		return (struct l4){.checksum = 16, .pseudo = true, .ports = true, .id = -1};
	case IPPROTO_UDP:
		return (struct l4){.checksum = 6, .pseudo = true, .ports = true, .id = -1,
				   .optional = family == 4};
	case IPPROTO_DCCP:
	case IPPROTO_UDPLITE:
		return (struct l4){.checksum = 6, .pseudo = true, .id = -1};
	case IPPROTO_ICMP:
		return (struct l4){.checksum = 2, .id = family == 4 ? 4 : -1};
	case IPPROTO_ICMPV6:
		return (struct l4){.checksum = family == 6 ? 2 : -1, .pseudo = true,
				   .id = family == 6 ? 4 : -1};
	default:
		return (struct l4){.checksum = -1, .id = -1};
	}
}

/* RFC 1624: sums of what goes, complemented, and of what comes. */
static uint64_t change(const void *from, const void *to, uint32_t length)
{
	const uint8_t *a = from, *b = to;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < length; i += 2) {
		uint16_t x, y;

		memcpy(&x, a + i, 2);
		memcpy(&y, b + i, 2);
		sum += (uint16_t)~x + (uint32_t)y;
	}
	return sum;
}

static inline void apply(uint8_t *at, uint16_t delta)
{
	uint16_t sum;
	uint32_t total;

	memcpy(&sum, at, 2);
	total = (uint32_t)(uint16_t)~sum + delta;
	sum = (uint16_t)~(total + (total >> 16));
	memcpy(at, &sum, 2);
}

static void apply_l4(uint8_t *l4, const struct l4 *what, uint16_t delta)
{
	uint16_t sum;

	if (what->checksum < 0)
		return;
	memcpy(&sum, l4 + what->checksum, 2);
	if (what->optional && sum == 0)
		return;
	apply(l4 + what->checksum, delta);
	memcpy(&sum, l4 + what->checksum, 2);
	/* RFC 768: a sum that comes out as zero is written as all ones. */
	if (sum == 0 && what->ports && what->checksum == 6)
		memset(l4 + what->checksum, 0xff, 2);
}

/* One side's view of a flow: pointers into a key. */
struct view {
	const uint8_t *src, *dst;
	uint16_t sport, dport;
};

static struct view view_of(sl_session_ref ref, const struct sl_session *s, unsigned int direction)
{
	if (!(ref & SL_REF_WIDE)) {
		const struct sl_key4 *k = &sl_entry4(s)->key[direction];

		return (struct view){(const uint8_t *)&k->src, (const uint8_t *)&k->dst, k->sport,
				     k->dport};
	}
	if (unlikely(s->flags & (SL_SESSION_KEY4_0 << direction))) {
		const struct sl_key4 *four = &sl_entry6(s)->key[direction].key4;

		return (struct view){(const uint8_t *)&four->src, (const uint8_t *)&four->dst,
				     four->sport, four->dport};
	}
	const struct sl_key6 *k = &sl_entry6(s)->key[direction].key6;

	return (struct view){k->src, k->dst, k->sport, k->dport};
}

/* Of the pseudo header of IPv6 to that of IPv4: lengths and protocol are for nat/family.c. */
static void mark64(struct sl_session *s, const struct view *in, const struct view *back)
{
	static const uint8_t nothing[16];
	uint64_t sum = change(in->src, nothing, 16) + change(in->dst, nothing, 16) +
		       change(&in->sport, &back->dport, 2);

	if (s->protocol != IPPROTO_ICMPV6)
		sum += sl_checksum_words(back->src, 4) + sl_checksum_words(back->dst, 4) +
		       change(&in->dport, &back->sport, 2);
	s->l4_delta = sl_checksum_fold(sum);
	s->flags |= SL_SESSION_NAT;
}

void sl_nat_mark(sl_session_ref ref, struct sl_session *s)
{
	struct view in = view_of(ref, s, 0), back = view_of(ref, s, 1);
	uint8_t family = (uint8_t)sl_session_family(ref, s, 0);
	uint32_t length = family == 4 ? 4 : 16;
	struct l4 what = l4_of(s->protocol, family);
	uint64_t addresses, sum;

	if (unlikely(sl_session_is_nat64(s))) {
		mark64(s, &in, &back);
		return;
	}
	addresses = change(in.src, back.dst, length) + change(in.dst, back.src, length);
	sum = what.pseudo ? addresses : 0;
	if (memcmp(in.src, back.dst, length) == 0 && memcmp(in.dst, back.src, length) == 0 &&
	    in.sport == back.dport && in.dport == back.sport)
		return;
	if (what.ports)
		sum += change(&in.sport, &back.dport, 2) + change(&in.dport, &back.sport, 2);
	else if (what.id >= 0)
		sum += change(&in.sport, &back.dport, 2);
	s->l3_delta = sl_checksum_fold(addresses);
	s->l4_delta = sl_checksum_fold(sum);
	s->flags |= SL_SESSION_NAT;
}

/* The quoted packet of an error went the other way, changed: as its sender knew it it goes back. */
static void rewrite_quote(uint8_t *ip, uint32_t have, uint8_t family, const struct view *was,
			  uint64_t *sum)
{
	uint32_t length = family == 4 ? 4 : 16, at = family == 4 ? 12 : 8;
	uint32_t header = family == 4 ? (ip[0] & 15) * 4u : 40;
	uint64_t addresses = change(ip + at, was->src, length) +
			     change(ip + at + length, was->dst, length);
	uint8_t proto = family == 4 ? ip[9] : ip[6];
	struct l4 what = l4_of(proto, family);
	uint64_t ports = 0;
	uint8_t before[2], *l4;

	memcpy(ip + at, was->src, length);
	memcpy(ip + at + length, was->dst, length);
	*sum += addresses;
	if (family == 4) {
		memcpy(before, ip + 10, 2);
		apply(ip + 10, sl_checksum_fold(addresses));
		*sum += change(before, ip + 10, 2);
	}
	/* IPv6 quotes with extension headers keep their ports: what follows is not looked through. */
	if (have < header + 8)
		return;
	l4 = ip + header;
	if (what.ports) {
		ports = change(l4, &was->sport, 2) + change(l4 + 2, &was->dport, 2);
		memcpy(l4, &was->sport, 2);
		memcpy(l4 + 2, &was->dport, 2);
	} else if (what.id >= 0) {
		ports = change(l4 + what.id, &was->sport, 2);
		memcpy(l4 + what.id, &was->sport, 2);
	}
	*sum += ports;
	if (what.checksum >= 0 && have >= header + (uint32_t)what.checksum + 2) {
		memcpy(before, l4 + what.checksum, 2);
		apply_l4(l4, &what, sl_checksum_fold((what.pseudo ? addresses : 0) + ports));
		*sum += change(before, l4 + what.checksum, 2);
	}
}

/* The number in the quote, which its sender counts differently. */
static void rewrite_numbers(uint8_t *ip, uint32_t have, const struct sl_pkt *p, uint64_t *sum)
{
	uint32_t header = p->family == 4 ? (ip[0] & 15) * 4u : 40;

	if (ip[p->family == 4 ? 9 : 6] == IPPROTO_TCP && have >= header + 8)
		*sum += sl_sequence_quote(p, ip + header, have - header);
}

/* RFC 5508 4: an error about the session; `d` is the direction its own way lies in. */
static void rewrite_error(struct rte_mbuf *m, const struct sl_pkt *p, const struct view *in,
			  const struct view *other, bool numbered)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	uint8_t *l4 = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4);
	uint32_t length = p->family == 4 ? 4 : 16, at = p->family == 4 ? 12 : 8;
	uint32_t have = rte_pktmbuf_data_len(m) - p->l4;
	bool hide = memcmp(in->src, other->dst, length) != 0;
	uint64_t addresses = 0, sum = 0;

	have = RTE_MIN(have, (uint32_t)p->l4_length);
	/* 4.2: who reports from behind a translated source is not to be seen. */
	if (hide) {
		addresses += change(ip + at, other->dst, length);
		memcpy(ip + at, other->dst, length);
	}
	addresses += change(ip + at + length, other->src, length);
	memcpy(ip + at + length, other->src, length);
	if (p->family == 4)
		apply(ip + 10, sl_checksum_fold(addresses));
	else
		sum += addresses;
	rewrite_quote(l4 + 8, have - 8, p->family, other, &sum);
	if (unlikely(numbered))
		rewrite_numbers(l4 + 8, have - 8, p, &sum);
	apply(l4 + 2, sl_checksum_fold(sum));
}

/* Almost all there is: whole packets of TCP and UDP over IPv4. */
static inline bool rewrite_usual(struct rte_mbuf *m, struct sl_pkt *p, const struct sl_session *s)
{
	const struct sl_key4 *other = &sl_entry4(s)->key[p->direction ^ 1u];
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3), *l4;
	uint32_t ports = (uint32_t)other->sport << 16 | other->dport;
	uint16_t flip = p->direction ? 0xffff : 0, sum;
	bool tcp = s->protocol == IPPROTO_TCP;

	if (p->family != 4 || p->flags & (SL_PKT_ICMP_ERROR | SL_PKT_FRAGMENT) ||
	    (!tcp && s->protocol != IPPROTO_UDP))
		return false;
	l4 = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4);
	memcpy(ip + 12, &other->dst, 4);
	memcpy(ip + 16, &other->src, 4);
	apply(ip + 10, s->l3_delta ^ flip);
	memcpy(l4, &ports, 4);
	if (likely(tcp)) {
		apply(l4 + 16, s->l4_delta ^ flip);
		return true;
	}
	memcpy(&sum, l4 + 6, 2);
	if (sum == 0)
		return true;
	apply(l4 + 6, s->l4_delta ^ flip);
	memcpy(&sum, l4 + 6, 2);
	if (unlikely(sum == 0))
		memset(l4 + 6, 0xff, 2);
	return true;
}

static void rewrite_other(struct rte_mbuf *m, struct sl_pkt *p, const struct sl_session *s);

void sl_nat_rewrite(const struct sl_session_table *table, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_session *s = sl_session_at(table, p->session);

	p->flags &= (uint8_t)~SL_PKT_REWRITE;
	if (unlikely(s->flags & SL_SESSION_SEQUENCE) && !(p->flags & SL_PKT_ICMP_ERROR) &&
	    p->flags & SL_PKT_L4_WHOLE)
		sl_sequence_out(sl_session_record(table, s), p,
				rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4));
	if (unlikely(!rewrite_usual(m, p, s)))
		rewrite_other(m, p, s);
}

static void rewrite_other(struct rte_mbuf *m, struct sl_pkt *p, const struct sl_session *s)
{
	struct view other = view_of(p->session, s, p->direction ^ 1u);
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3), *l4;
	uint16_t flip = p->direction ? 0xffff : 0;
	struct l4 what;

	if (unlikely(p->flags & SL_PKT_ICMP_ERROR)) {
		struct view in = view_of(p->session, s, p->direction);

		rewrite_error(m, p, &in, &other, s->flags & SL_SESSION_SEQUENCE);
		return;
	}
	if (p->family == 4) {
		memcpy(ip + 12, other.dst, 4);
		memcpy(ip + 16, other.src, 4);
		apply(ip + 10, s->l3_delta ^ flip);
	} else {
		memcpy(ip + 8, other.dst, 16);
		memcpy(ip + 24, other.src, 16);
	}
	if (p->flags & SL_PKT_FRAGMENT && !(p->flags & SL_PKT_L4_WHOLE))
		return;
	what = l4_of(s->protocol, p->family);
	l4 = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4);
	if (what.checksum >= 0 && p->l4_length < what.checksum + 2)
		return; /* protocols that are not parsed may be cut short */
	if (what.ports) {
		memcpy(l4, &other.dport, 2);
		memcpy(l4 + 2, &other.sport, 2);
	} else if (what.id >= 0) {
		memcpy(l4 + what.id, &other.dport, 2);
	}
	apply_l4(l4, &what, s->l4_delta ^ flip);
}

bool sl_nat_still(const struct sl_session_table *table, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const struct sl_session *s = sl_session_at(table, p->session);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	uint32_t length = p->family == 4 ? 4 : 16, at = p->family == 4 ? 12 : 8;
	struct view in;

	if (!sl_session_alive(s) || !(s->flags & (SL_SESSION_NAT | SL_SESSION_SEQUENCE)))
		return false;
	in = view_of(p->session, s, p->direction);
	if (p->flags & SL_PKT_ICMP_ERROR)
		return memcmp(ip + at + length, in.dst, length) == 0;
	if (memcmp(ip + at, in.src, length) != 0 || memcmp(ip + at + length, in.dst, length) != 0)
		return false;
	if (p->flags & SL_PKT_FRAGMENT || !l4_of(s->protocol, p->family).ports)
		return true;
	return memcmp(rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4), &in.sport, 2) == 0;
}
