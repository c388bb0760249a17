/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/open.h"

#include "balancer/balance.h"
#include "balancer/proxy_header.h"
#include "core/count.h"
#include "core/offline.h"
#include "firewall/edit.h"
#include "firewall/publish.h"
#include "firewall/refresh.h"
#include "firewall/select.h"
#include "helpers/helper.h"
#include "ip/martian.h"
#include "routing/adjacency.h"
#include "session/sequence.h"
#include "session/track.h"

void sl_open_select(const struct sl_worker *w, const struct sl_pkt *p, const struct sl_flow *flow,
		    const struct sl_nat *nat, struct sl_way *way)
{
	if (unlikely(w->tables->selectors))
		sl_select(w->tables, p->from, p->iface, flow,
			  p->family == 4 ? p->key4.sport : p->key6.sport, nat, NULL, way);
}

void sl_open_way(const struct sl_worker *w, struct sl_pkt *p, const struct sl_flow *flow,
		 const struct sl_nat *nat, struct sl_way *way)
{
	static const uint8_t unknown[4];
	const uint8_t *src = p->family == 4 ? (const uint8_t *)&p->key4.src : p->key6.src;
	bool other = unlikely(nat->nat64); /* no source to speak of yet */

	sl_way_find(w->tables, w->dp->fib, nat->family, other ? unknown : src, nat->server.address,
		    way);
	if (other && !way->reason && sl_ip6_is_link_local(p->key6.src))
		way->reason = SL_DROP_LINK_LOCAL; /* RFC 4291 2.5.6 */
	sl_open_select(w, p, flow, nat, way);
	p->to = way->to;
	p->out_iface = way->out;
	p->route_how = way->how;
}

static void fill_keys(struct sl_session *s, const struct sl_pkt *p)
{
	if (p->family == 4)
		sl_entry4(s)->key[0] = p->key4;
	else
		sl_entry6(s)->key[0].key6 = p->key6;
}

void sl_open_soon(struct sl_worker *w, const struct sl_pkt *p, const struct sl_opening *o)
{
	const struct sl_session_table *table = w->dp->sessions;
	uint16_t sport = p->family == 4 ? p->key4.sport : p->key6.sport;
	uint64_t hash;

	if (unlikely(sl_nat_any(o->nat)))
		sl_nat_search(w->tables, o->nat, o->flow, sport, o->way->out, sl_random(w),
			      o->search, &o->nat->client);
	hash = sl_publish_hash(table, p, o->nat);
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
	if (p->flags & SL_PKT_FROM_HOST && likely(!way->tunnel))
		return;
	if (p->family == 4)
		p->adjacency = sl_way_adjacency(way, 4, (const uint8_t *)&p->key4.dst);
	else
		p->adjacency = sl_way_adjacency(way, 6, p->key6.dst);
}

/* A trace without state: what would be dropped is, and nothing is kept. */
static enum sl_open open_nothing(struct sl_worker *w, struct sl_pkt *p, const uint8_t *l4,
				 const struct sl_opening *o, bool midstream)
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
	if (sl_nat_any(o->nat) && !o->search->found) {
		p->reason = o->search->reason;
		return SL_OPEN_DROP;
	}
	sl_offline_translated(w, p, o->nat);
	if (!(p->flags & SL_PKT_FROM_HOST))
		p->adjacency = sl_way_adjacency(o->way, o->nat->family, o->nat->server.address);
	return SL_OPEN_DONE;
}

static void count_rules(struct sl_worker *w, const struct sl_nat *nat)
{
	if (nat->arrival)
		sl_count_rule(w, nat->arrival);
	if (nat->departure && nat->departure != nat->arrival)
		sl_count_rule(w, nat->departure);
}

/* A helper reads what it says, or announced it. */
static enum sl_drop help(struct sl_worker *w, struct sl_session *s, const struct sl_pkt *p,
			 const struct sl_opening *o)
{
	if (o->nat->expected)
		return sl_helper_adopt(w, s, o->nat->expected) ? SL_DROP_NONE :
								 SL_DROP_SESSION_CLASH;
	return sl_helper_begin(w, s, p, o->nat, sl_tables_helper(w->tables, o->decision->rule));
}

