/* SPDX-License-Identifier: BSD-3-Clause */
#include "balancer/proxy_header.h"
#include "core/count.h"
#include "core/graph.h"
#include "core/offline.h"
#include "firewall/edit.h"
#include "firewall/flood.h"
#include "firewall/log.h"
#include "firewall/open.h"
#include "firewall/reverse_path.h"
#include "firewall/select.h"
#include "firewall/syn_proxy.h"
#include "helpers/helper.h"
#include "ip/l4_parse.h"
#include "ip/martian.h"
#include "routing/adjacency.h"

enum { IP_OUTPUT, TUNNEL_OUT, NAT64, SESSION_LOOKUP, SYN_ANSWER, REJECT, DROP, EDGES };

#define BATCH 32 /* as many flows as the classifier likes at once */

struct miss {
	struct sl_flow flow; /* with the real destination */
	struct sl_nat nat;
	struct sl_nat_search search;
	const struct sl_pair *parts; /* what is asked at the moment, and */
	const struct sl_rule *rule;  /* its answer */
	struct sl_way way;
	struct sl_decision decision;
	struct sl_syn_taken taken; /* a cookie, so that it is a SYN now */
	struct sl_expected child;  /* what a helper said of it, where it is */
	bool expected;
	uint32_t implicit;
	bool answer;	/* by a cookie */
	uint16_t stray; /* enum sl_drop: why it goes nowhere, unless by a rule that wants no session */
};

/* Neighbours and groups of the link speak without sessions. */
static bool sessionless(const struct sl_pkt *p)
{
	if (p->family == 4)
		return sl_ip4_is_multicast(rte_be_to_cpu_32(p->key4.dst)) ||
		       p->key4.dst == 0xffffffff || p->key4.src == 0;
	return sl_ip6_is_multicast(p->key6.dst) ||
	       (p->key6.proto == IPPROTO_ICMPV6 &&
		sl_icmp6_class((uint8_t)(p->icmp >> 8)) == SL_ICMP_LINK);
}

/* What opens no session: most of a flood is of this kind. */
static enum sl_drop opens_nothing(const struct sl_worker *w, const struct sl_pkt *p)
{
	uint8_t proto = p->family == 4 ? p->key4.proto : p->key6.proto;

	if (unlikely(p->flags & SL_PKT_ICMP_ERROR))
		return SL_DROP_ICMP_ERROR_NO_SESSION;
	if (proto == IPPROTO_TCP &&
	    (p->tcp_flags & (SL_TH_SYN | SL_TH_ACK | SL_TH_RST | SL_TH_FIN)) != SL_TH_SYN &&
	    !sl_open_grace(w))
		return SL_DROP_TCP_NO_SESSION;
	if ((proto == IPPROTO_ICMP && p->family == 4 &&
	     sl_icmp4_class((uint8_t)(p->icmp >> 8)) == SL_ICMP_REPLY) ||
	    (proto == IPPROTO_ICMPV6 && p->family == 6 &&
	     sl_icmp6_class((uint8_t)(p->icmp >> 8)) == SL_ICMP_REPLY))
		return SL_DROP_ICMP_NO_SESSION;
	return SL_DROP_NONE;
}

/* Can any rule let a packet through that opens no session? Else it needs no policy to be refused. */
static inline bool may_stray(const struct sl_worker *w, enum sl_drop stray)
{
	return (w->tables->rule_flags & SL_RULE_STATELESS) ||
	       (((w->tables->rule_flags & SL_RULE_MIDSTREAM) ||
		 (w->tables->balancer_flags & SL_BALANCER_RESET)) &&
		stray == SL_DROP_TCP_NO_SESSION);
}

/*
 * Does the rule it fits let it? A reset or an answer to a SYN picks up no connection: of the one
 * nothing is left, of the other the policy has not seen the beginning.
 */
static bool strays(const struct sl_pkt *p, const struct miss *miss)
{
	if (!miss->decision.allow)
		return false;
	if (miss->decision.flags & SL_RULE_STATELESS)
		return true;
	return miss->stray == SL_DROP_TCP_NO_SESSION &&
	       ((miss->decision.flags & SL_RULE_MIDSTREAM) || miss->nat.midstream) &&
	       !(p->tcp_flags & (SL_TH_SYN | SL_TH_RST));
}

