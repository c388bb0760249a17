/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_malloc.h>

#include "core/count.h"
#include "core/graph.h"

enum { DROP, EDGES };

/* Packets of one call, by port: traffic of both ways would else go out in runs of one or two. */
struct port_tx_state {
	uint16_t count[SL_MAX_PORTS];
	struct rte_mbuf *packet[SL_MAX_PORTS][SL_BURST];
};

static int port_tx_init(const struct rte_graph *graph, struct rte_node *node)
{
	sl_node_init(graph, node);
	sl_ctx(node)->state = rte_zmalloc("port_tx", sizeof(struct port_tx_state), RTE_CACHE_LINE_SIZE);
	return sl_ctx(node)->state ? 0 : -ENOMEM;
}

static void port_tx_fini(const struct rte_graph *graph, struct rte_node *node)
{
	(void)graph;
	rte_free(sl_ctx(node)->state);
}

static void drop(struct rte_graph *graph, struct rte_node *node, struct rte_mbuf **m, uint16_t n,
		 enum sl_drop reason)
{
	for (uint16_t i = 0; i < n; i++) {
		sl_pkt(m[i])->reason = reason;
		rte_node_enqueue_x1(graph, node, DROP, m[i]);
	}
}

static void flush(struct rte_graph *graph, struct rte_node *node, struct sl_worker *w,
		  struct port_tx_state *s, uint16_t index)
{
	struct sl_port *port = w->dp->port[index];
	uint16_t queue = w->tx_queue[index], n = s->count[index], sent;
	uint16_t iface[SL_BURST];
	uint32_t bytes[SL_BURST];

	s->count[index] = 0;
	/* Once sent they are the driver's: what is to be counted is read before. */
	for (uint16_t i = 0; i < n; i++) {
		iface[i] = sl_pkt(s->packet[index][i])->out_iface;
		bytes[i] = rte_pktmbuf_pkt_len(s->packet[index][i]);
	}
	sent = port->tx(w, port, queue, s->packet[index], n);
	for (uint16_t i = 0; i < sent; i++) {
		struct sl_iface_counter *c = sl_iface_counter(w, iface[i]);

		c->tx_packets++;
		c->tx_bytes += bytes[i];
	}
	if (unlikely(sent < n))
		drop(graph, node, s->packet[index] + sent, (uint16_t)(n - sent),
		     queue != SL_NO_QUEUE ? SL_DROP_TX_FULL : SL_DROP_TX_OWNER_FULL);
}

/* Sends finished frames out of the port of sl_pkt.out_iface. */
static uint16_t port_tx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	struct port_tx_state *s = sl_ctx(node)->state;
	uint64_t used = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		uint16_t port = w->dp->port_of_iface[sl_pkt(m)->out_iface % SL_MAX_IFACES];

		if (unlikely(port >= SL_MAX_PORTS || !w->dp->port[port])) {
			drop(graph, node, &m, 1, SL_DROP_IFACE_DOWN);
			continue;
		}
		s->packet[port][s->count[port]++] = m;
		used |= 1ull << port;
		if (s->count[port] == SL_BURST)
			flush(graph, node, w, s, port);
	}
	for (; used; used &= used - 1) {
		uint16_t port = (uint16_t)__builtin_ctzll(used);

		if (s->count[port])
			flush(graph, node, w, s, port);
	}
	return n;
}

static struct rte_node_register port_tx = {
	.name = "port_tx",
	.process = port_tx_process,
	.init = port_tx_init,
	.fini = port_tx_fini,
	.nb_edges = EDGES,
	.next_nodes = {[DROP] = "drop"},
};
RTE_NODE_REGISTER(port_tx)
