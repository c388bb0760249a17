/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/capture.h"
#include "core/count.h"
#include "core/drop_now.h"
#include "core/graph.h"
#include "core/offline.h"
#include "ip/fragment.h"

void sl_drop_now(struct sl_worker *w, struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		const struct sl_pkt *p = sl_pkt(m[i]);

		w->drops[p->reason].packets++;
		if (!(p->flags & SL_PKT_GENERATED))
			sl_iface_counter(w, p->iface)->rx_dropped++;
	}
	if (unlikely(w->capturing))
		sl_capture_packets(w, m, n, SL_FATE_DROPPED);
	if (unlikely(w->offline))
		sl_offline_dropped(w, m, n);
	else
		rte_pktmbuf_free_bulk(m, n);
}

/* With the first fragment of a datagram go all that waited for its verdict. */
static void drop_train(struct sl_worker *w, struct sl_pkt *p)
{
	struct rte_mbuf *m, *next;

	for (m = sl_fragment_verdict(w, p, p->reason); m; m = next) {
		next = sl_pkt(m)->held;
		sl_fragment_follow(w, m);
		sl_drop_now(w, &m, 1);
	}
}

/* The end of every packet with a reason: counts it by that and by ingress interface. */
static uint16_t drop_process(struct rte_graph *graph, struct rte_node *node, void **objs, uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	(void)graph;
	for (uint16_t i = 0; i < n; i++) {
		struct sl_pkt *p = sl_pkt(objs[i]);

		if (unlikely(p->flags & SL_PKT_FRAGMENT && p->datagram))
			drop_train(w, p);
	}
	sl_drop_now(w, (struct rte_mbuf **)objs, n);
	return n;
}

static struct rte_node_register drop = {
	.name = "drop",
	.process = drop_process,
	.init = sl_node_init,
};
RTE_NODE_REGISTER(drop)
