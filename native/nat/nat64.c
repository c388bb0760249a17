/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "nat/family.h"
#include "routing/adjacency.h"
#include "session/sequence.h"

enum { IP_OUTPUT, ICMP_ERROR, DROP, EDGES };

static rte_edge_t refuse(struct sl_pkt *p, enum sl_drop reason, rte_edge_t edge)
{
	p->reason = (uint16_t)reason;
	return edge;
}

/* What the sender is to be told is said of the packet as it came, so before anything else. */
static enum sl_drop too_much(struct sl_pkt *p, const struct rte_mbuf *m)
{
	const struct sl_adjacency *a = &sl_adjacencies[p->adjacency];
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	int header, mtu;
	bool df;

	p->out_iface = a->iface;
	if (ip[p->family == 4 ? 8 : 7] <= 1)
		return SL_DROP_TTL_EXCEEDED;
	if (p->flags & SL_PKT_ICMP_ERROR || sl_family_length(m, &df, &header) <= a->mtu || !df)
		return SL_DROP_NONE;
	mtu = (int)a->mtu - header;
	/* RFC 7915 5.1: below that an IPv6 sender does not go, and such packets lose their DF. */
	p->mtu = (uint16_t)(p->family == 6 ? RTE_MAX(mtu, (int)SL_IP6_LEAST_MTU) : mtu);
	return SL_DROP_TOO_BIG;
}

static rte_edge_t nat64_one(struct sl_worker *w, struct rte_mbuf *m, struct rte_mbuf **rest)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_session *s = sl_session_at(w->dp->sessions, p->session);
	enum sl_drop reason = SL_DROP_NONE;

	*rest = NULL;
	if (unlikely(p->adjacency == SL_ADJ_NONE || p->adjacency == SL_ADJ_RAW))
		return IP_OUTPUT; /* which says why */
	if (likely(p->adjacency >= SL_ADJ_FIRST))
		reason = too_much(p, m);
	if (unlikely(reason))
		return refuse(p, reason, ICMP_ERROR);
	if (unlikely(p->flags & SL_PKT_ICMP_ERROR)) {
		reason = sl_family_error(w, m, s);
	} else {
		if (unlikely(s->flags & SL_SESSION_SEQUENCE && p->flags & SL_PKT_L4_WHOLE))
			sl_sequence_out(sl_session_record(w->dp->sessions, s), p,
					rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4));
		reason = sl_family_change(w, m, s, rest);
	}
	return reason ? refuse(p, reason, DROP) : IP_OUTPUT;
}

/* Packets of NAT64 sessions become such of the other family (RFC 6146 3.6, RFC 7915). */
static uint16_t nat64_process(struct rte_graph *graph, struct rte_node *node, void **objs,
			      uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i], *next;

		rte_node_enqueue_x1(graph, node, nat64_one(w, m, &next), m);
		while ((m = next)) {
			next = sl_pkt(m)->held;
			rte_node_enqueue_x1(graph, node, IP_OUTPUT, m);
		}
	}
	return n;
}

static struct rte_node_register nat64 = {
	.name = "nat64",
	.process = nat64_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [ICMP_ERROR] = "icmp_error", [DROP] = "drop"},
};
RTE_NODE_REGISTER(nat64)
