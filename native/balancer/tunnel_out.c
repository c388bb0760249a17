/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <rte_byteorder.h>

#include "core/graph.h"
#include "ip/checksum.h"
#include "ip/icmp_build.h"
#include "ip/pull.h"
#include "ip/ttl.h"
#include "routing/adjacency.h"
#include "session/table.h"
#include "tables/tables.h"

/*
 * Packets for a backend that answers past the box, each in a packet to it: IP in IP (RFC 2003, for
 * IPv6 RFC 2473) or Generic UDP Encapsulation (draft-ietf-intarea-gue, version 0 without options).
 */

enum { IP_OUTPUT, ICMP_ERROR, DROP, EDGES };

#define UDP_GUE 12u /* bytes of the two headers */
#define ETHERNET_MOST 18 /* with a VLAN tag */

static rte_edge_t refuse(struct sl_pkt *p, enum sl_drop reason, rte_edge_t edge)
{
	p->reason = (uint16_t)reason;
	return edge;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Of a session, for whoever spreads flows by the header outside (RFC 6438). */
static uint32_t entropy(const struct sl_pkt *p)
{
	return p->session * 0x9e3779b1u;
}

/*
 * Four halves as they lie in memory. Headers are written by the word: what comes after reads them by
 * the word, and a load over several fresh stores waits for all of them.
 */
static uint64_t halves(uint16_t a, uint16_t b, uint16_t c, uint16_t d)
{
	return a | (uint64_t)b << 16 | (uint64_t)c << 32 | (uint64_t)d << 48;
}
static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "halves");

static uint64_t both(uint64_t word)
{
	return (word & UINT32_MAX) + (word >> 32);
}

/* RFC 6040 4.1, RFC 2983: DSCP and ECN are those inside; RFC 2003 3.1: so is DF. */
static void outer4(struct sl_worker *w, uint8_t *ip, const uint8_t *inner, uint32_t length,
		   uint8_t proto, const struct sl_session *s, const uint8_t *source)
{
	bool whole = inner[6] & 0x40;
	/* RFC 6864: what is never fragmented needs no identification. */
	uint16_t id = whole ? 0 : (uint16_t)(w->tunnel_id++ + w->index * 4096u);
	uint32_t from, to = sl_entry4(s)->key[1].src;
	uint64_t first, second;
	uint16_t sum;

	memcpy(&from, source, 4);
	first = halves((uint16_t)(0x45 | inner[1] << 8), rte_cpu_to_be_16((uint16_t)length),
		       rte_cpu_to_be_16(id), whole ? RTE_BE16(0x4000) : 0);
	/* 65: ip_output takes one */
	second = halves((uint16_t)(65 | proto << 8), 0, (uint16_t)from, (uint16_t)(from >> 16));
	sum = (uint16_t)~sl_checksum_fold(both(first) + both(second) + to);
	second |= (uint64_t)sum << 16;
	memcpy(ip, &first, 8);
	memcpy(ip + 8, &second, 8);
	memcpy(ip + 16, &to, 4);
}

static void outer6(const struct sl_pkt *p, uint8_t *ip, const uint8_t *inner, uint32_t length,
		   uint8_t proto, const struct sl_session *s, const uint8_t *source)
{
	ip[0] = inner[0];
	ip[1] = (inner[1] & 0xf0) | (entropy(p) >> 28);
	put16(ip + 2, entropy(p) >> 12);
	put16(ip + 4, length - 40);
	ip[6] = proto;
	ip[7] = 65;
	memcpy(ip + 8, source, 16);
	memcpy(ip + 24, sl_entry6(s)->key[1].key6.src, 16);
}

static void udp_gue(const struct sl_pkt *p, uint8_t *udp, uint32_t length,
		    const struct sl_session *s)
{
	uint8_t proto = p->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;
	/* RFC 768, RFC 6935: no sum of its own, as what is inside has one. */
	uint64_t first = halves(rte_cpu_to_be_16((uint16_t)(49152u | entropy(p) >> 18)),
				s->l4_delta, rte_cpu_to_be_16((uint16_t)length), 0);
	uint32_t second = (uint32_t)proto << 8;

	memcpy(udp, &first, 8);
	memcpy(udp + 8, &second, 4);
}

