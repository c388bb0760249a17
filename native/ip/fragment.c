/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "core/handover.h"
#include "ip/announce.h"
#include "ip/fragment_join.h"
#include "session/tcp.h"

enum { SESSION_LOOKUP, FRAGMENT_FOLLOW, IP4_INPUT, IP6_INPUT, PORT_TX, DROP, EDGES };

struct here {
	struct rte_graph *graph;
	struct rte_node *node;
	struct sl_worker *w;
};

static void enqueue(const struct here *h, rte_edge_t edge, struct rte_mbuf *m)
{
	rte_node_enqueue_x1(h->graph, h->node, edge, m);
}

/* What the kernel itself sends goes out whatever it looks like. */
static void refuse(const struct here *h, struct rte_mbuf *m, enum sl_drop reason)
{
	struct sl_pkt *p = sl_pkt(m);

	p->datagram = 0;
	p->reason = (uint16_t)reason;
	enqueue(h, p->flags & SL_PKT_FROM_HOST ? PORT_TX : DROP, m);
}

/* On to the flow's worker: one ring or one node for all, so the first one stays ahead. */
static void send(const struct here *h, struct sl_datagram *d, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	bool first = p->flags & SL_PKT_L4_WHOLE;

	p->datagram = sl_datagram_ref(h->w, d);
	if (d->to == h->w->index) {
		d->sent++;
		p->flags |= SL_PKT_HANDED_OVER;
		enqueue(h, first ? SESSION_LOOKUP : FRAGMENT_FOLLOW, m);
		return;
	}
	if (sl_hand_over(h->w, m, d->to)) {
		d->sent++;
		return;
	}
	if (first) {
		/* Nobody there knows of it, so the verdict may be written here. */
		d->to = (uint8_t)h->w->index;
		d->train.reason = SL_DROP_HANDOVER_FULL;
		d->train.rule = p->rule;
		d->train.decided = true;
	}
	p->datagram = 0;
	p->reason = SL_DROP_HANDOVER_FULL;
	enqueue(h, DROP, m);
}

/* Whose flow it is; decided once, as for any packet that is handed over. */
static uint8_t flow_worker(const struct sl_worker *w, const struct sl_pkt *p)
{
	const struct sl_key4 *key4 = &p->key4;
	const struct sl_key6 *key6 = &p->key6;
	struct sl_session_hit hit;

	if (p->family == 4 ? sl_session_find4(w->dp->sessions, w->index, &key4, &p->hash, 1, &hit)
			   : sl_session_find6(w->dp->sessions, w->index, &key6, &p->hash, 1, &hit))
		return hit.owner;
	return (uint8_t)sl_home(w->dp, p);
}

/* The first one: who it is of is known from here on, and those that waited follow. */
static void begin(const struct here *h, struct sl_datagram *d, struct rte_mbuf *m)
{
	const struct sl_hash_secret *secret = &h->w->dp->sessions->secret;
	struct sl_pkt *p = sl_pkt(m);

	p->hash = p->family == 4 ? sl_hash4(secret, &p->key4) : sl_hash6(secret, &p->key6);
	d->key6 = p->key6;
	d->hash = p->hash;
	/* SYN and FIN take a number each. */
	d->tcp_start = p->tcp_seq + !!(p->tcp_flags & SL_TH_SYN) + !!(p->tcp_flags & SL_TH_FIN) -
		       p->tcp_header - (uint32_t)(p->fragment_length - p->l4_length);
	d->to = flow_worker(h->w, p);
	sl_datagram_sent(h->w, d);
	send(h, d, m);
	while ((m = sl_datagram_take(h->w->fragments, d)))
		send(h, d, m);
}

static void fragment_here(const struct here *h, struct rte_mbuf *m, const struct sl_key6 *key,
			  uint64_t hash)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_datagram *d = sl_datagram_find(h->w->fragments, key, hash);
	enum sl_drop reason = SL_DROP_NONE;

	if (!d)
		d = sl_datagram_new(h->w, p, key, hash, &reason);
	if (!d) {
		refuse(h, m, reason);
		return;
	}
	if (d->state == SL_DATAGRAM_DEAD) {
		refuse(h, m, d->reason);
		return;
	}
	/* One that its own headers condemn takes the others with it. */
	reason = p->reason ? p->reason : sl_fragment_map(d, p);
	if (reason) {
		if (reason != SL_DROP_FRAGMENT_DUPLICATE)
			sl_datagram_kill(h->w, d, reason);
		refuse(h, m, reason);
		return;
	}
	if (d->state == SL_DATAGRAM_SENT)
		send(h, d, m);
	else if (p->flags & SL_PKT_L4_WHOLE && likely(!sl_fragment_joins(h->w, p)))
		begin(h, d, m);
	else if (!sl_datagram_hold(h->w, d, m))
		refuse(h, m, SL_DROP_FRAGMENT_TABLE_FULL);
	else if (sl_fragment_whole(d)) {
		rte_edge_t edge = p->family == 4 ? IP4_INPUT : IP6_INPUT;

		enqueue(h, edge, sl_fragment_join(h->w, d));
		sl_datagram_forget(h->w, d, SL_DROP_NONE);
		return;
	}
	if (d->state == SL_DATAGRAM_SENT && sl_fragment_whole(d))
		sl_datagram_forget(h->w, d, SL_DROP_NONE);
}

static void fragment_one(const struct here *h, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_key6 key;
	unsigned int to;

	sl_datagram_key(p, &key);
	if (!(p->flags & SL_PKT_HANDED_OVER)) {
		p->hash = sl_hash6(&h->w->dp->sessions->secret, &key);
		to = sl_hash_home(p->hash, h->w->dp->workers);
		if (to != h->w->index) {
			if (!sl_hand_over(h->w, m, to))
				refuse(h, m, SL_DROP_HANDOVER_FULL);
			return;
		}
	}
	fragment_here(h, m, &key, p->hash);
}

/* Fragments as they arrive: to their datagram's worker, and there through its hole map. */
static uint16_t fragment_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				 uint16_t n)
{
	const struct here h = {graph, node, sl_node_worker(node)};

	for (uint16_t i = 0; i < n; i++)
		fragment_one(&h, objs[i]);
	return n;
}

static struct rte_node_register fragment = {
	.name = "fragment",
	.process = fragment_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[SESSION_LOOKUP] = "session_lookup", [FRAGMENT_FOLLOW] = "fragment_follow",
		       [IP4_INPUT] = "ip4_input", [IP6_INPUT] = "ip6_input", [PORT_TX] = "port_tx", [DROP] = "drop"},
};
RTE_NODE_REGISTER(fragment)
