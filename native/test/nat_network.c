/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/nat_network.h"

#include <arpa/inet.h>
#include <rte_byteorder.h>
#include <stdlib.h>
#include <string.h>

#include "test/pipeline.h"

static uint32_t set4(struct image_builder *b, const char *lo, const char *hi, const char *six)
{
	struct sl_image_address_sets set = {.first4 = b->section[SL_SECTION_RANGES4].count,
					    .first6 = b->section[SL_SECTION_RANGES6].count};
	struct sl_image_ranges4 range = {ntohl(inet_addr(lo)), ntohl(inet_addr(hi))};

	set.count4 = 1;
	image_add(b, SL_SECTION_RANGES4, &range);
	if (six) {
		struct sl_image_ranges6 r;
		uint64_t words[2];

		inet_pton(AF_INET6, six, words);
		r.lo_high = r.hi_high = rte_be_to_cpu_64(words[0]);
		r.lo_low = r.hi_low = rte_be_to_cpu_64(words[1]);
		image_add(b, SL_SECTION_RANGES6, &r);
		set.count6 = 1;
	}
	return image_add(b, SL_SECTION_ADDRESS_SETS, &set);
}

static uint32_t set6(struct image_builder *b, const char *lo, const char *hi)
{
	struct sl_image_address_sets set = {.first6 = b->section[SL_SECTION_RANGES6].count,
					    .count6 = 1};
	struct sl_image_ranges6 range;
	uint64_t words[4];

	inet_pton(AF_INET6, lo, words);
	inet_pton(AF_INET6, hi, words + 2);
	range = (struct sl_image_ranges6){rte_be_to_cpu_64(words[0]), rte_be_to_cpu_64(words[1]),
					  rte_be_to_cpu_64(words[2]), rte_be_to_cpu_64(words[3])};
	image_add(b, SL_SECTION_RANGES6, &range);
	return image_add(b, SL_SECTION_ADDRESS_SETS, &set);
}

static void translate(struct image_builder *b, uint32_t source, uint32_t destination,
		      uint32_t service, struct sl_image_translations t, const char *address)
{
	uint32_t rule = image_rule(b, source, destination, service, SL_ACTION_TRANSLATE);
	struct sl_image_rules *record =
		&((struct sl_image_rules *)(void *)b->section[SL_SECTION_RULES].data)[rule];

	if (address)
		inet_pton(AF_INET, address, t.address);
	if (t.kind != SL_NAT_POOL && t.kind != SL_NAT_64)
		t.pool = SL_SET_ANY;
	record->extra = image_add(b, SL_SECTION_TRANSLATIONS, &t);
}

static uint32_t service(struct image_builder *b, struct sl_image_services one,
			struct sl_image_services two)
{
	struct sl_image_service_sets set = {b->section[SL_SECTION_SERVICES].count, 2};

	image_add(b, SL_SECTION_SERVICES, &one);
	image_add(b, SL_SECTION_SERVICES, &two);
	return image_add(b, SL_SECTION_SERVICE_SETS, &set);
}

static int by_zones(const void *a, const void *b)
{
	const struct sl_image_pairs *x = a, *y = b;

	return x->from != y->from ? x->from - y->from : x->to - y->to;
}

static void range4(struct image_builder *b, const char *lo, const char *hi)
{
	image_add(b, SL_SECTION_RANGES4,
		  &(struct sl_image_ranges4){ntohl(inet_addr(lo)), ntohl(inet_addr(hi))});
}

/* `count4` ranges of IPv4 are there; one of IPv6: `six` and `more` after it. */
static void proxy(struct image_builder *b, uint16_t iface, uint32_t count4, const char *six,
		  uint64_t more)
{
	struct sl_image_address_sets set = {
		.first4 = b->section[SL_SECTION_RANGES4].count - count4,
		.count4 = count4,
		.first6 = b->section[SL_SECTION_RANGES6].count,
		.count6 = 1,
	};
	struct sl_image_ranges6 r;
	uint64_t words[2];

	inet_pton(AF_INET6, six, words);
	r.lo_high = r.hi_high = rte_be_to_cpu_64(words[0]);
	r.lo_low = rte_be_to_cpu_64(words[1]);
	r.hi_low = r.lo_low + more;
	image_add(b, SL_SECTION_RANGES6, &r);
	image_add(b, SL_SECTION_PROXIES,
		  &(struct sl_image_proxies){
			  .set = image_add(b, SL_SECTION_ADDRESS_SETS, &set), .iface = iface});
}

static void add_proxies(struct image_builder *b)
{
	range4(b, "198.51.100.2", "198.51.100.5");
	range4(b, "198.51.100.8", "198.51.100.11");
	proxy(b, WAN, 2, "2001:db8:1::50", 15);
	range4(b, "10.20.0.40", "10.20.0.47");
	proxy(b, DMZ, 1, "2001:db8:20::40", 7);
}

