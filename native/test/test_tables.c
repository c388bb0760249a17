/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tables/tables.h"
#include "test/image_builder.h"

/* Two zones, two policies as two parts, a VLAN child, addresses, a route. */
struct shape {
	uint8_t hash[2];      /* of the parts */
	uint8_t pair_hash[3]; /* of (2,3), (2,1), (3,2); 0: left out */
	uint8_t action;	      /* of the first rule */
};

static const struct shape plain = {{1, 2}, {1, 2, 3}, SL_ACTION_DENY};

static void address(struct image_builder *b, uint8_t family, const uint8_t *bytes, uint8_t length)
{
	struct sl_image_addresses a = {.family = family, .length = length};

	memcpy(a.address, bytes, family == 4 ? 4 : 16);
	image_add(b, SL_SECTION_ADDRESSES, &a);
}

static void both_parts(struct image_builder *b, uint8_t hash, uint16_t from, uint16_t to)
{
	const uint32_t second = 1;

	image_pair(b, hash, from, to, 0);
	image_add(b, SL_SECTION_PAIR_PARTS, &second);
	((struct sl_image_pairs *)b->section[SL_SECTION_PAIRS].data)
		[b->section[SL_SECTION_PAIRS].count - 1]
			.parts = 2;
}

static void add_network(struct image_builder *b)
{
	const struct sl_image_interfaces child = {.name = image_string(b, "dmz"),
						  .first_address = 3,
						  .addresses = 1,
						  .slot = 5,
						  .zone = 3,
						  .parent = 1,
						  .vlan = 20,
						  .mtu = 1400,
						  .flags = SL_IFACE_VLAN};
	const struct sl_image_interfaces management = {.name = image_string(b, "mgmt"),
						       .first_address = 4,
						       .addresses = 1,
						       .slot = 6,
						       .mtu = 1500,
						       .flags = SL_IFACE_MANAGEMENT};
	const struct sl_image_routes route = {.via = {10, 0, 0, 9},
					      .iface = 1,
					      .family = 4,
					      .flags = SL_ROUTE_VIA,
					      .distance = 1};

	image_zone(b, 2, "inside");
	image_zone(b, 3, "dmz");
	image_iface(b, 1, 2, "lan");
	((struct sl_image_interfaces *)b->section[SL_SECTION_INTERFACES].data)->addresses = 3;
	image_add(b, SL_SECTION_INTERFACES, &child);
	image_add(b, SL_SECTION_INTERFACES, &management);
	address(b, 4, (const uint8_t[]){10, 0, 0, 1}, 24);
	address(b, 4, (const uint8_t[]){10, 9, 0, 0}, 31);
	address(b, 6, (const uint8_t[]){0x20, 1, 0xd, 0xb8, [15] = 1}, 64);
	address(b, 4, (const uint8_t[]){192, 0, 2, 1}, 30);
	address(b, 4, (const uint8_t[]){198, 51, 100, 1}, 24);
	image_add(b, SL_SECTION_ROUTES, &route);
}

static void *make_image(const struct shape *shape, size_t *size)
{
	const struct sl_image_ranges4 range4 = {0x0a000000, 0x0a00ffff};
	const struct sl_image_ranges6 range6 = {1, 0, 1, UINT64_MAX};
	const struct sl_image_address_sets set = {0, 1, 0, 1};
	const struct sl_image_services service[] = {{6, 0, 65535, 80, 80},
						    {SL_PROTO_ANY, 0, 65535, 0, 65535}};
	const struct sl_image_service_sets services[] = {{0, 1}, {1, 1}};
	struct image_builder b;
	void *bytes;

	image_builder_init(&b);
	add_network(&b);
	image_add(&b, SL_SECTION_RANGES4, &range4);
	image_add(&b, SL_SECTION_RANGES6, &range6);
	image_add(&b, SL_SECTION_ADDRESS_SETS, &set);
	for (int i = 0; i < 2; i++) {
		image_add(&b, SL_SECTION_SERVICES, &service[i]);
		image_add(&b, SL_SECTION_SERVICE_SETS, &services[i]);
	}
	image_policy(&b, "first");
	image_rule(&b, 0, SL_SET_ANY, 0, shape->action);
	image_policy(&b, "second");
	image_rule(&b, 0, SL_SET_ANY, 1, SL_ACTION_ALLOW);
	image_part(&b, shape->hash[0], 0, 1);
	image_part(&b, shape->hash[1], 1, 1);
	if (shape->pair_hash[1] != 0)
		image_pair(&b, shape->pair_hash[1], 2, 1, 1);
	if (shape->pair_hash[0] != 0)
		both_parts(&b, shape->pair_hash[0], 2, 3);
	if (shape->pair_hash[2] != 0)
		image_pair(&b, shape->pair_hash[2], 3, 2, 0);
	bytes = image_finish(&b, size);
	image_builder_free(&b);
	return bytes;
}

