/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/judge.h"

#include <netinet/in.h>
#include <rte_byteorder.h>

#include "firewall/select.h"
#include "helpers/helper.h"
#include "ip/l4_parse.h"
#include "nat/embed.h"
#include "nat/nat.h"

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return rte_be_to_cpu_64(v);
}

static void set_ports(struct sl_flow *flow, uint16_t sport, uint16_t dport, uint16_t icmp)
{
	bool is_icmp = flow->proto == (flow->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	flow->sport = is_icmp ? 0 : rte_be_to_cpu_16(sport);
	flow->dport = is_icmp ? icmp : rte_be_to_cpu_16(dport);
}

static void set_addresses6(struct sl_flow *flow, const uint8_t *src, const uint8_t *dst)
{
	flow->v6.src[0] = get64(src);
	flow->v6.src[1] = get64(src + 8);
	flow->v6.dst[0] = get64(dst);
	flow->v6.dst[1] = get64(dst + 8);
}

void sl_flow_of_packet(const struct rte_mbuf *m, struct sl_flow *flow)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	bool error = p->flags & SL_PKT_ICMP_ERROR;

	*flow = (struct sl_flow){.family = p->family};
	if (p->family == 4) {
		flow->proto = error ? IPPROTO_ICMP : p->key4.proto;
		flow->v4.src = error ? sl_get32(ip + 12) : rte_be_to_cpu_32(p->key4.src);
		flow->v4.dst = error ? sl_get32(ip + 16) : rte_be_to_cpu_32(p->key4.dst);
		set_ports(flow, p->key4.sport, p->key4.dport, p->icmp);
	} else {
		flow->proto = error ? IPPROTO_ICMPV6 : p->key6.proto;
		set_addresses6(flow, error ? ip + 8 : p->key6.src, error ? ip + 24 : p->key6.dst);
		set_ports(flow, p->key6.sport, p->key6.dport, p->icmp);
	}
}

void sl_flow_of_session(sl_session_ref ref, const struct sl_session *s, struct sl_flow *flow)
{
	*flow = (struct sl_flow){.family = (uint8_t)sl_session_family(ref, s, 0)};
	flow->proto = s->protocol;
	/* The source of the way back is the real destination of the way there. */
	if (!(ref & SL_REF_WIDE)) {
		const struct sl_entry4 *e = sl_entry4(s);

		flow->v4.src = rte_be_to_cpu_32(e->key[0].src);
		flow->v4.dst = rte_be_to_cpu_32(e->key[1].src);
		set_ports(flow, e->key[0].sport, e->key[1].sport, (uint16_t)s->end[0]);
	} else {
		const struct sl_entry6 *e = sl_entry6(s);

		if (unlikely(s->flags & SL_SESSION_KEY4_1)) {
			const struct sl_key4 *k = &e->key[1].key4;
			uint8_t real[16];

			sl_nat64_embed(sl_nat64_prefix, 96, (const uint8_t *)&k->src, real);
			set_addresses6(flow, e->key[0].key6.src, real);
			set_ports(flow, e->key[0].key6.sport, k->sport, (uint16_t)s->end[0]);
			return;
		}
		set_addresses6(flow, e->key[0].key6.src, e->key[1].key6.src);
		set_ports(flow, e->key[0].key6.sport, e->key[1].key6.sport, (uint16_t)s->end[0]);
	}
}

/* RFC 2131 4.1, RFC 8415 7.2: the ports a client hears on, and those it is spoken to from. */
static bool dhcp_reply(const struct sl_flow *flow)
{
	if (flow->proto != IPPROTO_UDP)
		return false;
	return flow->family == 4 ? flow->sport == 67 && flow->dport == 68
				 : flow->sport == 547 && flow->dport == 546;
}

static bool set4_has(const struct sl_image *image, uint32_t set, uint32_t address)
{
	const struct sl_image_address_sets *s = &image->address_sets[set];
	uint32_t low = s->first4, high = s->first4 + s->count4;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (image->ranges4[middle].hi < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < s->first4 + s->count4 && image->ranges4[low].lo <= address;
}

static bool set6_has(const struct sl_image *image, uint32_t set, const uint64_t address[2])
{
	const struct sl_image_address_sets *s = &image->address_sets[set];
	uint32_t low = s->first6, high = s->first6 + s->count6;
	const struct sl_image_ranges6 *r;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		r = &image->ranges6[middle];
		if (r->hi_high < address[0] ||
		    (r->hi_high == address[0] && r->hi_low < address[1]))
			low = middle + 1;
		else
			high = middle;
	}
	r = &image->ranges6[low];
	return low < s->first6 + s->count6 &&
	       (r->lo_high < address[0] ||
		(r->lo_high == address[0] && r->lo_low <= address[1]));
}