static rte_edge_t wrap(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s,
		       uint32_t header, uint32_t overhead, const uint8_t *source)
{
	struct sl_pkt *p = sl_pkt(m);
	uint32_t length = (uint32_t)p->l3_length + p->l4_length;
	uint8_t *frame, *ip, *inner;
	bool gue = overhead > header;
	uint8_t proto = gue ? IPPROTO_UDP : p->family == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;

	sl_trim(m, p->l3 + length);
	frame = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)overhead);
	if (unlikely(!frame))
		return refuse(p, SL_DROP_NO_MBUF, DROP);
	/* The Ethernet header; what is copied beyond it is written over. */
	memcpy(frame, frame + overhead, ETHERNET_MOST);
	ip = frame + p->l3;
	inner = ip + overhead;
	sl_ttl_decrement(inner, p->family);
	length += overhead;
	if (p->family == 4)
		outer4(w, ip, inner, length, proto, s, source);
	else
		outer6(p, ip, inner, length, proto, s, source);
	if (gue)
		udp_gue(p, ip + header, length - header, s);
	p->l4 = (uint16_t)(p->l3 + header);
	p->l3_length = (uint16_t)header;
	p->l4_length = (uint16_t)(length - header);
	return IP_OUTPUT;
}

static inline rte_edge_t tunnel_out_one(struct sl_worker *w, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_session *s = sl_session_at(w->dp->sessions, p->session);
	const struct sl_adjacency *a = &sl_adjacencies[p->adjacency];
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3), *source;
	uint32_t header = p->family == 4 ? 20 : 40, overhead = header, length;

	if (unlikely(p->adjacency < SL_ADJ_FIRST))
		return IP_OUTPUT; /* which says why */
	if (s->l3_delta == SL_BALANCE_GUE)
		overhead += UDP_GUE;
	p->out_iface = a->iface;
	if (unlikely(ip[p->family == 4 ? 8 : 7] <= 1))
		return refuse(p, SL_DROP_TTL_EXCEEDED, ICMP_ERROR);
	length = (uint32_t)p->l3_length + p->l4_length + overhead;
	if (unlikely(length > a->mtu && (p->family == 6 || ip[6] & 0x40))) {
		/* RFC 2003 5.1, RFC 2473 7: what the sender may fill is less by what is around it. */
		p->mtu = (uint16_t)(a->mtu - overhead);
		return refuse(p, SL_DROP_TOO_BIG, ICMP_ERROR);
	}
	if (unlikely(length > UINT16_MAX))
		return refuse(p, SL_DROP_TOO_BIG, DROP);
	source = sl_icmp_source(w->tables, a->iface, p->family);
	if (unlikely(!source))
		return refuse(p, SL_DROP_TUNNEL_NO_SOURCE, DROP);
	return wrap(w, m, s, header, overhead, source);
}

static uint16_t tunnel_out_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				   uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	rte_edge_t next[SL_BURST];

	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);

		/* The headroom's last line, which nobody else writes to. */
		for (uint16_t i = 0; i < piece; i++)
			rte_prefetch0_write(rte_pktmbuf_mtod_offset((struct rte_mbuf *)objs[done + i],
								    uint8_t *, -1));
		for (uint16_t i = 0; i < piece; i++)
			next[i] = tunnel_out_one(w, objs[done + i]);
		sl_node_forward(graph, node, objs + done, next, piece);
	}
	return n;
}

static struct rte_node_register tunnel_out = {
	.name = "tunnel_out",
	.process = tunnel_out_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [ICMP_ERROR] = "icmp_error", [DROP] = "drop"},
};
RTE_NODE_REGISTER(tunnel_out)
