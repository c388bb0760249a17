/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* To the box itself: by its policy, and by the rules nobody writes. */
static const struct packet_row rows[] = {
	{"what the policy allows", INSIDE, "tcp 10.1.2.3:40000 > 10.1.0.1:22 S", .out = BOX, .rule = RULE_TO_BOX},
	{NULL, INSIDE, "icmp 10.1.2.3 > 10.1.0.1 8/0 rest 00010001 len 8", .out = BOX, .rule = RULE_TO_BOX},
	{NULL, INSIDE, "tcp 10.1.2.3:40000 > 10.1.0.1:23 S", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, INSIDE, "icmp 2001:db8:a::5 > 2001:db8:a::1 128/0 rest 00010001 len 8", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "icmp 203.0.113.80 > 198.51.100.2 8/0 rest 00010001 len 8", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{"an address of another side", INSIDE, "tcp 10.1.2.3:40000 > 198.51.100.2:22 S", .out = BOX, .rule = RULE_TO_BOX},

	{"neighbour discovery (RFC 4861), from next door alone", WAN, "icmp fe80::5 > ff02::2 133/0 ttl 255", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp fe80::1 > ff02::1 134/0 ttl 255 len 8", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp fe80::5 > ff02::1:ff00:2 135/0 ttl 255 len 16", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp :: > ff02::1:ff00:2 135/0 ttl 255 len 16", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp 2001:db8:1::1 > 2001:db8:1::2 135/0 ttl 255 len 16", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp fe80::5 > ff02::1 136/0 ttl 255 len 16", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp fe80::1 > fe80::2 137/0 ttl 255 len 32", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp fe80::5 > ff02::1:ff00:2 135/0 ttl 254 len 16", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp fe80::1 > ff02::1 134/0 ttl 1 len 8", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp fe80::5 > ff02::1:ff00:2 135/0 ttl 255 len 16 ext 44 00000000000000", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp fe80::5 > ff02::1:ff00:2 135/1 ttl 255 len 16", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp fe80::5 > ff02::1:ff00:2 135/0 ttl 255 len 15", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp 2001:db8:1::1 > ff02::1 134/0 ttl 255 len 8", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp fe80::1 > ff02::1 134/0 ttl 255 len 7", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp 2001:db8:1::1 > fe80::2 137/0 ttl 255 len 32", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp :: > ff02::1 136/0 ttl 255 len 16", .drop = SL_DROP_ND_INVALID},
	{NULL, INSIDE, "icmp 2001:db8:a::5 > 2001:db8:99::1 135/0 ttl 255 len 16", .rule = RULE_OUT, .drop = SL_DROP_LINK_LOCAL},

	{"multicast listeners (RFC 2710, 3810) and routers (RFC 4286)", WAN, "icmp fe80::1 > ff02::1 130/0 ttl 1 len 16", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp fe80::5 > ff02::fb 131/0 ttl 1 len 16 ext 0 00050200000100", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp fe80::5 > ff02::2 132/0 ttl 1 len 16", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp fe80::5 > ff02::16 143/0 ttl 1 len 20 ext 0 00050200000100", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp :: > ff02::16 143/0 ttl 1 len 20 ext 0 00050200000100", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp fe80::1 > ff02::6a 151/0 ttl 1", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp fe80::5 > ff02::2 152/0 ttl 1", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp fe80::1 > ff02::6a 153/0 ttl 1", .out = BOX, .rule = SL_RULE_IMPLICIT_ICMPV6},
	{NULL, WAN, "icmp fe80::1 > ff02::1 130/0 ttl 2 len 16", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp 2001:db8:1::1 > ff02::1 130/0 ttl 1 len 16", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp :: > ff02::1 130/0 ttl 1 len 16", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp fe80::5 > ff02::fb 131/0 ttl 1 len 15", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp fe80::5 > ff02::16 143/0 ttl 255 len 20", .drop = SL_DROP_ND_INVALID},

	{"answers of DHCP servers (RFC 2131, 8415); not what servers hear", WAN, "udp 198.51.100.1:67 > 255.255.255.255:68 len 240", .out = BOX, .rule = SL_RULE_IMPLICIT_DHCP},
	{NULL, WAN, "udp 198.51.100.1:67 > 198.51.100.2:68 len 240", .out = BOX, .rule = SL_RULE_IMPLICIT_DHCP},
	{NULL, WAN, "udp [fe80::1]:547 > [fe80::2]:546 len 40", .out = BOX, .rule = SL_RULE_IMPLICIT_DHCP},
	{NULL, WAN, "udp 0.0.0.0:68 > 255.255.255.255:67 len 240", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "udp [fe80::5]:546 > [ff02::1:2]:547 len 40", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "udp 198.51.100.1:67 > 198.51.100.2:69 len 240", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "udp 198.51.100.1:67 > 10.1.2.3:68 len 240", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},

	{"what nobody needs of ICMPv6 (RFC 4890 4.4.4): FMIP, inverse ND, names, ranges to come", WAN, "icmp fe80::1 > fe80::2 154/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, "icmp fe80::1 > fe80::2 138/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, "icmp fe80::1 > fe80::2 139/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, "icmp fe80::1 > fe80::2 141/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, "icmp fe80::1 > fe80::2 148/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, "icmp fe80::1 > fe80::2 100/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, "icmp fe80::1 > fe80::2 200/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, "icmp fe80::1 > fe80::2 0/0 ttl 255", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
};

void packets_box(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
