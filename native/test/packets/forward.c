/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* Allowed packets: which way they go, and what a hop does to them. */
static const struct packet_row rows[] = {
	{"UDP and its answer", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 33", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.2.3:40000 len 1200", .out = INSIDE},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 1", .out = WAN},

	{"the same over IPv6", INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 len 33", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp [2001:db8:99::1]:53 > [2001:db8:a::5]:40000 len 1200", .out = INSIDE},

	{"a neighbour on the link needs no gateway", INSIDE, "udp 10.1.2.3:40000 > 198.51.100.9:53 len 9", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:1::77]:53 len 9", .out = WAN, .rule = RULE_OUT},

	{"the way back leads by a gateway inside", INSIDE, "udp 10.9.1.1:40000 > 203.0.113.80:53 len 9", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.9.1.1:40000 len 9", .out = INSIDE},

	{"DSCP, ECN, identification and DF stay", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 9 tos 187 id 4711 df 0", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 len 9 tos 187", .out = WAN, .rule = RULE_OUT},

	{"a checksum update that carries: TTL 1 more than a multiple", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 9 ttl 255 id 0", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 9 ttl 2 id 65535", .out = WAN},

	{"record route and timestamp options pass, unread", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 9 ipopt 0707040000000001", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 9 ipopt 440c05000000000000000000", .out = WAN},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 9 ipopt 01010100", .out = WAN},

	{"what the frame holds beyond the packet stays behind", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 1 pad 17", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 pad 40", .out = WAN, .rule = RULE_OUT},

	{"as large as the link takes, and not a byte more", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 1472", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 1473", .drop = SL_DROP_TOO_BIG,
	 .answer = "icmp 10.1.0.1 > 10.1.2.3 3/4 tos 192 rest 000005dc about 548 (udp 10.1.2.3:40000 > 203.0.113.80:53 len 1473)"},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 len 1452", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 len 1453", .drop = SL_DROP_TOO_BIG,
	 .answer = "icmp 2001:db8:a::1 > 2001:db8:a::5 2/0 rest 000005dc about 1232 (udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 len 1453)"},

	{"the narrow link says 1280", INSIDE, "udp 10.1.2.3:40000 > 10.30.0.7:53 len 1252", .out = NARROW, .rule = RULE_TO_DMZ},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 10.30.0.7:53 len 1253", .drop = SL_DROP_TOO_BIG,
	 .answer = "icmp 10.1.0.1 > 10.1.2.3 3/4 tos 192 rest 00000500 about 548 (udp 10.1.2.3:40000 > 10.30.0.7:53 len 1253)"},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:30::7]:53 len 1233", .rule = RULE_TO_DMZ, .drop = SL_DROP_TOO_BIG,
	 .answer = "icmp 2001:db8:a::1 > 2001:db8:a::5 2/0 rest 00000500 about 1232 (udp [2001:db8:a::5]:40000 > [2001:db8:30::7]:53 len 1233)"},

	{"the last hop ends here", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:33434 len 9 ttl 1", .rule = RULE_OUT, .drop = SL_DROP_TTL_EXCEEDED,
	 .answer = "icmp 10.1.0.1 > 10.1.2.3 11/0 tos 192 about 37 (udp 10.1.2.3:40000 > 203.0.113.80:33434 len 9 ttl 1)"},
	{NULL, INSIDE, "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:33434 len 9 ttl 1", .rule = RULE_OUT, .drop = SL_DROP_TTL_EXCEEDED,
	 .answer = "icmp 2001:db8:a::1 > 2001:db8:a::5 3/0 about 57 (udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:33434 len 9 ttl 1)"},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:33434 len 9 ttl 2", .out = WAN},

	{"protocols without ports", INSIDE, "47 10.1.2.3 > 203.0.113.80 data 0000080045000014", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "47 203.0.113.80 > 10.1.2.3 data 0000080045000014", .out = INSIDE},
	{NULL, WAN, "50 203.0.113.80 > 10.1.2.3 data 0000000100000001", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, INSIDE, "50 2001:db8:a::5 > 2001:db8:99::1 data 0000000100000001", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "50 2001:db8:99::1 > 2001:db8:a::5 data 0000000200000001", .out = INSIDE},

	{"SCTP: association and its answer", INSIDE, "132 10.1.2.3 > 203.0.113.80 data 9c401451000000000000000001000004", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "132 203.0.113.80 > 10.1.2.3 data 14519c40000000010000000002000004", .out = INSIDE},
	{NULL, WAN, "132 203.0.113.80 > 10.1.2.3 data 14529c40000000010000000002000004", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
};

void packets_forward(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
