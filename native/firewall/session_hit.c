/* SPDX-License-Identifier: BSD-3-Clause */
#include "balancer/proxy_header.h"
#include "core/graph.h"
#include "firewall/edit.h"
#include "firewall/error_fits.h"
#include "firewall/refresh.h"
#include "firewall/reverse_path.h"
#include "firewall/syn_proxy.h"
#include "helpers/helper.h"
#include "routing/adjacency.h"
#include "session/sequence.h"
#include "session/tcp_window.h"
#include "session/track.h"

enum { IP_OUTPUT, TUNNEL_OUT, NAT64, SESSION_MISS, DROP, EDGES };

static enum sl_drop follow_record(struct sl_worker *w, struct sl_session *s, struct rte_mbuf *m)
{
	struct sl_extension *x = sl_session_record(w->dp->sessions, s);
	const struct sl_pkt *p = sl_pkt(m);
	enum sl_drop reason;

	if (x->proxied)
		reason = sl_syn_follow(w, m, s);
	else
		reason = sl_session_track(s, p->direction, p,
					  rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4),
					  w->now_ms);
	if (!reason && x->proxy)
		reason = sl_proxy_follow(m, s, x);
	return reason || !(s->flags & SL_SESSION_HELPER) ? reason : sl_helper_follow(w, m, s, x);
}

/* State of a packet whose transport header is here. */
static inline enum sl_drop follow(struct sl_worker *w, struct sl_session *s, struct rte_mbuf *m)
{
	const struct sl_pkt *p = sl_pkt(m);

	if (unlikely(s->flags & (SL_SESSION_SEQUENCE | SL_SESSION_HELPER)))
		return follow_record(w, s, m);
	return sl_session_track(s, p->direction, p,
				rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4), w->now_ms);
}

/* Packets that are no whole packet of their flow. */
static enum sl_drop track_rare(struct sl_worker *w, struct sl_session *s, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	enum sl_drop reason;

	/* An error about the flow is none: it moves neither state nor idle time. */
	if (p->flags & SL_PKT_ICMP_ERROR)
		return sl_error_fits(s, p);
	if (p->flags & SL_PKT_L4_WHOLE) {
		reason = follow(w, s, m);
		if (reason)
			return reason;
	} else {
		/* The first fragment was tracked; that the segment goes on here is all there is to it. */
		if (s->protocol == IPPROTO_TCP)
			sl_tcp_extend(s, p->direction,
				      p->tcp_seq + (p->fragment & 0xfff8u) + p->fragment_length);
		s->last = w->now_ms;
	}
	sl_session_count(s, p->direction, (uint32_t)p->l3_length + p->l4_length);
	return SL_DROP_NONE;
}

/* The packet may open a session again; a fragment that is not the first opens nothing. */
static rte_edge_t ended(struct sl_pkt *p)
{
	p->session = SL_SESSION_NO_REF;
	if (!(p->flags & SL_PKT_FRAGMENT) || p->flags & SL_PKT_L4_WHOLE)
		return SESSION_MISS;
	p->reason = SL_DROP_FRAGMENT_STALE;
	return DROP;
}

/* The kernel knows nothing of policy-based tunnels: its packets leave it by another interface. */
static bool host_into_tunnel(const struct sl_pkt *p, const struct sl_session *s)
{
	return s->flags & (SL_SESSION_FROM_HOST | SL_SESSION_TO_HOST) &&
	       s->adjacency[p->direction] >= SL_ADJ_FIRST;
}

static inline rte_edge_t session_hit_one(struct sl_worker *w, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_session *s = sl_session_at(w->dp->sessions, p->session);
	rte_edge_t edge = IP_OUTPUT;
	enum sl_drop reason;

	if (unlikely(!sl_session_alive(s)))
		return ended(p);
	if (unlikely(!sl_session_current(w, s))) {
		reason = sl_session_refresh(w, p->session, s);
		if (reason)
			goto drop;
		if (!sl_session_alive(s))
			return ended(p);
	}
	p->rule = s->rule;
	if (unlikely(!sl_reverse_path_known(p, s))) {
		reason = sl_reverse_path(w, m);
		if (reason)
			goto drop;
	}
	if (unlikely(s->flags & SL_SESSION_SEQUENCE))
		sl_sequence_in(sl_session_record(w->dp->sessions, s), p);
	if (likely(!(p->flags & (SL_PKT_ICMP_ERROR | SL_PKT_FRAGMENT)))) {
		reason = follow(w, s, m);
		if (unlikely(reason))
			goto drop;
		sl_session_count(s, p->direction, (uint32_t)p->l3_length + p->l4_length);
	} else {
		reason = track_rare(w, s, m);
		if (reason)
			goto drop;
	}
	if (unlikely(sl_edit_needed(p, s)) && !(p->flags & SL_PKT_ICMP_ERROR))
		sl_edit_packet(w->tables, m, s->rule, s->in, s->out);
	if (unlikely(s->flags & (SL_SESSION_NAT | SL_SESSION_SEQUENCE | SL_SESSION_TUNNEL))) {
		if (sl_session_is_nat64(s))
			edge = NAT64;
		else if (s->flags & (SL_SESSION_NAT | SL_SESSION_SEQUENCE))
			p->flags |= SL_PKT_REWRITE;
		else
			edge = TUNNEL_OUT;
	}
	p->to = p->direction ? s->from : s->to;
	/* What the kernel sent has its own Ethernet header and interface, whoever answers whom. */
	if (likely(!(p->flags & SL_PKT_FROM_HOST)) || host_into_tunnel(p, s))
		p->adjacency = s->adjacency[p->direction];
	return edge;
drop:
	p->reason = reason;
	return DROP;
}

/* Packets of live sessions: their state is followed, what the session says is done. */
static uint16_t session_hit_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				    uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	rte_edge_t next[SL_BURST];

	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);

		for (uint16_t i = 0; i < piece; i++)
			next[i] = session_hit_one(w, objs[done + i]);
		sl_node_forward(graph, node, objs + done, next, piece);
	}
	while (unlikely(w->aside)) {
		struct rte_mbuf *m = w->aside;

		w->aside = sl_pkt(m)->held;
		rte_node_enqueue_x1(graph, node, IP_OUTPUT, m);
	}
	return n;
}

static struct rte_node_register session_hit = {
	.name = "session_hit",
	.process = session_hit_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [TUNNEL_OUT] = "tunnel_out",
		       [NAT64] = "nat64", [SESSION_MISS] = "session_miss", [DROP] = "drop"},
};
RTE_NODE_REGISTER(session_hit)
