/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/capture.h"
#include "core/graph.h"

enum { ETH_INPUT, EDGES };

/* Takes a burst from each queue this worker polls. */
static uint16_t port_rx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	uint16_t total = 0;

	(void)n;
	for (unsigned int i = 0; i < w->rx_count; i++) {
		struct sl_port *port = w->rx[i].port;
		struct rte_mbuf **m = (struct rte_mbuf **)objs;
		uint16_t got = port->rx(w, port, w->rx[i].queue, m, SL_BURST);

		if (got == 0)
			continue;
		/* From here on an mbuf's port is our index: the driver's number means nothing later. */
		for (uint16_t k = 0; k < got; k++)
			m[k]->port = port->index;
		if (unlikely(w->capturing))
			sl_capture_arrive(m, got);
		rte_node_enqueue(graph, node, ETH_INPUT, objs, got);
		total += got;
	}
	w->received += total;
	return total;
}

static struct rte_node_register port_rx = {
	.name = "port_rx",
	.flags = RTE_NODE_SOURCE_F,
	.process = port_rx_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[ETH_INPUT] = "eth_input"},
};
RTE_NODE_REGISTER(port_rx)