static struct sl_tables *make_tables(const struct shape *shape, const struct sl_tables *previous,
				     struct sl_tables_stats *stats)
{
	char error[200] = "";
	size_t size;
	void *bytes = make_image(shape, &size);
	struct sl_tables *t = sl_tables_build(bytes, size, previous, error, sizeof(error), stats);

	if (t == NULL)
		fail_msg("%s", error);
	free(bytes);
	return t;
}

static uint32_t judge(const struct sl_tables *t, uint16_t from, uint16_t to, uint16_t dport)
{
	const struct sl_flow flow = {
		.family = 4, .proto = 6, .sport = 40000, .dport = dport, .v4 = {0x0a000001, 5}};
	const struct sl_rule *rule = sl_tables_judge_one(t, from, to, &flow);

	return rule == NULL ? 0 : rule->slot;
}

static void test_judge(void **state)
{
	struct sl_tables *t = make_tables(&plain, NULL, NULL);

	(void)state;
	assert_int_equal(judge(t, 2, 3, 80), 16); /* the first part */
	assert_int_equal(judge(t, 2, 3, 81), 17); /* only the second */
	assert_int_equal(judge(t, 2, 1, 80), 17);
	assert_int_equal(judge(t, 3, 2, 81), 0);
	assert_int_equal(judge(t, 2, 2, 80), 0); /* no such pair */
	assert_int_equal(judge(t, 2, SL_MAX_ZONES, 80), 0);
	assert_int_equal(judge(t, 65535, 2, 80), 0);
	assert_string_equal(sl_image_string(&t->image, t->zones[3]->name), "dmz");
	assert_int_equal(t->ifaces[5]->vlan, 20);
	assert_null(t->ifaces[2]);
	assert_int_equal(sl_tables_rule(t, 17)->line, 2);
	assert_null(sl_tables_rule(t, 18));
	assert_null(sl_tables_rule(t, UINT32_MAX));
	sl_tables_free(t);
}

/* Many flows at once with the first part deciding only some of them. */
static void test_judge_batch(void **state)
{
	struct sl_tables *t = make_tables(&plain, NULL, NULL);
	struct sl_flow flow[200];
	const struct sl_flow *flows[200];
	const struct sl_rule *out[200];

	(void)state;
	for (uint32_t i = 0; i < 200; i++) {
		flow[i] = (struct sl_flow){
			.family = i % 5 == 0 ? 6 : 4, .proto = 6, .dport = 79 + i % 3};
		if (i % 5 == 0)
			flow[i].v6.src[0] = i % 2; /* 1:: is in the set */
		else
			flow[i].v4.src = i % 7 == 0 ? 1 : 0x0a000000 + i;
		flows[i] = &flow[i];
	}
	sl_tables_judge(t, 2, 3, flows, out, 200);
	for (uint32_t i = 0; i < 200; i++) {
		bool inside = i % 5 == 0 ? i % 2 == 1 : i % 7 != 0;

		if (!inside)
			assert_null(out[i]);
		else
			assert_int_equal(out[i]->slot, i % 3 == 1 ? 16 : 17);
	}
	sl_tables_free(t);
}

