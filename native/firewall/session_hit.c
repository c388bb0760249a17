/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "firewall/edit.h"
#include "firewall/error_fits.h"
#include "firewall/refresh.h"
#include "firewall/reverse_path.h"
#include "session/track.h"

enum { IP_OUTPUT, SESSION_MISS, DROP, EDGES };

static inline rte_edge_t session_hit_one(struct sl_worker *w, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_session *s = sl_session_at(w->dp->sessions, p->session);
	enum sl_drop reason;

	if (unlikely(!sl_session_alive(s))) {
		p->session = SL_SESSION_NO_REF;
		return SESSION_MISS;
	}
	if (unlikely(!sl_session_current(w, s))) {
		reason = sl_session_refresh(w, p->session, s);
		if (reason)
			goto drop;
		if (!sl_session_alive(s)) {
			p->session = SL_SESSION_NO_REF;
			return SESSION_MISS;
		}
	}
	p->rule = s->rule;
	if (unlikely(!sl_reverse_path_known(p, s))) {
		reason = sl_reverse_path(w, m);
		if (reason)
			goto drop;
	}
	/* An error about the flow is no packet of it: it moves neither state nor idle time. */
	if (unlikely(p->flags & SL_PKT_ICMP_ERROR)) {
		reason = sl_error_fits(s, p);
		if (reason)
			goto drop;
	} else {
		reason = sl_session_track(s, p->direction, p,
					  rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4),
					  w->now_ms);
		if (unlikely(reason))
			goto drop;
		sl_session_count(s, p->direction, (uint32_t)p->l3_length + p->l4_length);
		if (unlikely(sl_edit_needed(p, s)))
			sl_edit_packet(w->tables, m, s->rule, s->in, s->out);
	}
	p->to = p->direction ? s->from : s->to;
	/* What the kernel sent has its own Ethernet header and interface, whoever answers whom. */
	if (likely(!(p->flags & SL_PKT_FROM_HOST)))
		p->adjacency = s->adjacency[p->direction];
	return IP_OUTPUT;
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
	return n;
}

static struct rte_node_register session_hit = {
	.name = "session_hit",
	.process = session_hit_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [SESSION_MISS] = "session_miss", [DROP] = "drop"},
};
RTE_NODE_REGISTER(session_hit)
