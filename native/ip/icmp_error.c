/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "firewall/way.h"
#include "ip/icmp_build.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

enum { PORT_TX, IP_OUTPUT, DROP, EDGES };

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

static bool is_tunnel(const struct sl_worker *w, uint16_t iface)
{
	const struct sl_image_interfaces *record = w->tables->ifaces[iface % SL_MAX_IFACES];

	return record && record->flags & SL_IFACE_TUNNEL;
}

/* The answer, and its edge: back by the wire it came from, or by the route where no wire tells. */
static struct rte_mbuf *answer(struct sl_worker *w, struct rte_mbuf *m, rte_edge_t *edge)
{
	const struct sl_pkt *p = sl_pkt(m);
	uint32_t back = SL_ADJ_NONE;
	struct sl_icmp_answer a;
	const uint8_t *ip, *source;
	struct rte_mbuf *error;

	if (!w->tables || (p->flags & SL_PKT_FROM_HOST) || !sl_icmp_may_answer(m, p))
		return NULL;
	*edge = PORT_TX;
	/* What came sealed is answered so; what was to be has no longer the MACs it came with. */
	if (is_tunnel(w, p->iface) || is_tunnel(w, p->out_iface)) {
		ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
		back = sl_way_back(w, p->iface, p->family, ip + (p->family == 4 ? 12 : 8));
		if (back < SL_ADJ_FIRST)
			return NULL;
		*edge = IP_OUTPUT;
	}
	source = sl_icmp_source(w->tables, p->iface, p->family);
	if (!source) /* tunnels need have no address: any of the box then (RFC 1812 4.3.2.4) */
		source = sl_icmp_source(w->tables, p->out_iface, p->family);
	if (!source || !sl_icmp_allowed(w))
		return NULL;
	error = rte_pktmbuf_alloc(w->dp->pool);
	if (!error)
		return NULL;
	a = what(p, source);
	a.ttl += *edge == IP_OUTPUT; /* which takes one off */
	sl_icmp_build(error, m, &a);
	sl_pkt(error)->adjacency = back;
	return error;
}

/* Tells the sender why his packet goes no further; the packet itself ends. */
static uint16_t icmp_error_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				   uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		rte_edge_t edge;
		struct rte_mbuf *error = answer(w, objs[i], &edge);

		if (error)
			rte_node_enqueue_x1(graph, node, edge, error);
	}
	rte_node_next_stream_move(graph, node, DROP);
	return n;
}

static struct rte_node_register icmp_error = {
	.name = "icmp_error",
	.process = icmp_error_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[PORT_TX] = "port_tx", [IP_OUTPUT] = "ip_output", [DROP] = "drop"},
};
RTE_NODE_REGISTER(icmp_error)