static void test_generations(void **state)
{
	struct sl_tables *a = make_tables(&plain, NULL, NULL), *b, *c, *d;
	struct sl_tables_stats stats;
	struct shape shape = plain;

	(void)state;
	assert_int_equal(sl_tables_pair_generation(a, 2, 3), 1);
	assert_int_equal(sl_tables_pair_generation(a, 3, 3), 0);
	b = make_tables(&shape, a, &stats);
	assert_int_equal(stats.parts_kept, 2);
	assert_int_equal(stats.pairs_changed, 0);
	assert_int_equal(sl_tables_pair_generation(b, 2, 3), 1);
	sl_tables_free(a);

	/* The first part changes, and (3, 2), which has it alone, goes. */
	shape = (struct shape){{9, 2}, {9, 2, 0}, SL_ACTION_ALLOW};
	c = make_tables(&shape, b, &stats);
	assert_int_equal(stats.parts_kept, 1);
	assert_int_equal(stats.parts_built, 1);
	assert_int_equal(stats.pairs_changed, 2);
	assert_int_equal(sl_tables_pair_generation(c, 2, 3), 3);
	assert_int_equal(sl_tables_pair_generation(c, 2, 1), 1);
	assert_int_equal(sl_tables_pair_generation(c, 3, 2), 3);
	assert_int_equal(judge(c, 2, 3, 80), 16);
	assert_int_equal(judge(b, 2, 3, 80), 16);

	/* It comes back: neither what it was first nor what it was when it was gone. */
	d = make_tables(&plain, c, &stats);
	assert_int_equal(sl_tables_pair_generation(d, 3, 2), 4);
	assert_int_equal(sl_tables_pair_generation(d, 2, 1), 1);
	sl_tables_free(b);
	sl_tables_free(c);
	assert_int_equal(judge(d, 2, 1, 80), 17);
	sl_tables_free(d);
}

static void test_addresses(void **state)
{
	struct sl_tables *t = make_tables(&plain, NULL, NULL);

	(void)state;
	assert_true(sl_tables_is_local4(t, 0x0a000001));
	assert_true(sl_tables_is_local4(t, 0x0a090000));
	assert_true(sl_tables_is_local4(t, 0xc0000201));
	assert_false(sl_tables_is_local4(t, 0x0a000002));
	assert_false(sl_tables_is_local4(t, 0xc6336401)); /* management */
	assert_true(sl_tables_is_local6(t, 0x20010db800000000, 1));
	assert_false(sl_tables_is_local6(t, 0x20010db800000000, 2));
	assert_true(sl_tables_is_broadcast4(t, 0x0a0000ff));
	assert_true(sl_tables_is_broadcast4(t, 0xc0000203));
	assert_true(sl_tables_is_broadcast4(t, UINT32_MAX));
	assert_false(sl_tables_is_broadcast4(t, 0x0a090001)); /* RFC 3021 */
	assert_false(sl_tables_is_broadcast4(t, 0xc63364ff));
	sl_tables_free(t);
}

/* What a hostile image may still be asked; the sanitizers watch. */
static void open_and_ask(uint8_t *bytes, size_t size, bool expect_refused)
{
	char error[200] = "";
	struct sl_tables *t = sl_tables_build(bytes, size, NULL, error, sizeof(error), NULL);

	if (t == NULL) {
		assert_string_not_equal(error, "");
		return;
	}
	assert_false(expect_refused);
	for (uint16_t from = 0; from < 5; from++)
		judge(t, from, from ^ 1, 80);
	sl_tables_free(t);
}

