/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "vpn/spread.h"

enum { IP_OUTPUT, IP4_INPUT, IP6_INPUT, DROP, EDGES };

static rte_edge_t edge_of(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i)
{
	uint16_t ethertype = 0;
	enum sl_drop reason = sa->direction == SL_SA_OUT ? sl_esp_out_done(w, sa, b, i) :
							   sl_esp_in_done(w, sa, b, i, &ethertype);

	sl_pkt(b->m[i])->reason = (uint16_t)reason;
	if (unlikely(reason))
		return DROP;
	if (sa->direction == SL_SA_OUT)
		return IP_OUTPUT;
	return ethertype == RTE_BE16(0x0800) ? IP4_INPUT : IP6_INPUT;
}

/* Takes what engines with queues are done with: each goes on as if it had been done at once. */
static uint16_t esp_done_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				 uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	struct sl_flights *fl = sl_flights_of(w);
	rte_edge_t next[SL_BURST];
	uint16_t total = 0;
	struct sl_sa *sa;

	(void)objs, (void)n;
	if (likely(!fl))
		return 0;
	if (unlikely(sl_spread_asked(fl)))
		sl_spread_help(w);
	if (likely(!sl_flights_any(w)))
		return 0;
	sl_flight_poll(w);
	while (total < 4 * SL_BURST && (sa = sl_flight_landed(w)) != NULL) {
		struct sl_esp_batch *b = &fl->batch;

		for (uint32_t i = 0; i < b->n; i++)
			next[i] = edge_of(w, sa, b, i);
		if (b->n)
			sl_node_forward(graph, node, (void **)b->m, next, (uint16_t)b->n);
		total = (uint16_t)(total + b->n);
	}
	w->crypto += total;
	return total;
}

static struct rte_node_register esp_done = {
	.name = "esp_done",
	.flags = RTE_NODE_SOURCE_F,
	.process = esp_done_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [IP4_INPUT] = "ip4_input",
		       [IP6_INPUT] = "ip6_input", [DROP] = "drop"},
};
RTE_NODE_REGISTER(esp_done)
