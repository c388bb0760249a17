/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* What a rule, the default or the route refuses: silently, and counted once by each who has a say. */
static const struct packet_row rows[] = {
	{"by a rule", INSIDE, "tcp 10.1.2.3:40000 > 203.0.113.80:25 S", .rule = RULE_DENY_MAIL, .drop = SL_DROP_POLICY_DENY},
	{NULL, INSIDE, "tcp [2001:db8:a::5]:40000 > [2001:db8:99::1]:25 S", .rule = RULE_DENY_MAIL, .drop = SL_DROP_POLICY_DENY},
	{NULL, INSIDE, "tcp 10.1.2.3:40000 > 203.0.113.80:25 S ttl 1", .rule = RULE_DENY_MAIL, .drop = SL_DROP_POLICY_DENY},

	{"by the default", WAN, "udp 203.0.113.80:53 > 10.1.2.3:40000 len 5", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "tcp [2001:db8:99::1]:443 > [2001:db8:a::5]:1025 S", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "icmp 203.0.113.80 > 10.1.2.3 8/0 rest 00010001 len 8", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "47 203.0.113.80 > 10.1.2.3 len 8", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, INSIDE, "tcp 10.20.0.7:40000 > 10.1.2.3:80 S vlan 20", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},

	{"within a zone nothing passes unless a policy says so", INSIDE, "udp 10.1.2.3:40000 > 10.9.1.1:53 len 5", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},

	{"a group that is routed nowhere", INSIDE, "udp 10.1.2.3:40000 > 239.1.2.3:53 len 5", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [ff05::2]:53 len 5", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},

	{"link-local addresses stay on their link", INSIDE, "udp 169.254.1.1:40000 > 203.0.113.80:53 len 5", .rule = RULE_OUT, .drop = SL_DROP_LINK_LOCAL},
	{NULL, INSIDE, "udp [fe80::5]:40000 > [2001:db8:99::1]:53 len 5", .rule = RULE_OUT, .drop = SL_DROP_LINK_LOCAL},

	{"addresses that no wire carries", INSIDE, "udp 127.0.0.1:40000 > 203.0.113.80:53", .drop = SL_DROP_IP4_MARTIAN_SOURCE},
	{NULL, INSIDE, "udp 0.1.2.3:40000 > 203.0.113.80:53", .drop = SL_DROP_IP4_MARTIAN_SOURCE},
	{NULL, INSIDE, "udp 224.0.0.9:40000 > 203.0.113.80:53", .drop = SL_DROP_IP4_MARTIAN_SOURCE},
	{NULL, INSIDE, "udp 255.255.255.255:40000 > 203.0.113.80:53", .drop = SL_DROP_IP4_MARTIAN_SOURCE},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 127.0.0.1:53", .drop = SL_DROP_IP4_MARTIAN_DESTINATION},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 240.0.0.1:53", .drop = SL_DROP_IP4_MARTIAN_DESTINATION},
	{NULL, INSIDE, "udp [::1]:40000 > [2001:db8:99::1]:53", .drop = SL_DROP_IP6_MARTIAN_SOURCE},
	{NULL, INSIDE, "udp [ff02::1]:40000 > [2001:db8:99::1]:53", .drop = SL_DROP_IP6_MARTIAN_SOURCE},
	{NULL, INSIDE, "udp [::ffff:10.1.2.3]:40000 > [2001:db8:99::1]:53", .drop = SL_DROP_IP6_MARTIAN_SOURCE},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [::1]:53", .drop = SL_DROP_IP6_MARTIAN_DESTINATION},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [ff01::1]:53", .drop = SL_DROP_IP6_MARTIAN_DESTINATION},

	{"to oneself: the land attack", INSIDE, "tcp 10.1.2.3:80 > 10.1.2.3:80 S", .drop = SL_DROP_IP4_MARTIAN_SOURCE},
	{NULL, INSIDE, "tcp [2001:db8:a::5]:80 > [2001:db8:a::5]:80 S", .drop = SL_DROP_IP6_MARTIAN_SOURCE},

	{"in the box's own name", WAN, "udp 198.51.100.2:53 > 10.1.2.3:40000 len 5", .drop = SL_DROP_IP4_MARTIAN_SOURCE},

	{"source routes (RFC 7126), and options that do not add up", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 ipopt 8307040a09010100", .drop = SL_DROP_IP4_SOURCE_ROUTE},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 ipopt 018907040a090101", .drop = SL_DROP_IP4_SOURCE_ROUTE},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 ipopt 0709040000000000", .drop = SL_DROP_IP4_BAD_OPTIONS},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 ipopt 01010107", .drop = SL_DROP_IP4_BAD_OPTIONS},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 ip 10 1234", .drop = SL_DROP_IP4_BAD_CHECKSUM},
};

void packets_denied(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
