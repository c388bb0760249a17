/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/packet_rows.h"
#include "test/packets/packets.h"

/* Segments of a forger who does not see the connection: it lives through all of them (RFC 5961). */
#define C "tcp 10.1.2.3:40000 > 203.0.113.80:80 "
#define S "tcp 203.0.113.80:80 > 10.1.2.3:40000 "
#define OPEN(what)                                                                                 \
	{what, INSIDE, C "S seq 1000 win 1000", .out = WAN, .rule = RULE_OUT},                     \
	{NULL, WAN, S "SA seq 7000 ack 1001 win 1000", .out = INSIDE},                             \
	{NULL, INSIDE, C "A seq 1001 ack 7001 win 1000", .out = WAN}
#define LIVES                                                                                      \
	{NULL, INSIDE, C "A seq 1001 ack 7001 win 1000 len 10", .out = WAN},                       \
	{NULL, WAN, S "A seq 7001 ack 1011 win 1000 len 10", .out = INSIDE}

static const struct packet_row rows[] = {
	OPEN("blind resets: outside the window dropped, inside it the receiver challenges (3.2)"),
	{NULL, WAN, S "R seq 8002", .drop = SL_DROP_TCP_BAD_RST},
	{NULL, WAN, S "R seq 6000", .drop = SL_DROP_TCP_BAD_RST},
	{NULL, WAN, S "RA seq 3000000000 ack 1001", .drop = SL_DROP_TCP_BAD_RST},
	{NULL, WAN, S "R seq 8001", .out = INSIDE},
	{NULL, INSIDE, C "A seq 1001 ack 7001 win 1000", .out = WAN},
	{NULL, WAN, S "R seq 7002", .out = INSIDE},
	{NULL, INSIDE, C "A seq 1001 ack 7001 win 1000", .out = WAN},
	LIVES,

	OPEN("the exact reset ends it: a forger needs 2^32 guesses"),
	{NULL, WAN, S "R seq 7001", .out = INSIDE},
	{NULL, INSIDE, C "A seq 1001 ack 7001 win 1000 len 10", .out = WAN},
	{NULL, WAN, S "A seq 7001 ack 2000", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, INSIDE, C "A seq 1001 ack 7001 win 1000", .drop = SL_DROP_TCP_NO_SESSION, .after = 12000},

	OPEN("blind SYNs: none against the session's direction, those with it are challenged (4.2)"),
	{NULL, WAN, S "S seq 7001", .drop = SL_DROP_TCP_BAD_STATE},
	{NULL, WAN, S "S seq 3000000000", .drop = SL_DROP_TCP_BAD_STATE},
	{NULL, WAN, S "SA seq 3000000000 ack 5", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, INSIDE, C "S seq 1001", .out = WAN},
	{NULL, WAN, S "A seq 7001 ack 1001 win 1000", .out = INSIDE},
	{NULL, INSIDE, C "S seq 3000000000", .out = WAN},
	{NULL, WAN, S "A seq 7001 ack 1001 win 1000", .out = INSIDE},
	{NULL, WAN, S "SA seq 3000000000 ack 3000000001", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	LIVES,

	OPEN("blind data: both numbers must fit (5.2)"),
	{NULL, WAN, S "A seq 8001 ack 1001 len 1", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, WAN, S "A seq 7001 ack 1002 len 1", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, WAN, S "A seq 7001 ack 4294902296 len 1", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, WAN, S "FA seq 8001 ack 1001 len 1", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, WAN, S "FA seq 7001 ack 3000000000", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	LIVES,

	OPEN("flags that no TCP sends together, from either side"),
	{NULL, WAN, S "- seq 7001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, WAN, S "F seq 7001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, WAN, S "FPU seq 7001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, WAN, S "SF seq 7001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, WAN, S "SFA seq 7001 ack 1001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, WAN, S "RF seq 7001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, WAN, S "RFA seq 7001 ack 1001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, INSIDE, C "SR seq 1001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, INSIDE, C "SRA seq 1001 ack 7001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, INSIDE, C "FSRPAUEC seq 1001 ack 7001", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, INSIDE, C "P seq 1001", .drop = SL_DROP_TCP_BAD_FLAGS},
	LIVES,

	{"scans without a session: nothing but a SYN asks the policy", INSIDE, C "A seq 1 ack 1", .drop = SL_DROP_TCP_NO_SESSION},
	{NULL, INSIDE, C "SA seq 1 ack 1", .drop = SL_DROP_TCP_NO_SESSION},
	{NULL, INSIDE, C "FA seq 1 ack 1", .drop = SL_DROP_TCP_NO_SESSION},
	{NULL, INSIDE, C "R seq 1", .drop = SL_DROP_TCP_NO_SESSION},
	{NULL, INSIDE, C "RA seq 1 ack 1", .drop = SL_DROP_TCP_NO_SESSION},
	{NULL, INSIDE, C "- seq 1", .drop = SL_DROP_TCP_BAD_FLAGS},
	{NULL, INSIDE, C "SF seq 1", .drop = SL_DROP_TCP_BAD_FLAGS},

	{"a forged answer while the handshake is under way", INSIDE, C "S seq 1000", .out = WAN, .rule = RULE_OUT},
	{NULL, WAN, S "SA seq 7000 ack 1000", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, WAN, S "SA seq 7000 ack 1002", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, WAN, S "R seq 0", .drop = SL_DROP_TCP_BAD_RST},
	{NULL, WAN, S "RA seq 0 ack 1002", .drop = SL_DROP_TCP_BAD_RST},
	{NULL, WAN, S "SA seq 7000 ack 1001", .out = INSIDE},
	{NULL, WAN, S "SA seq 20000 ack 1001", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
	{NULL, INSIDE, C "A seq 1001 ack 7001", .out = WAN},

	OPEN("a client that restarted, and a server that had, too"),
	{NULL, INSIDE, C "S seq 3000000000", .out = WAN},
	{NULL, WAN, S "SA seq 2000000000 ack 3000000001", .out = INSIDE},
	{NULL, INSIDE, C "A seq 3000000001 ack 2000000001 len 10", .out = WAN},
	{NULL, WAN, S "A seq 2000000001 ack 3000000011 len 10", .out = INSIDE},
	{NULL, WAN, S "A seq 7001 ack 1001", .drop = SL_DROP_TCP_OUT_OF_WINDOW},
};

void packets_tcp_attacks(void **state)
{
	(void)state;
	PACKET_ROWS(rows);
}
