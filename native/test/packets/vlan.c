/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* The DMZ is VLAN 20 of the port `inside`. */
static const struct packet_row rows[] = {
	{"the tag goes on, and comes off", INSIDE, "udp 10.1.2.3:40000 > 10.20.0.7:514 len 10", .out = DMZ, .rule = RULE_TO_DMZ},
	{NULL, INSIDE, "udp 10.20.0.7:514 > 10.1.2.3:40000 len 10 vlan 20", .out = INSIDE},

	{"priority and drop eligibility are of the tag, not of the VLAN", INSIDE, "udp 10.20.0.7:514 > 10.1.2.3:40000 len 10 vlan 61460", .out = INSIDE, .rule = RULE_DMZ_IN},
	{NULL, INSIDE, "udp 10.20.0.7:514 > 10.1.2.3:40000 len 10 vlan 20", .out = INSIDE},

	{"a priority tag belongs to the port (IEEE 802.1Q 6.9.1)", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 10 vlan 57344", .out = WAN, .rule = RULE_OUT},

	{"untagged it is not the DMZ's", INSIDE, "udp 10.1.2.3:40000 > 10.20.0.7:514 len 10", .out = DMZ, .rule = RULE_TO_DMZ},
	{NULL, INSIDE, "udp 10.1.2.3:40001 > 10.20.0.7:514 len 10 vlan 21", .drop = SL_DROP_ETH_UNKNOWN_VLAN},
	{NULL, WAN, "udp 203.0.113.80:514 > 10.1.2.3:40000 len 10 vlan 20", .drop = SL_DROP_ETH_UNKNOWN_VLAN},

	{"a frame that ends within its tag", INSIDE, "udp 10.1.2.3:40000 > 10.20.0.7:514 vlan 20 cut 29", .drop = SL_DROP_ETH_TRUNCATED},

	{"too big for the VLAN: the answer goes back where it came from", INSIDE, "udp 10.1.2.3:40000 > 10.20.0.7:514 len 1473", .rule = RULE_TO_DMZ, .drop = SL_DROP_TOO_BIG,
	 .answer = "icmp 10.1.0.1 > 10.1.2.3 3/4 tos 192 rest 000005dc about 548 (udp 10.1.2.3:40000 > 10.20.0.7:514 len 1473)"},
	{"the same out of the VLAN, with its tag", INSIDE, "udp 10.20.0.7:514 > 10.1.2.3:40000 len 10 vlan 20 ttl 1", .rule = RULE_DMZ_IN, .drop = SL_DROP_TTL_EXCEEDED,
	 .answer = "icmp 10.20.0.1 > 10.20.0.7 11/0 tos 192 about 38 (udp 10.20.0.7:514 > 10.1.2.3:40000 len 10 ttl 1)"},
};

void packets_vlan(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
