/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/count.h"
#include "core/graph.h"
#include "nat/nat.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

enum { IP4_INPUT, IP6_INPUT, IP_OUTPUT, PORT_TX, DROP, EDGES };

/* A VLAN child's TAP gives frames without the tag. False without room for it. */
static bool insert_tag(struct sl_worker *w, struct rte_mbuf *m, struct sl_pkt *p)
{
	const struct sl_image_interfaces *iface;
	uint8_t *frame;

	iface = w->tables ? w->tables->ifaces[p->out_iface % SL_MAX_IFACES] : NULL;
	if (!iface || iface->vlan == 0)
		return true;
	frame = (uint8_t *)rte_pktmbuf_prepend(m, 4);
	if (!frame)
		return false;
	memmove(frame, frame + 4, 12);
	frame[12] = 0x81;
	frame[13] = 0;
	frame[14] = (uint8_t)(iface->vlan >> 8);
	frame[15] = (uint8_t)iface->vlan;
	p->l3 = 18;
	return true;
}

/*
 * Takes frames from the host thread. Those of a TAP carry SL_PKT_FROM_HOST, the egress interface and
 * l3; IP goes through the sessions so that its replies find the way in, all else goes straight out.
 * Those that waited for a neighbour come back as they were and try again.
 */
static uint16_t host_rx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	rte_edge_t next[SL_BURST];

	n = (uint16_t)rte_ring_sc_dequeue_burst(w->dp->from_host[w->index], objs, SL_BURST, NULL);
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct sl_pkt *p = sl_pkt(m);
		uint16_t type;

		if (!(p->flags & SL_PKT_FROM_HOST)) {
			/* Its session may have ended while nobody watched it. */
			if (!p->reason && p->flags & SL_PKT_REWRITE &&
			    !sl_nat_still(w->dp->sessions, m))
				p->reason = SL_DROP_NAT_STALE;
			next[i] = p->reason ? DROP : IP_OUTPUT;
			continue;
		}
		p->flags = SL_PKT_FROM_HOST;
		p->family = 0;
		p->l3 = 14;
		p->iface = SL_IFACE_NONE;
		p->from = SL_ZONE_LOCAL;
		p->adjacency = SL_ADJ_RAW;
		sl_iface_counter(w, p->out_iface)->from_host++;
		if (rte_pktmbuf_data_len(m) < 14 || !insert_tag(w, m, p)) {
			p->reason = SL_DROP_ETH_TRUNCATED;
			next[i] = DROP;
			continue;
		}
		memcpy(&type, rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3 - 2), 2);
		next[i] = type == RTE_BE16(0x0800)   ? IP4_INPUT
			  : type == RTE_BE16(0x86dd) ? IP6_INPUT
						     : PORT_TX;
	}
	if (n)
		sl_node_forward(graph, node, objs, next, n);
	w->received += n;
	return n;
}

static struct rte_node_register host_rx = {
	.name = "host_rx",
	.flags = RTE_NODE_SOURCE_F,
	.process = host_rx_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP4_INPUT] = "ip4_input", [IP6_INPUT] = "ip6_input",
		       [IP_OUTPUT] = "ip_output", [PORT_TX] = "port_tx",
		       [DROP] = "drop"},
};
RTE_NODE_REGISTER(host_rx)
