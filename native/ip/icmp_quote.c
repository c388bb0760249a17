/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/icmp_quote.h"

#include <rte_ip.h>

#include "ip/checksum.h"
#include "ip/ip6_parse.h"

/* RFC 792: the checksum is over the whole message; RFC 4443 2.3 adds a pseudo header. */
static bool checksum_ok(const struct rte_mbuf *m, const struct sl_pkt *p)
{
	uint16_t sum;
	uint64_t total;

	if (rte_raw_cksum_mbuf(m, p->l4, p->l4_length, &sum) < 0)
		return false;
	total = sum;
	if (p->family == 6) {
		total += sl_checksum_words(p->key6.src, 16) + sl_checksum_words(p->key6.dst, 16);
		total += rte_cpu_to_be_16(p->l4_length) + rte_cpu_to_be_16(IPPROTO_ICMPV6);
	}
	return sl_checksum_fold(total) == 0xffff;
}

uint32_t sl_icmp_quoted(const struct sl_pkt *p, const uint8_t *icmp, uint32_t have)
{
	uint32_t whole = p->l4_length - 8u, words;

	if (p->family == 4 && (icmp[0] == 3 || icmp[0] == 11 || icmp[0] == 12))
		words = icmp[5];
	else if (p->family == 6 && (icmp[0] == 1 || icmp[0] == 3))
		words = icmp[4] * 2u;
	else
		words = 0;
	if (words * 4 > whole)
		return 0;
	return words ? RTE_MIN(have, words * 4) : have;
}

/*
 * No link is narrower than IP allows: RFC 1191, 3 has 68 bytes, and no MTU at all from routers
 * older than it; RFC 8200, 5 has 1280. RFC 5927, 7: a forger's are.
 */
static bool mtu_possible(const struct sl_pkt *p, const uint8_t *icmp)
{
	if (p->family == 6)
		return icmp[0] != 2 || sl_get32(icmp + 4) >= 1280;
	return icmp[0] != 3 || icmp[1] != 4 || sl_get16(icmp + 6) >= 68 || sl_get16(icmp + 6) == 0;
}

/* The first eight bytes of the quoted packet's L4 header; false where they tell no flow. */
static bool quoted_ports(struct sl_pkt *p, const uint8_t *l4, uint32_t have, uint8_t proto,
			 uint16_t *sport, uint16_t *dport)
{
	enum sl_icmp_class class;

	*sport = *dport = 0;
	if (have < 8)
		return false; /* RFC 792, RFC 4443 2.4 (c): at least as much is there */
	if (proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP) {
		memcpy(sport, l4, 2);
		memcpy(dport, l4 + 2, 2);
		p->tcp_seq = sl_get32(l4 + 4);
		return true;
	}
	if (proto != (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		return true;
	class = p->family == 4 ? sl_icmp4_class(l4[0]) : sl_icmp6_class(l4[0]);
	/* RFC 1122 3.2.2, RFC 4443 2.4 (e): no error answers an error. */
	if (class != SL_ICMP_REQUEST && class != SL_ICMP_REPLY)
		return false;
	memcpy(sport, l4 + 4, 2);
	*dport = *sport;
	return true;
}

static enum sl_drop quote4(struct sl_pkt *p, const uint8_t *ip, uint32_t have)
{
	struct sl_key4 key = {0};
	uint32_t header;

	if (have < 20 || ip[0] >> 4 != 4)
		return SL_DROP_ICMP_ERROR_INVALID;
	header = (ip[0] & 15) * 4u;
	/* RFC 5508, 4.1: nor with a checksum that was wrong before whoever answered it. */
	if (header < 20 || header > have || (sl_get16(ip + 6) & 0x1fff) ||
	    !sl_ip4_checksum_ok(ip, header))
		return SL_DROP_ICMP_ERROR_INVALID;
	key.proto = ip[9];
	memcpy(&key.dst, ip + 12, 4);
	memcpy(&key.src, ip + 16, 4);
	/* The error goes to who sent what it quotes. */
	if (key.dst != p->key4.dst)
		return SL_DROP_ICMP_ERROR_INVALID;
	if (!quoted_ports(p, ip + header, have - header, key.proto, &key.dport, &key.sport))
		return SL_DROP_ICMP_ERROR_INVALID;
	p->key4 = key;
	return SL_DROP_NONE;
}

static enum sl_drop quote6(struct sl_pkt *p, const uint8_t *ip, uint32_t have)
{
	struct sl_key6 key = {0};
	struct sl_ip6_chain chain;

	if (have < 40 || ip[0] >> 4 != 6 || sl_ip6_walk(ip, have, &chain) != SL_DROP_NONE ||
	    (chain.fragment & 0xfff8))
		return SL_DROP_ICMP_ERROR_INVALID;
	key.proto = chain.proto;
	memcpy(key.dst, ip + 8, 16);
	memcpy(key.src, ip + 24, 16);
	if (memcmp(key.dst, p->key6.dst, 16) != 0)
		return SL_DROP_ICMP_ERROR_INVALID;
	if (!quoted_ports(p, ip + chain.length, have - chain.length, key.proto, &key.dport,
			  &key.sport))
		return SL_DROP_ICMP_ERROR_INVALID;
	p->key6 = key;
	return SL_DROP_NONE;
}

enum sl_drop sl_icmp_quote(struct rte_mbuf *m, struct sl_pkt *p)
{
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	uint32_t have = RTE_MIN((uint32_t)rte_pktmbuf_data_len(m) - p->l4, (uint32_t)p->l4_length);

	/* RFC 1812 4.3.2.3, RFC 4443 2.4 (c): an error fits any link; part of one has no checksum. */
	if (p->flags & SL_PKT_FRAGMENT)
		return SL_DROP_ICMP_ERROR_INVALID;
	if (!checksum_ok(m, p))
		return SL_DROP_ICMP_BAD_CHECKSUM;
	if (!mtu_possible(p, l4))
		return SL_DROP_ICMP_ERROR_MTU;
	have = 8 + sl_icmp_quoted(p, l4, have - 8);
	return p->family == 4 ? quote4(p, l4 + 8, have - 8) : quote6(p, l4 + 8, have - 8);
}
