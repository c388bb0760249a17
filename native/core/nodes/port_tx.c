/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_malloc.h>

#include "core/capture.h"
#include "core/count.h"
#include "core/graph.h"
#include "tables/tables.h"

enum { ESP_OUT, DROP, EDGES };

/* Packets of one call, by port: traffic of both ways would else go out in runs of one or two. */
struct out {
	uint16_t count;
	uint16_t iface; /* of all packets, unless mixed */
	bool mixed;	/* the port's children are among them */
	uint32_t bytes;
	struct rte_mbuf *packet[SL_BURST];
};

struct port_tx_state {
	struct out port[SL_MAX_PORTS];
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

/* Sends and counts packets of one interface: once for all. */
static uint16_t send(struct sl_worker *w, struct sl_port *port, uint16_t queue, struct out *o)
{
	struct sl_iface_counter *c = sl_iface_counter(w, o->iface);
	uint16_t sent = port->tx(w, port, queue, o->packet, o->count);

	/* What was not sent is still ours to look at. */
	for (uint16_t i = sent; i < o->count; i++)
		o->bytes -= rte_pktmbuf_pkt_len(o->packet[i]);
	c->tx_packets += sent;
	c->tx_bytes += o->bytes;
	return sent;
}

/* Once sent they are the driver's: whose they were is read before. */
static uint16_t send_mixed(struct sl_worker *w, struct sl_port *port, uint16_t queue, struct out *o)
{
	uint16_t iface[SL_BURST], sent;
	uint32_t bytes[SL_BURST];

	for (uint16_t i = 0; i < o->count; i++) {
		iface[i] = sl_pkt(o->packet[i])->out_iface;
		bytes[i] = rte_pktmbuf_pkt_len(o->packet[i]);
	}
	sent = port->tx(w, port, queue, o->packet, o->count);
	for (uint16_t i = 0; i < sent; i++) {
		struct sl_iface_counter *c = sl_iface_counter(w, iface[i]);

		c->tx_packets++;
		c->tx_bytes += bytes[i];
	}
	return sent;
}

static void flush(struct rte_graph *graph, struct rte_node *node, struct sl_worker *w,
		  struct port_tx_state *s, uint16_t index)
{
	struct sl_port *port = w->dp->port[index];
	uint16_t queue = w->tx_queue[index], sent;
	struct out *o = &s->port[index];

	sent = likely(!o->mixed) ? send(w, port, queue, o) : send_mixed(w, port, queue, o);
	if (unlikely(sent < o->count))
		drop(graph, node, o->packet + sent, (uint16_t)(o->count - sent),
		     queue != SL_NO_QUEUE ? SL_DROP_TX_FULL : SL_DROP_TX_OWNER_FULL);
	o->count = 0;
	o->mixed = false;
	o->bytes = 0;
}

/* Takes as many packets of the first one's interface as follow each other and fit; how many. */
static inline uint16_t gather(struct out *o, void **objs, uint16_t n, uint16_t iface)
{
	uint16_t count = o->count, taken = 0;
	uint32_t bytes = o->bytes;

	o->mixed |= count && o->iface != iface;
	o->iface = iface;
	do {
		struct rte_mbuf *m = objs[taken++];

		bytes += rte_pktmbuf_pkt_len(m);
		o->packet[count++] = m;
	} while (taken < n && count < SL_BURST && sl_pkt(objs[taken])->out_iface == iface);
	o->count = count;
	o->bytes = bytes;
	return taken;
}

/* An interface without a port: its link is down, unless it is a tunnel. */
static void portless(struct rte_graph *graph, struct rte_node *node, struct sl_worker *w,
		     struct rte_mbuf *m)
{
	const struct sl_image_interfaces *iface;

	iface = w->tables ? w->tables->ifaces[sl_pkt(m)->out_iface % SL_MAX_IFACES] : NULL;
	if (iface && iface->flags & SL_IFACE_TUNNEL) {
		if (unlikely(w->capturing)) /* the packet was told of, not what it is sealed in */
			sl_pkt(m)->flags &= (uint8_t)~SL_PKT_TRACED;
		rte_node_enqueue_x1(graph, node, ESP_OUT, m);
	} else {
		drop(graph, node, &m, 1, SL_DROP_IFACE_DOWN);
	}
}

/* Sends finished frames out of the port of sl_pkt.out_iface. */
static uint16_t port_tx_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	struct port_tx_state *s = sl_ctx(node)->state;
	uint64_t used = 0;

	if (unlikely(w->capturing))
		sl_capture_packets(w, (struct rte_mbuf **)objs, n, SL_FATE_FORWARDED);
	for (uint16_t i = 0; i < n;) {
		uint16_t iface = sl_pkt(objs[i])->out_iface;
		uint16_t port = w->dp->port_of_iface[iface % SL_MAX_IFACES];

		if (unlikely(port >= SL_MAX_PORTS || !w->dp->port[port])) {
			portless(graph, node, w, objs[i++]);
			continue;
		}
		used |= 1ull << port;
		i = (uint16_t)(i + gather(&s->port[port], objs + i, (uint16_t)(n - i), iface));
		if (s->port[port].count == SL_BURST)
			flush(graph, node, w, s, port);
	}
	for (; used; used &= used - 1) {
		uint16_t port = (uint16_t)__builtin_ctzll(used);

		if (s->port[port].count)
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
	.next_nodes = {[ESP_OUT] = "esp_out", [DROP] = "drop"},
};
RTE_NODE_REGISTER(port_tx)
