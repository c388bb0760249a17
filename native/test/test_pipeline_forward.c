/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "test/pipeline.h"

/* Packets that are allowed: whole frames in, whole frames out. */

/* What must come out: the frame in with a new Ethernet header and one hop less. */
static void one_hop(struct frame *f, const uint8_t mac_to[6], const uint8_t mac_from[6])
{
	uint8_t *ip = f->bytes + f->l3;

	memcpy(f->bytes, mac_to, 6);
	memcpy(f->bytes + 6, mac_from, 6);
	if (ip[0] >> 4 == 4) {
		ip[8]--;
		frame_fix_ip(f);
	} else {
		ip[7]--;
	}
}

static void assert_out(unsigned int i, const struct frame *want, uint16_t iface)
{
	struct sl_output head;
	const uint8_t *bytes = pipeline_out(i, &head);

	assert_non_null(bytes);
	assert_int_equal(head.iface, iface);
	assert_int_equal(head.length, want->length);
	assert_memory_equal(bytes, want->bytes, want->length);
}

/* Offline neighbours have made-up MACs: 02, family, address. */
static const uint8_t gateway[6] = {2, 4, 198, 51, 100, 1}, client[6] = {2, 4, 10, 1, 2, 3};
static const uint8_t wan_mac[6] = {2, 0, 0, 0, 0, WAN}, inside_mac[6] = {2, 0, 0, 0, 0, INSIDE};

static void udp4_and_its_answer(void **state)
{
	const struct sl_result *r;
	struct frame f;

	(void)state;
	frame_udp(&f, "10.1.2.3", "203.0.113.80", 40000, 53, 33);
	r = pipeline_in(INSIDE, &f);
	assert_int_equal(r->fate, SL_FATE_FORWARDED);
	assert_int_equal(r->session, SL_SESSION_NEW);
	assert_int_equal(r->rule, RULE_OUT);
	assert_int_equal(r->route, SL_ROUTE_FOUND);
	assert_int_equal(r->from, 2);
	assert_int_equal(r->to, 3);
	assert_memory_equal(r->next_hop, ((uint8_t[16]){198, 51, 100, 1}), 16);
	one_hop(&f, gateway, wan_mac);
	assert_out(0, &f, WAN);

	frame_udp(&f, "203.0.113.80", "10.1.2.3", 53, 40000, 1200);
	r = pipeline_in(WAN, &f);
	assert_int_equal(r->session, SL_SESSION_HIT);
	assert_int_equal(r->verdict, SL_VERDICT_ALLOW);
	assert_int_equal(r->rule, RULE_OUT);
	assert_int_equal(r->out, INSIDE);
	one_hop(&f, client, inside_mac);
	assert_out(0, &f, INSIDE);
}

static void tcp6_handshake(void **state)
{
	struct frame f;

	(void)state;
	frame_tcp(&f, "2001:db8:a::5", "2001:db8:99::1", 1025, 443, 0x02, 1000, 0, 0);
	expect_forwarded(INSIDE, &f, WAN);
	frame_tcp(&f, "2001:db8:99::1", "2001:db8:a::5", 443, 1025, 0x12, 7000, 1001, 0);
	expect_forwarded(WAN, &f, INSIDE);
	frame_tcp(&f, "2001:db8:a::5", "2001:db8:99::1", 1025, 443, 0x10, 1001, 7001, 0);
	expect_forwarded(INSIDE, &f, WAN);
	frame_tcp(&f, "2001:db8:99::1", "2001:db8:a::5", 443, 1025, 0x18, 7001, 1001, 512);
	expect_forwarded(WAN, &f, INSIDE);
	/* Far outside what the client can have asked for. */
	frame_tcp(&f, "2001:db8:99::1", "2001:db8:a::5", 443, 1025, 0x18, 900000, 1001, 512);
	expect_dropped(WAN, &f, SL_DROP_TCP_OUT_OF_WINDOW);
}