/* What went on by a backend that is gone: its client is to know (RFC 9293 3.10.7.1). */
static bool resets(const struct sl_pkt *p, const struct miss *miss)
{
	return miss->stray == SL_DROP_TCP_NO_SESSION && miss->decision.allow &&
	       miss->nat.balancer && miss->nat.balancer->flags & SL_BALANCER_RESET &&
	       !(p->tcp_flags & SL_TH_RST);
}

/* What comes from a wire and is refused whatever the policy says: forged sources, and floods. */
static enum sl_drop unwelcome(struct sl_worker *w, const struct rte_mbuf *m, const struct sl_pkt *p,
			      const struct miss *miss)
{
	enum sl_drop reason = sl_reverse_path(w, m);

	/* What acknowledges a cookie was counted as it asked for it. */
	if (reason || miss->stray || miss->taken.is || sessionless(p))
		return reason;
	return sl_flood(w, p);
}

/* What a packet is, before any table is asked. False if it is dropped, its reason set. */
static bool prepare(struct sl_worker *w, struct rte_mbuf *m, struct miss *miss)
{
	struct sl_pkt *p = sl_pkt(m);

	p->reason = SL_DROP_NO_TABLES;
	if (!w->tables)
		return false;
	miss->answer = miss->taken.is = false;
	if (unlikely(w->syn_cookies))
		sl_syn_take(w, m, &miss->taken);
	miss->stray = p->reason = opens_nothing(w, p);
	if (p->reason && !may_stray(w, p->reason))
		return false;
	p->reason = SL_DROP_NONE;
	if (!(p->flags & SL_PKT_FROM_HOST))
		p->reason = (uint16_t)unwelcome(w, m, p, miss);
	if (p->reason)
		return false;
	sl_flow_of_packet(m, &miss->flow);
	miss->expected = !miss->stray && sl_helper_expected(w, p, &miss->child);
	miss->parts = sl_tables_arrivals(w->tables, p->from);
	return true;
}

/* Its real destination, route and zones. False as above. */
static bool arrive(struct sl_worker *w, struct sl_pkt *p, struct miss *miss)
{
	if (unlikely(miss->expected))
		sl_nat_expected(&miss->child, &miss->flow, &miss->nat);
	else
		sl_nat_arrive(w, miss->rule, &miss->flow,
			      p->family == 4 ? p->key4.dport : p->key6.dport, &miss->nat);
	if (unlikely(w->offline))
		sl_offline_translated(w, p, &miss->nat);
	p->reason = miss->nat.reason;
	/* What the kernel sends has its Ethernet header already, of its own family. */
	if (unlikely(miss->nat.nat64 && p->flags & SL_PKT_FROM_HOST))
		p->reason = SL_DROP_NAT64_UNTRANSLATABLE;
	if (unlikely(p->reason))
		return false;
	if (p->flags & SL_PKT_FROM_HOST) {
		const struct sl_image_interfaces *out = w->tables->ifaces[p->out_iface];

		p->to = out ? out->zone : SL_ZONE_NONE;
		miss->way = (struct sl_way){.out = p->out_iface, .to = p->to, .how = SL_ROUTE_FOUND};
		if (!sessionless(p) && !sl_select_ike(&miss->flow))
			sl_open_select(w, p, &miss->flow, &miss->nat, &miss->way);
		p->to = miss->way.to;
		p->out_iface = miss->way.out;
	} else {
		sl_open_way(w, p, &miss->flow, &miss->nat, &miss->way);
	}
	miss->implicit = sl_implicit_rule(w->tables, p->from, p->to, &miss->flow);
	miss->parts = sl_tables_pair(w->tables, p->from, p->to);
	return true;
}