/* RFC 7296 2, RFC 3948: UDP 500 and 4500; ESP has been taken out before. */
static bool ike_of_peer(const struct sl_image *image, const struct sl_flow *flow)
{
	uint32_t peers = image->settings->ike_peers;

	if (peers == 0 || flow->proto != IPPROTO_UDP ||
	    (flow->dport != 500 && flow->dport != 4500))
		return false;
	if (peers == SL_SET_ANY)
		return true;
	return flow->family == 4 ? set4_has(image, peers - 1, flow->v4.src)
				 : set6_has(image, peers - 1, flow->v6.src);
}

uint32_t sl_implicit_rule(const struct sl_tables *tables, uint16_t from, uint16_t to,
			  const struct sl_flow *flow)
{
	if (likely(to != SL_ZONE_LOCAL) || from == SL_ZONE_LOCAL)
		return SL_RULE_DEFAULT_DENY;
	if (flow->family == 6 && flow->proto == IPPROTO_ICMPV6) {
		uint8_t type = (uint8_t)(flow->dport >> 8);

		/* RFC 4890 4.4.1: traffic that must not be dropped on its way to the box. */
		if (sl_icmp6_is_nd(type))
			return SL_RULE_IMPLICIT_ND;
		if (sl_icmp6_class(type) == SL_ICMP_LINK)
			return SL_RULE_IMPLICIT_ICMPV6;
	}
	if (dhcp_reply(flow))
		return SL_RULE_IMPLICIT_DHCP;
	return ike_of_peer(&tables->image, flow) ? SL_RULE_IMPLICIT_IKE : SL_RULE_DEFAULT_DENY;
}

void sl_decision_make(const struct sl_tables *tables, uint16_t from, uint32_t implicit,
		      const struct sl_rule *match, struct sl_decision *d)
{
	if (!match && from == SL_ZONE_LOCAL)
		implicit = SL_RULE_FROM_LOCAL;
	if (implicit != SL_RULE_DEFAULT_DENY) {
		*d = (struct sl_decision){
			.rule = implicit, .allow = true, .verdict = SL_VERDICT_ALLOW};
		return;
	}
	*d = (struct sl_decision){.rule = SL_RULE_DEFAULT_DENY,
				  .reason = SL_DROP_POLICY_DEFAULT,
				  .verdict = SL_VERDICT_DENY};
	if (match) {
		d->rule = match->slot;
		d->match = match;
		d->flags = match->flags;
		d->allow = match->action == SL_ACTION_ALLOW;
		d->log = match->flags & SL_RULE_LOG;
		d->reason = d->allow ? SL_DROP_NONE : SL_DROP_POLICY_DENY;
		d->verdict = d->allow ? SL_VERDICT_ALLOW : SL_VERDICT_DENY;
		if (match->action == SL_ACTION_REJECT) {
			d->reason = SL_DROP_POLICY_REJECT;
			d->verdict = SL_VERDICT_REJECT;
		}
	}
	if (!d->allow && (tables->zone_flags[from % SL_MAX_ZONES] & SL_ZONE_LOG_DENIED))
		d->log = true;
}

void sl_decide(const struct sl_tables *tables, uint16_t from, uint16_t to, const struct sl_flow *flow,
	       const struct sl_seen *seen, struct sl_decision *d)
{
	uint32_t implicit = sl_implicit_rule(tables, from, to, flow);
	const struct sl_rule *match = NULL;

	if (implicit == SL_RULE_DEFAULT_DENY)
		match = sl_tables_judge_one(tables, from, to, flow);
	if (match && (match->flags & SL_RULE_CONDITION))
		match = sl_conditions_settle(tables, from, to, flow, seen, match);
	sl_decision_make(tables, from, implicit, match, d);
}

static uint16_t source_port(sl_session_ref ref, const struct sl_session *s)
{
	return sl_session_family(ref, s, 0) == 4 ? sl_entry4(s)->key[0].sport :
						   sl_entry6(s)->key[0].key6.sport;
}

/* The source as its server sees it, network order. */
static const uint8_t *seen_source(sl_session_ref ref, const struct sl_session *s)
{
	if (sl_session_family(ref, s, 0) == 4)
		return (const uint8_t *)&sl_entry4(s)->key[1].dst;
	/* An entry of IPv6 may have a side of IPv4: NAT64. */
	return sl_session_family(ref, s, 1) == 4 ? (const uint8_t *)&sl_entry6(s)->key[1].key4.dst :
						   sl_entry6(s)->key[1].key6.dst;
}

