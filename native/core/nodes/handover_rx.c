/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "vpn/esp.h"

enum { SESSION_LOOKUP, ESP_OUT, ESP_IN, FRAGMENT, FRAGMENT_FOLLOW, EDGES };

/*
 * What goes through a tunnel comes to the home of its SA; a fragment to its datagram, or from there
 * to its flow, the first one ahead.
 */
static rte_edge_t edge_of(struct sl_pkt *p)
{
	if (p->family & (SL_ESP_TO_SEAL | SL_ESP_TO_OPEN)) {
		bool seal = p->family & SL_ESP_TO_SEAL;

		p->family &= (uint8_t)~(SL_ESP_TO_SEAL | SL_ESP_TO_OPEN);
		return seal ? ESP_OUT : ESP_IN;
	}
	if (!(p->flags & SL_PKT_FRAGMENT))
		return SESSION_LOOKUP;
	if (!p->datagram)
		return FRAGMENT;
	return p->flags & SL_PKT_L4_WHOLE ? SESSION_LOOKUP : FRAGMENT_FOLLOW;
}

/* Takes what other workers parsed and found to be this one's. */
static uint16_t handover_rx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				    uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	uint16_t total = 0;

	(void)n;
	for (unsigned int from = 0; from < w->dp->workers; from++) {
		struct rte_ring *ring = w->dp->handover[from][w->index];
		unsigned int got;
		uint8_t flags = 0, family = 0;

		if (!ring)
			continue;
		got = rte_ring_sc_dequeue_burst(ring, objs, SL_BURST, NULL);
		if (got == 0)
			continue;
		for (unsigned int i = 0; i < got; i++) {
			flags |= sl_pkt(objs[i])->flags |= SL_PKT_HANDED_OVER;
			family |= sl_pkt(objs[i])->family;
		}
		if (likely(!(flags & SL_PKT_FRAGMENT) &&
			   !(family & (SL_ESP_TO_SEAL | SL_ESP_TO_OPEN))))
			rte_node_enqueue(graph, node, SESSION_LOOKUP, objs, (uint16_t)got);
		else
			for (unsigned int i = 0; i < got; i++)
				rte_node_enqueue_x1(graph, node, edge_of(sl_pkt(objs[i])), objs[i]);
		total += (uint16_t)got;
	}
	w->received += total;
	return total;
}

static struct rte_node_register handover_rx = {
	.name = "handover_rx",
	.flags = RTE_NODE_SOURCE_F,
	.process = handover_rx_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[SESSION_LOOKUP] = "session_lookup", [ESP_OUT] = "esp_out",
		       [ESP_IN] = "esp_in", [FRAGMENT] = "fragment",
		       [FRAGMENT_FOLLOW] = "fragment_follow"},
};
RTE_NODE_REGISTER(handover_rx)