/* The first match of each of `waiting` in its parts, one call for all that ask the same ones. */
static void ask(const struct sl_tables *tables, struct miss *miss, uint32_t waiting)
{
	while (waiting) {
		const struct sl_pair *parts = miss[__builtin_ctz(waiting)].parts;
		const struct sl_flow *flow[BATCH];
		const struct sl_rule *rule[BATCH];
		unsigned int who[BATCH], n = 0;

		for (uint32_t rest = waiting; rest; rest &= rest - 1) {
			unsigned int i = (unsigned int)__builtin_ctz(rest);

			if (miss[i].parts != parts)
				continue;
			waiting &= ~(1u << i);
			who[n] = i;
			flow[n++] = &miss[i].flow;
		}
		sl_tables_match(tables, parts, flow, rule, n);
		for (unsigned int k = 0; k < n; k++)
			miss[who[k]].rule = rule[k];
	}
}

static const struct sl_rule *settle(struct sl_worker *w, struct rte_mbuf *m,
				    const struct miss *miss, const struct sl_rule *rule,
				    struct sl_limit_claim *claim)
{
	const struct sl_pkt *p = sl_pkt(m);
	struct sl_seen seen;

	sl_seen_packet(m, miss->way.out, sl_now_s(w), &seen);
	seen.translation = miss->nat.arrival;
	seen.worker = w;
	seen.claim = claim;
	return sl_conditions_settle(w->tables, p->from, p->to, &miss->flow, &seen, rule);
}

/* What a helper announced is allowed by the rule that allowed the session it did so in. */
static void decide_expected(struct sl_worker *w, struct miss *miss)
{
	const struct sl_image_rules *rule = sl_tables_rule(w->tables, miss->child.rule);

	miss->decision = (struct sl_decision){
		.rule = rule->slot, .allow = true, .verdict = SL_VERDICT_ALLOW,
		.flags = rule->flags & (SL_RULE_LOG | SL_RULE_LOG_END),
		.log = rule->flags & SL_RULE_LOG};
}

/* The decision of a packet, by the rule that matched. */
static void decide(struct sl_worker *w, struct rte_mbuf *m, struct miss *miss)
{
	const struct sl_rule *rule = miss->implicit == SL_RULE_DEFAULT_DENY ? miss->rule : NULL;
	struct sl_limit_claim claim = {0};

	if (unlikely(miss->expected)) {
		decide_expected(w, miss);
		return;
	}
	if (rule && unlikely(rule->flags & SL_RULE_CONDITION))
		rule = settle(w, m, miss, rule, &claim);
	sl_decision_make(w->tables, sl_pkt(m)->from, miss->implicit, rule, &miss->decision);
	miss->decision.claim = claim;
}

static struct sl_opening opening(struct miss *miss)
{
	return (struct sl_opening){&miss->flow, &miss->way, &miss->decision, &miss->nat,
				   &miss->search, &miss->taken};
}

/* Is it one of too many SYNs? Then it gets no session before its sender has answered. */
static bool flooded(struct sl_worker *w, const struct sl_pkt *p, const struct miss *miss)
{
	return miss->flow.proto == IPPROTO_TCP && !miss->stray && !miss->taken.is &&
	       !(p->flags & (SL_PKT_FROM_HOST | SL_PKT_FRAGMENT)) &&
	       miss->way.how == SL_ROUTE_FOUND && !miss->nat.one_way && !miss->nat.nat64 &&
	       !miss->nat.absent &&
	       !(miss->decision.flags & SL_RULE_STATELESS) &&
	       !(unlikely(w->offline) && sl_offline_stateless(w)) &&
	       sl_syn_flooded(w, p, &miss->nat);
}

/* The source of what is let through, and the way back of what gets a session. */
static void depart(struct sl_worker *w, const struct sl_pkt *p, struct miss *miss)
{
	const struct sl_opening o = opening(miss);

	if (likely(!miss->expected))
		sl_nat_depart(w->tables, miss->rule, p->iface, miss->way.out, &miss->nat);
	if (!(miss->decision.flags & SL_RULE_STATELESS) || sl_nat_any(&miss->nat))
		sl_open_soon(w, p, &o);
}