/* Does a policy-based tunnel take it, as it would the first packet of the flow? */
static bool session_select(const struct sl_tables *tables, sl_session_ref ref,
			   const struct sl_session *s, struct sl_way *way)
{
	const struct sl_nat nat = {.family = (uint8_t)sl_session_family(ref, s, 1),
				   .nat64 = sl_session_is_nat64(s),
				   .one_way = s->flags & SL_SESSION_ONE_WAY};
	const struct sl_image_interfaces *in = tables->ifaces[s->in % SL_MAX_IFACES];
	bool ours = s->flags & SL_SESSION_FROM_HOST;
	struct sl_flow flow;

	if (likely(!tables->selectors) || (!ours && !in))
		return false;
	sl_flow_of_session(ref, s, &flow);
	if (ours && sl_select_ike(&flow))
		return false;
	return sl_select(tables, ours ? SL_ZONE_LOCAL : in->zone, s->in, &flow,
			 source_port(ref, s), &nat, seen_source(ref, s), way);
}

static void session_way(const struct sl_tables *tables, const struct sl_fib *fib,
			sl_session_ref ref, const struct sl_session *s, struct sl_way *way)
{
	*way = (struct sl_way){.out = s->out, .to = s->to, .how = SL_ROUTE_MISSING};
	/* What the box sends goes where its kernel sends it. */
	if (s->flags & SL_SESSION_FROM_HOST) {
		session_select(tables, ref, s, way);
		return;
	}
	sl_way_find(tables, fib, sl_session_family(ref, s, 1), sl_session_source(ref, s, 0),
		    sl_session_source(ref, s, 1), way);
	if (!session_select(tables, ref, s, way) && way->how == SL_ROUTE_MISSING) {
		way->out = s->out;
		way->to = s->to;
	}
}

/* What a helper announced stays while the rule has that helper; no policy was asked for it. */
static void judge_child(const struct sl_tables *tables, const struct sl_session *s,
			struct sl_judgement *j)
{
	j->stays = j->from != SL_ZONE_NONE && (sl_tables_helper(tables, s->rule) != SL_HELPER_NONE ||
					       sl_tables_keeps(tables, s->rule));
	j->decision = (struct sl_decision){.rule = s->rule,
					   .allow = j->stays,
					   .verdict = j->stays ? SL_VERDICT_ALLOW : SL_VERDICT_DENY,
					   .reason = j->stays ? SL_DROP_NONE : SL_DROP_POLICY_DENY};
}

void sl_judge_session(const struct sl_tables *tables, const struct sl_fib *fib, sl_session_ref ref,
		      const struct sl_session *s, uint64_t now_s, struct sl_judgement *j)
{
	const struct sl_image_interfaces *in = tables->ifaces[s->in % SL_MAX_IFACES];
	struct sl_flow flow;
	struct sl_seen seen;
	bool translates;

	session_way(tables, fib, ref, s, &j->way);
	j->to = j->way.to;
	j->from = s->flags & SL_SESSION_FROM_HOST ? SL_ZONE_LOCAL : in ? in->zone : SL_ZONE_NONE;
	/* Its interface, or the one it left by, has gone: no policy can fit any more. */
	if (j->from == SL_ZONE_NONE ||
	    (j->to != SL_ZONE_LOCAL && !tables->ifaces[j->way.out % SL_MAX_IFACES]))
		j->from = j->to = SL_ZONE_NONE;
	/* Where the box's own traffic leaves, the zone of the interface may have changed. */
	else if (j->to != SL_ZONE_LOCAL)
		j->to = tables->ifaces[j->way.out % SL_MAX_IFACES]->zone;
	j->generation = sl_tables_pair_generation(tables, j->from, j->to);
	if (unlikely(sl_helper_is_child(s))) {
		judge_child(tables, s, j);
		return;
	}
	sl_flow_of_session(ref, s, &flow);
	sl_seen_session(s->rule, s->in, j->way.out, now_s, &seen);
	translates = sl_nat_stays(tables, ref, s, j->from, j->to, j->way.out, &flow,
				  &seen.translation);
	sl_decide(tables, j->from, j->to, &flow, &seen, &j->decision);
	j->stays = translates && j->decision.allow &&
		   (!(j->decision.flags & SL_RULE_STATELESS) || (s->flags & (SL_SESSION_NAT | SL_SESSION_ONE_WAY)));
	if (j->stays || !translates || j->from == SL_ZONE_NONE || !sl_tables_keeps(tables, s->rule))
		return;
	j->stays = true;
	j->decision = (struct sl_decision){
		.rule = s->rule, .allow = true, .verdict = SL_VERDICT_ALLOW};
}
