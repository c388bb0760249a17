/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/capture.h"
#include "core/count.h"
#include "core/graph.h"
#include "core/offline.h"

enum { DROP, EDGES };

/* The TAP twin of a VLAN child wants its frames without the tag. */
static void strip_tag(struct rte_mbuf *m, struct sl_pkt *p)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	memmove(frame + 4, frame, 12);
	rte_pktmbuf_adj(m, 4);
	p->l3 -= 4;
	p->l4 -= 4;
}

/* Gives frames to the host thread, which writes each to the TAP of sl_pkt.iface. */
static uint16_t host_tx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	uint16_t sent;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct sl_pkt *p = sl_pkt(m);

		if (p->l3 == 18)
			strip_tag(m, p);
		sl_iface_counter(w, p->iface)->to_host++;
	}
	if (w->offline) {
		sl_offline_local(w, (struct rte_mbuf **)objs, n);
		return n;
	}
	if (unlikely(w->capturing))
		sl_capture_packets(w, (struct rte_mbuf **)objs, n, SL_FATE_LOCAL);
	sent = (uint16_t)rte_ring_mp_enqueue_burst(w->dp->to_host, objs, n, NULL);
	w->host_kicked |= sent > 0;
	for (uint16_t i = sent; i < n; i++) {
		sl_iface_counter(w, sl_pkt(objs[i])->iface)->to_host--;
		sl_pkt(objs[i])->reason = SL_DROP_HOST_FULL;
		rte_node_enqueue_x1(graph, node, DROP, objs[i]);
	}
	return n;
}

static struct rte_node_register host_tx = {
	.name = "host_tx",
	.process = host_tx_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[DROP] = "drop"},
};
RTE_NODE_REGISTER(host_tx)
