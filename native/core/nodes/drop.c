/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/count.h"
#include "core/graph.h"
#include "core/offline.h"

/* The end of every packet with a reason: counts it by that and by ingress interface. */
static uint16_t drop_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	(void)graph;
	for (uint16_t i = 0; i < n; i++) {
		const struct sl_pkt *p = sl_pkt(objs[i]);

		w->drops[p->reason].packets++;
		if (!(p->flags & SL_PKT_GENERATED))
			sl_iface_counter(w, p->iface)->rx_dropped++;
	}
	if (unlikely(w->offline))
		sl_offline_dropped(w, (struct rte_mbuf **)objs, n);
	else
		rte_pktmbuf_free_bulk((struct rte_mbuf **)objs, n);
	return n;
}

static struct rte_node_register drop = {
	.name = "drop",
	.process = drop_process,
	.init = sl_node_init,
};
RTE_NODE_REGISTER(drop)
