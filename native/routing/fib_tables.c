/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include "routing/fib.h"
#include "tables/tables.h"

static int add_connected(struct sl_fib *fib, const struct sl_image_interfaces *iface,
			 const struct sl_image_addresses *a)
{
	uint8_t bits = a->family == 4 ? 32 : 128;
	struct sl_route route = {
		.kind = SL_ROUTE_KIND_CONNECTED, .family = a->family, .iface = iface->slot};

	return a->length == bits ? 0 : sl_fib_add(fib, a->family, a->address, a->length, &route);
}

static int add_local(struct sl_fib *fib, const struct sl_image_interfaces *iface,
		     const struct sl_image_addresses *a)
{
	struct sl_route route = {
		.kind = SL_ROUTE_KIND_LOCAL, .family = a->family, .iface = iface->slot};
	uint8_t address[16];
	int rc = sl_fib_add(fib, a->family, a->address, a->family == 4 ? 32 : 128, &route);

	/* RFC 1812 4.2.3.1: {prefix, -1}; RFC 3021: a /31 has none. */
	if (rc < 0 || a->family != 4 || a->length > 30)
		return rc;
	memcpy(address, a->address, 16);
	for (unsigned int bit = a->length; bit < 32; bit++)
		address[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
	return sl_fib_add(fib, 4, address, 32, &route);
}

static int each_address(struct sl_fib *fib, const struct sl_image *image,
			int (*add)(struct sl_fib *, const struct sl_image_interfaces *,
				   const struct sl_image_addresses *))
{
	int rc = 0;

	for (uint32_t i = 0; i < image->count[SL_SECTION_INTERFACES] && !rc; i++) {
		const struct sl_image_interfaces *iface = &image->interfaces[i];

		if (iface->flags & SL_IFACE_MANAGEMENT)
			continue;
		for (uint32_t n = 0; n < iface->addresses && !rc; n++)
			rc = add(fib, iface, &image->addresses[iface->first_address + n]);
	}
	return rc;
}

static int add_static(struct sl_fib *fib, const struct sl_tables *tables,
		      const struct sl_image_routes *r)
{
	const struct sl_image_interfaces *iface = tables->ifaces[r->iface];
	struct sl_route route = {.family = r->family, .iface = r->iface};

	if (!iface || iface->flags & SL_IFACE_MANAGEMENT)
		return 0;
	route.kind = SL_ROUTE_KIND_CONNECTED;
	if (r->flags & SL_ROUTE_VIA) {
		route.kind = SL_ROUTE_KIND_GATEWAY;
		memcpy(route.gateway, r->via, 16);
	}
	return sl_fib_add(fib, r->family, r->address, r->length, &route);
}

int sl_fib_from_tables(struct sl_fib *fib, const struct sl_tables *tables)
{
	const struct sl_image *image = &tables->image;
	uint32_t routes = image->count[SL_SECTION_ROUTES];
	bool used[256] = {false};
	int rc = 0;

	for (uint32_t i = 0; i < routes; i++)
		used[image->routes[i].distance] = true;
	sl_fib_clear(fib);
	/* The better comes later and replaces: by falling distance, then the last of equals first. */
	for (int distance = 255; distance >= 0 && !rc; distance--)
		for (uint32_t i = used[distance] ? routes : 0; i-- > 0 && !rc;)
			if (image->routes[i].distance == distance)
				rc = add_static(fib, tables, &image->routes[i]);
	if (!rc)
		rc = each_address(fib, image, add_connected);
	if (!rc)
		rc = each_address(fib, image, add_local);
	if (rc)
		return rc;
	rc = sl_fib_commit(fib);
	return rc < 0 ? rc : 0;
}
