/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "balancer/balance.h"
#include "nat/embed.h"
#include "helpers/expect.h"
#include "nat/nat.h"
#include "nat/rules.h"
#include "nat/space.h"

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

bool sl_nat_send_to(const struct sl_image_translations *t, const struct sl_flow *flow,
		    struct sl_nat_end *end)
{
	destination_of(flow, end);
	if (!sl_nat_map(t, end->address))
		return false;
	if (t->port_lo && sl_nat_has_ports(flow->proto)) {
		uint32_t port = t->port_lo;

		if (t->port_hi > t->port_lo && flow->dport >= t->match_lo)
			port = RTE_MIN(port + flow->dport - t->match_lo, (uint32_t)t->port_hi);
		end->port = rte_cpu_to_be_16((uint16_t)port);
	}
	return true;
}

void sl_nat_set_destination(struct sl_flow *flow, const struct sl_nat_end *end)
{
	if (flow->family == 4) {
		uint32_t address;

		memcpy(&address, end->address, 4);
		flow->v4.dst = rte_be_to_cpu_32(address);
	} else {
		flow->v6.dst[0] = get64(end->address);
		flow->v6.dst[1] = get64(end->address + 8);
	}
	if (sl_nat_has_ports(flow->proto))
		flow->dport = rte_be_to_cpu_16(end->port);
}

/* The real destination of a new flow; one of IPv4 in a flow of IPv6 as nat/embed.h has it. */
static void set_real(struct sl_flow *flow, const struct sl_nat *nat)
{
	struct sl_nat_end real = nat->server;

	if (unlikely(nat->nat64))
		sl_nat64_embed(sl_nat64_prefix, 96, nat->server.address, real.address);
	sl_nat_set_destination(flow, &real);
}

/* Protocols that NAT64 translates (RFC 6146 1.1); of ICMPv6 the miss takes no more than queries. */
static bool nat64_knows(uint8_t proto)
{
	return sl_nat_has_ports(proto) || proto == IPPROTO_ICMPV6;
}

/* The IPv4 destination in the one that was asked for. */
static uint16_t to_ipv4(const struct sl_image_translations *t, const struct sl_flow *flow,
			struct sl_nat *nat)
{
	struct sl_nat_end asked;

	if (!nat64_knows(flow->proto))
		return SL_DROP_NAT64_UNTRANSLATABLE;
	destination_of(flow, &asked);
	sl_nat64_extract(asked.address, t->length, nat->server.address);
	nat->family = 4;
	nat->nat64 = true;
	return sl_nat64_reachable(t->address, t->length, nat->server.address) ?
		       SL_DROP_NONE :
		       SL_DROP_NAT_UNMAPPED;
}

void sl_nat_send_to_backend(const struct sl_image_balancers *b,
			    const struct sl_image_backends *backend, const struct sl_flow *flow,
			    struct sl_nat_end *end)
{
	memcpy(end->address, backend->address, sizeof(end->address));
	if (backend->port && sl_nat_has_ports(flow->proto) && !sl_nat_one_way(b))
		end->port = rte_cpu_to_be_16(backend->port);
}

static void balance(struct sl_worker *w, const struct sl_image_balancers *b, uint32_t slot,
		    struct sl_flow *flow, struct sl_nat *nat)
{
	const struct sl_image_backends *backend = sl_balance_choose(w, b, flow);

	nat->arrival = slot;
	destination_of(flow, &nat->server);
	/* Whom the policy would let through to one of them is told that there is none. */
	nat->absent = !backend && b->flags & SL_BALANCER_RESET && flow->proto == IPPROTO_TCP;
	if (unlikely(nat->absent))
		backend = &w->tables->image.backends[b->first_backend];
	if (!backend) {
		nat->reason = SL_DROP_BALANCER_NO_BACKEND;
		return;
	}
	nat->backend = nat->absent ? 0 : backend->slot;
	nat->family = backend->family;
	nat->nat64 = nat->family != flow->family;
	if (nat->nat64 && !nat64_knows(flow->proto)) {
		nat->reason = SL_DROP_NAT64_UNTRANSLATABLE;
		return;
	}
	sl_nat_send_to_backend(b, backend, flow, &nat->server);
	set_real(flow, nat);
	nat->hairpin = b->mode == SL_BALANCE_FULL_NAT || nat->nat64;
	nat->one_way = sl_nat_one_way(b);
	nat->tunnel = b->mode > SL_BALANCE_DIRECT ? b->mode : 0;
	nat->tunnel_port = rte_cpu_to_be_16(backend->port);
}

void sl_nat_arrive(struct sl_worker *w, const struct sl_rule *rule, struct sl_flow *flow,
		   uint16_t port, struct sl_nat *nat)
{
	const struct sl_image_translations *t =
		unlikely(rule) ? sl_tables_translation(w->tables, rule->slot) : NULL;
	const struct sl_image_balancers *b = sl_nat_balancer_of(w->tables, t, flow->family);

	nat->arrival = nat->departure = SL_TRANSLATION_NONE;
	nat->hairpin = nat->one_way = nat->midstream = nat->absent = nat->nat64 = false;
	nat->tunnel = 0;
	nat->backend = 0;
	nat->expected = NULL;
	nat->prefix = 0;
	nat->balancer = b;
	nat->reason = SL_DROP_NONE;
	nat->server.port = port;
	nat->family = flow->family;
	if (b) {
		nat->midstream = rule->flags & SL_RULE_MIDSTREAM;
		balance(w, b, rule->slot, flow, nat);
		return;
	}
	if (likely(!t) || (t->kind != SL_NAT_PREFIX && t->kind != SL_NAT_64) ||
	    t->family != flow->family) {
		destination_of(flow, &nat->server);
		return;
	}
	nat->arrival = rule->slot;
	if (t->kind == SL_NAT_64) {
		memset(nat->server.address, 0, sizeof(nat->server.address));
		nat->departure = rule->slot;
		nat->prefix = t->length;
		nat->reason = to_ipv4(t, flow, nat);
		if (!nat->reason)
			set_real(flow, nat);
		return;
	}
	if (!sl_nat_send_to(t, flow, &nat->server)) {
		nat->reason = SL_DROP_NAT_UNMAPPED;
		return;
	}
	sl_nat_set_destination(flow, &nat->server);
}

void sl_nat_expected(const struct sl_expected *expected, struct sl_flow *flow, struct sl_nat *nat)
{
	*nat = (struct sl_nat){.family = expected->family, .expected = expected,
			       .server.port = expected->server_port};
	memcpy(nat->server.address, expected->server, sizeof(nat->server.address));
	sl_nat_set_destination(flow, &nat->server);
}

void sl_nat_depart(const struct sl_tables *tables, const struct sl_rule *rule, uint16_t in,
		   uint16_t out, struct sl_nat *nat)
{
	const struct sl_image_translations *t = rule ? sl_tables_translation(tables, rule->slot) : NULL;

	/* NAT64's source is given by what gave the destination. */
	if (nat->one_way || nat->nat64)
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
