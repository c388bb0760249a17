/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "helpers/expect.h"
#include "nat/nat.h"
#include "nat/space.h"

#define FIRST_TRIES 128 /* ports of a client's own address, then */
#define OTHER_TRIES 32	/* of each of so many others */
#define OTHERS 3

/* RFC 4787 3.2.1: below 1024 are ports that mean something. */
#define HAIRPIN_LO 1024

static void put_port(const struct sl_nat_search *s, struct sl_nat_end *client)
{
	client->port = s->ports ? rte_cpu_to_be_16((uint16_t)(s->lo + s->at)) : s->client.port;
}

/* RFC 6056 3.3: no port that a stranger could foretell. */
static void random_port(struct sl_nat_search *s, uint64_t random)
{
	uint32_t start = (uint32_t)(((random & 0xffffffff) * s->count) >> 32);

	/* RFC 4787 4.2.2: an even port stays even where that is asked for. */
	if (s->step == 2 && ((s->lo + start) ^ rte_be_to_cpu_16(s->client.port)) & 1)
		start = start + 1 < s->count ? start + 1 : start > 0 ? start - 1 : 0;
	s->at = (uint16_t)start;
}

/* Where the address comes from: a set, or else (unless of a prefix) the egress interface. */
static bool of_pool(const struct sl_nat_search *s)
{
	return s->t && (s->t->kind == SL_NAT_POOL ||
			(s->t->kind == SL_NAT_64 && s->t->pool != SL_SET_ANY));
}

static void put_address(const struct sl_nat_search *s, struct sl_nat_end *client)
{
	const uint8_t *own;

	memset(client->address, 0, sizeof(client->address));
	if (s->public) {
		memcpy(client->address, s->public, 4);
	} else if (s->fixed) {
		memcpy(client->address, s->client.address, sizeof(client->address));
	} else if (of_pool(s)) {
		sl_nat_set_at(&s->tables->image, s->t->pool, s->family, s->address,
			      client->address);
	} else if (s->t && s->t->kind == SL_NAT_PREFIX) {
		memcpy(client->address, s->client.address, sizeof(client->address));
		(void)sl_nat_map(s->t, client->address);
	} else {
		own = sl_nat_iface_address(s->tables, s->out, s->family);
		memcpy(client->address, own, s->family == 4 ? 4 : 16);
	}
}

static void source_of(const struct sl_flow *flow, struct sl_nat_end *end)
{
	memset(end->address, 0, sizeof(end->address));
	if (flow->family == 4) {
		uint32_t v = rte_cpu_to_be_32(flow->v4.src);

		memcpy(end->address, &v, 4);
	} else {
		uint64_t high = rte_cpu_to_be_64(flow->v6.src[0]);
		uint64_t low = rte_cpu_to_be_64(flow->v6.src[1]);

		memcpy(end->address, &high, 8);
		memcpy(end->address + 8, &low, 8);
	}
}

static uint32_t mix(const uint8_t address[16])
{
	uint64_t a, b;

	memcpy(&a, address, 8);
	memcpy(&b, address + 8, 8);
	a = (a ^ (b * 0x9e3779b97f4a7c15ull)) * 0xbf58476d1ce4e5b9ull;
	a ^= a >> 29;
	return (uint32_t)((a * 0x94d049bb133111ebull) >> 32);
}

