/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "ip/announce.h"
#include "session/table.h"

enum { SESSION_HIT, SESSION_MISS, HANDOVER_TX, DROP, EDGES };

/* Packets of one family, gathered for one bulk lookup. */
struct batch {
	uint16_t n;
	uint16_t at[SL_BURST]; /* place in the burst */
	const void *key[SL_BURST];
	uint64_t hash[SL_BURST];
	struct sl_session_hit hit[SL_BURST];
};

static inline rte_edge_t choose(const struct sl_worker *w, struct sl_pkt *p,
				const struct sl_session_hit *hit)
{
	p->session = hit->ref;
	p->direction = hit->direction;
	if (likely(hit->ref != SL_SESSION_NO_REF)) {
		if (likely(hit->owner == w->index))
			return SESSION_HIT;
		p->worker = hit->owner;
	} else {
		unsigned int to;

		/* Handed over means home, or that its session ended on the way: made anew here. */
		if (p->flags & SL_PKT_HANDED_OVER)
			return SESSION_MISS;
		to = sl_home(w->dp, p);
		if (to == w->index)
			return SESSION_MISS;
		p->worker = (uint16_t)to;
	}
	if (unlikely(p->flags & SL_PKT_HANDED_OVER)) {
		p->reason = SL_DROP_SESSION_CLASH; /* another worker made it meanwhile: once is enough */
		return DROP;
	}
	return HANDOVER_TX;
}

static inline void lookup(struct sl_worker *w, void **objs, rte_edge_t *next, uint16_t n)
{
	const struct sl_session_table *table = w->dp->sessions;
	struct batch v4, v6;

	v4.n = v6.n = 0;
	for (uint16_t i = 0; i < n; i++) {
		struct sl_pkt *p = sl_pkt(objs[i]);

		if (p->family == 4) {
			v4.at[v4.n] = i;
			v4.key[v4.n] = &p->key4;
			v4.hash[v4.n++] = p->hash;
		} else {
			v6.at[v6.n] = i;
			v6.key[v6.n] = &p->key6;
			v6.hash[v6.n++] = p->hash;
		}
	}
	if (v4.n)
		sl_session_find4(table, w->index, (const struct sl_key4 *const *)v4.key, v4.hash,
				 v4.n, v4.hit);
	for (uint16_t k = 0; k < v4.n; k++)
		next[v4.at[k]] = choose(w, sl_pkt(objs[v4.at[k]]), &v4.hit[k]);
	if (v6.n)
		sl_session_find6(table, w->index, (const struct sl_key6 *const *)v6.key, v6.hash,
				 v6.n, v6.hit);
	for (uint16_t k = 0; k < v6.n; k++)
		next[v6.at[k]] = choose(w, sl_pkt(objs[v6.at[k]]), &v6.hit[k]);
}

/* The one lookup: a packet's session, and whose it is. */
static uint16_t session_lookup_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				       uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	rte_edge_t next[SL_BURST];

	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);

		lookup(w, objs + done, next, piece);
		sl_node_forward(graph, node, objs + done, next, piece);
	}
	return n;
}

static struct rte_node_register session_lookup = {
	.name = "session_lookup",
	.process = session_lookup_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[SESSION_HIT] = "session_hit", [SESSION_MISS] = "session_miss",
		       [HANDOVER_TX] = "handover_tx", [DROP] = "drop"},
};
RTE_NODE_REGISTER(session_lookup)
