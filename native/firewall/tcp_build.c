/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/tcp_build.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "core/packet.h"
#include "ip/checksum.h"
#include "ip/pull.h"
#include "layout.h"

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

/* All but the ports, which are there. Returns its bytes. */
static uint32_t write(uint8_t *tcp, const struct sl_segment *g, const uint8_t *addresses,
		      uint32_t addresses_length)
{
	uint32_t length = 20u + g->options_length;
	uint64_t total;
	uint16_t sum;

	put32(tcp + 4, g->seq);
	put32(tcp + 8, g->ack);
	tcp[12] = (uint8_t)(length / 4 << 4);
	tcp[13] = g->flags;
	put16(tcp + 14, g->window);
	memset(tcp + 16, 0, 4);
	memcpy(tcp + 20, g->options, g->options_length);
	/* RFC 9293 3.1: with the pseudo header. */
	total = sl_checksum_words(addresses, addresses_length) + sl_checksum_words(tcp, length);
	total += rte_cpu_to_be_16((uint16_t)length) + rte_cpu_to_be_16(IPPROTO_TCP);
	sum = (uint16_t)~sl_checksum_fold(total);
	memcpy(tcp + 16, &sum, 2);
	return length;
}

static void set_checksum4(uint8_t *ip, uint32_t header)
{
	uint16_t sum;

	memset(ip + 10, 0, 2);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, header));
	memcpy(ip + 10, &sum, 2);
}

static void ip4(uint8_t *ip, const uint8_t *old, uint8_t ttl, uint32_t length)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, 20 + length);
	ip[6] = 0x40; /* RFC 6864: atomic, so its id is 0 */
	ip[8] = ttl;
	ip[9] = IPPROTO_TCP;
	memcpy(ip + 12, old + 16, 4);
	memcpy(ip + 16, old + 12, 4);
	set_checksum4(ip, 20);
}

static void ip6(uint8_t *ip, const uint8_t *old, uint8_t ttl, uint32_t length)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, length);
	ip[6] = IPPROTO_TCP;
	ip[7] = ttl;
	memcpy(ip + 8, old + 24, 16);
	memcpy(ip + 24, old + 8, 16);
}

bool sl_tcp_answer(struct rte_mbuf *to, const struct rte_mbuf *m, uint8_t ttl,
		   const struct sl_segment *g)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	uint32_t header = p->family == 4 ? 20 : 40, addresses = p->family == 4 ? 8 : 32;
	uint32_t length = 20u + g->options_length;
	uint8_t *out, *ip, *tcp;

	out = (uint8_t *)rte_pktmbuf_append(to, (uint16_t)(p->l3 + header + length));
	if (!out)
		return false;
	memcpy(out, frame + 6, 6);
	memcpy(out + 6, frame, 6);
	memcpy(out + 12, frame + 12, p->l3 - 12u);
	ip = out + p->l3;
	tcp = ip + header;
	(p->family == 4 ? ip4 : ip6)(ip, frame + p->l3, ttl, length);
	memcpy(tcp, frame + p->l4 + 2, 2);
	memcpy(tcp + 2, frame + p->l4, 2);
	write(tcp, g, tcp - addresses, addresses);
	*sl_pkt(to) = (struct sl_pkt){
		.flags = SL_PKT_GENERATED,
		.family = p->family,
		.l3 = p->l3,
		.l4 = (uint16_t)(p->l3 + header),
		.l3_length = (uint16_t)header,
		.l4_length = (uint16_t)length,
		.tcp_flags = g->flags,
		.tcp_header = (uint16_t)length,
		.iface = p->iface,
		.out_iface = p->iface,
		.input = SL_INPUT_GENERATED,
		.from = SL_ZONE_LOCAL,
	};
	to->port = m->port;
	return true;
}

bool sl_tcp_replace(struct rte_mbuf *m, const struct sl_segment *g)
{
	struct sl_pkt *p = sl_pkt(m);
	uint32_t length = 20u + g->options_length, have = (uint32_t)p->l4 + length;
	uint8_t *ip, *tcp;

	if (m->nb_segs > 1 || m->pkt_len > have)
		sl_trim(m, RTE_MIN(m->pkt_len, have));
	if (m->pkt_len < have && !rte_pktmbuf_append(m, (uint16_t)(have - m->pkt_len)))
		return false;
	ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3);
	tcp = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4);
	if (p->family == 4) {
		put16(ip + 2, p->l3_length + length);
		set_checksum4(ip, p->l3_length);
		write(tcp, g, ip + 12, 8);
	} else {
		put16(ip + 4, p->l3_length - 40 + length);
		write(tcp, g, ip + 8, 32);
	}
	p->l4_length = p->tcp_header = (uint16_t)length;
	p->tcp_seq = g->seq;
	p->tcp_ack = g->ack;
	p->tcp_flags = g->flags;
	p->tcp_window = g->window;
	return true;
}
