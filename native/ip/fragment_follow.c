/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "ip/fragment.h"

enum { SESSION_HIT, IP_OUTPUT, DROP, EDGES };

/* Fragments behind the first of their datagram: its verdict is theirs. */
static uint16_t fragment_follow_process(struct rte_graph *graph, struct rte_node *node, void **objs,
					uint16_t n)
{
	static const rte_edge_t edge[] = {[SL_FRAGMENT_SESSION] = SESSION_HIT,
					  [SL_FRAGMENT_OUT] = IP_OUTPUT, [SL_FRAGMENT_DROP] = DROP};
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		enum sl_fragment_way way = sl_fragment_follow(w, objs[i]);

		if (way != SL_FRAGMENT_WAITS)
			rte_node_enqueue_x1(graph, node, edge[way], objs[i]);
	}
	return n;
}

static struct rte_node_register fragment_follow = {
	.name = "fragment_follow",
	.process = fragment_follow_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[SESSION_HIT] = "session_hit", [IP_OUTPUT] = "ip_output", [DROP] = "drop"},
};
RTE_NODE_REGISTER(fragment_follow)
