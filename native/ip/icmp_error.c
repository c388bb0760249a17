/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "ip/icmp_build.h"
#include "tables/tables.h"

enum { PORT_TX, DROP, EDGES };

/* RFC 792, RFC 4443 3.2 and 3.3: too big for the next link, or its time is over. */
static struct sl_icmp_answer what(const struct sl_pkt *p, const uint8_t *source)
{
	struct sl_icmp_answer a = {.source = source, .ttl = 64};

	if (p->reason == SL_DROP_TOO_BIG) {
		a.type = p->family == 4 ? 3 : 2;
		a.code = p->family == 4 ? 4 : 0;
		a.mtu = p->mtu;
	} else {
		a.type = p->family == 4 ? 11 : 3;
	}
	return a;
}

static struct rte_mbuf *answer(struct sl_worker *w, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	struct sl_icmp_answer a;
	const uint8_t *source;
	struct rte_mbuf *error;

	if (!w->tables || (p->flags & SL_PKT_FROM_HOST) || !sl_icmp_may_answer(m, p))
		return NULL;
	source = sl_icmp_source(w->tables, p->iface, p->family);
	if (!source || !sl_icmp_allowed(w))
		return NULL;
	error = rte_pktmbuf_alloc(w->dp->pool);
	if (!error)
		return NULL;
	a = what(p, source);
	sl_icmp_build(error, m, &a);
	return error;
}

/* Tells the sender why his packet goes no further, by the way it came; the packet itself ends. */
static uint16_t icmp_error_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				   uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *error = answer(w, objs[i]);

		if (error)
			rte_node_enqueue_x1(graph, node, PORT_TX, error);
	}
	rte_node_next_stream_move(graph, node, DROP);
	return n;
}

static struct rte_node_register icmp_error = {
	.name = "icmp_error",
	.process = icmp_error_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[PORT_TX] = "port_tx", [DROP] = "drop"},
};
RTE_NODE_REGISTER(icmp_error)
