/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* ICMP errors that nobody's packet can have caused (RFC 5927), and what of them still passes. */
#define UDP "udp 10.1.2.3:40000 > 203.0.113.80:53 len 140"
#define UDP_BACK "udp 203.0.113.80:53 > 10.1.2.3:40000 len 140"
#define UDP6 "udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53 len 140"
#define UDP6_BACK "udp [2001:db8:99::1]:53 > [2001:db8:a::5]:40000 len 140"
#define TCP "tcp 10.1.2.3:40000 > 203.0.113.80:80 "
#define TCP_BACK "tcp 203.0.113.80:80 > 10.1.2.3:40000 "
#define FROM "icmp 198.51.100.77 > 10.1.2.3 "
#define FROM6 "icmp 2001:db8:98::1 > 2001:db8:a::5 "
/* An extension structure (RFC 4884, 7) with an empty object. */
#define EXTENSIONS "2000dffb00040000"

static const struct packet_row rows[] = {
	{"about no session: ports, addresses and protocol all count", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 about 28 (udp 10.1.2.3:40001 > 203.0.113.80:53)", .drop = SL_DROP_ICMP_ERROR_NO_SESSION},
	{NULL, WAN, FROM "3/1 about 28 (udp 10.1.2.3:40000 > 203.0.113.80:54)", .drop = SL_DROP_ICMP_ERROR_NO_SESSION},
	{NULL, WAN, FROM "3/1 about 28 (udp 10.1.2.3:40000 > 203.0.113.81:53)", .drop = SL_DROP_ICMP_ERROR_NO_SESSION},
	{NULL, WAN, FROM "3/1 about 28 (tcp 10.1.2.3:40000 > 203.0.113.80:53 S)", .drop = SL_DROP_ICMP_ERROR_NO_SESSION},
	{NULL, WAN, FROM "3/1 about 28 (icmp 10.1.2.3 > 203.0.113.80 8/0 rest 00070001)", .drop = SL_DROP_ICMP_ERROR_NO_SESSION},
	{NULL, WAN, FROM "3/1 about 28 (47 10.1.2.3 > 203.0.113.80 len 8)", .drop = SL_DROP_ICMP_ERROR_NO_SESSION},
	{NULL, WAN, FROM6 "1/1 about 48 (udp [2001:db8:a::5]:40000 > [2001:db8:99::1]:53)", .drop = SL_DROP_ICMP_ERROR_NO_SESSION},

	{"to somebody else than who sent it", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "icmp 198.51.100.77 > 10.1.2.4 3/1 about 28 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, "icmp 2001:db8:98::1 > 2001:db8:a::6 1/1 about 48 (" UDP6 ")", .drop = SL_DROP_ICMP_ERROR_INVALID},

	{"from the side that sent it: it went the other way", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "icmp 10.1.0.9 > 10.1.2.3 3/1 about 28 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_WRONG_WAY},
	{NULL, WAN, UDP_BACK, .out = INSIDE},
	{NULL, WAN, "icmp 198.51.100.77 > 203.0.113.80 3/3 about 28 (" UDP_BACK ")", .drop = SL_DROP_ICMP_ERROR_WRONG_WAY},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 3/3 about 28 (" UDP_BACK ")", .out = WAN},
	{NULL, INSIDE, UDP6, .out = WAN, .rule = RULE_OUT},
	{NULL, INSIDE, "icmp 2001:db8:a::9 > 2001:db8:a::5 1/1 about 48 (" UDP6 ")", .drop = SL_DROP_ICMP_ERROR_WRONG_WAY},
	{NULL, WAN, UDP6_BACK, .out = INSIDE},
	{NULL, WAN, FROM6 "2/0 rest 00000500 about 48 (" UDP6 ")", .out = INSIDE},

	{"checksums: the error's, and its quote's IPv4 header's; not the quoted datagram's", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 about 28 (" UDP ") l4 2 1234", .drop = SL_DROP_ICMP_BAD_CHECKSUM},
	{NULL, WAN, FROM "3/1 about 28 (" UDP " ip 10 1234)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 28 (" UDP " l4 6 1234)", .out = INSIDE},
	{NULL, INSIDE, UDP6, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM6 "1/1 about 48 (" UDP6 ") l4 2 1234", .drop = SL_DROP_ICMP_BAD_CHECKSUM},

	{"quotes cut short, bent or of a later fragment", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 19 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 20 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 27 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 28 (" UDP " ip 0 65)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 28 (" UDP " ip 0 44)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 28 (" UDP " ip 0 4f)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "11/1 about 28 (" UDP " ip 6 0001)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "11/1 about 28 (" UDP " ip 6 2000)", .out = INSIDE},
	{NULL, INSIDE, UDP6, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM6 "1/1 about 39 (" UDP6 ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM6 "1/1 about 47 (" UDP6 ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM6 "1/1 about 48 (" UDP6 " ip 0 45)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM6 "1/1 about 56 (" UDP6 " ext 44 00000800000007)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM6 "1/1 about 56 (" UDP6 " ext 44 00000100000007)", .out = INSIDE},

	{"about an error (RFC 1122 3.2.2, RFC 4443 2.4 e), or what is none", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 about 28 (icmp 10.1.2.3 > 203.0.113.80 3/3 about 28 (" UDP_BACK "))", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 about 28 (icmp 10.1.2.3 > 203.0.113.80 5/1)", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM6 "1/1 about 48 (icmp 2001:db8:a::5 > 2001:db8:99::1 1/4 about 48 (" UDP6_BACK "))", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM6 "1/1 about 48 (icmp 2001:db8:a::5 > 2001:db8:99::1 135/0 len 16)", .drop = SL_DROP_ICMP_ERROR_INVALID},

	{"fragmentation needed below what IP allows (RFC 1191; no MTU from routers older than it)", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/4 rest 00000001 about 28 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_MTU},
	{NULL, WAN, FROM "3/4 rest 00000043 about 28 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_MTU},
	{NULL, WAN, FROM "3/4 rest 00000044 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/4 rest 00000000 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "3/1 rest 00000001 about 28 (" UDP ")", .out = INSIDE},
	{"packet too big below 1280 (RFC 8200 5)", INSIDE, UDP6, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM6 "2/0 rest 00000000 about 48 (" UDP6 ")", .drop = SL_DROP_ICMP_ERROR_MTU},
	{NULL, WAN, FROM6 "2/0 rest 000004ff about 48 (" UDP6 ")", .drop = SL_DROP_ICMP_ERROR_MTU},
	{NULL, WAN, FROM6 "2/0 rest 00000500 about 48 (" UDP6 ")", .out = INSIDE},

	{"the TCP segment was never sent, or is long acknowledged (RFC 5927 4.1)", INSIDE, TCP "S seq 1000 win 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/2 about 28 (" TCP "S seq 999)", .drop = SL_DROP_ICMP_ERROR_OUT_OF_WINDOW},
	{NULL, WAN, FROM "3/2 about 28 (" TCP "A seq 1001)", .drop = SL_DROP_ICMP_ERROR_OUT_OF_WINDOW},
	{NULL, WAN, FROM "3/2 about 28 (" TCP "S seq 1000)", .out = INSIDE},
	{NULL, WAN, TCP_BACK "SA seq 7000 ack 1001 win 1000", .out = INSIDE},
	{NULL, INSIDE, TCP "A seq 1001 ack 7001 len 500 win 2000", .out = WAN},
	{NULL, WAN, FROM "3/2 about 28 (" TCP "A seq 501)", .out = INSIDE},
	{NULL, WAN, FROM "3/2 about 28 (" TCP "A seq 500)", .drop = SL_DROP_ICMP_ERROR_OUT_OF_WINDOW},
	{NULL, WAN, FROM "3/2 about 28 (" TCP "A seq 1501)", .out = INSIDE},
	{NULL, WAN, FROM "3/2 about 28 (" TCP "A seq 1502)", .drop = SL_DROP_ICMP_ERROR_OUT_OF_WINDOW},
	{NULL, WAN, FROM "3/4 rest 00000044 about 28 (" TCP "A seq 4000000000)", .drop = SL_DROP_ICMP_ERROR_OUT_OF_WINDOW},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 3/3 about 28 (" TCP_BACK "A seq 7001)", .out = WAN},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 3/3 about 28 (" TCP_BACK "A seq 7002)", .drop = SL_DROP_ICMP_ERROR_OUT_OF_WINDOW},
	{NULL, INSIDE, "icmp 10.1.2.3 > 203.0.113.80 3/3 about 28 (" TCP_BACK "A seq 5000)", .drop = SL_DROP_ICMP_ERROR_OUT_OF_WINDOW},
	/* and the connection goes on */
	{NULL, WAN, TCP_BACK "A seq 7001 ack 1501 win 1000 len 9", .out = INSIDE},

	{"extensions behind the quote (RFC 4884), whose length is in the header", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 rest 00200000 about 128 (" UDP ")", .out = INSIDE},
	{NULL, WAN, FROM "11/0 rest 00200000 about 128 (" UDP ") data " EXTENSIONS, .out = INSIDE},
	{NULL, WAN, FROM "3/4 rest 00200514 about 128 (" UDP ") data " EXTENSIONS, .out = INSIDE},
	{NULL, WAN, FROM "3/1 rest 00210000 about 128 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 rest 00ff0000 about 128 (" UDP ") data " EXTENSIONS, .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, WAN, FROM "3/1 rest 00060000 about 128 (" UDP ")", .drop = SL_DROP_ICMP_ERROR_INVALID},
	{NULL, INSIDE, UDP6, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM6 "3/0 rest 10000000 about 128 (" UDP6 ") data " EXTENSIONS, .out = INSIDE},
	{NULL, WAN, FROM6 "1/4 rest 11000000 about 128 (" UDP6 ")", .drop = SL_DROP_ICMP_ERROR_INVALID},

	{"none of them ended the session", INSIDE, UDP, .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, FROM "3/1 about 28 (" UDP ")", .out = INSIDE},
	{NULL, WAN, UDP_BACK, .out = INSIDE},
};

void packets_icmp_forged(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
