/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"

enum { SESSION_LOOKUP, EDGES };

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

		if (!ring)
			continue;
		got = rte_ring_sc_dequeue_burst(ring, objs, SL_BURST, NULL);
		if (got == 0)
			continue;
		for (unsigned int i = 0; i < got; i++)
			sl_pkt(objs[i])->flags |= SL_PKT_HANDED_OVER;
		rte_node_enqueue(graph, node, SESSION_LOOKUP, objs, (uint16_t)got);
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
	.next_nodes = {[SESSION_LOOKUP] = "session_lookup"},
};
RTE_NODE_REGISTER(handover_rx)
