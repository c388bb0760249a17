/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>

#include "core/graph.h"
#include "ip/icmp_build.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

enum { PORT_TX, DROP, EDGES };

/* RFC 1812 4.3.2.8, RFC 4443 2.4 (f): a token bucket, per worker. */
#define RATE 1000 /* a second */
#define BUCKET 100
#define TOKEN_NS (1000000000ull / RATE)

static bool allowed_now(struct sl_worker *w)
{
	const uint64_t full = BUCKET * TOKEN_NS;
	uint64_t passed = w->now_ns - w->icmp_refill_ns;

	/* The first time, after long, or when the clock was set back: full. */
	w->icmp_tokens = passed >= full ? full : RTE_MIN(w->icmp_tokens + passed, full);
	w->icmp_refill_ns = w->now_ns;
	if (w->icmp_tokens < TOKEN_NS)
		return false;
	w->icmp_tokens -= TOKEN_NS;
	return true;
}

/* The ingress interface's address of this family (RFC 1812 4.3.2.4), or NULL. */
static const uint8_t *own_address(const struct sl_tables *tables, uint16_t slot, uint8_t family)
{
	const struct sl_image_interfaces *iface = tables->ifaces[slot % SL_MAX_IFACES];

	for (uint32_t i = 0; iface && i < iface->addresses; i++) {
		const struct sl_image_addresses *a =
			&tables->image.addresses[iface->first_address + i];

		if (a->family == family)
			return a->address;
	}
	return NULL;
}

static struct rte_mbuf *answer(struct sl_worker *w, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);
	const uint8_t *source;
	struct rte_mbuf *error;

	if (!w->tables || (p->flags & SL_PKT_FROM_HOST) || !sl_icmp_may_answer(m, p))
		return NULL;
	source = own_address(w->tables, p->iface, p->family);
	if (!source || !allowed_now(w))
		return NULL;
	error = rte_pktmbuf_alloc(w->dp->pool);
	if (!error)
		return NULL;
	sl_icmp_build(error, m, source, p->reason == SL_DROP_TOO_BIG ? sl_adjacencies[p->adjacency].mtu : 0);
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
