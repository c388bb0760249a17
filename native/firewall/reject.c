/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>

#include "core/graph.h"
#include "firewall/reject_build.h"
#include "firewall/way.h"
#include "ip/icmp_build.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

enum { IP_OUTPUT, HOST_TX, DROP, EDGES };

/* An answer leaves with what hosts send; ip_output takes one off. */
#define TTL 64

/* RFC 792, RFC 1812 5.2.7.1 and RFC 4443 3.1: codes of destination unreachable. */
static const struct {
	uint8_t code4, code6;
} unreachable[] = {
	[SL_REJECT_PORT] = {3, 4},
	[SL_REJECT_HOST] = {1, 3},
	[SL_REJECT_NET] = {0, 0},
	[SL_REJECT_PROHIBITED] = {13, 1},
};

static uint8_t kind_of(const struct sl_worker *w, const struct sl_pkt *p)
{
	const struct sl_image_rules *rule = sl_tables_rule(w->tables, p->rule);
	bool is_tcp = (p->family == 4 ? p->key4.proto : p->key6.proto) == IPPROTO_TCP &&
		      !(p->flags & SL_PKT_ICMP_ERROR);
	uint8_t kind = SL_REJECT_AUTO;

	if (rule && rule->extra != SL_EXTRA_NONE)
		kind = w->tables->image.rule_extras[rule->extra].reject;
	if (kind == SL_REJECT_AUTO || kind == SL_REJECT_TCP_RESET)
		return is_tcp ? SL_REJECT_TCP_RESET : SL_REJECT_PROHIBITED;
	return kind;
}

/* RFC 1812 4.3.2.7: nor is what went to a subnet's broadcast address, or pretends to come from it. */
static bool broadcast(const struct sl_worker *w, const struct sl_pkt *p, const uint8_t *ip)
{
	uint32_t src, dst;

	if (p->family != 4)
		return false;
	memcpy(&src, ip + 12, 4);
	memcpy(&dst, ip + 16, 4);
	return sl_tables_is_broadcast4(w->tables, rte_be_to_cpu_32(dst)) ||
	       sl_tables_is_broadcast4(w->tables, rte_be_to_cpu_32(src));
}

/*
 * In whose name: for an unreachable that of the box on the side the packet came from. What the box
 * itself sent is answered in the name of where it goes: its kernel takes nothing from itself.
 */
static const uint8_t *source_of(const struct sl_worker *w, const struct sl_pkt *p, const uint8_t *ip)
{
	if (p->flags & SL_PKT_FROM_HOST)
		return ip + (p->family == 4 ? 16 : 24);
	return sl_icmp_source(w->tables, p->iface, p->family);
}

static bool build(const struct sl_worker *w, struct rte_mbuf *answer, const struct rte_mbuf *m,
		  const struct sl_pkt *p, const uint8_t *ip)
{
	uint8_t kind = kind_of(w, p), ttl = TTL + !(p->flags & SL_PKT_FROM_HOST);
	struct sl_icmp_answer a = {.type = p->family == 4 ? 3 : 1, .ttl = ttl};

	if (kind == SL_REJECT_TCP_RESET)
		return sl_reset_build(answer, m, ttl);
	a.code = p->family == 4 ? unreachable[kind].code4 : unreachable[kind].code6;
	a.source = source_of(w, p, ip);
	if (!a.source)
		return false;
	sl_icmp_build(answer, m, &a);
	return true;
}

/* The answer to a rejected packet, with where it goes; NULL where none is due. */
static struct rte_mbuf *answer_to(struct sl_worker *w, struct rte_mbuf *m, rte_edge_t *edge)
{
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	struct rte_mbuf *answer;

	if (!sl_icmp_may_answer(m, p) || broadcast(w, p, ip) || !sl_icmp_allowed(w))
		return NULL;
	answer = rte_pktmbuf_alloc(w->dp->pool);
	if (!answer)
		return NULL;
	if (!build(w, answer, m, p, ip)) {
		rte_pktmbuf_free(answer);
		return NULL;
	}
	if (p->flags & SL_PKT_FROM_HOST) {
		sl_pkt(answer)->iface = p->out_iface; /* the TAP it came from */
		*edge = HOST_TX;
		return answer;
	}
	sl_pkt(answer)->adjacency =
		sl_way_back(w, p->iface, p->family, ip + (p->family == 4 ? 12 : 8));
	*edge = IP_OUTPUT;
	return answer;
}

/* Tells who sent a packet that a rule rejects it; the packet itself ends. */
static uint16_t reject_process(struct rte_graph *graph, struct rte_node *node, void **objs,
			       uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		rte_edge_t edge = DROP;
		struct rte_mbuf *answer = answer_to(w, objs[i], &edge);

		if (answer)
			rte_node_enqueue_x1(graph, node, edge, answer);
	}
	rte_node_next_stream_move(graph, node, DROP);
	return n;
}

static struct rte_node_register reject = {
	.name = "reject",
	.process = reject_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [HOST_TX] = "host_tx", [DROP] = "drop"},
};
RTE_NODE_REGISTER(reject)
