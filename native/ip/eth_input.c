/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/count.h"
#include "core/graph.h"
#include "ip/l4_parse.h"
#include "ip/pull.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

enum { IP4_INPUT, IP6_INPUT, HOST_TX, NAT_PROXY, DROP, EDGES };

#define TYPE_IP4 0x0800
#define TYPE_ARP 0x0806
#define TYPE_VLAN 0x8100
#define TYPE_IP6 0x86dd
#define TYPE_SVLAN 0x88a8

static bool for_us(const struct sl_port *port, const uint8_t *frame)
{
	return (frame[0] & 1) || port->promiscuous || memcmp(frame, port->mac, 6) == 0;
}

/* RFC 826 over Ethernet for IPv4; what it says is the kernel's business, or NAT's. */
static bool arp_valid(const uint8_t *arp, uint32_t have)
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};

	return have >= 28 && memcmp(arp, head, sizeof(head)) == 0 && sl_get16(arp + 6) >= 1 &&
	       sl_get16(arp + 6) <= 2;
}

/* One tag, C or S (IEEE 802.1Q 9.6); id 0 marks a priority and belongs to the port itself. */
static enum sl_drop vlan(const struct sl_port *port, const uint8_t *frame, uint32_t have,
			 struct sl_pkt *p, uint16_t *type)
{
	uint16_t id;

	if (have < 18)
		return SL_DROP_ETH_TRUNCATED;
	id = sl_get16(frame + 14) & 0xfff;
	*type = sl_get16(frame + 16);
	p->l3 = 18;
	if (*type == TYPE_VLAN || *type == TYPE_SVLAN)
		return SL_DROP_ETH_TOO_MANY_TAGS;
	if (id == 0)
		return SL_DROP_NONE;
	if (port->vlan_children == 0 || port->vlan_iface[id] == SL_IFACE_NONE)
		return SL_DROP_ETH_UNKNOWN_VLAN;
	p->iface = port->vlan_iface[id];
	return SL_DROP_NONE;
}

/* Packets of one interface that follow each other: looked up once, counted once. */
struct run {
	uint16_t iface;
	uint16_t zone; /* ZONE_NONE: the interface is down */
	uint32_t packets;
	uint64_t bytes;
};

static struct run run_start(const struct sl_worker *w, uint16_t iface)
{
	const struct sl_image_interfaces *record;

	record = w->tables ? w->tables->ifaces[iface % SL_MAX_IFACES] : NULL;
	return (struct run){.iface = iface, .zone = record ? record->zone : SL_ZONE_NONE};
}

/* By value, so that a run stays in registers. */
static void run_end(struct sl_worker *w, struct run run)
{
	struct sl_iface_counter *c = sl_iface_counter(w, run.iface);

	c->rx_packets += run.packets;
	c->rx_bytes += run.bytes;
}

/* The header: whose frame it is (p->iface, p->l3) and what it says it carries. */
static inline enum sl_drop header(const struct sl_port *port, struct rte_mbuf *m, struct sl_pkt *p,
				  uint16_t *type)
{
	const uint8_t *frame;
	uint32_t have;

	p->iface = port->iface;
	p->l3 = 14;
	p->adjacency = SL_ADJ_NONE;
	if (unlikely(!sl_pull(m)))
		return SL_DROP_NO_MBUF;
	frame = rte_pktmbuf_mtod(m, const uint8_t *);
	have = rte_pktmbuf_data_len(m);
	if (unlikely(have < 14))
		return SL_DROP_ETH_TRUNCATED;
	if (unlikely(!for_us(port, frame)))
		return SL_DROP_ETH_NOT_FOR_US;
	*type = sl_get16(frame + 12);
	if (unlikely(*type == TYPE_VLAN || *type == TYPE_SVLAN))
		return vlan(port, frame, have, p, type);
	return SL_DROP_NONE;
}

static enum sl_drop arp(struct rte_mbuf *m, const struct sl_pkt *p)
{
	return arp_valid(rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3),
			 rte_pktmbuf_data_len(m) - p->l3) ?
		       SL_DROP_NONE :
		       SL_DROP_ARP_INVALID;
}

static inline enum sl_drop eth_input_one(struct sl_worker *w, struct rte_mbuf *m, struct sl_pkt *p,
					 struct run *run, rte_edge_t *next)
{
	enum sl_drop reason;
	uint16_t type = 0;

	reason = header(w->dp->port[m->port], m, p, &type);
	if (unlikely(p->iface != run->iface)) {
		run_end(w, *run);
		*run = run_start(w, p->iface);
	}
	run->packets++;
	run->bytes += rte_pktmbuf_pkt_len(m);
	if (unlikely(reason))
		return reason;
	if (unlikely(run->zone == SL_ZONE_NONE))
		return w->tables ? SL_DROP_IFACE_DOWN : SL_DROP_NO_TABLES;
	p->from = run->zone;
	switch (type) {
	case TYPE_IP4:
		*next = IP4_INPUT;
		return SL_DROP_NONE;
	case TYPE_IP6:
		*next = IP6_INPUT;
		return SL_DROP_NONE;
	case TYPE_ARP:
		*next = sl_tables_proxy(w->tables, p->iface) ? NAT_PROXY : HOST_TX;
		return arp(m, p);
	default:
		return SL_DROP_ETH_UNKNOWN_TYPE;
	}
}

#define AHEAD 4 /* packets that are on their way from memory */

static inline void prefetch(struct rte_mbuf *m)
{
	rte_prefetch0(sl_pkt(m));
	rte_prefetch0(rte_pktmbuf_mtod(m, void *));
}

/* The frame: is it for us, which interface is it of, what does it carry? */
static uint16_t eth_input_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				  uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	const bool known = w->offline || w->capturing; /* flags are set */
	rte_edge_t next[SL_BURST];
	struct run run = run_start(w, SL_IFACE_NONE);

	/* port_rx gives a burst per queue, and they gather: in pieces that fit the verdicts. */
	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);
		void **obj = objs + done;

		for (uint16_t i = 0; i < piece && i < AHEAD; i++)
			prefetch(obj[i]);
		for (uint16_t i = 0; i < piece; i++) {
			struct rte_mbuf *m = obj[i];
			struct sl_pkt *p = sl_pkt(m);

			if (i + AHEAD < piece)
				prefetch(obj[i + AHEAD]);
			if (!known)
				p->flags = 0;
			p->family = 0;
			p->reason = eth_input_one(w, m, p, &run, &next[i]);
			if (unlikely(p->reason))
				next[i] = DROP;
		}
		sl_node_forward(graph, node, obj, next, piece);
	}
	run_end(w, run);
	return n;
}

static struct rte_node_register eth_input = {
	.name = "eth_input",
	.process = eth_input_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP4_INPUT] = "ip4_input", [IP6_INPUT] = "ip6_input",
		       [HOST_TX] = "host_tx", [NAT_PROXY] = "nat_proxy", [DROP] = "drop"},
};
RTE_NODE_REGISTER(eth_input)
