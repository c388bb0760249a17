/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "balancer/balance.h"
#include "nat/nat.h"
#include "nat/space.h"

static bool has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

static uint64_t get64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return rte_be_to_cpu_64(v);
}

static void put64(uint8_t *p, uint64_t v)
{
	v = rte_cpu_to_be_64(v);
	memcpy(p, &v, 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	v = rte_cpu_to_be_32(v);
	memcpy(p, &v, 4);
}

static void destination_of(const struct sl_flow *flow, struct sl_nat_end *end)
{
	memset(end->address, 0, sizeof(end->address));
	if (flow->family == 4) {
		put32(end->address, flow->v4.dst);
	} else {
		put64(end->address, flow->v6.dst[0]);
		put64(end->address + 8, flow->v6.dst[1]);
	}
}

/* The flow's destination by this record; false where there is none. */
static bool send_to(const struct sl_image_translations *t, const struct sl_flow *flow,
		    struct sl_nat_end *end)
{
	destination_of(flow, end);
	if (!sl_nat_map(t, end->address))
		return false;
	if (t->port_lo && has_ports(flow->proto)) {
		uint32_t port = t->port_lo;

		if (t->port_hi > t->port_lo && flow->dport >= t->match_lo)
			port = RTE_MIN(port + flow->dport - t->match_lo, (uint32_t)t->port_hi);
		end->port = rte_cpu_to_be_16((uint16_t)port);
	}
	return true;
}

static void set_destination(struct sl_flow *flow, const struct sl_nat_end *end)
{
	if (flow->family == 4) {
		uint32_t address;

		memcpy(&address, end->address, 4);
		flow->v4.dst = rte_be_to_cpu_32(address);
	} else {
		flow->v6.dst[0] = get64(end->address);
		flow->v6.dst[1] = get64(end->address + 8);
	}
	if (has_ports(flow->proto))
		flow->dport = rte_be_to_cpu_16(end->port);
}

/* Packets of its flows keep their destination. */
static bool one_way(const struct sl_image_balancers *b)
{
	return b->mode >= SL_BALANCE_DIRECT;
}

/* A backend as a destination. */
static void send_to_backend(const struct sl_image_balancers *b,
			    const struct sl_image_backends *backend, const struct sl_flow *flow,
			    struct sl_nat_end *end)
{
	memcpy(end->address, backend->address, sizeof(end->address));
	if (backend->port && has_ports(flow->proto) && !one_way(b))
		end->port = rte_cpu_to_be_16(backend->port);
}

/* The balancer a rule leads to, if any. */
static const struct sl_image_balancers *balancer_of(const struct sl_tables *tables,
						    const struct sl_image_translations *t,
						    uint8_t family)
{
	return t && t->kind == SL_NAT_BALANCER && t->family == family ?
		       &tables->image.balancers[t->pool] :
		       NULL;
}

static void balance(struct sl_worker *w, const struct sl_image_balancers *b, uint32_t slot,
		    struct sl_flow *flow, struct sl_nat *nat)
{
	const struct sl_image_backends *backend = sl_balance_choose(w, b, flow);

	nat->arrival = slot;
	destination_of(flow, &nat->server);
	if (!backend) {
		nat->reason = SL_DROP_BALANCER_NO_BACKEND;
		return;
	}
	nat->backend = backend->slot;
	send_to_backend(b, backend, flow, &nat->server);
	set_destination(flow, &nat->server);
	nat->hairpin = b->mode == SL_BALANCE_FULL_NAT;
	nat->one_way = one_way(b);
	nat->tunnel = b->mode > SL_BALANCE_DIRECT ? b->mode : 0;
	nat->tunnel_port = rte_cpu_to_be_16(backend->port);
}

void sl_nat_arrive(struct sl_worker *w, const struct sl_rule *rule, struct sl_flow *flow,
		   uint16_t port, struct sl_nat *nat)
{
	const struct sl_image_translations *t =
		unlikely(rule) ? sl_tables_translation(w->tables, rule->slot) : NULL;
	const struct sl_image_balancers *b = balancer_of(w->tables, t, flow->family);

	nat->arrival = nat->departure = SL_TRANSLATION_NONE;
	nat->hairpin = nat->one_way = nat->midstream = false;
	nat->tunnel = 0;
	nat->backend = 0;
	nat->balancer = b;
	nat->reason = SL_DROP_NONE;
	nat->server.port = port;
	if (b) {
		nat->midstream = rule->flags & SL_RULE_MIDSTREAM;
		balance(w, b, rule->slot, flow, nat);
		return;
	}
	if (likely(!t) || t->kind != SL_NAT_PREFIX || t->family != flow->family) {
		destination_of(flow, &nat->server);
		return;
	}
	nat->arrival = rule->slot;
	if (!send_to(t, flow, &nat->server)) {
		nat->reason = SL_DROP_NAT_UNMAPPED;
		return;
	}
	set_destination(flow, &nat->server);
}

void sl_nat_depart(const struct sl_tables *tables, const struct sl_rule *rule, uint16_t in,
		   uint16_t out, struct sl_nat *nat)
{
	const struct sl_image_translations *t = rule ? sl_tables_translation(tables, rule->slot) : NULL;

	if (nat->one_way)
		return;
	if (t) {
		if (t->kind != SL_NAT_NONE) {
			nat->departure = rule->slot;
			nat->hairpin = false;
		}
		return;
	}
	if (nat->hairpin)
		return;
	t = nat->arrival ? sl_tables_translation(tables, nat->arrival) : NULL;
	nat->hairpin = t && (t->flags & SL_NAT_HAIRPIN) && in == out && out != SL_IFACE_NONE;
}

/* The keys of a session as ends: what arrived was for `asked`, it went to `server`, as `seen`. */
struct ends {
	struct sl_nat_end asked, server, client, seen;
	uint8_t mode; /* SL_BALANCE_* of what goes one way; else SL_BALANCE_NAT */
	uint16_t tunnel_port;
};

static void end4(uint32_t address, uint16_t port, struct sl_nat_end *end)
{
	*end = (struct sl_nat_end){.port = port};
	memcpy(end->address, &address, 4);
}

static void end6(const uint8_t *address, uint16_t port, struct sl_nat_end *end)
{
	end->port = port;
	memcpy(end->address, address, 16);
}

static void ends_of(sl_session_ref ref, const struct sl_session *s, struct ends *e)
{
	bool tunnel = s->flags & SL_SESSION_TUNNEL;

	e->mode = tunnel				? (uint8_t)s->l3_delta :
		  s->flags & SL_SESSION_ONE_WAY ? SL_BALANCE_DIRECT :
						  SL_BALANCE_NAT;
	e->tunnel_port = tunnel ? s->l4_delta : 0;
	if (!(ref & SL_REF_WIDE)) {
		const struct sl_key4 *k = sl_entry4(s)->key;

		end4(k[0].dst, k[0].dport, &e->asked);
		end4(k[1].src, k[1].sport, &e->server);
		end4(k[0].src, k[0].sport, &e->client);
		end4(k[1].dst, k[1].dport, &e->seen);
	} else {
		const struct sl_key6 *k[2] = {&sl_entry6(s)->key[0].key6,
					      &sl_entry6(s)->key[1].key6};

		end6(k[0]->dst, k[0]->dport, &e->asked);
		end6(k[1]->src, k[1]->sport, &e->server);
		end6(k[0]->src, k[0]->sport, &e->client);
		end6(k[1]->dst, k[1]->dport, &e->seen);
	}
}

static bool same_address(const struct sl_nat_end *a, const struct sl_nat_end *b)
{
	return memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

/* The identifier of a query is no port: the source's translation changes it at both ends. */
static bool reaches(const struct sl_nat_end *a, const struct sl_nat_end *b, uint8_t proto)
{
	return same_address(a, b) && (!has_ports(proto) || a->port == b->port);
}

static bool leads_to(const struct sl_tables *tables, const struct sl_image_translations *t,
		     const struct sl_flow *flow, const struct ends *e)
{
	const struct sl_image_balancers *b = balancer_of(tables, t, flow->family);
	const struct sl_image_backends *backend;
	struct sl_nat_end to = {.port = e->asked.port};

	if (!b) {
		if (e->mode || t->kind != SL_NAT_PREFIX || t->family != flow->family)
			return false;
		return send_to(t, flow, &to) && reaches(&to, &e->server, flow->proto);
	}
	if (one_way(b) ? b->mode != e->mode : e->mode != SL_BALANCE_NAT)
		return false;
	backend = &tables->image.backends[b->first_backend];
	for (uint32_t i = 0; i < b->backends; i++, backend++) {
		to.port = e->asked.port;
		send_to_backend(b, backend, flow, &to);
		if (reaches(&to, &e->server, flow->proto) &&
		    (b->mode != SL_BALANCE_GUE ||
		     rte_cpu_to_be_16(backend->port) == e->tunnel_port))
			return true;
	}
	return false;
}

/* Is there a rule that sends what was asked for to where it went? */
static uint32_t arrival_of(const struct sl_tables *tables, uint16_t from, const struct ends *e,
			   const struct sl_flow *real)
{
	const struct sl_pair *parts = sl_tables_arrivals(tables, from);
	const struct sl_rule *rule = NULL;
	struct sl_cursor cursor = {0};
	struct sl_flow flow = *real;

	set_destination(&flow, &e->asked);
	while (parts->parts && (rule = sl_tables_ask(tables, parts, &flow, rule, &cursor))) {
		const struct sl_image_translations *t = sl_tables_translation(tables, rule->slot);

		if (t && leads_to(tables, t, &flow, e))
			return rule->slot;
	}
	return SL_TRANSLATION_NONE;
}

static bool gives(const struct sl_tables *tables, const struct sl_image_translations *t,
		  uint16_t out, uint8_t family, const struct ends *e)
{
	struct sl_nat_end to = e->client;

	switch (t->kind) {
	case SL_NAT_INTERFACE:
		return sl_nat_is_of_iface(tables, out, family, e->seen.address);
	case SL_NAT_POOL:
		return t->family == family &&
		       sl_nat_in_set(&tables->image, t->pool, family, e->seen.address);
	case SL_NAT_PREFIX:
		return t->family == family && sl_nat_map(t, to.address) &&
		       same_address(&to, &e->seen);
	default:
		return false;
	}
}

static bool departs(const struct sl_tables *tables, uint16_t from, uint16_t to, uint16_t out,
		    const struct sl_flow *flow, const struct ends *e)
{
	const struct sl_pair *parts = sl_tables_departures(tables, from, to);
	const struct sl_rule *rule = NULL;
	struct sl_cursor cursor = {0};

	while (parts->parts && (rule = sl_tables_ask(tables, parts, flow, rule, &cursor))) {
		const struct sl_image_translations *t = sl_tables_translation(tables, rule->slot);

		if (t && gives(tables, t, out, flow->family, e))
			return true;
	}
	return false;
}

static bool full_nat(const struct sl_tables *tables, const struct sl_image_translations *t)
{
	const struct sl_image_balancers *b = balancer_of(tables, t, t->family);

	return b && b->mode == SL_BALANCE_FULL_NAT;
}

bool sl_nat_stays(const struct sl_tables *tables, sl_session_ref ref, const struct sl_session *s,
		  uint16_t from, uint16_t to, uint16_t out, const struct sl_flow *flow,
		  uint32_t *arrival)
{
	const struct sl_image_translations *t;
	uint32_t slot = SL_TRANSLATION_NONE;
	struct ends e;

	if (arrival)
		*arrival = SL_TRANSLATION_NONE;
	if (!(s->flags & (SL_SESSION_NAT | SL_SESSION_ONE_WAY)))
		return true;
	ends_of(ref, s, &e);
	if (!reaches(&e.asked, &e.server, flow->proto)) {
		slot = arrival_of(tables, from, &e, flow);
		if (slot == SL_TRANSLATION_NONE)
			return false;
	}
	if (arrival)
		*arrival = slot;
	if (reaches(&e.client, &e.seen, flow->proto) || departs(tables, from, to, out, flow, &e))
		return true;
	t = slot ? sl_tables_translation(tables, slot) : NULL;
	return t && ((t->flags & SL_NAT_HAIRPIN && s->in == out) || full_nat(tables, t)) &&
	       sl_nat_is_of_iface(tables, out, flow->family, e.seen.address);
}
