/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/select.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "tables/selectors.h"

/* Of whom a selector's source is asked. */
struct asked {
	const struct sl_tables *tables;
	const struct sl_flow *flow;
	const struct sl_nat *nat;  /* NULL: it is `source` */
	const uint8_t *source;	   /* the flow's own */
	const uint8_t *seen;	   /* what it became when its session began, or NULL */
	uint16_t from, in, sport;
};

/* A tunnel that can be gone into; what came out of it does not go back. */
static const struct sl_image_interfaces *tunnel_of(const struct asked *a,
						   const struct sl_image_selectors *s)
{
	const struct sl_image_interfaces *iface = a->tables->ifaces[s->iface % SL_MAX_IFACES];

	return iface && iface->zone != SL_ZONE_NONE && s->iface != a->in ? iface : NULL;
}

/* The source NAT gives on the way into the tunnel's zone. Rules say so, nothing is taken. */
static const uint8_t *translated(const struct asked *a, const struct sl_image_interfaces *iface,
				 struct sl_nat *nat)
{
	const struct sl_pair *parts = sl_tables_departures(a->tables, a->from, iface->zone);
	const struct sl_rule *rule;
	struct sl_nat_search search;

	if (!parts || !parts->parts)
		return a->source;
	rule = sl_tables_ask(a->tables, parts, a->flow, NULL, &(struct sl_cursor){0});
	*nat = *a->nat;
	sl_nat_depart(a->tables, rule, a->in, iface->slot, nat);
	if (!nat->departure)
		return a->source;
	sl_nat_search(a->tables, nat, a->flow, a->sport, iface->slot, 0, &search, &nat->client);
	return search.found ? nat->client.address : a->source;
}

static bool fits(const struct sl_image_selectors *s, void *context)
{
	const struct asked *a = context;
	const struct sl_image_interfaces *iface = tunnel_of(a, s);
	struct sl_nat nat;

	if (!iface)
		return false;
	if (a->seen && sl_selector_has_source(s, a->seen))
		return true;
	return sl_selector_has_source(s, a->nat ? translated(a, iface, &nat) : a->source);
}

static const struct sl_image_selectors *find(const struct asked *a)
{
	return sl_selectors_find(a->tables->selectors, a->flow, fits, (void *)(uintptr_t)a);
}

static bool go(const struct asked *a, struct sl_way *way)
{
	const struct sl_image_selectors *s = find(a);
	uint16_t reason = way->reason == SL_DROP_NO_ROUTE ? SL_DROP_NONE : way->reason;

	if (!s)
		return false;
	*way = (struct sl_way){.out = s->iface, .to = a->tables->ifaces[s->iface]->zone,
			       .reason = reason, .how = SL_ROUTE_FOUND, .tunnel = true};
	return true;
}

static void source_of(const struct sl_flow *flow, uint8_t source[16])
{
	memset(source, 0, 16);
	if (flow->family == 4) {
		uint32_t v = rte_cpu_to_be_32(flow->v4.src);

		memcpy(source, &v, 4);
	} else {
		uint64_t v[2] = {rte_cpu_to_be_64(flow->v6.src[0]),
				 rte_cpu_to_be_64(flow->v6.src[1])};

		memcpy(source, v, 16);
	}
}

bool sl_select(const struct sl_tables *tables, uint16_t from, uint16_t in,
	       const struct sl_flow *flow, uint16_t sport, const struct sl_nat *nat,
	       const uint8_t *seen, struct sl_way *way)
{
	uint8_t source[16];
	const struct asked a = {.tables = tables, .flow = flow, .nat = nat, .source = source,
				.seen = seen, .from = from, .in = in, .sport = sport};

	if (way->how == SL_ROUTE_LOCAL || way->reason == SL_DROP_MULTICAST || nat->nat64 ||
	    nat->one_way)
		return false;
	source_of(flow, source);
	return go(&a, way);
}

static struct sl_flow turned(const struct sl_flow *flow)
{
	struct sl_flow back = *flow;

	if (flow->family == 4) {
		back.v4.src = flow->v4.dst;
		back.v4.dst = flow->v4.src;
	} else {
		memcpy(back.v6.src, flow->v6.dst, sizeof(back.v6.src));
		memcpy(back.v6.dst, flow->v6.src, sizeof(back.v6.dst));
	}
	/* Of ICMP it is type and code, for both. */
	if (flow->proto != IPPROTO_ICMP && flow->proto != IPPROTO_ICMPV6) {
		back.sport = flow->dport;
		back.dport = flow->sport;
	}
	return back;
}

bool sl_select_answers(const struct sl_tables *tables, uint16_t in, const struct sl_flow *flow)
{
	const struct sl_image_interfaces *iface = tables->ifaces[in % SL_MAX_IFACES];
	const struct sl_flow back = turned(flow);
	uint8_t source[16];
	const struct asked a = {.tables = tables, .flow = &back, .source = source, .in = in};

	/* What came out of a tunnel had its SA's selectors to fit. */
	if (!iface || iface->flags & SL_IFACE_TUNNEL)
		return false;
	source_of(&back, source);
	return find(&a);
}