static void test_truncated(void **state)
{
	size_t size;
	uint8_t *bytes = make_image(&plain, &size);

	(void)state;
	for (size_t n = 0; n < size; n++) {
		/* A block of its own, so that a read past the end is seen. */
		uint8_t *cut = malloc(n + 1);

		assert_non_null(cut);
		memcpy(cut, bytes, n);
		open_and_ask(cut, n, true);
		if (n >= sizeof(struct sl_image_header)) {
			((struct sl_image_header *)cut)->total = n;
			image_repair_crc(cut, n);
			open_and_ask(cut, n, n < size - 7);
		}
		free(cut);
	}
	free(bytes);
}

static void test_bits_flipped(void **state)
{
	size_t size;
	uint8_t *bytes = make_image(&plain, &size);

	(void)state;
	for (size_t bit = 0; bit < size * 8; bit++) {
		uint8_t was = bytes[bit / 8];
		struct sl_image_header header;

		memcpy(&header, bytes, sizeof(header));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		open_and_ask(bytes, size, true);
		image_repair_crc(bytes, size);
		open_and_ask(bytes, size, false);
		bytes[bit / 8] = was;
		memcpy(bytes, &header, sizeof(header));
	}
	free(bytes);
}

#define RECORD(bytes, name, id, i)                                                                 \
	((struct sl_image_##name *)((bytes) +                                                      \
				    ((struct sl_image_directory *)((bytes) +                       \
								   sizeof(struct sl_image_header)))[(id) - 1] \
					    .offset) +                                             \
	 (i))

static void expect(uint8_t *bytes, size_t size, const char *text)
{
	struct sl_image image;
	char error[200] = "";

	image_repair_crc(bytes, size);
	assert_int_equal(sl_image_open(&image, bytes, size, error, sizeof(error)), -22);
	assert_string_equal(error, text);
}

/* One fault, its text, and the value back. */
#define FAULT(name, id, i, field, value, text)                                                     \
	do {                                                                                       \
		struct sl_image_##name *record = RECORD(bytes, name, id, i);                       \
		struct sl_image_##name was = *record;                                              \
		record->field = value;                                                             \
		expect(bytes, size, text);                                                         \
		*record = was;                                                                     \
	} while (0)