/* Nobody has seen it. */
static void give_up(struct sl_worker *w, sl_session_ref ref, struct sl_session *s)
{
	if (s->flags & SL_SESSION_HELPER)
		sl_helper_end(w->dp, s, sl_session_record(w->dp->sessions, s), false);
	sl_session_abandon(w->sessions, ref);
}

enum sl_open sl_open_session(struct sl_worker *w, struct rte_mbuf *m, const struct sl_opening *o)
{
	struct sl_pkt *p = sl_pkt(m);
	const struct sl_decision *decision = o->decision;
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	bool midstream = (decision->flags & SL_RULE_MIDSTREAM) || o->nat->midstream ||
			 sl_open_grace(w);
	enum sl_drop reason = SL_DROP_NONE;
	struct sl_session *s;
	sl_session_ref ref;

	if (unlikely(w->offline) && sl_offline_stateless(w))
		return open_nothing(w, p, l4, o, midstream);
	s = sl_session_new(w->sessions, p->family == 6, w->now_ms, &ref, &reason);
	if (!s)
		goto drop;
	fill(w, s, p, o->way, decision);
	if ((unlikely(sl_limit_holds(&decision->claim)) && !keep_claim(w, s, &decision->claim)) ||
	    (unlikely(o->nat->backend || o->taken->is) && !sl_session_extend(w->sessions, s))) {
		reason = SL_DROP_SESSION_TABLE_FULL;
		goto abandon;
	}
	if (unlikely(o->taken->is))
		sl_syn_keep(o->taken, s, sl_session_extend(w->sessions, s));
	reason = sl_session_first(s, p, l4, midstream, w->now_ms);
	if (reason)
		goto abandon;
	if (unlikely(o->nat->balancer) && o->nat->balancer->flags & SL_BALANCER_PROXY &&
	    s->state == SL_TCP_SYN_SENT)
		sl_proxy_keep(s, sl_session_extend(w->sessions, s), p);
	if (unlikely((decision->match && decision->match->extra) || o->nat->expected)) {
		reason = help(w, s, p, o);
		if (reason)
			goto abandon;
	}
	if (s->protocol == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		sl_session_set_icmp(s, p->icmp);
	sl_session_count(s, 0, (uint32_t)p->l3_length + p->l4_length);
	reason = sl_publish(w, p, o, ref, s);
	if (reason) {
		give_up(w, ref, s);
		/* An earlier packet of this burst, or its answer, opened the same one. */
		if (reason == SL_DROP_SESSION_CLASH && has_session(w, p))
			return SL_OPEN_AGAIN;
		goto drop;
	}
	sl_session_route(w, ref, s, o->way);
	if (unlikely(o->nat->backend) && w->dp->balancers)
		sl_balance_begin(w->dp->balancers, sl_session_extend(w->sessions, s), o->nat->backend);
	p->session = ref;
	p->session_how = o->nat->expected ? SL_SESSION_EXPECTED : SL_SESSION_NEW;
	if (unlikely(sl_nat_any(o->nat)))
		count_rules(w, o->nat);
	if (unlikely(s->flags & SL_SESSION_NAT)) {
		if (likely(!sl_session_is_nat64(s)))
			p->flags |= SL_PKT_REWRITE;
		if (w->offline)
			sl_offline_translated(w, p, o->nat);
	}
	if (!(p->flags & SL_PKT_FROM_HOST) || unlikely(o->way->tunnel))
		p->adjacency = s->adjacency[0];
	if (unlikely(s->flags & SL_SESSION_HELPER) && s->protocol == IPPROTO_UDP) {
		p->direction = 0;
		reason = sl_helper_follow(w, m, s, sl_session_record(w->dp->sessions, s));
		if (reason) {
			p->reason = (uint16_t)reason;
			return SL_OPEN_REFUSED;
		}
	}
	return SL_OPEN_DONE;
abandon:
	give_up(w, ref, s);
	if (o->nat->expected && reason == SL_DROP_SESSION_CLASH && has_session(w, p))
		return SL_OPEN_AGAIN;
drop:
	p->reason = (uint16_t)reason;
	return SL_OPEN_DROP;
}
