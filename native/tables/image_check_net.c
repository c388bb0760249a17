/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "tables/image_check.h"

#define COUNT(check, section) ((check)->image->count[SL_SECTION_##section])

/* The datapath sizes its tables by these before any packet: the language's own limits. */
static bool check_settings(const struct sl_image_check *check)
{
	const struct sl_image_settings *s = check->image->settings;
	const uint32_t times[] = {s->tcp_opening, s->tcp_established, s->tcp_closing,
				  s->tcp_closed,  s->udp_opening,     s->udp_established,
				  s->icmp,	  s->other};

	if (COUNT(check, SETTINGS) != 1)
		return sl_image_fault(check, "settings", 0, "%u records, not 1",
				      COUNT(check, SETTINGS));
	if (s->max_sessions < 1024 || s->max_sessions > 1 << 25)
		return sl_image_fault(check, "settings", 0, "max_sessions %u is not in 1024..%u",
				      s->max_sessions, 1u << 25);
	if (s->max_routes < 1 || s->max_routes > 1 << 24)
		return sl_image_fault(check, "settings", 0, "max_routes %u is not in 1..%u",
				      s->max_routes, 1u << 24);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (times[i] == 0 || times[i] > 31536000)
			return sl_image_fault(check, "settings", 0,
					      "time %zu: %u is not in 1..31536000 seconds", i,
					      times[i]);
	if (s->midstream_grace > 86400)
		return sl_image_fault(check, "settings", 0, "midstream_grace %u is not in 0..86400",
				      s->midstream_grace);
	if (s->fragment_timeout < 1 || s->fragment_timeout > 120 || s->fragment_datagrams < 16 ||
	    s->fragment_datagrams > 1 << 20 || s->fragment_source < 1 ||
	    s->fragment_source > s->fragment_datagrams)
		return sl_image_fault(check, "settings", 0, "fragments: %u s, %u datagrams, %u a source",
				      s->fragment_timeout, s->fragment_datagrams,
				      s->fragment_source);
	/* RFC 5095: type 0 never passes. */
	if (s->ip6_routing & 1 || s->ip6_headers > 8 || s->ip6_flags > 7)
		return sl_image_fault(check, "settings", 0, "IPv6 extensions: %#x, %u, %#x",
				      s->ip6_routing, s->ip6_headers, s->ip6_flags);
	return true;
}

static bool check_zones(const struct sl_image_check *check)
{
	uint32_t last = SL_ZONE_FIRST - 1;

	for (uint32_t i = 0; i < COUNT(check, ZONES); i++) {
		const struct sl_image_zones *z = &check->image->zones[i];

		if (z->name >= COUNT(check, STRINGS))
			return sl_image_fault(check, "zones", i, "name %u is out of range", z->name);
		if (z->slot <= last || z->slot >= SL_MAX_ZONES)
			return sl_image_fault(check, "zones", i, "slot %u is not in %u..%u",
					      z->slot, last + 1, SL_MAX_ZONES - 1);
		if ((z->flags & ~SL_ZONE_LOG_DENIED) != 0)
			return sl_image_fault(check, "zones", i, "flags 0x%x are unknown", z->flags);
		last = z->slot;
	}
	return true;
}

static bool check_addresses(const struct sl_image_check *check)
{
	static const uint8_t zero[12];

	for (uint32_t i = 0; i < COUNT(check, ADDRESSES); i++) {
		const struct sl_image_addresses *a = &check->image->addresses[i];

		if (a->family != 4 && a->family != 6)
			return sl_image_fault(check, "addresses", i, "family %u", a->family);
		if (a->length > (a->family == 4 ? 32 : 128))
			return sl_image_fault(check, "addresses", i, "prefix length %u",
					      a->length);
		if (a->reserved != 0 || (a->family == 4 && memcmp(a->address + 4, zero, 12) != 0))
			return sl_image_fault(check, "addresses", i, "unused bytes are not zero");
	}
	return true;
}

