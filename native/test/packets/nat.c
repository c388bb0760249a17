/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test/nat_network.h"
#include "test/packet_rows.h"
#include "test/packets/packets.h"

static const struct packet_row rows[] = {
	{"masquerade keeps the port, and its answer finds back", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp 198.51.100.2:40000 > 203.0.113.80:53 len 20"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.2:40000 len 33", .out = INSIDE, .becomes = "udp 203.0.113.80:53 > 10.1.2.3:40000 len 33"},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 1", .out = WAN, .becomes = "udp 198.51.100.2:40000 > 203.0.113.80:53 len 1"},
	{"one port serves two destinations, and two clients one destination not", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp 198.51.100.2:40000 > 203.0.113.80:53 len 20"},
	{NULL, INSIDE, "udp 10.1.2.4:40000 > 203.0.113.81:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp 198.51.100.2:40000 > 203.0.113.81:53 len 20"},
	{NULL, WAN, "udp 203.0.113.81:53 > 198.51.100.2:40000 len 3", .out = INSIDE, .becomes = "udp 203.0.113.81:53 > 10.1.2.4:40000 len 3"},
	{"TCP, with its options", INSIDE, "tcp 10.1.2.3:1025 > 203.0.113.80:443 S seq 7000 win 1000 opt 020405b4", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "tcp 198.51.100.2:1025 > 203.0.113.80:443 S seq 7000 win 1000 opt 020405b4"},
	{NULL, WAN, "tcp 203.0.113.80:443 > 198.51.100.2:1025 SA seq 1000 ack 7001 win 1000", .out = INSIDE, .becomes = "tcp 203.0.113.80:443 > 10.1.2.3:1025 SA seq 1000 ack 7001 win 1000"},
	{NULL, INSIDE, "tcp 10.1.2.3:1025 > 203.0.113.80:443 A seq 7001 ack 1001 win 1000 len 77", .out = WAN, .becomes = "tcp 198.51.100.2:1025 > 203.0.113.80:443 A seq 7001 ack 1001 win 1000 len 77"},
	{"UDP without a checksum stays without", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 l4 6 0000", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp 198.51.100.2:40000 > 203.0.113.80:53 len 20 l4 6 0000"},
	{"a query keeps its identifier, which is no port", INSIDE, "icmp 10.1.2.3 > 203.0.113.80 8/0 rest 00070001 len 40", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "icmp 198.51.100.2 > 203.0.113.80 8/0 rest 00070001 len 40"},
	{NULL, WAN, "icmp 203.0.113.80 > 198.51.100.2 0/0 rest 00070001 len 40", .out = INSIDE, .becomes = "icmp 203.0.113.80 > 10.1.2.3 0/0 rest 00070001 len 40"},
	{"protocols without ports by their address alone", INSIDE, "47 10.1.2.3 > 203.0.113.80 data 0000000000000000", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "47 198.51.100.2 > 203.0.113.80 data 0000000000000000"},
	{NULL, WAN, "47 203.0.113.80 > 198.51.100.2 data 00000001", .out = INSIDE, .becomes = "47 203.0.113.80 > 10.1.2.3 data 00000001"},
	{NULL, INSIDE, "47 10.1.2.4 > 203.0.113.80 data 0000000000000000", .rule = RULE_OUT, .drop = SL_DROP_NAT_POOL_FULL},
	{"IPv6 where a rule says so", INSIDE, "udp [2001:db8:a::77]:4000 > [2001:db8:99::1]:53 len 9", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp [2001:db8:1::2]:4000 > [2001:db8:99::1]:53 len 9"},
	{NULL, WAN, "udp [2001:db8:99::1]:53 > [2001:db8:1::2]:4000 len 9", .out = INSIDE, .becomes = "udp [2001:db8:99::1]:53 > [2001:db8:a::77]:4000 len 9"},
	{NULL, INSIDE, "udp [2001:db8:a::78]:4000 > [2001:db8:99::1]:53 len 9", .out = WAN, .rule = RULE_OUT},
	{"a query of IPv6", INSIDE, "icmp 2001:db8:a::77 > 2001:db8:99::1 128/0 rest 77770001 len 9", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "icmp 2001:db8:1::2 > 2001:db8:99::1 128/0 rest 77770001 len 9"},
	{NULL, WAN, "icmp 2001:db8:99::1 > 2001:db8:1::2 129/0 rest 77770001 len 9", .out = INSIDE, .becomes = "icmp 2001:db8:99::1 > 2001:db8:a::77 129/0 rest 77770001 len 9"},
	{"the rule that says none", INSIDE, "udp 10.1.7.3:40000 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.7.3:40000 len 20", .out = INSIDE},
	{"other zones are left alone", INSIDE, "udp 10.1.2.3:40000 > 10.20.0.9:53 len 20", .out = DMZ, .rule = RULE_TO_DMZ},

	{"one to one, outward", INSIDE, "udp 10.1.6.1:5 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 22, .becomes = "udp 198.51.100.9:5 > 203.0.113.80:53 len 20"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.9:5 len 20", .out = INSIDE, .becomes = "udp 203.0.113.80:53 > 10.1.6.1:5 len 20"},
	{"and inward", WAN, "tcp 203.0.113.80:4000 > 198.51.100.10:22 S seq 1", .out = INSIDE, .rule = RULE_TO_DMZ, .nat = 27, .becomes = "tcp 203.0.113.80:4000 > 10.1.6.2:22 S seq 1"},
	{NULL, INSIDE, "tcp 10.1.6.2:22 > 203.0.113.80:4000 SA seq 5 ack 2", .out = WAN, .becomes = "tcp 198.51.100.10:22 > 203.0.113.80:4000 SA seq 5 ack 2"},

	{"a range of ports, one by one", WAN, "tcp 203.0.113.80:4000 > 198.51.100.3:8003 S seq 1", .out = INSIDE, .rule = RULE_TO_DMZ, .nat = 25, .becomes = "tcp 203.0.113.80:4000 > 10.1.2.80:83 S seq 1"},
	{NULL, INSIDE, "tcp 10.1.2.80:83 > 203.0.113.80:4000 SA seq 5 ack 2", .out = WAN, .becomes = "tcp 198.51.100.3:8003 > 203.0.113.80:4000 SA seq 5 ack 2"},
	{"a forward that keeps ports", WAN, "udp 203.0.113.80:4000 > 198.51.100.3:53 len 5", .out = DMZ, .rule = RULE_TO_DMZ, .nat = 26, .becomes = "udp 203.0.113.80:4000 > 10.20.0.53:53 len 5"},
	{NULL, INSIDE, "udp 10.20.0.53:53 > 203.0.113.80:4000 len 5 vlan 20", .out = WAN, .becomes = "udp 198.51.100.3:53 > 203.0.113.80:4000 len 5"},
	{"a query to a forward", WAN, "icmp 203.0.113.80 > 198.51.100.3 8/0 rest 00090001 len 4", .out = DMZ, .rule = RULE_TO_DMZ, .nat = 26, .becomes = "icmp 203.0.113.80 > 10.20.0.53 8/0 rest 00090001 len 4"},
	{NULL, INSIDE, "icmp 10.20.0.53 > 203.0.113.80 0/0 rest 00090001 len 4 vlan 20", .out = WAN, .becomes = "icmp 198.51.100.3 > 203.0.113.80 0/0 rest 00090001 len 4"},
	{"a service nobody forwards", WAN, "udp 203.0.113.80:4000 > 198.51.100.3:54 len 5", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{"hairpin: the server answers the box", INSIDE, "tcp 10.1.2.3:4000 > 198.51.100.3:8000 S seq 1", .out = INSIDE, .rule = RULE_TO_DMZ, .nat = 25, .becomes = "tcp 10.1.0.1:4000 > 10.1.2.80:80 S seq 1"},
	{NULL, INSIDE, "tcp 10.1.2.80:80 > 10.1.0.1:4000 SA seq 5 ack 2", .out = INSIDE, .becomes = "tcp 198.51.100.3:8000 > 10.1.2.3:4000 SA seq 5 ack 2"},
	{"from another zone it needs none", INSIDE, "udp 10.1.2.3:4000 > 198.51.100.3:53 len 5", .out = DMZ, .rule = RULE_TO_DMZ, .nat = 26, .becomes = "udp 10.1.2.3:4000 > 10.20.0.53:53 len 5"},
	{"the second client of one port gets another", WAN, "tcp 203.0.113.80:4000 > 198.51.100.3:8000 S seq 1", .out = INSIDE, .rule = RULE_TO_DMZ, .nat = 25, .becomes = "tcp 203.0.113.80:4000 > 10.1.2.80:80 S seq 1"},

	{"an error from outside finds the client, its quote as that sent it", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 df 1", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp 198.51.100.2:40000 > 203.0.113.80:53 len 20 df 1"},
	{NULL, WAN, "icmp 203.0.113.9 > 198.51.100.2 3/4 rest 0000057c about 48 (udp 198.51.100.2:40000 > 203.0.113.80:53 len 20)", .out = INSIDE, .becomes = "icmp 203.0.113.9 > 10.1.2.3 3/4 rest 0000057c about 48 (udp 10.1.2.3:40000 > 203.0.113.80:53 len 20)"},
	{NULL, WAN, "icmp 203.0.113.9 > 198.51.100.2 3/1 about 28 (udp 198.51.100.2:40000 > 203.0.113.80:53 len 20)", .out = INSIDE, .becomes = "icmp 203.0.113.9 > 10.1.2.3 3/1 about 28 (udp 10.1.2.3:40000 > 203.0.113.80:53 len 20)"},
	{"an error from inside hides who it is from", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp 198.51.100.2:40000 > 203.0.113.80:53 len 20"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.2:40000 len 33", .out = INSIDE, .becomes = "udp 203.0.113.80:53 > 10.1.2.3:40000 len 33"},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 3/3 about 61 (udp 203.0.113.80:53 > 10.1.2.3:40000 len 33)", .out = WAN, .becomes = "icmp 198.51.100.2 > 203.0.113.80 3/3 about 61 (udp 203.0.113.80:53 > 198.51.100.2:40000 len 33)"},
	{NULL, INSIDE, "icmp 10.1.0.77 > 203.0.113.80 3/1 about 61 (udp 203.0.113.80:53 > 10.1.2.3:40000 len 33)", .out = WAN, .becomes = "icmp 198.51.100.2 > 203.0.113.80 3/1 about 61 (udp 203.0.113.80:53 > 198.51.100.2:40000 len 33)"},
	{"errors about a forward, both ways", WAN, "tcp 203.0.113.80:4000 > 198.51.100.3:8003 S seq 1", .out = INSIDE, .rule = RULE_TO_DMZ, .nat = 25, .becomes = "tcp 203.0.113.80:4000 > 10.1.2.80:83 S seq 1"},
	{NULL, INSIDE, "icmp 10.1.2.80 > 203.0.113.80 3/3 about 28 (tcp 203.0.113.80:4000 > 10.1.2.80:83 S seq 1)", .out = WAN, .becomes = "icmp 198.51.100.3 > 203.0.113.80 3/3 about 28 (tcp 203.0.113.80:4000 > 198.51.100.3:8003 S seq 1)"},
	{"errors of IPv6", INSIDE, "udp [2001:db8:a::77]:4000 > [2001:db8:99::1]:53 len 9", .out = WAN, .rule = RULE_OUT, .nat = 24, .becomes = "udp [2001:db8:1::2]:4000 > [2001:db8:99::1]:53 len 9"},
	{NULL, WAN, "icmp 2001:db8:99::9 > 2001:db8:1::2 1/4 about 57 (udp [2001:db8:1::2]:4000 > [2001:db8:99::1]:53 len 9)", .out = INSIDE, .becomes = "icmp 2001:db8:99::9 > 2001:db8:a::77 1/4 about 57 (udp [2001:db8:a::77]:4000 > [2001:db8:99::1]:53 len 9)"},
	{"what the box says of a packet quotes it as it came", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 ttl 1", .rule = RULE_OUT, .nat = 24, .drop = SL_DROP_TTL_EXCEEDED, .answer = "icmp 10.1.0.1 > 10.1.2.3 11/0 about 48 (udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 ttl 1) df 1 tos 192 id 0"},

	{"to the box itself, by another address", WAN, "udp 203.0.113.80:4000 > 198.51.100.4:500 len 5", .out = BOX, .rule = RULE_TO_DMZ, .nat = 28, .becomes = "udp 203.0.113.80:4000 > 198.51.100.2:500 len 5"},
};

void packets_nat(void **state)
{
	(void)state;
	pipeline_change = nat_network;
	PACKET_ROWS(rows);
	pipeline_change = NULL;
}

/* Four ports are for four sessions with one destination; another destination has its own four. */
void packets_nat_full(void **state)
{
	struct sl_output head;
	bool seen[4] = {false};
	struct frame f;

	(void)state;
	pipeline_change = nat_network;
	assert_int_equal(pipeline_reset(NULL), 0);
	for (uint16_t i = 0; i < 9; i++) {
		const struct sl_result *r;
		const uint8_t *out;
		uint32_t port;

		frame_udp(&f, "10.1.5.9", "203.0.113.80", (uint16_t)(40000 + i), 53, 20);
		r = pipeline_in(INSIDE, &f);
		if (i >= 4) {
			assert_int_equal(r->reason, SL_DROP_NAT_POOL_FULL);
			continue;
		}
		assert_int_equal(r->fate, SL_FATE_FORWARDED);
		out = pipeline_out(0, &head);
		assert_true(frame_sound(out, head.length));
		assert_int_equal(frame_get(out + 26, 4), 0xc6336405);
		port = frame_get(out + 34, 2);
		assert_in_range(port, 2000, 2003);
		assert_false(seen[port - 2000]);
		seen[port - 2000] = true;
	}
	frame_udp(&f, "10.1.5.9", "203.0.113.81", 40000, 53, 20);
	expect_forwarded(INSIDE, &f, WAN);
	/* Unanswered ones end after 30 s, and their ports are free again. */
	frame_udp(&f, "10.1.5.9", "203.0.113.80", 41000, 53, 20);
	assert_int_equal(pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 32000)->fate, SL_FATE_FORWARDED);
	pipeline_change = NULL;
}
