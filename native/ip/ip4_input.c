/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "ip/announce.h"
#include "ip/icmp_quote.h"
#include "ip/ip4_parse.h"
#include "vpn/may_be_esp.h"

/* The first two look a session up, the second one perhaps. */
enum { SESSION_LOOKUP, ESP_IN, FRAGMENT, PORT_TX, DROP, EDGES };

/*
 * What the kernel itself sends goes out whatever it looks like; a session is made only for what has
 * one: nothing between neighbours, no group. A fragment, from wherever, joins the others first.
 */
static rte_edge_t aside(const struct sl_pkt *p)
{
	uint32_t dst = rte_be_to_cpu_32(p->key4.dst);
	bool lone = p->family == 4 && (sl_ip4_is_multicast(dst) || dst == 0xffffffff);

	if (!(p->flags & SL_PKT_FROM_HOST))
		return FRAGMENT;
	if (p->reason || lone)
		return PORT_TX;
	if (p->flags & SL_PKT_FRAGMENT)
		return FRAGMENT;
	return p->flags & SL_PKT_L4_WHOLE ? SESSION_LOOKUP : PORT_TX;
}

static inline rte_edge_t ip4_input_one(struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	uint32_t have = (uint32_t)rte_pktmbuf_data_len(m) - p->l3;
	uint32_t whole = rte_pktmbuf_pkt_len(m) - p->l3;
	enum sl_drop reason;

	reason = sl_ip4_parse(p, rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3), have, whole);
	if (unlikely((p->flags & SL_PKT_ICMP_ERROR) && !reason))
		reason = sl_icmp_quote(m, p);
	p->reason = reason;
	if (unlikely(p->flags & (SL_PKT_FROM_HOST | SL_PKT_FRAGMENT)))
		return aside(p);
	if (unlikely(reason))
		return DROP;
	return sl_may_be_esp(p->key4.proto, p->key4.dport) ? ESP_IN : SESSION_LOOKUP;
}

/* Validates IPv4 and transport headers and makes the key. */
static uint16_t ip4_input_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				  uint16_t n)
{
	const struct sl_session_table *table = sl_node_worker(node)->dp->sessions;
	rte_edge_t next[SL_BURST];

	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);

		for (uint16_t i = 0; i < piece + SL_ANNOUNCE_LAG; i++) {
			uint16_t past = (uint16_t)(i - SL_ANNOUNCE_LAG);

			if (i < piece)
				next[i] = ip4_input_one(objs[done + i]);
			if (i >= SL_ANNOUNCE_LAG && next[past] <= ESP_IN)
				sl_announce4(table, sl_pkt(objs[done + past]));
		}
		sl_node_forward(graph, node, objs + done, next, piece);
	}
	return n;
}

static struct rte_node_register ip4_input = {
	.name = "ip4_input",
	.process = ip4_input_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[SESSION_LOOKUP] = "session_lookup", [ESP_IN] = "esp_in", [FRAGMENT] = "fragment",
		       [PORT_TX] = "port_tx", [DROP] = "drop"},
};
RTE_NODE_REGISTER(ip4_input)
