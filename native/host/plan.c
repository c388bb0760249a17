/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/plan.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tables/tables.h"

int sl_plan_route_compare(const void *a, const void *b)
{
	const struct sl_plan_route *x = a, *y = b;
	int order = (int)x->family - y->family;

	if (!order)
		order = (int)x->length - y->length;
	if (!order)
		order = memcmp(x->address, y->address, 16);
	if (!order)
		order = x->metric < y->metric ? -1 : x->metric > y->metric;
	return order;
}

/* Of larger sets the first ones are announced. */
#define MOST_PROXIES 1024 /* of an interface */

int sl_plan_proxy_compare(const struct sl_plan_proxy *a, const struct sl_plan_proxy *b)
{
	return a->slot != b->slot ? a->slot - b->slot : memcmp(a->address, b->address, 4);
}

static bool usable(const struct sl_tables *tables, uint16_t slot)
{
	const struct sl_image_interfaces *i = slot < SL_MAX_IFACES ? tables->ifaces[slot] : NULL;

	return i && !(i->flags & SL_IFACE_MANAGEMENT);
}

static int add_iface(struct sl_plan *plan, const struct sl_tables *tables,
		     const struct sl_image_interfaces *i, char *error, size_t error_size)
{
	const char *name = sl_image_string(&tables->image, i->name);
	struct sl_plan_iface *p = &plan->iface[plan->ifaces++];

	if (!*name || strlen(name) >= sizeof(p->name) || strpbrk(name, "/: \t\n%") ||
	    !strcmp(name, ".") || !strcmp(name, "..") || !strcmp(name, "all") ||
	    !strcmp(name, "default") || !strcmp(name, "lo")) {
		snprintf(error, error_size,
			 "interface %s: the kernel takes no such name (15 bytes at most)", name);
		return -EINVAL;
	}
	memset(p, 0, sizeof(*p));
	strcpy(p->name, name);
	p->slot = i->slot;
	p->port_slot = i->parent ? i->parent : i->slot;
	p->mtu = i->mtu;
	p->tunnel = i->flags & SL_IFACE_TUNNEL;
	for (uint32_t n = 0; n < i->addresses; n++) {
		const struct sl_image_addresses *from = &tables->image.addresses[i->first_address + n];
		struct sl_plan_address *a = &plan->address[plan->addresses++];

		*a = (struct sl_plan_address){
			.slot = i->slot, .family = from->family, .length = from->length};
		memcpy(a->address, from->address, 16);
	}
	return 0;
}

static void add_route(struct sl_plan *plan, const struct sl_image_routes *from)
{
	struct sl_plan_route *r = &plan->route[plan->routes++];

	/* Metric 0 would mean 1024 for IPv6. */
	*r = (struct sl_plan_route){.slot = from->iface,
				    .family = from->family,
				    .length = from->length,
				    .metric = from->distance ? from->distance : 1,
				    .gateway = from->flags & SL_ROUTE_VIA};
	memcpy(r->address, from->address, 16);
	if (r->gateway)
		memcpy(r->via, from->via, 16);
}

static void add_proxies(struct sl_plan *plan, const struct sl_image *image,
			const struct sl_image_proxies *from)
{
	const struct sl_image_address_sets *set = &image->address_sets[from->set];
	uint32_t left = MOST_PROXIES;

	for (uint32_t i = 0; i < set->count4; i++) {
		const struct sl_image_ranges4 *r = &image->ranges4[set->first4 + i];

		for (uint64_t a = r->lo; a <= r->hi && left > 0; a++, left--) {
			struct sl_plan_proxy *p = &plan->proxy[plan->proxies++];
			uint32_t address = rte_cpu_to_be_32((uint32_t)a);

			*p = (struct sl_plan_proxy){.slot = from->iface};
			memcpy(p->address, &address, 4);
		}
	}
}

/* Of routes alike in prefix and metric the kernel takes one: the first. */
static void drop_doubles(struct sl_plan *plan)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < plan->routes; i++)
		if (!kept || sl_plan_route_compare(&plan->route[kept - 1], &plan->route[i]))
			plan->route[kept++] = plan->route[i];
	plan->routes = kept;
}

int sl_plan_from_tables(struct sl_plan *plan, const struct sl_tables *tables, char *error,
			size_t error_size)
{
	const struct sl_image *image = &tables->image;
	uint64_t addresses = 0;
	int rc = 0;

	memset(plan, 0, sizeof(*plan));
	plan->iface = calloc(image->count[SL_SECTION_INTERFACES] + 1, sizeof(*plan->iface));
	/* Interfaces may share addresses records, so their own counts decide. */
	for (uint32_t i = 0; i < image->count[SL_SECTION_INTERFACES]; i++)
		addresses += image->interfaces[i].addresses;
	plan->address = calloc(addresses + 1, sizeof(*plan->address));
	plan->route = calloc(image->count[SL_SECTION_ROUTES] + 1, sizeof(*plan->route));
	plan->proxy = calloc((size_t)image->count[SL_SECTION_PROXIES] * MOST_PROXIES + 1,
			     sizeof(*plan->proxy));
	if (!plan->iface || !plan->address || !plan->route || !plan->proxy) {
		snprintf(error, error_size, "out of memory for addresses and routes");
		rc = -ENOMEM;
	}
	for (uint32_t i = 0; i < image->count[SL_SECTION_INTERFACES] && !rc; i++)
		if (usable(tables, image->interfaces[i].slot))
			rc = add_iface(plan, tables, &image->interfaces[i], error, error_size);
	for (uint32_t i = 0; i < image->count[SL_SECTION_ROUTES] && !rc; i++)
		if (usable(tables, image->routes[i].iface))
			add_route(plan, &image->routes[i]);
	for (uint32_t i = 0; i < image->count[SL_SECTION_PROXIES] && !rc; i++)
		if (usable(tables, image->proxies[i].iface))
			add_proxies(plan, image, &image->proxies[i]);
	if (rc) {
		sl_plan_free(plan);
		return rc;
	}
	qsort(plan->route, plan->routes, sizeof(*plan->route), sl_plan_route_compare);
	drop_doubles(plan);
	return 0;
}

void sl_plan_free(struct sl_plan *plan)
{
	free(plan->iface);
	free(plan->address);
	free(plan->route);
	free(plan->proxy);
	memset(plan, 0, sizeof(*plan));
}
