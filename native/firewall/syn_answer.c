/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "firewall/edit.h"
#include "firewall/syn_cookie.h"
#include "firewall/tcp_build.h"
#include "firewall/way.h"
#include "routing/adjacency.h"
#include "session/tcp.h"

enum { IP_OUTPUT, DROP, EDGES };

#define TTL 65 /* ip_output takes one */

/* RFC 9293 3.7.1: what fits the links on both sides of us; the server's own is not known yet. */
static uint16_t mss_of(const struct sl_tables *tables, const struct sl_pkt *p)
{
	const struct sl_image_interfaces *in = tables->ifaces[p->iface % SL_MAX_IFACES];
	const struct sl_image_interfaces *out = tables->ifaces[p->out_iface % SL_MAX_IFACES];
	uint16_t mtu = RTE_MIN(in ? in->mtu : 1280, out ? out->mtu : 1280);

	return (uint16_t)(mtu - (p->family == 4 ? 40 : 60));
}

static struct rte_mbuf *answer_to(struct sl_worker *w, const struct rte_mbuf *m)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	struct sl_syn_offer offer = sl_syn_offer(frame + p->l4, p->tcp_header), ours = offer;
	struct sl_segment g = {.ack = p->tcp_seq + 1, .flags = SL_TH_SYN | SL_TH_ACK};
	struct rte_mbuf *answer = rte_pktmbuf_alloc(w->dp->pool);

	if (!answer)
		return NULL;
	g.seq = sl_syn_cookie(w, p, &offer);
	ours.mss = (uint16_t)(mss_of(w->tables, p) - p->mtu);
	ours.scale = ours.scale >= 0 ? SL_SYN_SCALE : -1;
	g.options_length = (uint8_t)sl_syn_options(&ours, g.options);
	if (!sl_tcp_answer(answer, m, TTL, &g)) {
		rte_pktmbuf_free(answer);
		return NULL;
	}
	sl_edit_packet(w->tables, answer, p->rule, p->out_iface, p->iface);
	sl_pkt(answer)->adjacency = sl_way_back(w, p->iface, p->family,
						frame + p->l3 + (p->family == 4 ? 12 : 8));
	return answer;
}

/* SYNs of a flood, real ones among them: each gets its cookie, and goes. */
static uint16_t syn_answer_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				   uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *answer = answer_to(w, objs[i]);

		sl_pkt(objs[i])->reason = answer ? SL_DROP_SYN_COOKIE : SL_DROP_NO_MBUF;
		if (answer)
			rte_node_enqueue_x1(graph, node, IP_OUTPUT, answer);
	}
	rte_node_next_stream_move(graph, node, DROP);
	return n;
}

static struct rte_node_register syn_answer = {
	.name = "syn_answer",
	.process = syn_answer_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [DROP] = "drop"},
};
RTE_NODE_REGISTER(syn_answer)
