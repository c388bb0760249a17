/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/icmp_build.h"

#include <netinet/in.h>
#include <rte_ip.h>
#include <string.h>

#include "core/drop.h"
#include "ip/checksum.h"
#include "ip/martian.h"
#include "tables/tables.h"

/* RFC 1812 4.3.2.3: as much as fits 576 bytes; RFC 4443 2.4 (c): the minimum MTU. */
#define QUOTE4 (576 - 28)
#define QUOTE6 (1280 - 48)

/* RFC 1812 4.3.2.8, RFC 4443 2.4 (f): a token bucket, per worker. */
#define RATE 1000 /* a second */
#define BUCKET 100
#define TOKEN_NS (1000000000ull / RATE)

bool sl_icmp_allowed(struct sl_worker *w)
{
	const uint64_t full = BUCKET * TOKEN_NS;
	uint64_t passed = w->now_ns - w->icmp_refill_ns;

	/* The first time, after long, or when the clock was set back: full. */
	w->icmp_tokens = passed >= full ? full : RTE_MIN(w->icmp_tokens + passed, full);
	w->icmp_refill_ns = w->now_ns;
	if (w->icmp_tokens < TOKEN_NS)
		return false;
	w->icmp_tokens -= TOKEN_NS;
	return true;
}

const uint8_t *sl_icmp_source(const struct sl_tables *tables, uint16_t slot, uint8_t family)
{
	const struct sl_image_interfaces *iface = tables->ifaces[slot % SL_MAX_IFACES];

	for (uint32_t i = 0; iface && i < iface->addresses; i++) {
		const struct sl_image_addresses *a =
			&tables->image.addresses[iface->first_address + i];

		if (a->family == family)
			return a->address;
	}
	return NULL;
}

bool sl_icmp_may_answer(const struct rte_mbuf *m, const struct sl_pkt *p)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + p->l3;

	/* An error is never answered, nor what was sent to many. */
	if ((p->flags & (SL_PKT_ICMP_ERROR | SL_PKT_GENERATED)) || (frame[0] & 1))
		return false;
	if (p->family == 4) {
		uint32_t src, dst;

		/* RFC 1122 3.2.2: of fragments the first alone is; RFC 4443 says nothing of the kind. */
		if (p->flags & SL_PKT_FRAGMENT && !(p->flags & SL_PKT_L4_WHOLE))
			return false;

		memcpy(&src, ip + 12, 4);
		memcpy(&dst, ip + 16, 4);
		src = rte_be_to_cpu_32(src);
		dst = rte_be_to_cpu_32(dst);
		/* RFC 791: without DF the sender asked for fragments, not for an error. */
		if (p->reason == SL_DROP_TOO_BIG && !(ip[6] & 0x40))
			return false;
		return !sl_ip4_martian_source(src) && !sl_ip4_is_multicast(dst);
	}
	return !sl_ip6_is_multicast(ip + 24) && !sl_ip6_is_unspecified(ip + 8) &&
	       !sl_ip6_martian_source(ip + 8);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Copies what the packet begins with; `length` is within it. */
static void quote(uint8_t *to, const struct rte_mbuf *m, uint32_t from, uint32_t length)
{
	const void *bytes = rte_pktmbuf_read(m, from, length, to);

	if (bytes && bytes != to)
		memcpy(to, bytes, length);
}

static void build4(uint8_t *ip, const struct sl_icmp_answer *a, const uint8_t *old, uint32_t quoted)
{
	uint8_t *icmp = ip + 20;
	uint16_t sum;

	/* RFC 1812 4.3.2.5: precedence of network control; RFC 6864: atomic, so its id is 0. */
	memset(ip, 0, 28);
	ip[0] = 0x45;
	ip[1] = 0xc0;
	put16(ip + 2, 28 + quoted);
	ip[6] = 0x40;
	ip[8] = a->ttl;
	ip[9] = IPPROTO_ICMP;
	memcpy(ip + 12, a->source, 4);
	memcpy(ip + 16, old + 12, 4);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, 20));
	memcpy(ip + 10, &sum, 2);
	icmp[0] = a->type;
	icmp[1] = a->code;
	put16(icmp + 6, a->mtu); /* RFC 1191 section 4 */
	sum = (uint16_t)~rte_raw_cksum(icmp, 8 + quoted);
	memcpy(icmp + 2, &sum, 2);
}

uint16_t sl_icmp6_sum(const uint8_t *ip, const uint8_t *icmp, uint32_t length)
{
	return sl_checksum_fold(sl_checksum_words(ip + 8, 32) + rte_raw_cksum(icmp, length) +
				rte_cpu_to_be_16((uint16_t)length) +
				rte_cpu_to_be_16(IPPROTO_ICMPV6));
}

static void build6(uint8_t *ip, const struct sl_icmp_answer *a, const uint8_t *old, uint32_t quoted)
{
	uint8_t *icmp = ip + 40;
	uint16_t sum;

	memset(ip, 0, 48);
	ip[0] = 0x60;
	put16(ip + 4, 8 + quoted);
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = a->ttl;
	memcpy(ip + 8, a->source, 16);
	memcpy(ip + 24, old + 8, 16);
	icmp[0] = a->type;
	icmp[1] = a->code;
	put16(icmp + 6, a->mtu);
	sum = (uint16_t)~sl_icmp6_sum(ip, icmp, 8 + quoted);
	memcpy(icmp + 2, &sum, 2);
}

void sl_icmp_build(struct rte_mbuf *error, const struct rte_mbuf *m,
		   const struct sl_icmp_answer *answer)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	struct sl_pkt *e = sl_pkt(error);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t length = (uint32_t)p->l3_length + p->l4_length;
	uint32_t header = p->family == 4 ? 28 : 48;
	uint32_t quoted = RTE_MIN(length, (uint32_t)(p->family == 4 ? QUOTE4 : QUOTE6));
	uint8_t *out;

	quoted = RTE_MIN(quoted, (uint32_t)rte_pktmbuf_tailroom(error) - header - p->l3);
	out = (uint8_t *)rte_pktmbuf_append(error, (uint16_t)(p->l3 + header + quoted));
	/* Back by the way it came: same tag, the two MACs changed about. */
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, frame, 6);
	memcpy(out + 12, frame + 12, p->l3 - 12u);
	quote(out + p->l3 + header, m, p->l3, quoted);
	(p->family == 4 ? build4 : build6)(out + p->l3, answer, frame + p->l3, quoted);
	*e = (struct sl_pkt){
		.flags = SL_PKT_GENERATED,
		.family = p->family,
		.l3 = p->l3,
		.l4 = (uint16_t)(p->l3 + header - 8),
		.l3_length = (uint16_t)(header - 8),
		.l4_length = (uint16_t)(8 + quoted),
		.iface = p->iface,
		.out_iface = p->iface,
		.from = SL_ZONE_LOCAL,
		.input = SL_INPUT_GENERATED,
	};
	error->port = m->port;
}