/* Forwards by a rule without state: the rule counts each packet, nothing is kept. */
static rte_edge_t pass(struct sl_worker *w, struct sl_pkt *p, const struct sl_way *way)
{
	struct sl_rule_counter *c = &w->rules[p->rule % SL_MAX_RULES];

	c->packets++;
	c->bytes += (uint64_t)p->l3_length + p->l4_length;
	p->stateless = 1;
	sl_open_adjacency(p, way);
	return IP_OUTPUT;
}

/* Limits over which a rule denies; those over which the next one is asked have counted already. */
static bool within_limits(struct sl_worker *w, struct sl_pkt *p, struct miss *miss)
{
	struct sl_decision *d = &miss->decision;

	if (d->claim.rule)
		return true;
	p->reason = (uint16_t)sl_limit_admit(w, d->match, &miss->flow, &d->claim);
	if (!p->reason)
		return true;
	p->policy_verdict = SL_VERDICT_DENY;
	if (d->log) {
		d->reason = p->reason;
		sl_log_decision(w, SL_LOG_DENY, p, &miss->flow, d);
	}
	return false;
}

/* Does what was decided: a session and on, or a reason. */
static rte_edge_t do_decided(struct sl_worker *w, struct rte_mbuf *m, struct miss *miss)
{
	const struct sl_opening o = opening(miss);
	struct sl_pkt *p = sl_pkt(m);

	if (unlikely(miss->stray) && !strays(p, miss)) {
		p->reason = miss->stray;
		if (likely(!resets(p, miss)))
			return DROP;
		p->rule = miss->decision.rule;
		return REJECT;
	}
	p->reason = SL_DROP_NONE;
	p->rule = miss->decision.rule;
	p->policy_verdict = miss->decision.verdict;
	sl_count_rule(w, p->rule);
	if (unlikely(miss->decision.match && miss->decision.match->extra) &&
	    !within_limits(w, p, miss))
		return DROP;
	if (!miss->decision.allow) {
		if (miss->decision.log)
			sl_log_decision(w, SL_LOG_DENY, p, &miss->flow, &miss->decision);
		p->reason = miss->decision.reason;
		return miss->decision.verdict == SL_VERDICT_REJECT ? REJECT : DROP;
	}
	if (unlikely(miss->nat.absent)) {
		p->reason = SL_DROP_BALANCER_NO_BACKEND;
		return REJECT;
	}
	if (miss->way.reason) {
		p->reason = miss->way.reason;
		return DROP;
	}
	/* What neighbours say to each other goes no further (RFC 4861 3.1, RFC 3810 6). */
	if (unlikely(sessionless(p)) && !(p->flags & SL_PKT_FROM_HOST) &&
	    miss->way.how != SL_ROUTE_LOCAL) {
		p->reason = SL_DROP_LINK_LOCAL;
		return DROP;
	}
	/* What is translated has a session whatever its rule says: the answer needs it. */
	if (unlikely(miss->decision.flags & SL_RULE_STATELESS) && !sl_nat_any(&miss->nat))
		return pass(w, p, &miss->way);
	if (sessionless(p)) {
		if (!(p->flags & SL_PKT_FROM_HOST))
			p->adjacency = SL_ADJ_LOCAL;
		return IP_OUTPUT;
	}
	switch (sl_open_session(w, m, &o)) {
	case SL_OPEN_DONE:
		miss->decision.claim = (struct sl_limit_claim){0}; /* it is the session's */
		if (miss->decision.log)
			sl_log_decision(w, SL_LOG_SESSION_START, p, &miss->flow, &miss->decision);
		if (unlikely(miss->nat.nat64))
			return p->session ? NAT64 : IP_OUTPUT;
		return unlikely(miss->nat.tunnel) && p->session ? TUNNEL_OUT : IP_OUTPUT;
	case SL_OPEN_REFUSED:
		miss->decision.claim = (struct sl_limit_claim){0};
		return DROP;
	case SL_OPEN_AGAIN:
		return SESSION_LOOKUP;
	default:
		if (p->reason == SL_DROP_NAT_POOL_FULL || p->reason == SL_DROP_NAT_CLIENT_FULL)
			sl_log_pool_full(w, p, &miss->flow, miss->nat.departure);
		return DROP;
	}
}