static void test_texts(void **state)
{
	size_t size;
	uint8_t *bytes = make_image(&plain, &size);
	struct sl_image image;
	char error[200] = "";

	(void)state;
	FAULT(settings, SL_SECTION_SETTINGS, 0, max_sessions, 3,
	      "settings 0: max_sessions 3 is not in 1024..33554432");
	FAULT(settings, SL_SECTION_SETTINGS, 0, icmp, 0,
	      "settings 0: time 6: 0 is not in 1..31536000 seconds");
	FAULT(settings, SL_SECTION_SETTINGS, 0, ip6_routing, 3,
	      "settings 0: IPv6 extensions: 0x3, 8, 0");
	FAULT(settings, SL_SECTION_SETTINGS, 0, ip6_headers, 9,
	      "settings 0: IPv6 extensions: 0, 9, 0");
	FAULT(settings, SL_SECTION_SETTINGS, 0, ip6_flags, 8,
	      "settings 0: IPv6 extensions: 0, 8, 0x8");
	FAULT(zones, SL_SECTION_ZONES, 1, slot, 2, "zones 1: slot 2 is not in 3..255");
	FAULT(zones, SL_SECTION_ZONES, 0, name, 9999, "zones 0: name 9999 is out of range");
	FAULT(interfaces, SL_SECTION_INTERFACES, 1, parent, 5,
	      "interfaces 1: parent 5 is none before it");
	FAULT(interfaces, SL_SECTION_INTERFACES, 1, vlan, 4095,
	      "interfaces 1: VLAN 4095 is not in 1..4094");
	FAULT(interfaces, SL_SECTION_INTERFACES, 0, zone, 7,
	      "interfaces 0: zone 7 is not one of its kind");
	FAULT(interfaces, SL_SECTION_INTERFACES, 2, zone, 2,
	      "interfaces 2: zone 2 is not one of its kind");
	FAULT(interfaces, SL_SECTION_INTERFACES, 0, addresses, 6,
	      "interfaces 0: addresses 0+6 of 5");
	FAULT(addresses, SL_SECTION_ADDRESSES, 0, length, 33, "addresses 0: prefix length 33");
	FAULT(addresses, SL_SECTION_ADDRESSES, 2, family, 5, "addresses 2: family 5");
	FAULT(ranges4, SL_SECTION_RANGES4, 0, lo, 0xffffffff,
	      "ranges4 0: not in order within set 0");
	FAULT(ranges6, SL_SECTION_RANGES6, 0, lo_high, 2, "ranges6 0: not in order within set 0");
	FAULT(address_sets, SL_SECTION_ADDRESS_SETS, 0, count4, 2,
	      "address_sets 0: more ranges than there are");
	FAULT(address_sets, SL_SECTION_ADDRESS_SETS, 0, first6, 1,
	      "address_sets 0: ranges6 1+1 of 1");
	FAULT(services, SL_SECTION_SERVICES, 0, protocol, 257, "services 0: protocol 257");
	FAULT(services, SL_SECTION_SERVICES, 0, destination_lo, 81,
	      "services 0: a range ends before it starts");
	FAULT(service_sets, SL_SECTION_SERVICE_SETS, 1, first, 2,
	      "service_sets 1: services 2+1 of 2");
	FAULT(policies, SL_SECTION_POLICIES, 1, first_rule, 0,
	      "policies 1: rules 0+1 of 2, 1 expected");
	FAULT(rules, SL_SECTION_RULES, 1, slot, 16, "rules 1: slot 16 is there twice");
	FAULT(rules, SL_SECTION_RULES, 1, slot, 15, "rules 1: slot 15 is not in 16..1048575");
	FAULT(rules, SL_SECTION_RULES, 1, source, 1, "rules 1: source 1 of 1 sets");
	FAULT(rules, SL_SECTION_RULES, 0, action, 4, "rules 0: action 4 is unknown");
	FAULT(rules, SL_SECTION_RULES, 0, policy, 1, "rules 0: policy 1, but it lies in policy 0");
	FAULT(parts, SL_SECTION_PARTS, 1, policies, 2, "parts 1: policies 1+2 of 2");
	FAULT(part_policies, SL_SECTION_PART_POLICIES, 1, policy, 2, "part_policies 1: policy 2 of 2");
	FAULT(pairs, SL_SECTION_PAIRS, 1, from, 9, "pairs 1: zones 9 and 3 are not both there");
	FAULT(pairs, SL_SECTION_PAIRS, 1, to, 1, "pairs 1: not in order");
	FAULT(pair_parts, SL_SECTION_PAIR_PARTS, 0, part, 2, "pair_parts 0: part 2 of 2");
	FAULT(routes, SL_SECTION_ROUTES, 0, iface, 2, "routes 0: interface 2 is none");
	FAULT(routes, SL_SECTION_ROUTES, 0, address[3], 1, "routes 0: host bits below /0 are set");
	image_repair_crc(bytes, size);
	assert_int_equal(sl_image_open(&image, bytes, size, error, sizeof(error)), 0);
	free(bytes);
}

/* zlib's check value, so that both sides mean the same CRC. */
static void test_crc(void **state)
{
	struct sl_image_header header = {0};
	uint8_t bytes[sizeof(header) + 9];

	(void)state;
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes + sizeof(header), "123456789", 9);
	/* python3 -c 'import zlib; print(hex(zlib.crc32(bytes(48) + b"123456789")))' */
	assert_int_equal(sl_image_crc(bytes, sizeof(bytes)), 0xf02cf394);
	memset(bytes + offsetof(struct sl_image_header, crc), 0xaa, 4);
	assert_int_equal(sl_image_crc(bytes, sizeof(bytes)), 0xf02cf394);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_crc),	     cmocka_unit_test(test_texts),
		cmocka_unit_test(test_judge),	     cmocka_unit_test(test_judge_batch),
		cmocka_unit_test(test_generations),  cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_truncated),    cmocka_unit_test(test_bits_flipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
