/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"

enum { DROP, EDGES };

/* Gives packets to the worker in sl_pkt.worker; order is kept per pair of workers. */
static uint16_t handover_tx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				    uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	uint16_t start = 0;

	while (start < n) {
		uint16_t to = sl_pkt(objs[start])->worker, end = start + 1;
		struct rte_ring *ring = w->dp->handover[w->index][to];
		unsigned int sent;

		while (end < n && sl_pkt(objs[end])->worker == to)
			end++;
		sent = rte_ring_sp_enqueue_burst(ring, objs + start, end - start, NULL);
		w->self->handed_over += sent;
		for (uint16_t i = (uint16_t)(start + sent); i < end; i++) {
			sl_pkt(objs[i])->reason = SL_DROP_HANDOVER_FULL;
			rte_node_enqueue_x1(graph, node, DROP, objs[i]);
		}
		start = end;
	}
	return n;
}

static struct rte_node_register handover_tx = {
	.name = "handover_tx",
	.process = handover_tx_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[DROP] = "drop"},
};
RTE_NODE_REGISTER(handover_tx)