/* Protocols whose ports, or identifiers of queries, may change. One to one keeps them. */
static bool changes_ports(const struct sl_nat_search *s)
{
	if (s->t && s->t->kind == SL_NAT_PREFIX)
		return false;
	return s->proto == IPPROTO_TCP || s->proto == IPPROTO_UDP ||
	       s->proto == (s->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static void set_range(struct sl_nat_search *s, uint16_t lo, uint16_t hi, uint64_t random)
{
	uint16_t port = rte_be_to_cpu_16(s->client.port);
	bool keep = !s->t || (s->t->flags & SL_NAT_PRESERVE);

	s->lo = lo;
	s->count = (uint16_t)RTE_MIN((uint32_t)hi - lo + 1, (uint32_t)UINT16_MAX);
	s->step = s->t && (s->t->flags & SL_NAT_PARITY) ? 2 : 1;
	if (keep && port >= lo && port - lo < s->count)
		s->at = (uint16_t)(port - lo);
	else
		random_port(s, random);
}

static void set_ports(struct sl_nat_search *s, uint64_t random)
{
	/* RFC 5508 3.1: identifiers of queries are free over their whole range. */
	if (s->proto != IPPROTO_TCP && s->proto != IPPROTO_UDP)
		set_range(s, 0, UINT16_MAX, random);
	else if (s->t)
		set_range(s, s->t->port_lo, s->t->port_hi, random);
	else
		set_range(s, HAIRPIN_LO, UINT16_MAX, random);
}

void sl_nat_search_block(struct sl_nat_search *s, const uint8_t *public, uint16_t lo, uint16_t hi,
			 uint64_t random, struct sl_nat_end *client)
{
	s->public = public;
	s->addresses = 1;
	s->tries = s->address_tries = 0;
	if (s->ports)
		set_range(s, lo, hi, random);
	put_address(s, client);
	put_port(s, client);
}

/* The source that the session had which announced the flow, with a port of its rule's. */
static void search_expected(struct sl_nat_search *s, const struct sl_expected *e, uint64_t random,
			    struct sl_nat_end *client)
{
	s->fixed = true;
	memcpy(s->client.address, e->client, sizeof(s->client.address));
	s->ports = e->lo != 0;
	if (s->ports)
		set_range(s, e->lo, e->hi, random);
	put_address(s, client);
	put_port(s, client);
}

void sl_nat_search(const struct sl_tables *tables, const struct sl_nat *nat,
		   const struct sl_flow *flow, uint16_t sport, uint16_t out, uint64_t random,
		   struct sl_nat_search *s, struct sl_nat_end *client)
{
	*s = (struct sl_nat_search){
		.tables = tables,
		.t = nat->departure ? sl_tables_translation(tables, nat->departure) : NULL,
		.client = {.port = sport},
		.out = out,
		.family = nat->family,
		.proto = nat->family == 4 && flow->proto == IPPROTO_ICMPV6 && flow->family == 6 ?
				 IPPROTO_ICMP :
				 flow->proto,
		.addresses = 1,
		.found = true,
		.reason = SL_DROP_NAT_POOL_FULL,
	};
	source_of(flow, &s->client);
	*client = s->client;
	if (nat->expected) {
		search_expected(s, nat->expected, random, client);
		return;
	}
	if (!nat->departure && !nat->hairpin)
		return;
	s->found = false;
	if (!of_pool(s) && (!s->t || s->t->kind != SL_NAT_PREFIX)) {
		if (!sl_nat_iface_address(tables, out, s->family))
			return;
	} else if (s->t->family != flow->family) {
		return;
	}
	if (of_pool(s)) {
		s->addresses = sl_nat_set_size(&tables->image, s->t->pool, s->family);
		s->address = (uint32_t)(((uint64_t)mix(s->client.address) * s->addresses) >> 32);
	}
	if (s->t && s->t->kind == SL_NAT_PREFIX && !sl_nat_map(s->t, client->address)) {
		s->reason = SL_DROP_NAT_UNMAPPED;
		return;
	}
	s->blocks = s->t && s->t->blocks;
	s->ports = changes_ports(s);
	if (s->ports)
		set_ports(s, random);
	put_address(s, client);
	put_port(s, client);
	s->found = true;
}

static bool next_address(struct sl_nat_search *s, uint64_t random)
{
	if (++s->tries > OTHERS || s->tries >= s->addresses)
		return false;
	s->address = s->address + 1 < s->addresses ? s->address + 1 : 0;
	s->address_tries = 0;
	if (s->ports)
		random_port(s, random);
	return true;
}

bool sl_nat_next(struct sl_nat_search *s, uint64_t random, struct sl_nat_end *client)
{
	/* A block is small, and what does not fit goes to another one: all of it is looked at. */
	uint32_t most = s->public ? UINT16_MAX : s->tries == 0 ? FIRST_TRIES : OTHER_TRIES;
	uint32_t ports = s->ports ? (s->count + s->step - 1u) / s->step : 1;

	if (++s->address_tries >= RTE_MIN(most, ports)) {
		if (!next_address(s, random))
			return false;
	} else if (s->address_tries == 1 && ports > FIRST_TRIES) {
		random_port(s, random); /* the one it had was taken */
	} else {
		s->at = (uint16_t)(s->at + s->step < s->count ? s->at + s->step :
				   s->step == 2		      ? s->at & 1 :
								0);
	}
	put_address(s, client);
	put_port(s, client);
	return true;
}
