/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"

#include <errno.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <stdio.h>

_Thread_local struct sl_worker *sl_graph_worker;

int sl_node_init(const struct rte_graph *graph, struct rte_node *node)
{
	(void)graph;
	sl_ctx(node)->worker = sl_graph_worker;
	sl_ctx(node)->state = NULL;
	return 0;
}

int sl_graph_create(struct sl_worker *w)
{
	/* The sources; what they lead to comes along. */
	const char *sources[4] = {"port_rx", "esp_done"};
	struct rte_graph_param param = {
		.socket_id = SOCKET_ID_ANY,
		.nb_node_patterns = 2,
		.node_patterns = sources,
	};
	static atomic_uint serial;
	char name[RTE_GRAPH_NAMESIZE];
	rte_graph_t id;

	if (w->dp->workers > 1)
		sources[param.nb_node_patterns++] = "handover_rx";
	if (w->dp->to_host)
		sources[param.nb_node_patterns++] = "host_rx";
	snprintf(name, sizeof(name), "worker%u.%u", w->index, atomic_fetch_add(&serial, 1));
	sl_graph_worker = w;
	id = rte_graph_create(name, &param);
	sl_graph_worker = NULL;
	if (id == RTE_GRAPH_ID_INVALID)
		return rte_errno > 0 ? -rte_errno : -ENOMEM;
	w->graph = rte_graph_lookup(name);
	return w->graph ? 0 : -ENOENT;
}

void sl_graph_destroy(struct sl_worker *w)
{
	if (w->graph)
		rte_graph_destroy(w->graph->id);
	w->graph = NULL;
}
