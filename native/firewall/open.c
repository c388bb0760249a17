/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/open.h"

#include "balancer/balance.h"
#include "balancer/proxy_header.h"
#include "core/count.h"
#include "core/offline.h"
#include "firewall/edit.h"
#include "firewall/refresh.h"
#include "ip/martian.h"
#include "routing/adjacency.h"
#include "session/track.h"

void sl_open_way(const struct sl_worker *w, struct sl_pkt *p, const struct sl_nat *nat,
		 struct sl_way *way)
{
	static const uint8_t unknown[4];
	const uint8_t *src = p->family == 4 ? (const uint8_t *)&p->key4.src : p->key6.src;
	bool other = unlikely(nat->nat64); /* no source to speak of yet */

	sl_way_find(w->tables, w->dp->fib, nat->family, other ? unknown : src, nat->server.address,
		    way);
	if (other && !way->reason && sl_ip6_is_link_local(p->key6.src))
		way->reason = SL_DROP_LINK_LOCAL; /* RFC 4291 2.5.6 */
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

/* The key of the answer, from the server to the client as the server sees it. */
static struct sl_key4 answer4(const struct sl_pkt *p, const struct sl_nat *nat)
{
	struct sl_key4 k = turned4(&p->key4);

	if (likely(!sl_nat_any(nat)))
		return k;
	memcpy(&k.src, nat->server.address, 4);
	memcpy(&k.dst, nat->client.address, 4);
	k.sport = k.proto == IPPROTO_ICMP ? nat->client.port : nat->server.port;
	k.dport = nat->client.port;
	return k;
}

static struct sl_key6 answer6(const struct sl_pkt *p, const struct sl_nat *nat)
{
	struct sl_key6 k = turned6(&p->key6);

	if (likely(!sl_nat_any(nat)))
		return k;
	memcpy(k.src, nat->server.address, 16);
	memcpy(k.dst, nat->client.address, 16);
	k.sport = k.proto == IPPROTO_ICMPV6 ? nat->client.port : nat->server.port;
	k.dport = nat->client.port;
	return k;
}

/* The same of a client of IPv6 and a server of IPv4 (RFC 6146). */
static struct sl_key4 answer64(const struct sl_pkt *p, const struct sl_nat *nat)
{
	bool query = p->key6.proto == IPPROTO_ICMPV6;
	struct sl_key4 k = {
		.proto = query ? IPPROTO_ICMP : p->key6.proto,
		.sport = query ? nat->client.port : nat->server.port,
		.dport = nat->client.port,
		.vrf = p->key6.vrf,
	};

