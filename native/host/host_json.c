/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "host/host.h"
#include "host/private.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

struct routes {
	struct sl_json *json;
	const struct sl_tables *tables;
	uint64_t limit, total;
};

static const char *iface_name(const struct sl_tables *tables, uint16_t slot)
{
	const struct sl_image_interfaces *i;

	i = tables && slot < SL_MAX_IFACES ? tables->ifaces[slot] : NULL;
	return i ? sl_image_string(&tables->image, i->name) : NULL;
}

static void put_iface(struct sl_json *json, const struct sl_tables *tables, uint16_t slot)
{
	const char *name = iface_name(tables, slot);

	if (name)
		sl_json_string(json, "interface", name);
}

static const char *protocol(uint8_t number)
{
	switch (number) {
	case SL_RTPROT:
		return "static";
	case 2: /* RTPROT_KERNEL */
		return "connected";
	case 11: /* zebra and the daemons behind it: iproute2's rt_protos */
		return "zebra";
	case 12:
		return "bird";
	case 16:
		return "dhcp";
	case 9:
		return "ra";
	case 186:
		return "bgp";
	case 187:
		return "isis";
	case 188:
		return "ospf";
	case 189:
		return "rip";
	case 190:
		return "ripng";
	case 192:
		return "eigrp";
	case 196:
		return "frr-static";
	default:
		return "kernel";
	}
}

static void put_route(struct sl_json *json, const struct sl_tables *tables, uint8_t family,
		      const uint8_t *prefix, uint8_t length, const struct sl_route *route)
{
	static const char *const kinds[] = {"none", "local", "connected", "gateway", "blackhole"};

	char text[INET6_ADDRSTRLEN + 4];

	inet_ntop(family == 4 ? AF_INET : AF_INET6, prefix, text, INET6_ADDRSTRLEN);
	snprintf(text + strlen(text), 5, "/%u", length);
	sl_json_string(json, "prefix", text);
	sl_json_string(json, "kind", kinds[route->kind]);
	if (route->kind == SL_ROUTE_KIND_GATEWAY)
		sl_json_address(json, "via", route->family, route->gateway);
	put_iface(json, tables, route->iface);
}

static bool kernel_route(void *arg, const struct sl_kernel_route *k)
{
	struct routes *r = arg;

	r->total++;
	if (r->limit && r->total > r->limit)
		return true;
	sl_json_object(r->json, NULL);
	put_route(r->json, r->tables, k->family, k->prefix, k->length, &k->route);
	sl_json_string(r->json, "protocol", protocol(k->protocol));
	sl_json_number(r->json, "metric", k->metric);
	sl_json_object_end(r->json);
	return true;
}

static bool fib_route(struct routes *r, uint8_t family, const uint8_t *prefix, uint8_t length,
		      const struct sl_route *route)
{
	r->total++;
	if (r->limit && r->total > r->limit)
		return true;
	sl_json_object(r->json, NULL);
	put_route(r->json, r->tables, family, prefix, length, route);
	sl_json_object_end(r->json);
	return true;
}

static bool fib_route4(void *arg, const uint8_t *prefix, uint8_t length,
		       const struct sl_route *route)
{
	return fib_route(arg, 4, prefix, length, route);
}

static bool fib_route6(void *arg, const uint8_t *prefix, uint8_t length,
		       const struct sl_route *route)
{
	return fib_route(arg, 6, prefix, length, route);
}

static void walk(void *arg)
{
	struct sl_host *h = sl_host_running();
	struct routes *r = arg;

	sl_json_object(r->json, NULL);
	sl_json_array(r->json, "routes");
	if (h) {
		sl_kernel_routes_walk(h->mirror.routes, kernel_route, r);
	} else {
		sl_fib_walk(sl_datapath->fib, 4, fib_route4, r);
		sl_fib_walk(sl_datapath->fib, 6, fib_route6, r);
	}
	sl_json_array_end(r->json);
	sl_json_number(r->json, "total", r->total);
	sl_json_object_end(r->json);
}

void sl_host_routes_json(struct sl_json *json, uint64_t limit)
{
	struct routes r = {.json = json, .tables = sl_datapath->tables, .limit = limit};

	sl_host_run(walk, &r);
}

static void put_neighbors(void *arg)
{
	static const char *const states[] = {"free", "incomplete", "ready", "failed"};
	const struct sl_tables *tables = sl_datapath->tables;
	struct sl_json *json = arg;

	sl_json_object(json, NULL);
	sl_json_array(json, "neighbors");
	for (uint32_t id = SL_ADJ_FIRST; id < sl_adjacency_end(); id++) {
		const struct sl_adjacency *a = &sl_adjacencies[id];
		uint8_t state = a->state;

		if (state == SL_ADJ_FREE)
			continue;
		sl_json_object(json, NULL);
		sl_json_address(json, "address", a->family, a->address);
		put_iface(json, tables, a->iface);
		sl_json_string(json, "state", states[state]);
		if (state == SL_ADJ_READY) {
			char mac[18];

			snprintf(mac, sizeof(mac), "%02x:%02x:%02x:%02x:%02x:%02x", a->mac[0],
				 a->mac[1], a->mac[2], a->mac[3], a->mac[4], a->mac[5]);
			sl_json_string(json, "mac", mac);
		}
		sl_json_object_end(json);
	}
	sl_json_array_end(json);
	sl_json_object_end(json);
}

void sl_host_neighbors_json(struct sl_json *json)
{
	/* On the thread that resolves: a MAC is whole there. */
	sl_host_run(put_neighbors, json);
}
