/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* ICMP that belongs to somebody: queries, and errors about live sessions. */
#define UDP "udp 10.1.2.3:40000 > 203.0.113.80:53 len 40"
#define UDP_BACK "udp 203.0.113.80:53 > 10.1.2.3:40000 len 40"
#define UDP6 "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 len 40"
#define UDP6_BACK "udp [2001:db8:99::1]:53 > [2001:db8:a::5]:40000 len 40"
#define TCP "tcp 10.1.2.3:40000 > 203.0.113.80:80 "
#define TCP_BACK "tcp 203.0.113.80:80 > 10.1.2.3:40000 "
#define ECHO "icmp 10.1.2.3 > 203.0.113.80 8/0 rest 00070001 len 40"
#define ECHO6 "icmp 2001:db8:a::5 > 2001:db8:99::1 128/0 rest 00070001 len 40"
/* From a router beyond, to who sent the packet in parentheses. */
#define FROM "icmp 198.51.100.77 > 10.1.2.3 "
#define FROM6 "icmp 2001:db8:98::1 > 2001:db8:a::5 "

static const struct packet_row rows[] = {
	{"echo, asked and answered", INSIDE, ECHO, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "icmp 203.0.113.80 > 10.1.2.3 0/0 rest 00070001 len 40", .out = INSIDE},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 8/0 rest 00070002 len 1400", .out = WAN},
	{NULL, WAN, "icmp 203.0.113.80 > 10.1.2.3 0/0 rest 00070002 len 1400", .out = INSIDE},
	{NULL, WAN, "icmp 203.0.113.80 > 10.1.2.3 0/0 rest 00080001 len 40", .drop = SL_DROP_ICMP_NO_SESSION},
	{NULL, WAN, "icmp 203.0.113.80 > 10.1.2.3 8/0 rest 00070001 len 40", .drop = SL_DROP_ICMP_NO_SESSION},
	{NULL, WAN, "icmp 203.0.113.81 > 10.1.2.3 0/0 rest 00070001 len 40", .drop = SL_DROP_ICMP_NO_SESSION},
	{"echo over IPv6", INSIDE, ECHO6, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "icmp 2001:db8:99::1 > 2001:db8:a::5 129/0 rest 00070001 len 40", .out = INSIDE},
	{NULL, WAN, "icmp 2001:db8:99::1 > 2001:db8:a::5 129/0 rest 00080001 len 40", .drop = SL_DROP_ICMP_NO_SESSION},
	{"timestamp and mask, asked and answered", INSIDE, "icmp 10.1.2.3 > 203.0.113.80 13/0 rest 00070001 len 12", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "icmp 203.0.113.80 > 10.1.2.3 14/0 rest 00070001 len 12", .out = INSIDE},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 17/0 rest 00090001 len 4", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "icmp 203.0.113.80 > 10.1.2.3 18/0 rest 00090001 len 4", .out = INSIDE},

	{"unreachable, each of its codes", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/0 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/1 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/2 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/3 about 68 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/4 rest 00000514 about 68 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/5 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/6 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/9 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/10 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/13 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/15 about 28 (" UDP ")", .out = INSIDE},
	{"time exceeded, with the TTL as it arrived there", INSIDE, UDP " ttl 3", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "11/0 about 28 (" UDP " ttl 1)", .out = INSIDE},
	{NULL, WAN, FROM "11/1 about 28 (" UDP " ttl 1)", .out = INSIDE},
	{NULL, WAN, FROM "12/0 rest 08000000 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "12/2 about 28 (" UDP ")", .out = INSIDE},
	{"source quench (RFC 6633) and redirect are no errors for a session", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "4/0 about 28 (" UDP ")", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},
	{NULL, WAN, FROM "5/1 rest c6336409 about 28 (" UDP ")", .drop = SL_DROP_ICMP_UNKNOWN_TYPE},

	{"the quoted packet had options, and the error has some", INSIDE, UDP " ipopt 0707040000000001", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 ipopt 01010100 about 36 (" UDP " ipopt 0707040000000001)", .out = INSIDE},

	{"about an answer, from inside", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, UDP_BACK, .out = INSIDE},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 3/3 about 28 (" UDP_BACK ")", .out = WAN},
	{NULL, INSIDE, "icmp 10.1.0.9 > 203.0.113.80 3/1 about 28 (" UDP_BACK ")", .out = WAN},
	{NULL, INSIDE, "icmp 10.1.0.9 > 203.0.113.80 3/4 rest 00000500 about 68 (" UDP_BACK ")", .out = WAN},

	{"about an echo request", INSIDE, ECHO, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 about 28 (" ECHO ")", .out = INSIDE},
	{NULL, WAN, FROM "11/0 about 28 (" ECHO " ttl 1)", .out = INSIDE},

	{"about TCP: the SYN, and data on its way", INSIDE, TCP "S seq 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 about 28 (" TCP "S seq 1000)", .out = INSIDE},
	{NULL, WAN, TCP_BACK "SA seq 7000 ack 1001", .out = INSIDE},
	{NULL, INSIDE, TCP "A seq 1001 ack 7001 len 1400", .out = WAN},
	{NULL, INSIDE, TCP "A seq 2401 ack 7001 len 60", .out = WAN},
	{NULL, WAN, FROM "3/4 rest 00000514 about 28 (" TCP "A seq 1001 ack 7001 len 1400)", .out = INSIDE},
	{NULL, INSIDE, TCP "A seq 1001 ack 7001 len 1260", .out = WAN},
	{NULL, WAN, TCP_BACK "A seq 7001 ack 2461 len 1000", .out = INSIDE},
	{NULL, INSIDE, "icmp 10.1.0.9 > 203.0.113.80 3/4 rest 00000240 about 28 (" TCP_BACK "A seq 7001 ack 2461 len 1000)", .out = WAN},

	{"over IPv6: unreachable, too big, time exceeded, parameter problem", INSIDE, UDP6, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM6 "1/0 about 88 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, FROM6 "1/1 about 88 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, FROM6 "1/3 about 88 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, FROM6 "1/4 about 48 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, FROM6 "1/6 about 88 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, FROM6 "2/0 rest 00000500 about 88 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, FROM6 "3/0 about 88 (" UDP6 " ttl 1)", .out = INSIDE},
	{NULL, WAN, FROM6 "3/1 about 88 (" UDP6 " ttl 1)", .out = INSIDE},
	{NULL, WAN, FROM6 "4/1 rest 00000028 about 88 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, FROM6 "4/2 rest 00000028 about 88 (" UDP6 ")", .out = INSIDE},
	{NULL, WAN, UDP6_BACK, .out = INSIDE},
	{NULL, INSIDE, "icmp 2001:db8:a::5 > 2001:db8:99::1 1/4 about 88 (" UDP6_BACK ")", .out = WAN},
	{"an error about an echo request, IPv6", INSIDE, ECHO6, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM6 "2/0 rest 00000514 about 88 (" ECHO6 ")", .out = INSIDE},
	{"about a packet with extension headers", INSIDE, UDP6 " ext 60 00010400000000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM6 "2/0 rest 00000514 about 96 (" UDP6 " ext 60 00010400000000)", .out = INSIDE},

	{"an error moves neither state nor idle time", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 about 28 (" UDP ")", .out = INSIDE, .after = 25000},
	{NULL, WAN, FROM "3/1 about 28 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_NO_SESSION, .after = 7000},
};

void packets_icmp(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
