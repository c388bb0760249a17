/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/count.h"
#include "core/graph.h"
#include "ip/l4_parse.h"
#include "ip/pull.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

enum { IP4_INPUT, IP6_INPUT, HOST_TX, DROP, EDGES };

#define TYPE_IP4 0x0800
#define TYPE_ARP 0x0806
#define TYPE_VLAN 0x8100
#define TYPE_IP6 0x86dd
#define TYPE_SVLAN 0x88a8

static bool for_us(const struct sl_port *port, const uint8_t *frame)
{
	return (frame[0] & 1) || port->promiscuous || memcmp(frame, port->mac, 6) == 0;
}

/* RFC 826 over Ethernet for IPv4; what it says is the kernel's business. */
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

static inline enum sl_drop eth_input_one(struct sl_worker *w, struct rte_mbuf *m, struct sl_pkt *p,
					 rte_edge_t *next)
{
	const struct sl_port *port = w->dp->port[m->port];
	const struct sl_image_interfaces *iface;
	const uint8_t *frame;
	enum sl_drop reason;
	uint32_t have;
	uint16_t type;

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
	type = sl_get16(frame + 12);
	if (unlikely(type == TYPE_VLAN || type == TYPE_SVLAN)) {
		reason = vlan(port, frame, have, p, &type);
		if (reason)
			return reason;
	}
	if (unlikely(!w->tables))
		return SL_DROP_NO_TABLES;
	iface = w->tables->ifaces[p->iface % SL_MAX_IFACES];
	if (unlikely(!iface || iface->zone == SL_ZONE_NONE))
		return SL_DROP_IFACE_DOWN;
	p->from = iface->zone;
	switch (type) {
	case TYPE_IP4:
		*next = IP4_INPUT;
		return SL_DROP_NONE;
	case TYPE_IP6:
		*next = IP6_INPUT;
		return SL_DROP_NONE;
	case TYPE_ARP:
		*next = HOST_TX;
		return arp_valid(frame + p->l3, have - p->l3) ? SL_DROP_NONE : SL_DROP_ARP_INVALID;
	default:
		return SL_DROP_ETH_UNKNOWN_TYPE;
	}
}

/* The frame: is it for us, which interface is it of, what does it carry? */
static uint16_t eth_input_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				  uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	const bool offline = w->offline;
	rte_edge_t next[SL_BURST];

	/* port_rx gives a burst per queue, and they gather: in pieces that fit the verdicts. */
	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);
		void **obj = objs + done;

		for (uint16_t i = 0; i < piece && i < 4; i++) {
			rte_prefetch0(sl_pkt(obj[i]));
			rte_prefetch0(rte_pktmbuf_mtod((struct rte_mbuf *)obj[i], void *));
		}
		for (uint16_t i = 0; i < piece; i++) {
			struct rte_mbuf *m = obj[i];
			struct sl_pkt *p = sl_pkt(m);
			struct sl_iface_counter *c;

			if (i + 4 < piece) {
				rte_prefetch0(sl_pkt(obj[i + 4]));
				rte_prefetch0(rte_pktmbuf_mtod((struct rte_mbuf *)obj[i + 4], void *));
			}
			if (!offline)
				p->flags = 0;
			p->family = 0;
			p->reason = eth_input_one(w, m, p, &next[i]);
			if (unlikely(p->reason))
				next[i] = DROP;
			c = sl_iface_counter(w, p->iface);
			c->rx_packets++;
			c->rx_bytes += rte_pktmbuf_pkt_len(m);
		}
		sl_node_forward(graph, node, obj, next, piece);
	}
	return n;
}

static struct rte_node_register eth_input = {
	.name = "eth_input",
	.process = eth_input_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP4_INPUT] = "ip4_input", [IP6_INPUT] = "ip6_input",
		       [HOST_TX] = "host_tx", [DROP] = "drop"},
};
RTE_NODE_REGISTER(eth_input)
