/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/edit.h"
#include "firewall/reverse_path.h"
#include "ip/fragment_table.h"
#include "routing/adjacency.h"
#include "session/table.h"

static void seen(struct sl_fragment_train *t)
{
	atomic_store_explicit(&t->seen,
			      atomic_load_explicit(&t->seen, memory_order_relaxed) + 1,
			      memory_order_release);
}

struct rte_mbuf *sl_fragment_verdict(struct sl_worker *w, struct sl_pkt *p, enum sl_drop reason)
{
	struct sl_fragment_train *t = &sl_datagram_at(w->dp, p->datagram)->train;
	struct rte_mbuf *waiting = t->first;

	p->datagram = 0;
	t->reason = (uint16_t)reason;
	t->session = p->session != SL_SESSION_NO_REF;
	t->policy_verdict = p->policy_verdict;
	t->route_how = p->route_how;
	t->stateless = p->stateless;
	t->iface = p->iface;
	t->to = p->to;
	t->out_iface = p->out_iface;
	t->rule = p->rule;
	t->adjacency = p->adjacency;
	t->epoch = w->routing_epoch;
	t->decided = true;
	t->first = t->last = NULL;
	seen(t);
	return waiting;
}

static bool find(const struct sl_worker *w, struct sl_pkt *p)
{
	const struct sl_key4 *key4 = &p->key4;
	const struct sl_key6 *key6 = &p->key6;
	struct sl_session_hit hit;

	if (!(p->family == 4 ? sl_session_find4(w->dp->sessions, w->index, &key4, &p->hash, 1, &hit)
			     : sl_session_find6(w->dp->sessions, w->index, &key6, &p->hash, 1, &hit)))
		return false;
	p->session = hit.ref;
	p->direction = hit.direction;
	return hit.owner == w->index;
}

/* By a rule without state, or between neighbours: what session_miss does, but for judging. */
static enum sl_drop without_session(struct sl_worker *w, const struct sl_fragment_train *t,
				    struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);

	if (t->adjacency >= SL_ADJ_FIRST && t->epoch != w->routing_epoch)
		return SL_DROP_FRAGMENT_STALE;
	if (p->iface != t->iface) {
		enum sl_drop reason = w->tables ? sl_reverse_path(w, m) : SL_DROP_NO_TABLES;

		if (reason)
			return reason;
	}
	p->adjacency = t->adjacency;
	if (t->stateless && w->tables) {
		struct sl_rule_counter *c = &w->rules[p->rule % SL_MAX_RULES];

		c->packets++;
		c->bytes += (uint64_t)p->l3_length + p->l4_length;
		sl_edit_packet(w->tables, m, p->rule, p->iface, p->out_iface);
	}
	return SL_DROP_NONE;
}

static enum sl_fragment_way apply(struct sl_worker *w, const struct sl_datagram *d,
				  struct rte_mbuf *m)
{
	const struct sl_fragment_train *t = &d->train;
	struct sl_pkt *p = sl_pkt(m);

	p->key6 = d->key6;
	p->hash = d->hash;
	p->tcp_seq = d->tcp_start;
	p->session = SL_SESSION_NO_REF;
	p->policy_verdict = t->policy_verdict;
	p->route_how = t->route_how;
	p->session_how = SL_SESSION_NONE;
	p->to = t->to;
	p->rule = t->rule;
	if (!(p->flags & SL_PKT_FROM_HOST))
		p->out_iface = t->out_iface;
	p->reason = t->reason;
	if (p->reason)
		return SL_FRAGMENT_DROP;
	if (t->session) {
		if (find(w, p))
			return SL_FRAGMENT_SESSION;
		p->reason = SL_DROP_FRAGMENT_STALE;
		return SL_FRAGMENT_DROP;
	}
	p->reason = (uint16_t)without_session(w, t, m);
	return p->reason ? SL_FRAGMENT_DROP : SL_FRAGMENT_OUT;
}

enum sl_fragment_way sl_fragment_follow(struct sl_worker *w, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);
	struct sl_datagram *d = sl_datagram_at(w->dp, p->datagram);
	struct sl_fragment_train *t = &d->train;
	enum sl_fragment_way way;

	if (!t->decided) {
		p->held = NULL;
		*(t->first ? &sl_pkt(t->last)->held : &t->first) = m;
		t->last = m;
		return SL_FRAGMENT_WAITS;
	}
	way = apply(w, d, m);
	p->datagram = 0;
	seen(t);
	return way;
}