void nat_network(struct image_builder *b)
{
	struct sl_image_services web = {6, 0, 65535, 8000, 8009}, dns = {17, 0, 65535, 53, 53},
				 icmp = {1, 0, 65535, 0, 65535};
	struct sl_image_pairs *pairs;
	struct sl_image_arrivals arrivals = {.parts = 1};
	uint32_t allow, sources, destinations, count;

	image_policy(b, "source");
	translate(b, set4(b, "10.1.5.0", "10.1.5.255", NULL), SL_SET_ANY, SL_SET_ANY,
		  (struct sl_image_translations){
			  .pool = set4(b, "198.51.100.5", "198.51.100.5", NULL), .port_lo = 2000,
			  .port_hi = 2003, .kind = SL_NAT_POOL, .family = 4},
		  NULL);
	translate(b, set4(b, "10.1.6.0", "10.1.6.3", NULL), SL_SET_ANY, SL_SET_ANY,
		  (struct sl_image_translations){.kind = SL_NAT_PREFIX, .family = 4, .length = 30},
		  "198.51.100.8");
	translate(b, set4(b, "10.1.7.0", "10.1.7.255", NULL), SL_SET_ANY, SL_SET_ANY,
		  (struct sl_image_translations){.kind = SL_NAT_NONE}, NULL);
	translate(b, set4(b, "0.0.0.0", "255.255.255.255", "2001:db8:a::77"), SL_SET_ANY, SL_SET_ANY,
		  (struct sl_image_translations){.port_lo = 1024, .port_hi = 65535,
						 .kind = SL_NAT_INTERFACE,
						 .flags = SL_NAT_PRESERVE},
		  NULL);
	image_policy(b, "destination");
	translate(b, SL_SET_ANY, set4(b, "198.51.100.3", "198.51.100.3", NULL),
		  service(b, web, web),
		  (struct sl_image_translations){.port_lo = 80, .port_hi = 89, .match_lo = 8000,
						 .kind = SL_NAT_PREFIX, .family = 4, .length = 32,
						 .flags = SL_NAT_HAIRPIN},
		  "10.1.2.80");
	translate(b, SL_SET_ANY, set4(b, "198.51.100.3", "198.51.100.3", NULL),
		  service(b, dns, icmp),
		  (struct sl_image_translations){.kind = SL_NAT_PREFIX, .family = 4, .length = 32},
		  "10.20.0.53");
	translate(b, SL_SET_ANY, set4(b, "198.51.100.8", "198.51.100.11", NULL), SL_SET_ANY,
		  (struct sl_image_translations){.kind = SL_NAT_PREFIX, .family = 4, .length = 30},
		  "10.1.6.0");
	translate(b, SL_SET_ANY, set4(b, "198.51.100.4", "198.51.100.4", NULL), SL_SET_ANY,
		  (struct sl_image_translations){.kind = SL_NAT_PREFIX, .family = 4, .length = 32},
		  "198.51.100.2");
	translate(b, SL_SET_ANY, set6(b, "64:ff9b::", "64:ff9b::ffff:ffff"), SL_SET_ANY,
		  (struct sl_image_translations){
			  .address = {0, 0x64, 0xff, 0x9b}, .port_lo = 3000, .port_hi = 3003,
			  .pool = set4(b, "198.51.100.6", "198.51.100.6", NULL), .kind = SL_NAT_64,
			  .family = 6, .length = 96, .flags = SL_NAT_PRESERVE},
		  NULL);
	translate(b, SL_SET_ANY, set6(b, "2001:db8:64::", "2001:db8:64:ffff:ffff:ffff:ffff:ffff"),
		  SL_SET_ANY,
		  (struct sl_image_translations){
			  .address = {0x20, 1, 0xd, 0xb8, 0, 0x64}, .port_lo = 1024,
			  .port_hi = 65535, .pool = SL_SET_ANY, .kind = SL_NAT_64, .family = 6,
			  .length = 48, .flags = SL_NAT_PRESERVE},
		  NULL);

	allow = image_part(b, 4, 1, 1);
	sources = image_part(b, 20, 4, 1);
	destinations = image_part(b, 21, 5, 1);
	image_pair(b, 6, 3, 2, allow);
	image_pair(b, 7, 3, 4, allow);
	image_pair(b, 8, 2, 2, allow);
	image_pair(b, 9, 3, SL_ZONE_LOCAL, allow);
	pairs = (void *)b->section[SL_SECTION_PAIRS].data;
	count = b->section[SL_SECTION_PAIRS].count;
	for (uint32_t i = 0; i < count; i++) {
		if (pairs[i].from != 2 || pairs[i].to != 3)
			continue;
		pairs[i].first_nat = image_add(b, SL_SECTION_PAIR_PARTS, &sources);
		pairs[i].nat_parts = 1;
	}
	qsort(pairs, count, sizeof(*pairs), by_zones);
	arrivals.first_part = image_add(b, SL_SECTION_PAIR_PARTS, &destinations);
	for (arrivals.zone = 2; arrivals.zone <= 3; arrivals.zone++)
		image_add(b, SL_SECTION_ARRIVALS, &arrivals);
	add_proxies(b);
}
