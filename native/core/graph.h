/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_branch_prediction.h>

#include "core/datapath.h"

/*
 * Makes the worker's graph; it takes from the rings there are (sl_workers_rings). 0 or -errno. A
 * worker may have a new one made while it stands, once the old is destroyed.
 */
int sl_graph_create(struct sl_worker *w);
void sl_graph_destroy(struct sl_worker *w);

/* The init function of every node: the worker into its context. */
int sl_node_init(const struct rte_graph *graph, struct rte_node *node);

/* Objects a node holds at most per call; sources never take more, streams grow beyond. */
#define SL_NODE_BATCH 64

/*
 * Hands a node's objects on, next[i] being the edge of the i-th: all at once when they go one way,
 * else one enqueue per run.
 */
static inline void sl_node_forward(struct rte_graph *graph, struct rte_node *node, void **objs,
				   const rte_edge_t *next, uint16_t n)
{
	uint16_t start = 0, i = 1;

	while (i < n && next[i] == next[0])
		i++;
	if (likely(i == n && objs == node->objs && n == node->idx)) {
		rte_node_next_stream_move(graph, node, next[0]);
		return;
	}
	for (; i <= n; i++) {
		if (i < n && next[i] == next[start])
			continue;
		rte_node_enqueue(graph, node, next[start], objs + start, (uint16_t)(i - start));
		start = i;
	}
}
