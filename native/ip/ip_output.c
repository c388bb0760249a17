/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "ip/fragment.h"
#include "ip/pull.h"
#include "ip/ttl.h"
#include "nat/nat.h"
#include "routing/adjacency.h"

enum { PORT_TX, HOST_TX, ICMP_ERROR, IP_SPLIT, SESSION_HIT, DROP, EDGES };

/* How often a use is written down, ms: it keeps the neighbour managed, no more. */
#define USED_MS 1000

static rte_edge_t refuse(struct sl_pkt *p, enum sl_drop reason, rte_edge_t edge)
{
	p->reason = (uint16_t)reason;
	return edge;
}

/* The one without Ethernet header to write: to the kernel, from it, or nowhere. */
static rte_edge_t special(struct sl_worker *w, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);

	if (p->flags & SL_PKT_REWRITE && p->adjacency != SL_ADJ_NONE)
		sl_nat_rewrite(w->dp->sessions, m);
	if (p->adjacency == SL_ADJ_LOCAL)
		return HOST_TX;
	if (p->adjacency == SL_ADJ_NONE)
		return refuse(p, SL_DROP_NO_ROUTE, DROP);
	if (p->flags & SL_PKT_FROM_HOST)
		return PORT_TX;
	/* From a wire in the name of the box itself (RFC 1812 5.3.8). */
	return refuse(p, p->family == 4 ? SL_DROP_IP4_MARTIAN_SOURCE : SL_DROP_IP6_MARTIAN_SOURCE,
		      DROP);
}

/*
 * The neighbour has no MAC yet: the host thread holds a few packets, untouched, asks the kernel and
 * gives them back by its ring. True if it took this one.
 */
static bool wait_for_mac(struct sl_worker *w, struct rte_mbuf *m)
{
	if (!w->dp->unresolved || rte_ring_mp_enqueue(w->dp->unresolved, m) < 0)
		return false;
	w->host_kicked = true;
	return true;
}

/* The adjacency's Ethernet header in place of the one the packet came with. */
static inline bool rewrite(struct rte_mbuf *m, const struct sl_pkt *p, const struct sl_adjacency *a,
			   uint32_t length)
{
	const uint8_t *header = a->header[a->active & 1];
	uint8_t *frame;

	sl_trim(m, p->l3 + length);
	if (likely(p->l3 == a->header_length)) {
		frame = rte_pktmbuf_mtod(m, uint8_t *);
	} else if (p->l3 > a->header_length) {
		frame = (uint8_t *)rte_pktmbuf_adj(m, p->l3 - a->header_length);
	} else {
		frame = (uint8_t *)rte_pktmbuf_prepend(m, a->header_length - p->l3);
		if (unlikely(!frame))
			return false;
	}
	memcpy(frame, header, 14);
	if (a->header_length > 14)
		memcpy(frame + 14, header + 14, 4);
	/* RFC 8950: an IPv4 packet by way of an IPv6 next hop stays what it is. */
	if (unlikely(a->family != p->family)) {
		uint16_t type = p->family == 4 ? RTE_BE16(0x0800) : RTE_BE16(0x86dd);

		memcpy(frame + a->header_length - 2, &type, 2);
	}
	return true;
}

enum { TAKEN = EDGES }; /* the host thread has it */

static inline rte_edge_t ip_output_one(struct sl_worker *w, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_adjacency *a = &sl_adjacencies[p->adjacency];
	uint32_t length = (uint32_t)p->l3_length + p->l4_length;
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l3), state;
	rte_edge_t to = PORT_TX;

	if (unlikely(p->adjacency < SL_ADJ_FIRST))
		return special(w, m);
	p->out_iface = a->iface;
	if (unlikely(ip[p->family == 4 ? 8 : 7] <= 1))
		return refuse(p, SL_DROP_TTL_EXCEEDED, ICMP_ERROR);
	if (unlikely(length > a->mtu)) {
		/* RFC 791 3.2: in IPv4 it is up to the sender; RFC 8200 5: in IPv6 it is not. */
		if (p->family == 6 || ip[6] & 0x40) {
			p->mtu = a->mtu;
			return refuse(p, SL_DROP_TOO_BIG, ICMP_ERROR);
		}
		to = IP_SPLIT;
	}
	state = a->state;
	if (unlikely(w->now_ms - a->used_ms >= USED_MS))
		a->used_ms = w->now_ms;
	if (unlikely(state != SL_ADJ_READY)) {
		if (state != SL_ADJ_INCOMPLETE)
			return refuse(p, SL_DROP_NEIGHBOR_FAILED, DROP);
		return wait_for_mac(w, m) ? TAKEN : refuse(p, SL_DROP_NEIGHBOR_PENDING, DROP);
	}
	sl_ttl_decrement(ip, p->family);
	/* Last, so that whatever is said of the packet on the way is said of it as it came. */
	if (unlikely(p->flags & SL_PKT_REWRITE))
		sl_nat_rewrite(w->dp->sessions, m);
	if (unlikely(!rewrite(m, p, a, length)))
		return refuse(p, SL_DROP_NO_MBUF, DROP);
	if (unlikely(to == IP_SPLIT))
		p->l3 = a->header_length;
	return to;
}

/* The first fragment of a datagram goes out: those that waited for its verdict come after it. */
static void release(struct rte_graph *graph, struct rte_node *node, struct sl_worker *w,
		    struct rte_mbuf *m)
{
	for (struct rte_mbuf *next; m; m = next) {
		rte_edge_t edge = DROP;

		next = sl_pkt(m)->held;
		switch (sl_fragment_follow(w, m)) {
		case SL_FRAGMENT_SESSION:
			edge = SESSION_HIT;
			break;
		case SL_FRAGMENT_OUT:
			edge = ip_output_one(w, m);
			break;
		default:
			break;
		}
		if (edge != TAKEN)
			rte_node_enqueue_x1(graph, node, edge, m);
	}
}

static struct rte_mbuf *verdict(struct sl_worker *w, struct sl_pkt *p)
{
	return p->datagram ? sl_fragment_verdict(w, p, SL_DROP_NONE) : NULL;
}

/* Forwards: TTL, MTU, the next hop's header. */
static uint16_t ip_output_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				  uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	struct rte_mbuf *waiting[SL_BURST];
	rte_edge_t next[SL_BURST];

	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST), kept = 0;
		uint16_t trains = 0;
		void **obj = objs + done;

		for (uint16_t i = 0; i < piece; i++) {
			rte_edge_t edge;

			if (unlikely(sl_pkt(obj[i])->flags & SL_PKT_FRAGMENT))
				waiting[trains++] = verdict(w, sl_pkt(obj[i]));
			edge = ip_output_one(w, obj[i]);

			next[kept] = edge;
			obj[kept] = obj[i];
			kept += edge != TAKEN;
		}
		if (likely(kept))
			sl_node_forward(graph, node, obj, next, kept);
		for (uint16_t i = 0; i < trains; i++)
			release(graph, node, w, waiting[i]);
	}
	return n;
}

static struct rte_node_register ip_output = {
	.name = "ip_output",
	.process = ip_output_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[PORT_TX] = "port_tx", [HOST_TX] = "host_tx",
		       [ICMP_ERROR] = "icmp_error", [IP_SPLIT] = "ip_split",
		       [SESSION_HIT] = "session_hit", [DROP] = "drop"},
};
RTE_NODE_REGISTER(ip_output)