static rte_edge_t carry_out(struct sl_worker *w, struct rte_mbuf *m, struct miss *miss)
{
	const struct sl_decision *d = &miss->decision;
	const struct sl_pkt *p = sl_pkt(m);
	rte_edge_t edge = likely(!miss->answer) ? do_decided(w, m, miss) : SYN_ANSWER;

	if (unlikely(miss->answer)) {
		/* Room for what goes ahead of the client's first byte, balancer/proxy_header.h. */
		sl_pkt(m)->mtu = miss->nat.balancer && miss->nat.balancer->flags & SL_BALANCER_PROXY ?
					 SL_PROXY_MOST : 0;
		sl_pkt(m)->rule = d->rule;
		sl_pkt(m)->policy_verdict = d->verdict;
	}
	/* No session took it over: it counts only where the rule counts packets. */
	if (unlikely(d->claim.rule) && d->allow && !(d->flags & SL_RULE_STATELESS))
		sl_limit_undo(w, &miss->flow, &miss->decision.claim);
	if (edge <= NAT64 && unlikely((d->match && d->match->extra) || (p->tcp_flags & SL_TH_SYN)))
		sl_edit_packet(w->tables, m, p->rule, p->iface, miss->way.out);
	return edge;
}

#define EACH(i, mask)                                                                              \
	for (uint32_t rest_ = (mask), i; rest_ && (i = (uint32_t)__builtin_ctz(rest_), true);      \
	     rest_ &= rest_ - 1)

/* Question by question over the batch, so that one packet's loads hide behind the others'. */
static void piece(struct sl_worker *w, void **objs, rte_edge_t *next, uint16_t n)
{
	uint32_t here = 0, waiting = 0, expected = 0;
	struct miss miss[BATCH];

	for (uint16_t i = 0; i < n; i++) {
		next[i] = DROP;
		if (!prepare(w, objs[i], &miss[i]))
			continue;
		here |= 1u << i;
		expected |= (uint32_t)miss[i].expected << i;
	}
	ask(w->tables, miss, here & ~expected);
	EACH(i, here)
		if (!arrive(w, sl_pkt(objs[i]), &miss[i]))
			here &= ~(1u << i);
		else if (miss[i].implicit == SL_RULE_DEFAULT_DENY && likely(!miss[i].expected))
			waiting |= 1u << i;
	ask(w->tables, miss, waiting);
	waiting = 0;
	EACH(i, here) {
		const struct sl_pkt *p = sl_pkt(objs[i]);

		decide(w, objs[i], &miss[i]);
		if (!miss[i].decision.allow || miss[i].way.reason)
			continue;
		miss[i].answer = flooded(w, p, &miss[i]);
		if (unlikely(miss[i].answer))
			continue;
		miss[i].parts = sl_tables_departures(w->tables, p->from, p->to);
		waiting |= 1u << i;
	}
	ask(w->tables, miss, waiting & ~expected);
	EACH(i, waiting)
		depart(w, sl_pkt(objs[i]), &miss[i]);
	EACH(i, here)
		next[i] = carry_out(w, objs[i], &miss[i]);
}

/* First packets of flows: the route gives the zone, the policy its verdict, a session holds both. */
static uint16_t session_miss_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				     uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	rte_edge_t next[BATCH];

	for (uint16_t done = 0; done < n; done += BATCH) {
		uint16_t count = RTE_MIN((uint16_t)(n - done), (uint16_t)BATCH);

		piece(w, objs + done, next, count);
		sl_node_forward(graph, node, objs + done, next, count);
	}
	return n;
}

static struct rte_node_register session_miss = {
	.name = "session_miss",
	.process = session_miss_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[IP_OUTPUT] = "ip_output", [TUNNEL_OUT] = "tunnel_out",
		       [NAT64] = "nat64", [SESSION_LOOKUP] = "session_lookup", [SYN_ANSWER] = "syn_answer",
		       [REJECT] = "reject", [DROP] = "drop"},
};
RTE_NODE_REGISTER(session_miss)
