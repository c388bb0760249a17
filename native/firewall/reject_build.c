/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/reject_build.h"

#include <netinet/in.h>
#include <rte_ip.h>
#include <string.h>

#include "core/packet.h"
#include "ip/checksum.h"
#include "session/tcp.h"

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

/* RFC 9293 3.10.7.1: a reset that its receiver takes for an answer to this segment. */
static void tcp(uint8_t *tcp, const struct sl_pkt *p, const uint8_t *old)
{
	uint32_t length = (uint32_t)(p->l4_length - p->tcp_header);

	length += !!(p->tcp_flags & SL_TH_SYN) + !!(p->tcp_flags & SL_TH_FIN);
	memset(tcp, 0, 20);
	memcpy(tcp, old + 2, 2);
	memcpy(tcp + 2, old, 2);
	tcp[12] = 5 << 4;
	tcp[13] = SL_TH_RST;
	if (p->tcp_flags & SL_TH_ACK) {
		put32(tcp + 4, p->tcp_ack);
	} else {
		put32(tcp + 8, p->tcp_seq + length);
		tcp[13] |= SL_TH_ACK;
	}
}

static uint32_t ip4(uint8_t *ip, const uint8_t *old, uint8_t ttl)
{
	uint16_t sum;

	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, 40);
	ip[6] = 0x40; /* RFC 6864: atomic, so its id is 0 */
	ip[8] = ttl;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, old + 16, 4);
	memcpy(ip + 16, old + 12, 4);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, 20));
	memcpy(ip + 10, &sum, 2);
	return 20;
}

static uint32_t ip6(uint8_t *ip, const uint8_t *old, uint8_t ttl)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, 20);
	ip[6] = IPPROTO_TCP;
	ip[7] = ttl;
	memcpy(ip + 8, old + 24, 16);
	memcpy(ip + 24, old + 8, 16);
	return 40;
}

bool sl_reset_build(struct rte_mbuf *reset, const struct rte_mbuf *m, uint8_t ttl)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	struct sl_pkt *r = sl_pkt(reset);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t header = p->family == 4 ? 20 : 40, addresses = p->family == 4 ? 8 : 32;
	uint8_t *out, *ip, *l4;
	uint64_t total;
	uint16_t sum;

	if (p->tcp_flags & SL_TH_RST)
		return false;
	out = (uint8_t *)rte_pktmbuf_append(reset, (uint16_t)(p->l3 + header + 20));
	if (!out)
		return false;
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, frame, 6);
	memcpy(out + 12, frame + 12, p->l3 - 12u);
	ip = out + p->l3;
	l4 = ip + (p->family == 4 ? ip4 : ip6)(ip, frame + p->l3, ttl);
	tcp(l4, p, frame + p->l4);
	/* RFC 9293 3.1: with the pseudo header. */
	total = sl_checksum_words(l4 - addresses, addresses) + sl_checksum_words(l4, 20);
	total += rte_cpu_to_be_16(20) + rte_cpu_to_be_16(IPPROTO_TCP);
	sum = (uint16_t)~sl_checksum_fold(total);
	memcpy(l4 + 16, &sum, 2);
	*r = (struct sl_pkt){
		.flags = SL_PKT_GENERATED,
		.family = p->family,
		.l3 = p->l3,
		.l4 = (uint16_t)(p->l3 + header),
		.l3_length = (uint16_t)header,
		.l4_length = 20,
		.iface = p->iface,
		.out_iface = p->iface,
		.input = SL_INPUT_GENERATED,
		.from = SL_ZONE_LOCAL,
	};
	reset->port = m->port;
	return true;
}