static void tag_on_and_off(void **state)
{
	static const uint8_t tag[4] = {0x81, 0, 0, 20}, server[6] = {2, 4, 10, 20, 0, 7};
	struct frame f, want;

	(void)state;
	frame_udp(&f, "10.1.2.3", "10.20.0.7", 40000, 514, 10);
	want = f;
	one_hop(&want, server, inside_mac);
	memmove(want.bytes + 16, want.bytes + 12, want.length - 12);
	memcpy(want.bytes + 12, tag, 4);
	want.length += 4;
	assert_int_equal(pipeline_in(INSIDE, &f)->out, DMZ);
	/* It leaves by the port the child lies on. */
	assert_out(0, &want, INSIDE);

	frame_ip(&f, 20, "10.20.0.7", "10.1.2.3", 17);
	frame_add(&f, "\x02\x02\x9c\x40\0\0\0\0", 8);
	frame_finish(&f);
	want = f;
	one_hop(&want, client, inside_mac);
	memmove(want.bytes + 12, want.bytes + 16, want.length - 16);
	want.length -= 4;
	assert_int_equal(pipeline_in(INSIDE, &f)->in, DMZ);
	assert_out(0, &want, INSIDE);
	/* A priority tag belongs to the port itself (IEEE 802.1Q 6.9.1). */
	frame_ip(&f, 0x6000, "10.1.2.4", "203.0.113.80", 17);
	frame_add(&f, "\x9c\x40\0\x35\0\0\0\0", 8);
	frame_finish(&f);
	expect_forwarded(INSIDE, &f, WAN);
}

static void padding_is_cut(void **state)
{
	struct frame f, want;

	(void)state;
	frame_udp(&f, "10.1.2.3", "203.0.113.80", 40000, 53, 0);
	want = f;
	one_hop(&want, gateway, wan_mac);
	frame_fill(&f, 18);
	pipeline_in(INSIDE, &f);
	assert_out(0, &want, WAN);
}

static void many_segments(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, "10.1.2.3", "203.0.113.80", 40000, 53, 10);
	expect_forwarded(INSIDE, &f, WAN);
	/* Four buffers long, and padding that begins in the third. */
	frame_udp(&f, "203.0.113.80", "10.1.2.3", 53, 40000, 8000);
	struct frame want = f;
	one_hop(&want, client, inside_mac);
	pipeline_in(WAN, &f);
	assert_out(0, &want, INSIDE);
	frame_udp(&f, "203.0.113.80", "10.1.2.3", 53, 40000, 5000);
	want = f;
	one_hop(&want, client, inside_mac);
	frame_fill(&f, 4000);
	pipeline_in(WAN, &f);
	assert_out(0, &want, INSIDE);
}

static void by_a_gateway_inside(void **state)
{
	static const uint8_t router[6] = {2, 4, 10, 1, 0, 9};
	struct frame f;

	(void)state;
	frame_udp(&f, "10.9.1.1", "203.0.113.80", 40000, 53, 10);
	expect_forwarded(INSIDE, &f, WAN);
	frame_udp(&f, "203.0.113.80", "10.9.1.1", 53, 40000, 10);
	expect_forwarded(WAN, &f, INSIDE);
	assert_memory_equal(pipeline.out + sizeof(struct sl_output), router, 6);
}

static void atomic_fragment6(void **state)
{
	static const uint8_t fragment[8] = {17, 0, 0, 0, 1, 2, 3, 4};
	struct frame f;

	(void)state;
	/* RFC 6946: a fragment that is the whole packet is no fragment. */
	frame_udp(&f, "2001:db8:a::5", "2001:db8:99::1", 40000, 53, 20);
	memmove(f.bytes + f.l4 + 8, f.bytes + f.l4, f.length - f.l4);
	memcpy(f.bytes + f.l4, fragment, 8);
	f.length += 8;
	f.bytes[f.l3 + 6] = 44;
	f.bytes[f.l3 + 5] += 8;
	assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
	frame_udp(&f, "2001:db8:99::1", "2001:db8:a::5", 53, 40000, 20);
	assert_int_equal(pipeline_in(WAN, &f)->session, SL_SESSION_HIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(udp4_and_its_answer, pipeline_reset),
		cmocka_unit_test_setup(tcp6_handshake, pipeline_reset),
		cmocka_unit_test_setup(tag_on_and_off, pipeline_reset),
		cmocka_unit_test_setup(padding_is_cut, pipeline_reset),
		cmocka_unit_test_setup(many_segments, pipeline_reset),
		cmocka_unit_test_setup(by_a_gateway_inside, pipeline_reset),
		cmocka_unit_test_setup(atomic_fragment6, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
