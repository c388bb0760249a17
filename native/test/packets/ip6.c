/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* Extension headers (RFC 8200). */
#define A "[2001:db8:a::5]:40000 > [2001:db8:99::1]:53 "

static const struct packet_row rows[] = {
	{"options for each hop and for the destination", INSIDE, "udp " A "len 9 ext 0 00010400000000 ext 60 00010400000000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp [2001:db8:99::1]:53 > [2001:db8:a::5]:40000 len 9", .out = INSIDE},
	{"the packet that is all of its fragments (RFC 6946)", INSIDE, "udp " A "len 9 ext 44 00000000000007", .out = WAN, .rule = RULE_OUT},
	{"TCP behind extension headers is TCP", INSIDE, "tcp " A "S seq 1 ext 60 00010400000000", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "tcp " A "A seq 9 ack 9 ext 60 00010400000000", .drop = SL_DROP_TCP_BAD_STATE},
	{NULL, INSIDE, "tcp " A "SF seq 9 ext 60 00010400000000", .drop = SL_DROP_TCP_BAD_FLAGS},
	{"type 0 routing headers (RFC 5095)", INSIDE, "udp " A "len 9 ext 43 0200010000000020010db8000000000000000000000001", .drop = SL_DROP_IP6_ROUTING_HEADER},
	{"routing headers of other types, unless settings name them", INSIDE, "udp " A "len 9 ext 43 0204000000000020010db8000000000000000000000001", .drop = SL_DROP_IP6_ROUTING_HEADER},
	{"mobility (RFC 6275) is a protocol to rules", INSIDE, "135 2001:db8:a::5 > 2001:db8:99::1 data 3b00000000000000", .out = WAN, .rule = RULE_OUT},
	{"hop-by-hop options anywhere but first", INSIDE, "udp " A "len 9 ext 60 00010400000000 ext 0 00010400000000", .drop = SL_DROP_IP6_BAD_EXTENSION},
	{"an option longer than its header", INSIDE, "udp " A "len 9 ext 60 00010500000000", .drop = SL_DROP_IP6_BAD_EXTENSION},
	{"a header longer than the packet", INSIDE, "udp " A "len 9 ext 60 ff010400000000", .drop = SL_DROP_IP6_BAD_EXTENSION},
	{"a jumbo payload (RFC 2675)", INSIDE, "udp " A "len 9 ext 0 00c20400010000", .drop = SL_DROP_IP6_BAD_EXTENSION},
};

void packets_ip6(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
