/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/open.h"

#include "core/offline.h"
#include "firewall/edit.h"
#include "firewall/refresh.h"
#include "routing/adjacency.h"
#include "session/track.h"

void sl_open_way(const struct sl_worker *w, struct sl_pkt *p, struct sl_way *way)
{
	if (p->family == 4)
		sl_way_find(w->tables, w->dp->fib, 4, (const uint8_t *)&p->key4.src,
			    (const uint8_t *)&p->key4.dst, way);
	else
		sl_way_find(w->tables, w->dp->fib, 6, p->key6.src, p->key6.dst, way);
	p->to = way->to;
	p->out_iface = way->out;
	p->route_how = way->how;
}

static inline struct sl_key4 turned4(const struct sl_key4 *k)
{
	return (struct sl_key4){k->dst, k->src, k->dport, k->sport, k->proto, k->flags, k->vrf};
}

static inline struct sl_key6 turned6(const struct sl_key6 *k)
{
	struct sl_key6 back = *k;

	memcpy(back.src, k->dst, sizeof(back.src));
	memcpy(back.dst, k->src, sizeof(back.dst));
	back.sport = k->dport;
	back.dport = k->sport;
	return back;
}

static void fill_keys(struct sl_session *s, const struct sl_pkt *p)
{
	if (p->family == 4) {
		sl_entry4(s)->key[0] = p->key4;
		sl_entry4(s)->key[1] = turned4(&p->key4);
	} else {
		sl_entry6(s)->key[0].key6 = p->key6;
		sl_entry6(s)->key[1].key6 = turned6(&p->key6);
	}
}

void sl_open_soon(const struct sl_worker *w, const struct sl_pkt *p)
{
	const struct sl_session_table *table = w->dp->sessions;
	uint64_t hash;

	if (p->family == 4) {
		struct sl_key4 back = turned4(&p->key4);

		hash = sl_hash4(&table->secret, &back);
	} else {
		struct sl_key6 back = turned6(&p->key6);

		hash = sl_hash6(&table->secret, &back);
	}
	__builtin_prefetch(sl_index_primary(&table->index, hash), 1);
}

static void fill(struct sl_worker *w, struct sl_session *s, const struct sl_pkt *p,
		 const struct sl_way *way, const struct sl_decision *decision)
{
	fill_keys(s, p);
	s->rule = decision->rule;
	s->in = p->iface;
	s->out = way->out;
	s->from = (uint8_t)p->from;
	s->to = (uint8_t)p->to;
	s->generation = sl_tables_pair_generation(w->tables, p->from, p->to);
	if (decision->flags & SL_RULE_LOG_END)
		s->flags |= SL_SESSION_LOG;
	if (unlikely(decision->match && decision->match->extra) &&
	    sl_edit_always(w->tables, decision->rule))
		s->flags |= SL_SESSION_EDIT;
	if (p->flags & SL_PKT_FROM_HOST)
		s->flags |= SL_SESSION_FROM_HOST;
	else if (way->how == SL_ROUTE_LOCAL)
		s->flags |= SL_SESSION_TO_HOST;
}

/* What limits have counted is given back when the session ends. */
static bool keep_claim(struct sl_worker *w, struct sl_session *s, const struct sl_limit_claim *claim)
{
	struct sl_extension *x = sl_session_extend(w->sessions, s);

	if (x)
		sl_limit_keep(claim, x);
	return x;
}

static bool has_session(const struct sl_worker *w, const struct sl_pkt *p)
{
	const struct sl_key4 *key4 = &p->key4;
	const struct sl_key6 *key6 = &p->key6;
	struct sl_session_hit hit;

	return p->family == 4 ? sl_session_find4(w->dp->sessions, w->index, &key4, &p->hash, 1, &hit)
			      : sl_session_find6(w->dp->sessions, w->index, &key6, &p->hash, 1, &hit);
}

void sl_open_adjacency(struct sl_pkt *p, const struct sl_way *way)
{
	if (p->flags & SL_PKT_FROM_HOST)
		return;
	if (p->family == 4)
		p->adjacency = sl_way_adjacency(way, 4, (const uint8_t *)&p->key4.dst);
	else
		p->adjacency = sl_way_adjacency(way, 6, p->key6.dst);
}

/* A trace without state: what would be dropped is, and nothing is kept. */
static enum sl_open open_nothing(struct sl_worker *w, struct sl_pkt *p, const uint8_t *l4,
				 const struct sl_way *way, bool midstream)
{
	union {
		struct sl_entry4 v4;
		struct sl_entry6 v6;
	} e = {0};
	struct sl_session *s = p->family == 4 ? &e.v4.session : &e.v6.session;

	fill_keys(s, p);
	p->reason = (uint16_t)sl_session_first(s, p, l4, midstream, w->now_ms);
	if (p->reason)
		return SL_OPEN_DROP;
	p->session_how = SL_SESSION_NEW;
	sl_open_adjacency(p, way);
	return SL_OPEN_DONE;
}

enum sl_open sl_open_session(struct sl_worker *w, struct rte_mbuf *m, const struct sl_way *way,
			     const struct sl_decision *decision)
{
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	bool midstream = (decision->flags & SL_RULE_MIDSTREAM) || sl_open_grace(w);
	enum sl_drop reason = SL_DROP_NONE;
	struct sl_session *s;
	sl_session_ref ref;
	unsigned int clash;

	if (unlikely(w->offline) && sl_offline_stateless(w))
		return open_nothing(w, p, l4, way, midstream);
	s = sl_session_new(w->sessions, p->family == 6, w->now_ms, &ref, &reason);
	if (!s)
		goto drop;
	fill(w, s, p, way, decision);
	if (unlikely(sl_limit_holds(&decision->claim)) && !keep_claim(w, s, &decision->claim)) {
		reason = SL_DROP_SESSION_TABLE_FULL;
		goto abandon;
	}
	reason = sl_session_first(s, p, l4, midstream, w->now_ms);
	if (reason)
		goto abandon;
	if (s->protocol == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		sl_session_set_icmp(s, p->icmp);
	sl_session_route(w, ref, s, way);
	sl_session_count(s, 0, (uint32_t)p->l3_length + p->l4_length);
	reason = sl_session_publish(w->sessions, ref, p->hash, &clash);
	if (reason) {
		sl_session_abandon(w->sessions, ref);
		/* An earlier packet of this burst, or its answer, opened the same one. */
		if (reason == SL_DROP_SESSION_CLASH && has_session(w, p))
			return SL_OPEN_AGAIN;
		goto drop;
	}
	p->session = ref;
	p->session_how = SL_SESSION_NEW;
	if (!(p->flags & SL_PKT_FROM_HOST))
		p->adjacency = s->adjacency[0];
	return SL_OPEN_DONE;
abandon:
	sl_session_abandon(w->sessions, ref);
drop:
	p->reason = (uint16_t)reason;
	return SL_OPEN_DROP;
}
