/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* TCP as it should be; what should not be is in tcp_attacks.c, every transition in test_tcp_*.c. */
#define C "10.1.2.3:40000 > 203.0.113.80:80 "
#define S "203.0.113.80:80 > 10.1.2.3:40000 "
#define C6 "[2001:db8:a::5]:40000 > [2001:db8:99::1]:80 "
#define S6 "[2001:db8:99::1]:80 > [2001:db8:a::5]:40000 "

static const struct packet_row rows[] = {
	{"a whole connection, options and all", INSIDE, "tcp " C "S seq 1000 opt 020405b40402080a00000001000000000103030a", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "SA seq 7000 ack 1001 opt 020405b40402080a000000090000000101030307", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1001 ack 7001 win 64", .out = WAN},
	{NULL, INSIDE, "tcp " C "PA seq 1001 ack 7001 win 64 len 120", .out = WAN},
	{NULL, WAN, "tcp " S "A seq 7001 ack 1121 win 501", .out = INSIDE},
	{NULL, WAN, "tcp " S "A seq 7001 ack 1121 win 501 len 1448 opt 0101080a0000000900000001", .out = INSIDE},
	{NULL, WAN, "tcp " S "PA seq 8449 ack 1121 win 501 len 552", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1121 ack 7001 win 64 opt 0101050a00002101000023f9", .out = WAN},
	{NULL, WAN, "tcp " S "A seq 7001 ack 1121 win 501 len 1448", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1121 ack 9001 win 64", .out = WAN},
	{NULL, INSIDE, "tcp " C "FA seq 1121 ack 9001 win 64", .out = WAN},
	{NULL, WAN, "tcp " S "A seq 9001 ack 1122 win 501 len 100", .out = INSIDE},
	{NULL, WAN, "tcp " S "FA seq 9101 ack 1122 win 501", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1122 ack 9102 win 64", .out = WAN},
	{NULL, WAN, "tcp " S "FA seq 9101 ack 1122 win 501", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1122 ack 9102 win 64", .out = WAN},
	{NULL, INSIDE, "tcp " C "A seq 1122 ack 9102 len 1", .drop = SL_DROP_TCP_OUT_OF_WINDOW},

	{"over IPv6", INSIDE, "tcp " C6 "S seq 4294967295", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S6 "SA seq 4294967290 ack 0", .out = INSIDE},
	{NULL, INSIDE, "tcp " C6 "A seq 0 ack 4294967291 len 10", .out = WAN},
	{NULL, WAN, "tcp " S6 "A seq 4294967291 ack 10 len 1000", .out = INSIDE},
	{NULL, INSIDE, "tcp " C6 "A seq 10 ack 995", .out = WAN},
	{NULL, INSIDE, "tcp " C6 "RA seq 10 ack 995", .out = WAN},
	{NULL, INSIDE, "tcp " C6 "S seq 77", .out = WAN},

	{"refused", INSIDE, "tcp " C "S seq 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "RA seq 0 ack 1001 win 0", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "S seq 5000", .out = WAN},
	{NULL, WAN, "tcp " S "SA seq 7000 ack 5001", .out = INSIDE},

	{"ECN: set-up, CE echoed, reduced (RFC 3168 6.1)", INSIDE, "tcp " C "SEC seq 1000 tos 0", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "SAE seq 7000 ack 1001", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1001 ack 7001 len 100 tos 2", .out = WAN},
	{NULL, WAN, "tcp " S "AE seq 7001 ack 1101", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "AC seq 1101 ack 7001 len 100 tos 2", .out = WAN},
	{NULL, WAN, "tcp " S "AEC seq 7001 ack 1201", .out = INSIDE},

	{"urgent data (RFC 6093) is data", INSIDE, "tcp " C "S seq 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "SA seq 7000 ack 1001", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "UPA seq 1001 ack 7001 len 3 urg 3", .out = WAN},
	{NULL, WAN, "tcp " S "UA seq 7001 ack 1004 len 1 urg 65535", .out = INSIDE},

	{"fast open (RFC 7413): data in the SYN, an answer before the handshake is through", INSIDE, "tcp " C "S seq 1000 len 300 opt 220c0102030405060708090a", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "SA seq 7000 ack 1301", .out = INSIDE},
	{NULL, WAN, "tcp " S "PA seq 7001 ack 1301 len 1200", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1301 ack 8201", .out = WAN},

	{"half closed the other way for hours of data", INSIDE, "tcp " C "S seq 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "SA seq 7000 ack 1001", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "FA seq 1001 ack 7001", .out = WAN},
	{NULL, WAN, "tcp " S "A seq 7001 ack 1002 len 1000", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1002 ack 8001", .out = WAN},
	{NULL, WAN, "tcp " S "A seq 8001 ack 1002 len 1000", .out = INSIDE, .after = 100000},
	{NULL, INSIDE, "tcp " C "A seq 1002 ack 9001", .out = WAN, .after = 100000},
	{NULL, WAN, "tcp " S "FA seq 9001 ack 1002", .out = INSIDE, .after = 100000},

	{"the handshake that never ends is forgotten", INSIDE, "tcp " C "S seq 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "SA seq 7000 ack 1001", .drop = SL_DROP_TCP_NO_SESSION, .after = 32000},
	{"an idle connection is kept for an hour, and no more", INSIDE, "tcp " C "S seq 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, "tcp " S "SA seq 7000 ack 1001", .out = INSIDE},
	{NULL, INSIDE, "tcp " C "A seq 1001 ack 7001", .out = WAN},
	{NULL, WAN, "tcp " S "A seq 7000 ack 1001", .out = INSIDE, .after = 3500000},
	{NULL, INSIDE, "tcp " C "A seq 1001 ack 7001", .drop = SL_DROP_TCP_NO_SESSION, .after = 3700000},
};

void packets_tcp(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
