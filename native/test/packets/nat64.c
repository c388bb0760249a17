/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "test/nat_network.h"
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* 203.0.113.80 is 64:ff9b::cb00:7150. */
static const struct packet_row rows[] = {
	{"UDP, and its answer finds back", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.6:3002 len 33", .out = INSIDE, .becomes = "udp [64:ff9b::cb00:7150]:53 > [2001:db8:a::77]:3002 len 33"},
	{"traffic class and type of service are one", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20 tos 184", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0 tos 184"},
	{"UDP without a checksum gets one", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.6:3002 len 33 l4 6 0000", .out = INSIDE, .becomes = "udp [64:ff9b::cb00:7150]:53 > [2001:db8:a::77]:3002 len 33"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.6:3002 len 33 ipopt 94040000", .out = INSIDE, .becomes = "udp [64:ff9b::cb00:7150]:53 > [2001:db8:a::77]:3002 len 33"},
	{"extension headers stay behind", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20 ext 60 00010400000000", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0"},
	{"TCP, with its options", INSIDE, "tcp [2001:db8:a::77]:3001 > [64:ff9b::cb00:7150]:443 S seq 7000 win 1000 opt 020405a0", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "tcp 198.51.100.6:3001 > 203.0.113.80:443 S seq 7000 win 1000 opt 020405a0 df 0 id 0"},
	{NULL, WAN, "tcp 203.0.113.80:443 > 198.51.100.6:3001 SA seq 1000 ack 7001 win 5000", .out = INSIDE, .becomes = "tcp [64:ff9b::cb00:7150]:443 > [2001:db8:a::77]:3001 SA seq 1000 ack 7001 win 5000"},
	{NULL, INSIDE, "tcp [2001:db8:a::77]:3001 > [64:ff9b::cb00:7150]:443 A seq 7001 ack 1001 win 1000 len 1300", .out = WAN, .becomes = "tcp 198.51.100.6:3001 > 203.0.113.80:443 A seq 7001 ack 1001 win 1000 len 1300 df 1 id 0"},
	{"a query and its answer", INSIDE, "icmp 2001:db8:a::77 > 64:ff9b::cb00:7150 128/0 rest 77770001 len 9", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "icmp 198.51.100.6 > 203.0.113.80 8/0 rest 77770001 len 9 df 0 id 0"},
	{NULL, WAN, "icmp 203.0.113.80 > 198.51.100.6 0/0 rest 77770001 len 9", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7150 > 2001:db8:a::77 129/0 rest 77770001 len 9"},
	{"other protocols do not cross", INSIDE, "47 2001:db8:a::77 > 64:ff9b::cb00:7150 data 0000000000000000", .drop = SL_DROP_NAT64_UNTRANSLATABLE},
	{"the well-known prefix opens no private network", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::a01:203]:53 len 20", .drop = SL_DROP_NAT_UNMAPPED},
	{"nor the box", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::7f00:1]:53 len 20", .drop = SL_DROP_NAT_UNMAPPED},
	{"a prefix of 48 bits goes round byte 8", INSIDE, "udp [2001:db8:a::77]:4000 > [2001:db8:64:cb00:71:5000::]:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 30, .becomes = "udp 198.51.100.2:4000 > 203.0.113.80:53 len 20 df 0 id 0"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.2:4000 len 3", .out = INSIDE, .becomes = "udp [2001:db8:64:cb00:71:5000::]:53 > [2001:db8:a::77]:4000 len 3"},
	{NULL, WAN, "icmp 203.0.113.9 > 198.51.100.2 3/1 about 28 (udp 198.51.100.2:4000 > 203.0.113.80:53 len 20 df 0 id 0)", .out = INSIDE, .becomes = "icmp 2001:db8:64:cb00:71:900:: > 2001:db8:a::77 1/0 about 48 (udp [2001:db8:a::77]:4000 > [2001:db8:64:cb00:71:5000::]:53 len 20)"},

	{"errors from IPv4 say who and what, by the prefix", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0"},
	{NULL, WAN, "icmp 203.0.113.9 > 198.51.100.6 3/4 rest 0000057c about 48 (udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0)", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7109 > 2001:db8:a::77 2/0 rest 00000590 about 68 (udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20)"},
	{NULL, WAN, "icmp 203.0.113.9 > 198.51.100.6 3/4 rest 000001f4 about 48 (udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0)", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7109 > 2001:db8:a::77 2/0 rest 00000500 about 68 (udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20)"},
	{NULL, WAN, "icmp 203.0.113.80 > 198.51.100.6 3/3 about 28 (udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0)", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7150 > 2001:db8:a::77 1/4 about 48 (udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20)"},
	{NULL, WAN, "icmp 203.0.113.9 > 198.51.100.6 11/0 about 48 (udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0 ttl 1)", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7109 > 2001:db8:a::77 3/0 about 68 (udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20 ttl 1)"},
	{NULL, WAN, "icmp 203.0.113.80 > 198.51.100.6 3/2 about 28 (udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0)", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7150 > 2001:db8:a::77 4/1 rest 00000006 about 48 (udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20)"},
	{NULL, WAN, "icmp 203.0.113.80 > 198.51.100.6 12/0 rest 08000000 about 28 (udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0)", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7150 > 2001:db8:a::77 4/0 rest 00000007 about 48 (udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20)"},
	{NULL, WAN, "icmp 203.0.113.80 > 198.51.100.6 3/14 about 28 (udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0)", .drop = SL_DROP_NAT64_UNTRANSLATABLE},
	{"an error about a query", INSIDE, "icmp 2001:db8:a::77 > 64:ff9b::cb00:7150 128/0 rest 77770001 len 9", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "icmp 198.51.100.6 > 203.0.113.80 8/0 rest 77770001 len 9 df 0 id 0"},
	{NULL, WAN, "icmp 203.0.113.9 > 198.51.100.6 3/1 about 37 (icmp 198.51.100.6 > 203.0.113.80 8/0 rest 77770001 len 9 df 0 id 0)", .out = INSIDE, .becomes = "icmp 64:ff9b::cb00:7109 > 2001:db8:a::77 1/0 about 57 (icmp 2001:db8:a::77 > 64:ff9b::cb00:7150 128/0 rest 77770001 len 9)"},
	{"errors from IPv6 hide who", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20", .out = WAN, .rule = RULE_OUT, .nat = 29, .becomes = "udp 198.51.100.6:3002 > 203.0.113.80:53 len 20 df 0 id 0"},
	{NULL, WAN, "udp 203.0.113.80:53 > 198.51.100.6:3002 len 33", .out = INSIDE, .becomes = "udp [64:ff9b::cb00:7150]:53 > [2001:db8:a::77]:3002 len 33"},
	{NULL, INSIDE, "icmp 2001:db8:a::77 > 64:ff9b::cb00:7150 1/4 about 81 (udp [64:ff9b::cb00:7150]:53 > [2001:db8:a::77]:3002 len 33)", .out = WAN, .becomes = "icmp 198.51.100.6 > 203.0.113.80 3/3 about 61 (udp 203.0.113.80:53 > 198.51.100.6:3002 len 33 df 0 id 1) df 0 id 2"},
	{NULL, INSIDE, "icmp 2001:db8:a::9 > 64:ff9b::cb00:7150 2/0 rest 00000514 about 81 (udp [64:ff9b::cb00:7150]:53 > [2001:db8:a::77]:3002 len 33)", .out = WAN, .becomes = "icmp 198.51.100.6 > 203.0.113.80 3/4 rest 00000500 about 61 (udp 203.0.113.80:53 > 198.51.100.6:3002 len 33 df 0 id 3) df 0 id 4"},
	{"what the box says of a packet quotes it as it came", INSIDE, "udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20 ttl 1", .rule = RULE_OUT, .nat = 29, .drop = SL_DROP_TTL_EXCEEDED, .answer = "icmp 2001:db8:a::1 > 2001:db8:a::77 3/0 about 68 (udp [2001:db8:a::77]:3002 > [64:ff9b::cb00:7150]:53 len 20 ttl 1)"},
};

void packets_nat64(void **state)
{
	(void)state;
	pipeline_change = nat_network;
	PACKET_ROWS(rows);
	pipeline_change = NULL;
}
