/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_byteorder.h>
#include <string.h>

#include "nat/embed.h"
#include "nat/nat.h"
#include "nat/rules.h"
#include "nat/space.h"

/* The keys of a session as ends: what arrived was for `asked`, it went to `server`, as `seen`. */
struct ends {
	struct sl_nat_end asked, server, client, seen;
	uint8_t mode; /* SL_BALANCE_* of what goes one way; else SL_BALANCE_NAT */
	uint8_t family; /* of server and seen */
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
	e->family = (uint8_t)sl_session_family(ref, s, 1);
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
		end6(k[0]->src, k[0]->sport, &e->client);
		if (e->family == 4) {
			const struct sl_key4 *back = &sl_entry6(s)->key[1].key4;

			end4(back->src, back->sport, &e->server);
			end4(back->dst, back->dport, &e->seen);
			return;
		}
		end6(k[1]->src, k[1]->sport, &e->server);
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
	return same_address(a, b) && (!sl_nat_has_ports(proto) || a->port == b->port);
}

static bool leads_to(const struct sl_tables *tables, const struct sl_image_translations *t,
		     const struct sl_flow *flow, const struct ends *e)
{
	const struct sl_image_balancers *b = sl_nat_balancer_of(tables, t, flow->family);
	const struct sl_image_backends *backend;
	struct sl_nat_end to = {.port = e->asked.port};

	if (t->kind == SL_NAT_64) {
		sl_nat64_extract(e->asked.address, t->length, to.address);
		return e->family == 4 && t->family == flow->family && reaches(&to, &e->server, flow->proto);
	}
	if (!b) {
		if (e->mode || t->kind != SL_NAT_PREFIX || t->family != flow->family)
			return false;
		return sl_nat_send_to(t, flow, &to) && reaches(&to, &e->server, flow->proto);
	}
	if (sl_nat_one_way(b) ? b->mode != e->mode : e->mode != SL_BALANCE_NAT)
		return false;
	backend = &tables->image.backends[b->first_backend];
	for (uint32_t i = 0; i < b->backends; i++, backend++) {
		to.port = e->asked.port;
		sl_nat_send_to_backend(b, backend, flow, &to);
		if (backend->family == e->family && reaches(&to, &e->server, flow->proto) &&
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

	sl_nat_set_destination(&flow, &e->asked);
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

/* Does the rule that gives the IPv4 server give this source too? */
static bool gives64(const struct sl_tables *tables, const struct sl_image_translations *t,
		    uint16_t out, const struct ends *e)
{
	if (t->kind == SL_NAT_64 && t->pool != SL_SET_ANY)
		return sl_nat_in_set(&tables->image, t->pool, 4, e->seen.address);
	return sl_nat_is_of_iface(tables, out, 4, e->seen.address);
}

static bool full_nat(const struct sl_tables *tables, const struct sl_image_translations *t)
{
	const struct sl_image_balancers *b = sl_nat_balancer_of(tables, t, t->family);

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
	if (sl_session_is_nat64(s))
		return slot && gives64(tables, sl_tables_translation(tables, slot), out, &e);
	if (reaches(&e.client, &e.seen, flow->proto) || departs(tables, from, to, out, flow, &e))
		return true;
	t = slot ? sl_tables_translation(tables, slot) : NULL;
	return t && ((t->flags & SL_NAT_HAIRPIN && s->in == out) || full_nat(tables, t)) &&
	       sl_nat_is_of_iface(tables, out, flow->family, e.seen.address);
}
