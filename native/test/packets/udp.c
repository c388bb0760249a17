/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* UDP sessions: whose answer may come in, and until when. The times are those of image_builder.c. */
static const struct packet_row rows[] = {
	{"answers come from where was asked, port for port", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp 203.0.113.80:54 > 10.1.2.3:40000 len 20", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.2.3:40001 len 20", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "udp 203.0.113.81:53 > 10.1.2.3:40000 len 20", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.2.4:40000 len 20", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT},
	{NULL, WAN, "tcp 203.0.113.80:53 > 10.1.2.3:40000 A len 20", .drop = SL_DROP_TCP_NO_SESSION},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.2.3:40000 len 20", .out = INSIDE},

	{"the checksum is the hosts' business: none, and a wrong one", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 l4 6 0000", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 l4 6 dead", .out = WAN},

	{"a length that hides bytes is right for UDP (RFC 768), one that invents them is not", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 l4 4 0010", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 l4 4 001d", .drop = SL_DROP_UDP_BAD_LENGTH},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20 l4 4 0007", .drop = SL_DROP_UDP_BAD_LENGTH},

	{"without a source port (RFC 768) it may ask", INSIDE, "udp 10.1.2.3:0 > 203.0.113.80:514 len 20", .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:0 len 20", .drop = SL_DROP_L4_PORT_ZERO},

	{"unanswered it waits 30 s", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.2.3:40000 len 20", .rule = RULE_DEFAULT, .drop = SL_DROP_POLICY_DEFAULT, .after = 31500},
	{"answered it lives on", INSIDE, "udp 10.1.2.3:40000 > 203.0.113.80:53 len 20", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.2.3:40000 len 20", .out = INSIDE, .after = 25000},
	{NULL, WAN, "udp 203.0.113.80:53 > 10.1.2.3:40000 len 20", .out = INSIDE, .after = 100000},
};

void packets_udp(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