	memcpy(&k.src, nat->server.address, 4);
	memcpy(&k.dst, nat->client.address, 4);
	return k;
}

static void fill_keys(struct sl_session *s, const struct sl_pkt *p)
{
	if (p->family == 4)
		sl_entry4(s)->key[0] = p->key4;
	else
		sl_entry6(s)->key[0].key6 = p->key6;
}

static void fill_answer(sl_session_ref ref, struct sl_session *s, const struct sl_pkt *p,
			const struct sl_nat *nat)
{
	if (p->family == 4) {
		sl_entry4(s)->key[1] = answer4(p, nat);
	} else if (unlikely(nat->nat64)) {
		s->flags |= SL_SESSION_KEY4_1;
		sl_entry6(s)->key[1].key4 = answer64(p, nat);
	} else
		sl_entry6(s)->key[1].key6 = answer6(p, nat);
	if (unlikely(nat->one_way)) {
		s->flags |= SL_SESSION_ONE_WAY | (nat->tunnel ? SL_SESSION_TUNNEL : 0);
		s->l3_delta = nat->tunnel;
		s->l4_delta = nat->tunnel_port;
	} else if (unlikely(sl_nat_any(nat))) {
		sl_nat_mark(ref, s);
		if (nat->nat64)
			s->l3_delta = nat->prefix;
	}
}

void sl_open_soon(struct sl_worker *w, const struct sl_pkt *p, const struct sl_opening *o)
{
	const struct sl_session_table *table = w->dp->sessions;
	uint16_t sport = p->family == 4 ? p->key4.sport : p->key6.sport;
	uint64_t hash;

	if (unlikely(sl_nat_any(o->nat)))
		sl_nat_search(w->tables, o->nat, o->flow, sport, o->way->out, sl_random(w),
			      o->search, &o->nat->client);
	if (o->nat->family == 4) {
		struct sl_key4 back = p->family == 4 ? answer4(p, o->nat) : answer64(p, o->nat);

		hash = sl_hash4(&table->secret, &back);
	} else {
		struct sl_key6 back = answer6(p, o->nat);

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

/*
 * One way, the answer's key is asked for by nobody, but two services may share a backend: one client
 * port at both would clash. What no packet has in its key, its flags, tells them apart.
 */
static enum sl_drop publish_one_way(struct sl_worker *w, const struct sl_pkt *p, sl_session_ref ref,
				    struct sl_session *s)
{
	for (uint8_t other = 1;; other++) {
		unsigned int clash;
		enum sl_drop reason = sl_session_publish(w->sessions, ref, p->hash, &clash);

		if (reason != SL_DROP_SESSION_CLASH || clash == 0 || other == 0)
			return reason;
		if (p->family == 4)
			sl_entry4(s)->key[1].flags = other;
		else
			sl_entry6(s)->key[1].key6.flags = other;
	}
}

/*
 * Puts both keys into the index. What NAT takes is the key of the answer: a clash there is another
 * session's port, and the next one is tried.
 */
static enum sl_drop publish(struct sl_worker *w, const struct sl_pkt *p, const struct sl_opening *o,
			    sl_session_ref ref, struct sl_session *s)
{
	unsigned int clash;
	enum sl_drop reason;

	fill_answer(ref, s, p, o->nat);
	if (likely(!sl_nat_any(o->nat)))
		return sl_session_publish(w->sessions, ref, p->hash, &clash);
	if (o->nat->one_way)
		return publish_one_way(w, p, ref, s);
	if (!o->search->found)
		return (enum sl_drop)o->search->reason;
	for (;;) {
		reason = sl_session_publish(w->sessions, ref, p->hash, &clash);
		if (reason != SL_DROP_SESSION_CLASH || clash == 0)
			return reason;
		if (!sl_nat_next(o->search, sl_random(w), &o->nat->client))
			return SL_DROP_NAT_POOL_FULL;
		s->flags &= (uint16_t)~SL_SESSION_NAT;
		fill_answer(ref, s, p, o->nat);
	}
}

static void count_rules(struct sl_worker *w, const struct sl_nat *nat)
{
	if (nat->arrival)
		sl_count_rule(w, nat->arrival);
	if (nat->departure && nat->departure != nat->arrival)
		sl_count_rule(w, nat->departure);
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
	if (s->protocol == (p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6))
		sl_session_set_icmp(s, p->icmp);
	sl_session_count(s, 0, (uint32_t)p->l3_length + p->l4_length);
	reason = publish(w, p, o, ref, s);
	if (reason) {
		sl_session_abandon(w->sessions, ref);
		/* An earlier packet of this burst, or its answer, opened the same one. */
		if (reason == SL_DROP_SESSION_CLASH && has_session(w, p))
			return SL_OPEN_AGAIN;
		goto drop;
	}
	sl_session_route(w, ref, s, o->way);
	if (unlikely(o->nat->backend) && w->dp->balancers)
		sl_balance_begin(w->dp->balancers, sl_session_extend(w->sessions, s), o->nat->backend);
	p->session = ref;
	p->session_how = SL_SESSION_NEW;
	if (unlikely(sl_nat_any(o->nat)))
		count_rules(w, o->nat);
	if (unlikely(s->flags & SL_SESSION_NAT)) {
		if (likely(!sl_session_is_nat64(s)))
			p->flags |= SL_PKT_REWRITE;
		if (w->offline)
			sl_offline_translated(w, p, o->nat);
	}
	if (!(p->flags & SL_PKT_FROM_HOST))
		p->adjacency = s->adjacency[0];
	return SL_OPEN_DONE;
abandon:
	sl_session_abandon(w->sessions, ref);
drop:
	p->reason = (uint16_t)reason;
	return SL_OPEN_DROP;
}
