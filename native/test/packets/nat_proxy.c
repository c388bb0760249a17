/* SPDX-License-Identifier: BSD-3-Clause */
#include <stddef.h>

#include "test/nat_network.h"
#include "test/packet_rows.h"
#include "test/packets/packets.h"

#define PORT_WAN "020000000002"
#define PORT_INSIDE "020000000001"
#define ASKER "0200000000aa"
/* A solicitation for 2001:db8:1::55, and what tells the asker's MAC. */
#define TARGET "20010db8000100000000000000000055"
#define TARGET_DMZ "20010db8002000000000000000000041"
#define SLLA "0101" ASKER
#define TO_GROUP "2001:db8:1::1 > ff02::1:ff00:55 135/0 ttl 255 dmac 3333ff000055 "
/* Its answer: by a router, solicited, no override. */
#define ANSWER "icmp 2001:db8:1::2 > 2001:db8:1::1 136/0 ttl 255 rest c0000000 data " TARGET "0201" PORT_WAN

static const struct packet_row rows[] = {
	{"ARP for a pool, a forward and one to one", WAN, "arp 198.51.100.1 > 198.51.100.5 1", .out = ANSWERED, .answer = "arp 198.51.100.5 > 198.51.100.1 2 dmac " ASKER " smac " PORT_WAN},
	{NULL, WAN, "arp 198.51.100.1 > 198.51.100.3 1", .out = ANSWERED, .answer = "arp 198.51.100.3 > 198.51.100.1 2 dmac " ASKER " smac " PORT_WAN},
	{NULL, WAN, "arp 198.51.100.1 > 198.51.100.11 1", .out = ANSWERED, .answer = "arp 198.51.100.11 > 198.51.100.1 2 dmac " ASKER " smac " PORT_WAN},
	{"asked again, of the box alone", WAN, "arp 198.51.100.1 > 198.51.100.5 1 dmac " PORT_WAN, .out = ANSWERED, .answer = "arp 198.51.100.5 > 198.51.100.1 2 dmac " ASKER " smac " PORT_WAN},
	{"without the padding it came with", WAN, "arp 198.51.100.1 > 198.51.100.5 1 pad 18", .out = ANSWERED, .answer = "arp 198.51.100.5 > 198.51.100.1 2 dmac " ASKER " smac " PORT_WAN},
	{"to the MAC it tells, whoever sent the frame (RFC 826)", WAN, "arp 198.51.100.1 > 198.51.100.5 1 ip 8 0200000000cc", .out = ANSWERED, .answer = "arp 198.51.100.5 > 198.51.100.1 2 dmac 0200000000cc smac " PORT_WAN},
	{"a probe (RFC 5227)", WAN, "arp 0.0.0.0 > 198.51.100.5 1", .out = ANSWERED, .answer = "arp 198.51.100.5 > 0.0.0.0 2 dmac " ASKER " smac " PORT_WAN},
	{"in a VLAN, with its tag", INSIDE, "arp 10.20.0.9 > 10.20.0.41 1 vlan 20", .out = ANSWERED, .answer = "arp 10.20.0.41 > 10.20.0.9 2 dmac " ASKER " smac " PORT_INSIDE},
	{"with a tag of priority alone", WAN, "arp 198.51.100.1 > 198.51.100.5 1 vlan 57344", .out = ANSWERED, .answer = "arp 198.51.100.5 > 198.51.100.1 2 dmac " ASKER " smac " PORT_WAN},

	{"ARP for others is the kernel's", WAN, "arp 198.51.100.1 > 198.51.100.6 1", .out = BOX},
	{NULL, WAN, "arp 198.51.100.1 > 198.51.100.12 1", .out = BOX},
	{NULL, INSIDE, "arp 10.20.0.9 > 10.20.0.48 1 vlan 20", .out = BOX, .becomes = "arp 10.20.0.9 > 10.20.0.48 1"},
	{NULL, INSIDE, "arp 10.20.0.9 > 10.20.0.41 1", .out = BOX},
	{NULL, INSIDE, "arp 10.20.0.9 > 198.51.100.5 1 vlan 20", .out = BOX, .becomes = "arp 10.20.0.9 > 198.51.100.5 1"},
	{"so are its own addresses, though the set has them", WAN, "arp 198.51.100.1 > 198.51.100.2 1", .out = BOX},
	{"an announcement (RFC 5227 2.3)", WAN, "arp 198.51.100.5 > 198.51.100.5 1", .out = BOX},
	{"replies", WAN, "arp 198.51.100.1 > 198.51.100.5 2", .out = BOX},
	{NULL, WAN, "arp 198.51.100.5 > 198.51.100.1 2", .out = BOX},
	{"a group asks nothing", WAN, "arp 198.51.100.1 > 198.51.100.5 1 ip 8 ffffffffffff", .out = BOX},
	{"no ARP", WAN, "arp 198.51.100.1 > 198.51.100.5 1 cut 1", .drop = SL_DROP_ARP_INVALID},
	{NULL, WAN, "arp 198.51.100.1 > 198.51.100.5 1 cut 28", .drop = SL_DROP_ARP_INVALID},
	{NULL, WAN, "arp 198.51.100.1 > 198.51.100.5 3", .drop = SL_DROP_ARP_INVALID},
	{NULL, WAN, "arp 198.51.100.1 > 198.51.100.5 1 ip 4 08", .drop = SL_DROP_ARP_INVALID},

	{"a solicitation", WAN, "icmp " TO_GROUP "data " TARGET SLLA, .out = ANSWERED, .answer = ANSWER},
	{"to the address itself: is it still there?", WAN, "icmp 2001:db8:1::1 > 2001:db8:1::55 135/0 ttl 255 data " TARGET SLLA " dmac " PORT_WAN, .out = ANSWERED, .answer = ANSWER},
	{"that tells no MAC", WAN, "icmp " TO_GROUP "data " TARGET, .out = ANSWERED, .answer = ANSWER},
	{NULL, WAN, "icmp " TO_GROUP "pad 3 data " TARGET, .out = ANSWERED, .answer = ANSWER},
	{"that tells another one", WAN, "icmp " TO_GROUP "data " TARGET "01010200000000cc", .out = ANSWERED, .answer = ANSWER " dmac 0200000000cc"},
	{"with options that are not known (RFC 3971)", WAN, "icmp " TO_GROUP "data " TARGET "0e01010203040506" SLLA "fd02aaaaaaaaaaaaaaaaaaaaaaaaaaaa pad 9", .out = ANSWERED, .answer = ANSWER},
	{"behind an extension header", WAN, "icmp " TO_GROUP "data " TARGET SLLA " ext 0 00010400000000", .out = ANSWERED, .answer = ANSWER},
	{"from who has no address yet: to all (RFC 4861 7.2.4)", WAN, "icmp :: > ff02::1:ff00:55 135/0 ttl 255 data " TARGET " dmac 3333ff000055", .out = ANSWERED, .answer = "icmp 2001:db8:1::2 > ff02::1 136/0 ttl 255 rest 80000000 data " TARGET "0201" PORT_WAN " dmac 333300000001"},
	{"in a VLAN", INSIDE, "icmp fe80::9 > ff02::1:ff00:41 135/0 ttl 255 vlan 20 data " TARGET_DMZ SLLA " dmac 3333ff000041", .out = ANSWERED, .answer = "icmp 2001:db8:20::1 > fe80::9 136/0 ttl 255 rest c0000000 data " TARGET_DMZ "0201" PORT_INSIDE},

	{"solicitations of others are the kernel's", WAN, "icmp 2001:db8:1::1 > ff02::1:ff00:60 135/0 ttl 255 data 20010db8000100000000000000000060" SLLA, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp 2001:db8:1::1 > ff02::1:ff00:2 135/0 ttl 255 data 20010db8000100000000000000000002" SLLA, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, INSIDE, "icmp " TO_GROUP "data " TARGET SLLA, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, INSIDE, "icmp fe80::9 > ff02::1:ff00:55 135/0 ttl 255 data " TARGET SLLA " vlan 20", .out = BOX, .rule = SL_RULE_IMPLICIT_ND, .becomes = "icmp fe80::9 > ff02::1:ff00:55 135/0 ttl 255 data " TARGET SLLA},
	{"so are advertisements", WAN, "icmp 2001:db8:1::55 > ff02::1 136/0 ttl 255 rest 20000000 data " TARGET "0201" ASKER, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{"a wrong checksum", WAN, "icmp " TO_GROUP "data " TARGET SLLA " l4 2 dead", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{"another group", WAN, "icmp 2001:db8:1::1 > ff02::1:ff00:54 135/0 ttl 255 data " TARGET SLLA, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp 2001:db8:1::1 > ff02::1 135/0 ttl 255 data " TARGET SLLA, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp 2001:db8:1::1 > ff05::1:ff00:55 135/0 ttl 255 data " TARGET SLLA, .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{"who has no address tells no MAC", WAN, "icmp :: > ff02::1:ff00:55 135/0 ttl 255 data " TARGET SLLA, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp :: > 2001:db8:1::55 135/0 ttl 255 data " TARGET, .drop = SL_DROP_IP6_MARTIAN_SOURCE},
	{"options of no length, of too much, of half a header", WAN, "icmp " TO_GROUP "data " TARGET "0100" ASKER, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp " TO_GROUP "data " TARGET "0102" ASKER, .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp " TO_GROUP "data " TARGET SLLA "0e01", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{"a MAC that is a group, and one that is none", WAN, "icmp " TO_GROUP "data " TARGET "0101ffffffffffff", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{NULL, WAN, "icmp " TO_GROUP "data " TARGET "0102" ASKER "0000000000000000", .out = BOX, .rule = SL_RULE_IMPLICIT_ND},
	{"not from next door", WAN, "icmp 2001:db8:1::1 > ff02::1:ff00:55 135/0 ttl 254 data " TARGET SLLA, .drop = SL_DROP_ND_INVALID},
	{"another code", WAN, "icmp 2001:db8:1::1 > ff02::1:ff00:55 135/1 ttl 255 data " TARGET SLLA, .drop = SL_DROP_ND_INVALID},
	{"in a fragment (RFC 6980)", WAN, "icmp " TO_GROUP "data " TARGET SLLA " ext 44 00000000000007", .drop = SL_DROP_ND_INVALID},
	{"less than a solicitation", WAN, "icmp " TO_GROUP "data 20010db80001000000000000000000", .drop = SL_DROP_ND_INVALID},
	{NULL, WAN, "icmp " TO_GROUP "data " TARGET SLLA " cut 1", .drop = SL_DROP_IP6_BAD_PAYLOAD_LENGTH},
};

void packets_nat_proxy(void **state)
{
	(void)state;
	pipeline_change = nat_network;
	PACKET_ROWS(rows);
	pipeline_change = NULL;
}
