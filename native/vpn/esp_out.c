/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_malloc.h>

#include "core/count.h"
#include "firewall/way.h"
#include "routing/adjacency.h"
#include "vpn/flight.h"
#include "vpn/path_mtu.h"
#include "vpn/spd.h"

enum { IP_OUTPUT, HANDOVER_TX, IP_SPLIT, ICMP_ERROR, DROP, EDGES };

static int esp_out_init(const struct rte_graph *graph, struct rte_node *node)
{
	sl_node_init(graph, node);
	sl_ctx(node)->state = rte_zmalloc("esp_out", sizeof(struct sl_esp_batch), RTE_CACHE_LINE_SIZE);
	return sl_ctx(node)->state ? 0 : -ENOMEM;
}

static void esp_out_fini(const struct rte_graph *graph, struct rte_node *node)
{
	(void)graph;
	rte_free(sl_ctx(node)->state);
}

/* The way to the peer, looked up once per change of routes. */
static enum sl_drop route(struct sl_worker *w, struct sl_sa *sa)
{
	const struct sl_image_interfaces *out;
	struct sl_way way;

	if (likely(sa->epoch == w->routing_epoch && sa->adjacency != SL_ADJ_NONE))
		return SL_DROP_NONE;
	sa->adjacency = SL_ADJ_NONE;
	if (!w->tables)
		return SL_DROP_NO_TABLES;
	sl_way_find(w->tables, w->dp->fib, sa->family, sa->source, sa->destination, &way);
	out = w->tables->ifaces[way.out % SL_MAX_IFACES];
	/* A way into a tunnel again would never end. */
	if (way.how != SL_ROUTE_FOUND || !out || out->flags & SL_IFACE_TUNNEL)
		return SL_DROP_NO_ROUTE;
	sa->adjacency = sl_way_adjacency(&way, sa->family, sa->destination);
	sa->epoch = w->routing_epoch;
	return sa->adjacency == SL_ADJ_NONE ? SL_DROP_NO_ROUTE : SL_DROP_NONE;
}

/*
 * RFC 4301 8.1 and 8.2.1: sealed it would be longer than its link takes. Where neither header
 * forbids it, it is fragmented after; else the tunnel's own MTU becomes what fits, and the packet is
 * fragmented before (RFC 791) or its sender told, in clear. What NAT has changed is no longer what
 * its sender knows: only the next of these is answered.
 */
static rte_edge_t too_big(const struct sl_sa *sa, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	uint16_t mtu = sl_adjacencies[sa->adjacency].mtu;
	bool v4 = ip[0] >> 4 == 4, df = !v4 || ip[6] & 0x40;
	uint32_t most = sl_esp_inner_most(sa, mtu);
	struct sl_adjacency *tunnel;

	if (sa->family == 4 && !df && sa->flags & SL_SA_COPY_DF)
		return IP_OUTPUT;
	p->reason = SL_DROP_TOO_BIG;
	if (p->adjacency < SL_ADJ_FIRST || p->adjacency >= SL_MAX_ADJACENCIES)
		return DROP;
	tunnel = &sl_adjacencies[p->adjacency];
	if (tunnel->iface != p->out_iface)
		return DROP;
	if (tunnel->mtu > most)
		tunnel->mtu = (uint16_t)most;
	p->family = v4 ? 4 : 6;
	p->mtu = (uint16_t)most;
	if (!df) {
		p->reason = SL_DROP_NONE;
		return IP_SPLIT;
	}
	return p->flags & SL_PKT_REWRITE ? DROP : ICMP_ERROR;
}

enum sl_drop sl_esp_out_done(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b,
			     uint32_t i)
{
	if (unlikely(b->status[i])) {
		sl_engine_failed(sa);
		return SL_DROP_ESP_ENGINE;
	}
	sl_esp_sealed(sa, b, i);
	sl_iface_counter(w, sa->iface)->tx_packets++;
	sl_pkt(b->m[i])->adjacency = sa->adjacency;
	return SL_DROP_NONE;
}

/* Seals a run of one SA; false: some of it is with an engine. */
static bool flush(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b, rte_edge_t *next)
{
	bool all = sl_esp_process(w, sa, b);

	for (uint32_t i = 0; i < b->n; i++) {
		struct sl_pkt *p = sl_pkt(b->m[i]);

		if (unlikely(!all && b->status[i] == SL_FLIGHT_TAKEN)) {
			next[b->at[i]] = SL_ESP_AWAY;
			continue;
		}
		p->reason = (uint16_t)sl_esp_out_done(w, sa, b, i);
		next[b->at[i]] = likely(!p->reason) ? IP_OUTPUT : DROP;
	}
	b->n = 0;
	return all;
}

/* The SA that policies have for the packet if it is at home here; else its edge is set. */
static struct sl_sa *sa_of(struct sl_worker *w, struct rte_mbuf *m, rte_edge_t *edge)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_sa *sa;

	*edge = DROP;
	p->l3 = 14; /* whatever it came with: tunnels have no tags */
	p->reason = (uint16_t)sl_spd_outbound(w, p->out_iface, m, p->l3, &sa);
	if (unlikely(p->reason))
		return NULL;
	if (unlikely(sa->worker != w->index)) {
		p->worker = sa->worker;
		p->family = SL_ESP_TO_SEAL;
		*edge = HANDOVER_TX;
		return NULL;
	}
	p->reason = (uint16_t)route(w, sa);
	if (unlikely(p->reason))
		return NULL;
	if (likely(rte_pktmbuf_pkt_len(m) - p->l3 <= sl_esp_inner_most(sa, sl_adjacencies[sa->adjacency].mtu)))
		return sa;
	*edge = too_big(sa, m);
	return *edge == IP_OUTPUT ? sa : NULL;
}

/* What goes out of tunnel interfaces: sealed, and on its way as a packet of the box. */
static uint16_t esp_out_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	struct sl_esp_batch *b = sl_ctx(node)->state;
	rte_edge_t next[SL_BURST];
	bool here = true;

	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);
		struct sl_sa *sa = NULL;

		b->n = 0;
		for (uint16_t i = 0; i < piece; i++) {
			struct rte_mbuf *m = objs[done + i];
			struct sl_sa *its = sa_of(w, m, &next[i]);

			if (!its)
				continue;
			if (its != sa && b->n)
				here &= flush(w, sa, b, next);
			sa = its;
			b->m[b->n] = m;
			b->at[b->n] = i;
			sl_pkt(m)->reason = (uint16_t)sl_esp_seal(w, sa, b, b->n);
			if (likely(!sl_pkt(m)->reason))
				b->n++;
		}
		if (b->n)
			here &= flush(w, sa, b, next);
		if (unlikely(!here))
			piece = sl_esp_stay(objs + done, next, piece);
		sl_node_forward(graph, node, objs + done, next, piece);
	}
	return n;
}

static struct rte_node_register esp_out = {
	.name = "esp_out",
	.process = esp_out_process,
	.init = esp_out_init,
	.fini = esp_out_fini,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [HANDOVER_TX] = "handover_tx",
		       [IP_SPLIT] = "ip_split", [ICMP_ERROR] = "icmp_error", [DROP] = "drop"},
};
RTE_NODE_REGISTER(esp_out)
