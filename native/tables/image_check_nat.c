/* SPDX-License-Identifier: BSD-3-Clause */
#include "nat/embed.h"
#include "tables/image_check.h"

#define COUNT(check, section) ((check)->image->count[SL_SECTION_##section])

static bool zero(const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

/* Are the bits behind the first `length` zero? */
static bool masked(const uint8_t address[16], uint32_t length)
{
	uint32_t whole = length / 8;

	if (length % 8 != 0 && (address[whole++] & (0xff >> length % 8)) != 0)
		return false;
	return zero(address + whole, 16 - whole);
}

/* A balancer of IPv6 may have backends of IPv4, behind NAT64: not those that answer past the box. */
static bool balancer_fits(const struct sl_image_check *check, const struct sl_image_translations *t)
{
	const struct sl_image_balancers *b;
	uint32_t family;

	if (t->pool >= COUNT(check, BALANCERS))
		return false;
	b = &check->image->balancers[t->pool];
	family = check->image->backends[b->first_backend].family;
	return family == t->family || (t->family == 6 && b->mode < SL_BALANCE_DIRECT);
}

static bool check_pool(const struct sl_image_check *check, uint32_t i)
{
	const struct sl_image_translations *t = &check->image->translations[i];
	const struct sl_image_address_sets *set;
	uint8_t family;

	if (t->kind == SL_NAT_BALANCER)
		return balancer_fits(check, t) ||
		       sl_image_fault(check, "translations", i, "balancer %u", t->pool);
	if (t->kind != SL_NAT_POOL && (t->kind != SL_NAT_64 || t->pool == SL_SET_ANY))
		return t->pool == SL_SET_ANY ||
		       sl_image_fault(check, "translations", i, "pool %u of no pool", t->pool);
	if (t->pool >= COUNT(check, ADDRESS_SETS))
		return sl_image_fault(check, "translations", i, "pool %u of %u sets", t->pool,
				      COUNT(check, ADDRESS_SETS));
	set = &check->image->address_sets[t->pool];
	family = t->kind == SL_NAT_64 ? 4 : t->family;
	if ((family == 4 ? set->count4 : set->count6) == 0 ||
	    (family == 4 ? set->count6 : set->count4) != 0)
		return sl_image_fault(check, "translations", i, "pool %u is not of family %u",
				      t->pool, family);
	return true;
}

/* Blocks are of pools of IPv4, and one at least fits into the ports. */
static bool blocks_fit(const struct sl_image_translations *t)
{
	if (t->blocks == 0)
		return true;
	return t->blocks <= SL_MAX_BLOCKS && t->pool != SL_SET_ANY &&
	       ((t->kind == SL_NAT_POOL && t->family == 4) || t->kind == SL_NAT_64) &&
	       t->port_lo > 0 && t->match_lo > 0 && t->match_lo <= t->port_hi - t->port_lo + 1;
}

bool sl_image_check_translation(const struct sl_image_check *check, uint32_t rule)
{
	const struct sl_image_rules *r = &check->image->rules[rule];
	const struct sl_image_translations *t;
	uint32_t i = r->extra;

	if (i >= COUNT(check, TRANSLATIONS))
		return sl_image_fault(check, "rules", rule, "translation %u of %u", i,
				      COUNT(check, TRANSLATIONS));
	t = &check->image->translations[i];
	if (t->kind > SL_NAT_64)
		return sl_image_fault(check, "translations", i, "kind %u is unknown", t->kind);
	if (r->flags & ~(t->kind == SL_NAT_BALANCER ? SL_RULE_MIDSTREAM : 0))
		return sl_image_fault(check, "rules", rule, "flags 0x%x of NAT", r->flags);
	if (t->kind >= SL_NAT_POOL ? t->family != 4 && t->family != 6 : t->family != 0)
		return sl_image_fault(check, "translations", i, "family %u", t->family);
	if (t->length > (t->family == 6 ? 128 : t->family == 4 ? 32 : 0) ||
	    !masked(t->address, t->kind == SL_NAT_PREFIX || t->kind == SL_NAT_64 ? t->length : 0) ||
	    (t->kind == SL_NAT_64 && (t->family != 6 || !sl_nat64_length_ok(t->length))))
		return sl_image_fault(check, "translations", i, "no prefix");
	if (t->port_lo > t->port_hi)
		return sl_image_fault(check, "translations", i, "ports %u to %u", t->port_lo,
				      t->port_hi);
	if ((t->flags & ~(SL_NAT_PRESERVE | SL_NAT_PARITY | SL_NAT_HAIRPIN | SL_NAT_NEUTRAL)) != 0 ||
	    (t->flags & SL_NAT_NEUTRAL &&
	     (t->kind != SL_NAT_PREFIX || t->family != 6 || t->length > 64)) ||
	    !blocks_fit(t))
		return sl_image_fault(check, "translations", i, "flags 0x%x, blocks %u of %u ports",
				      t->flags, t->blocks, t->match_lo);
	return check_pool(check, i);
}

static bool check_balancer(const struct sl_image_check *check, uint32_t i)
{
	const struct sl_image *image = check->image;
	const struct sl_image_balancers *b = &image->balancers[i];
	const struct sl_image_backends *backend;

	if (b->slot < SL_BALANCER_FIRST || b->slot >= SL_MAX_BALANCERS ||
	    (i > 0 && b->slot <= b[-1].slot))
		return sl_image_fault(check, "balancers", i, "slot %u, or not in order", b->slot);
	if (b->name >= COUNT(check, STRINGS) || (b->flags & ~(SL_BALANCER_PROXY | SL_BALANCER_RESET)) != 0 || b->prefix4 > 32 ||
	    b->prefix6 > 128)
		return sl_image_fault(check, "balancers", i, "name %u, prefixes /%u and /%u",
				      b->name, b->prefix4, b->prefix6);
	if (b->scheduler > SL_SCHEDULER_LEAST || b->mode > SL_BALANCE_GUE)
		return sl_image_fault(check, "balancers", i, "scheduler %u, mode %u", b->scheduler,
				      b->mode);
	if (b->backends == 0 || b->backends >= SL_MAGLEV_NONE ||
	    !sl_image_range_ok(b->first_backend, b->backends, COUNT(check, BACKENDS)))
		return sl_image_fault(check, "balancers", i, "backends %u+%u of %u",
				      b->first_backend, b->backends, COUNT(check, BACKENDS));
	if (b->entries == 0 || b->entries > SL_MAGLEV_MAX ||
	    !sl_image_range_ok(b->first_entry, b->entries, COUNT(check, MAGLEV)))
		return sl_image_fault(check, "balancers", i, "entries %u+%u of %u", b->first_entry,
				      b->entries, COUNT(check, MAGLEV));
	backend = &image->backends[b->first_backend];
	for (uint32_t k = 0; k < b->backends; k++)
		if (backend[k].slot < SL_BACKEND_FIRST || backend[k].name >= COUNT(check, STRINGS) ||
		    backend[k].weight == 0 || backend[k].reserved != 0 ||
		    (b->mode == SL_BALANCE_GUE && backend[k].port == 0) ||
		    (backend[k].family != 4 && backend[k].family != 6) ||
		    backend[k].family != backend->family)
			return sl_image_fault(check, "backends", b->first_backend + k,
					      "slot %u, family %u, weight %u", backend[k].slot,
					      backend[k].family, backend[k].weight);
	return true;
}

bool sl_image_check_balancers(const struct sl_image_check *check)
{
	uint64_t backends = 0;

	for (uint32_t i = 0; i < COUNT(check, BALANCERS); i++) {
		backends += check->image->balancers[i].backends;
		if (backends > COUNT(check, BACKENDS))
			return sl_image_fault(check, "balancers", i, "backends are shared");
		if (!check_balancer(check, i))
			return false;
	}
	return true;
}

bool sl_image_check_nat(const struct sl_image_check *check)
{
	const struct sl_image *image = check->image;
	bool zones[SL_MAX_ZONES] = {[SL_ZONE_LOCAL] = true}, ifaces[SL_MAX_IFACES] = {false};

	for (uint32_t i = 0; i < COUNT(check, ZONES); i++)
		zones[image->zones[i].slot] = true;
	for (uint32_t i = 0; i < COUNT(check, INTERFACES); i++)
		ifaces[image->interfaces[i].slot] = true;
	for (uint32_t i = 0; i < COUNT(check, ARRIVALS); i++) {
		const struct sl_image_arrivals *a = &image->arrivals[i];

		if (a->zone >= SL_MAX_ZONES || !zones[a->zone] || a->reserved != 0 ||
		    (i > 0 && a->zone <= a[-1].zone))
			return sl_image_fault(check, "arrivals", i, "zone %u, or not in order",
					      a->zone);
		if (!sl_image_range_ok(a->first_part, a->parts, COUNT(check, PAIR_PARTS)))
			return sl_image_fault(check, "arrivals", i, "parts %u+%u of %u",
					      a->first_part, a->parts, COUNT(check, PAIR_PARTS));
	}
	for (uint32_t i = 0; i < COUNT(check, PROXIES); i++) {
		const struct sl_image_proxies *p = &image->proxies[i];

		if (p->iface >= SL_MAX_IFACES || !ifaces[p->iface] || p->reserved != 0 ||
		    (i > 0 && p->iface <= p[-1].iface))
			return sl_image_fault(check, "proxies", i, "interface %u, or not in order",
					      p->iface);
		if (p->set >= COUNT(check, ADDRESS_SETS))
			return sl_image_fault(check, "proxies", i, "set %u of %u", p->set,
					      COUNT(check, ADDRESS_SETS));
	}
	return true;
}