static bool check_interface(const struct sl_image_check *check, uint32_t i,
			    const struct sl_image_interfaces **by_slot,
			    const bool zones[SL_MAX_ZONES])
{
	const struct sl_image_interfaces *f = &check->image->interfaces[i];
	bool management = (f->flags & SL_IFACE_MANAGEMENT) != 0;
	uint32_t above = i == 0 ? SL_IFACE_NONE : f[-1].slot;

	if (f->slot <= above || f->slot >= SL_MAX_IFACES)
		return sl_image_fault(check, "interfaces", i, "slot %u is not in %u..%u", f->slot,
				      above + 1, SL_MAX_IFACES - 1);
	if (f->name == 0 || f->name >= COUNT(check, STRINGS))
		return sl_image_fault(check, "interfaces", i, "name %u is out of range", f->name);
	if (f->port >= COUNT(check, STRINGS))
		return sl_image_fault(check, "interfaces", i, "port %u is out of range", f->port);
	if ((f->flags & ~(SL_IFACE_VLAN | SL_IFACE_MANAGEMENT | SL_IFACE_TUNNEL | SL_IFACE_POLICY)) != 0)
		return sl_image_fault(check, "interfaces", i, "flags 0x%x are unknown", f->flags);
	if (f->port_kind > SL_PORT_VDEV)
		return sl_image_fault(check, "interfaces", i, "port kind %u is unknown",
				      f->port_kind);
	if ((f->flags & SL_IFACE_POLICY) != 0 && (f->flags & SL_IFACE_TUNNEL) == 0)
		return sl_image_fault(check, "interfaces", i, "selectors lead to no tunnel");
	if ((f->flags & SL_IFACE_TUNNEL) != 0 &&
	    ((f->flags & ~SL_IFACE_POLICY) != SL_IFACE_TUNNEL || f->port_kind != SL_PORT_NONE))
		return sl_image_fault(check, "interfaces", i, "a tunnel with a port, VLAN or management");
	if (f->zone >= SL_MAX_ZONES || (f->zone != SL_ZONE_NONE && !zones[f->zone]) ||
	    (management && f->zone != SL_ZONE_NONE))
		return sl_image_fault(check, "interfaces", i, "zone %u is not one of its kind",
				      f->zone);
	if (f->reverse_path > SL_RPF_STRICT || f->reserved != 0)
		return sl_image_fault(check, "interfaces", i, "reverse_path %u, reserved %u",
				      f->reverse_path, f->reserved);
	if (f->mtu < 1280 || f->mtu > 9216)
		return sl_image_fault(check, "interfaces", i, "MTU %u is not in 1280..9216",
				      f->mtu);
	if (!sl_image_range_ok(f->first_address, f->addresses, COUNT(check, ADDRESSES)))
		return sl_image_fault(check, "interfaces", i, "addresses %u+%u of %u",
				      f->first_address, f->addresses, COUNT(check, ADDRESSES));
	by_slot[f->slot] = f;
	if ((f->flags & SL_IFACE_VLAN) == 0)
		return (f->parent == SL_IFACE_NONE && f->vlan == 0) ||
		       sl_image_fault(check, "interfaces", i, "a parent or VLAN without the flag");
	if (f->parent >= f->slot || by_slot[f->parent] == NULL ||
	    (by_slot[f->parent]->flags & (SL_IFACE_VLAN | SL_IFACE_TUNNEL)) != 0)
		return sl_image_fault(check, "interfaces", i, "parent %u is none before it",
				      f->parent);
	if (f->vlan < 1 || f->vlan > 4094)
		return sl_image_fault(check, "interfaces", i, "VLAN %u is not in 1..4094", f->vlan);
	for (const struct sl_image_interfaces *o = check->image->interfaces; o < f; o++)
		if (o->parent == f->parent && o->vlan == f->vlan)
			return sl_image_fault(check, "interfaces", i, "VLAN %u is there twice",
					      f->vlan);
	return true;
}

