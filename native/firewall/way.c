/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/way.h"

#include <rte_byteorder.h>
#include <string.h>

#include "core/drop.h"
#include "ip/martian.h"
#include "routing/adjacency.h"

static void to_the_box(struct sl_way *way)
{
	way->to = SL_ZONE_LOCAL;
	way->how = SL_ROUTE_LOCAL;
	way->reason = SL_DROP_NONE;
}

/* True when the destination alone says it all. */
static bool by_kind4(uint32_t dst, struct sl_way *way)
{
	/* RFC 1812 5.3.5.1: the limited broadcast is for the box, RFC 5771: so are its link's groups. */
	if (dst == 0xffffffff || sl_ip4_is_link_multicast(dst)) {
		to_the_box(way);
		return true;
	}
	if (sl_ip4_is_multicast(dst)) {
		way->reason = SL_DROP_MULTICAST;
		return true;
	}
	return false;
}

static bool by_kind6(const uint8_t *dst, struct sl_way *way)
{
	/* RFC 4291 2.5.6: link-local addresses are the box's or nobody's here. */
	if (sl_ip6_is_link_multicast(dst) || sl_ip6_is_link_local(dst)) {
		to_the_box(way);
		return true;
	}
	if (sl_ip6_is_multicast(dst)) {
		way->reason = SL_DROP_MULTICAST;
		return true;
	}
	return false;
}

void sl_way_find(const struct sl_tables *tables, const struct sl_fib *fib, int family,
		 const uint8_t *src, const uint8_t *dst, struct sl_way *way)
{
	const struct sl_image_interfaces *iface;
	const struct sl_route *route;
	bool link_local;

	*way = (struct sl_way){.how = SL_ROUTE_MISSING, .reason = SL_DROP_NO_ROUTE};
	if (family == 4) {
		uint32_t s, d;

		memcpy(&s, src, 4);
		memcpy(&d, dst, 4);
		if (by_kind4(rte_be_to_cpu_32(d), way))
			return;
		route = sl_fib_lookup4(fib, d);
		/* RFC 3927 2.7: neither address of a forwarded packet is link-local. */
		link_local = sl_ip4_is_link_local(rte_be_to_cpu_32(s)) ||
			     sl_ip4_is_link_local(rte_be_to_cpu_32(d));
	} else {
		if (by_kind6(dst, way))
			return;
		route = sl_fib_lookup6(fib, dst);
		link_local = sl_ip6_is_link_local(src); /* RFC 4291 2.5.6 */
	}
	if (route->kind == SL_ROUTE_KIND_LOCAL) {
		to_the_box(way);
		return;
	}
	if (route->kind == SL_ROUTE_KIND_NONE || route->kind == SL_ROUTE_KIND_BLACKHOLE)
		return;
	iface = tables->ifaces[route->iface % SL_MAX_IFACES];
	if (!iface || iface->zone == SL_ZONE_NONE)
		return;
	way->route = route;
	way->out = route->iface;
	way->to = iface->zone;
	way->how = SL_ROUTE_FOUND;
	way->reason = link_local ? SL_DROP_LINK_LOCAL : SL_DROP_NONE;
}

static uint32_t adjacency_of(const struct sl_route *route, int family, const uint8_t *dst)
{
	if (route->kind == SL_ROUTE_KIND_GATEWAY)
		return sl_adjacency_get(route->iface, route->family, route->gateway);
	if (route->kind == SL_ROUTE_KIND_CONNECTED)
		return sl_adjacency_get(route->iface, (uint8_t)family, dst);
	return SL_ADJ_NONE;
}

uint32_t sl_way_adjacency(const struct sl_way *way, int family, const uint8_t *dst)
{
	if (way->how == SL_ROUTE_LOCAL)
		return SL_ADJ_LOCAL;
	if (unlikely(way->tunnel))
		return sl_adjacency_get(way->out, (uint8_t)family, dst);
	return way->route ? adjacency_of(way->route, family, dst) : SL_ADJ_NONE;
}

uint32_t sl_way_back(const struct sl_worker *w, uint16_t in, int family, const uint8_t *address)
{
	const struct sl_fib *fib = w->dp->fib;
	uint32_t a;

	if (unlikely(sl_way_is_policy(w->tables, in)))
		return sl_adjacency_get(in, (uint8_t)family, address);
	if (family == 6)
		return adjacency_of(sl_fib_lookup6(fib, address), 6, address);
	memcpy(&a, address, 4);
	return adjacency_of(sl_fib_lookup4(fib, a), 4, address);
}