static bool prefix_ok(const uint8_t *address, uint8_t family, uint8_t length)
{
	unsigned int bits = family == 4 ? 32 : 128;

	if (length > bits)
		return false;
	for (unsigned int bit = length; bit < 128; bit++)
		if (address[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	return true;
}

/* What policy-based tunnels take. */
static bool check_selectors(const struct sl_image_check *check)
{
	uint8_t flags[SL_MAX_IFACES] = {0};

	for (uint32_t i = 0; i < COUNT(check, INTERFACES); i++)
		flags[check->image->interfaces[i].slot % SL_MAX_IFACES] =
			check->image->interfaces[i].flags;
	for (uint32_t i = 0; i < COUNT(check, SELECTORS); i++) {
		const struct sl_image_selectors *s = &check->image->selectors[i];

		if (s->iface >= SL_MAX_IFACES || !(flags[s->iface] & SL_IFACE_POLICY))
			return sl_image_fault(check, "selectors", i, "interface %u has none", s->iface);
		if ((s->family != 4 && s->family != 6) || s->reserved != 0 ||
		    s->protocol > SL_PROTO_ANY)
			return sl_image_fault(check, "selectors", i, "family %u, protocol %u, reserved %u",
					      s->family, s->protocol, s->reserved);
		if (!prefix_ok(s->source, s->family, s->source_length) ||
		    !prefix_ok(s->destination, s->family, s->destination_length))
			return sl_image_fault(check, "selectors", i, "not a prefix");
		if (s->source_lo > s->source_hi || s->destination_lo > s->destination_hi)
			return sl_image_fault(check, "selectors", i, "ports that end before they begin");
	}
	return true;
}

static bool check_interfaces(const struct sl_image_check *check)
{
	const struct sl_image_interfaces *by_slot[SL_MAX_IFACES] = {NULL};
	bool zones[SL_MAX_ZONES] = {false};
	uint64_t addresses = 0;

	for (uint32_t i = 0; i < COUNT(check, ZONES); i++)
		zones[check->image->zones[i].slot] = true;
	for (uint32_t i = 0; i < COUNT(check, INTERFACES); i++) {
		if (!check_interface(check, i, by_slot, zones))
			return false;
		addresses += check->image->interfaces[i].addresses;
		if (addresses > COUNT(check, ADDRESSES))
			return sl_image_fault(check, "interfaces", i, "addresses are shared");
	}
	return true;
}

static bool check_routes(const struct sl_image_check *check)
{
	const struct sl_image_interfaces *by_slot[SL_MAX_IFACES] = {NULL};
	static const uint8_t zero[16];

	for (uint32_t i = 0; i < COUNT(check, INTERFACES); i++)
		by_slot[check->image->interfaces[i].slot] = &check->image->interfaces[i];
	for (uint32_t i = 0; i < COUNT(check, ROUTES); i++) {
		const struct sl_image_routes *r = &check->image->routes[i];

		if (r->family != 4 && r->family != 6)
			return sl_image_fault(check, "routes", i, "family %u", r->family);
		if (r->length > (r->family == 4 ? 32 : 128))
			return sl_image_fault(check, "routes", i, "prefix length %u", r->length);
		if (r->iface >= SL_MAX_IFACES || by_slot[r->iface] == NULL)
			return sl_image_fault(check, "routes", i, "interface %u is none",
					      r->iface);
		if ((r->flags & ~SL_ROUTE_VIA) != 0)
			return sl_image_fault(check, "routes", i, "flags 0x%x are unknown",
					      r->flags);
		if (r->distance == 0)
			return sl_image_fault(check, "routes", i, "distance 0");
		if (r->reserved != 0 ||
		    (r->family == 4 && (memcmp(r->address + 4, zero, 12) != 0 ||
					memcmp(r->via + 4, zero, 12) != 0)) ||
		    ((r->flags & SL_ROUTE_VIA) == 0 && memcmp(r->via, zero, 16) != 0))
			return sl_image_fault(check, "routes", i, "unused bytes are not zero");
		for (uint32_t bit = r->length; bit < (r->family == 4 ? 32u : 128u); bit++)
			if ((r->address[bit / 8] & (0x80 >> bit % 8)) != 0)
				return sl_image_fault(check, "routes", i,
						      "host bits below /%u are set", r->length);
	}
	return true;
}

static bool check_tunnels(const struct sl_image_check *check)
{
	const struct sl_image *image = check->image;
	bool ends[SL_MAX_IFACES] = {false};
	uint32_t peers = image->settings->ike_peers;

	if (peers != SL_SET_ANY && peers > COUNT(check, ADDRESS_SETS))
		return sl_image_fault(check, "settings", 0, "IKE peers %u", peers);
	for (uint32_t i = 0; i < COUNT(check, INTERFACES); i++)
		if (image->interfaces[i].flags & SL_IFACE_TUNNEL)
			ends[image->interfaces[i].slot] = true;
	for (uint32_t i = 0; i < COUNT(check, TUNNELS); i++) {
		const struct sl_image_tunnels *t = &image->tunnels[i];

		if (t->iface >= SL_MAX_IFACES || !ends[t->iface] || t->reserved != 0 ||
		    (i > 0 && t->iface <= t[-1].iface))
			return sl_image_fault(check, "tunnels", i, "interface %u, or not in order",
					      t->iface);
		if (t->name == 0 || t->name >= COUNT(check, STRINGS))
			return sl_image_fault(check, "tunnels", i, "name %u is out of range",
					      t->name);
	}
	return true;
}

bool sl_image_check_net(const struct sl_image_check *check)
{
	return check_settings(check) && check_zones(check) && check_addresses(check) &&
	       check_interfaces(check) && check_routes(check) &&
	       check_tunnels(check) && check_selectors(check);
}
