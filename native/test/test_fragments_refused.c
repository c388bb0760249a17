/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ip/fragment.h"
#include "test/train.h"

/* Fragments that are refused, and what it means for the others of their datagram. */

#define OK SL_DROP_NONE
#define TINY SL_DROP_FRAGMENT_TINY
#define TOO_LONG SL_DROP_FRAGMENT_TOO_LONG
#define INCONSISTENT SL_DROP_FRAGMENT_INCONSISTENT
#define OVERLAP SL_DROP_FRAGMENT_OVERLAP
#define DUPLICATE SL_DROP_FRAGMENT_DUPLICATE
#define SETTLED SL_DROP_FRAGMENT_SETTLED

struct piece {
	uint32_t offset, length;
	bool more;
	enum sl_drop fate;
};

/* Of one UDP datagram of 2000 bytes with its header, in the order they come. */
static const struct {
	const char *what;
	struct piece piece[6];
} table[] = {
	{"in order", {{0, 800, true, OK}, {800, 800, true, OK}, {1600, 400, false, OK}}},
	/* Exact repetitions are dropped alone: RFC 8200 4.5. */
	{"a middle one twice", {{0, 800, true, OK}, {800, 800, true, OK}, {800, 800, true, DUPLICATE},
				{1600, 400, false, OK}}},
	{"a held one twice", {{800, 800, true, OK}, {800, 800, true, DUPLICATE}, {0, 800, true, OK},
			      {1600, 400, false, OK}}},
	{"the first twice", {{0, 800, true, OK}, {0, 800, true, DUPLICATE}, {800, 800, true, OK},
			     {1600, 400, false, OK}}},
	{"the last twice", {{1600, 400, false, OK}, {1600, 400, false, DUPLICATE}, {0, 800, true, OK},
			    {800, 800, true, OK}}},
	/* RFC 5722 3: with one that overlaps go those that came before and after. */
	{"overlap before the first", {{800, 800, true, OVERLAP}, {1592, 400, false, OVERLAP},
				      {0, 800, true, OVERLAP}}},
	{"overlap by the first", {{800, 800, true, OVERLAP}, {1600, 400, false, OVERLAP},
				  {0, 808, true, OVERLAP}}},
	{"overlap behind the first", {{0, 800, true, OK}, {792, 800, true, OVERLAP},
				      {800, 800, true, OVERLAP}, {1600, 400, false, OVERLAP}}},
	{"one within another", {{0, 800, true, OK}, {800, 800, true, OK}, {808, 80, true, OVERLAP},
				{1600, 400, false, OVERLAP}}},
	{"one around another", {{808, 80, true, OVERLAP}, {800, 800, true, OVERLAP},
				{0, 800, true, OVERLAP}}},
	{"the same start, shorter", {{800, 800, true, OVERLAP}, {800, 400, true, OVERLAP},
				     {0, 800, true, OVERLAP}}},
	{"the same end, longer", {{808, 792, true, OVERLAP}, {800, 800, true, OVERLAP}}},
	{"the header over again", {{0, 800, true, OK}, {0, 16, true, OVERLAP},
				   {800, 800, true, OVERLAP}}},
	{"the same bytes, now the last", {{800, 800, true, OVERLAP}, {800, 800, false, OVERLAP}}},
	{"the last, now with more", {{1600, 400, false, OVERLAP}, {1600, 400, true, OVERLAP}}},
	/* RFC 8200 4.5: nothing is behind the last, and there is one. */
	{"two lasts", {{1600, 400, false, INCONSISTENT}, {800, 400, false, INCONSISTENT}}},
	{"a last in the middle", {{1600, 400, true, INCONSISTENT}, {800, 400, false, INCONSISTENT}}},
	{"the end of it", {{0, 800, true, OK}, {800, 400, false, OK}, {1600, 400, true, SETTLED}}},
	{"one behind a last that is held", {{800, 400, false, INCONSISTENT},
					    {1600, 400, true, INCONSISTENT},
					    {0, 800, true, INCONSISTENT}}},
	{"27 bytes and more", {{800, 800, true, INCONSISTENT}, {1600, 27, true, INCONSISTENT},
			       {0, 800, true, INCONSISTENT}}},
	/* RFC 791 3.1, RFC 8200 4.5: what would be longer than a packet can be. */
	{"beyond 65535", {{800, 800, true, TOO_LONG}, {65528, 24, false, TOO_LONG},
			  {0, 800, true, TOO_LONG}}},
	{"the last byte there is", {{65512, 3, false, SETTLED}}},
};

static void build(struct frame *f, bool v6)
{
	if (v6)
		frame_udp(f, "2001:db8:a::5", "2001:db8:99::1", 40000, 53, 1992);
	else
		frame_udp(f, "10.1.2.3", "203.0.113.80", 40000, 53, 1992);
}

static void each_kind(void **state)
{
	struct frame whole, part;

	(void)state;
	for (unsigned int i = 0; i < 2 * sizeof(table) / sizeof(table[0]); i++) {
		const struct piece *piece = table[i / 2].piece;
		unsigned int n = 0;

		build(&whole, i % 2);
		for (; n < 6 && piece[n].length; n++) {
			/* The bytes do not matter, so those from far on are those from the start. */
			struct frame far = whole;
			uint32_t from = piece[n].offset > 1192 ? 0 : piece[n].offset;

			train_piece(&far, &part, 100 + i, from, piece[n].length, piece[n].more);
			if (i % 2)
				part.bytes[part.l3 + 42] = (uint8_t)(piece[n].offset >> 8),
				part.bytes[part.l3 + 43] =
					(uint8_t)(piece[n].offset | piece[n].more);
			else
				part.bytes[part.l3 + 6] = (uint8_t)(piece[n].offset >> 11 |
								    (piece[n].more ? 0x20 : 0)),
				part.bytes[part.l3 + 7] = (uint8_t)(piece[n].offset >> 3),
				frame_fix_ip(&part);
			train_add(INSIDE, &part, 1);
		}
		print_message("%s, IPv%u\n", table[i / 2].what, i % 2 ? 6 : 4);
		train_run(true);
		for (unsigned int k = 0; k < n; k++) {
			if (piece[k].fate)
				train_dropped(k, piece[k].fate);
			else
				train_went(k, WAN);
		}
	}
}

/* A first fragment that is refused for its own sake takes the others along. */
static void by_the_first(void **state)
{
	struct frame whole, part;

	(void)state;
	/* TCP flags no TCP sends; its fragments at 8 are refused whatever comes first (RFC 3128). */
	frame_tcp(&whole, "10.1.2.3", "203.0.113.80", 40000, 80, 0x03, 1, 0, 100);
	train_cut(&whole, &part, 1, 40, 0);
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 1, 0, 40);
	train_add(INSIDE, &part, 1);
	frame_tcp(&whole, "10.1.2.3", "203.0.113.80", 40000, 80, 0x02, 1, 0, 100);
	train_cut(&whole, &part, 2, 0, 24);
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 2, 8, 16);
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 2, 24, 0);
	train_add(INSIDE, &part, 1);
	/* RFC 1858 3: 16 of the header's 20 bytes. */
	train_cut(&whole, &part, 3, 16, 40);
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 3, 0, 16);
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 3, 56, 0);
	train_add(INSIDE, &part, 1);
	train_run(true);
	for (unsigned int i = 5; i < 8; i++)
		train_dropped(i, TINY);
	train_dropped(0, SL_DROP_TCP_BAD_FLAGS);
	train_dropped(1, SL_DROP_TCP_BAD_FLAGS);
	train_went(2, WAN);
	train_dropped(3, TINY);
	train_dropped(4, TINY);
}

static void too_many(void **state)
{
	struct frame whole, part;

	(void)state;
	build(&whole, false);
	for (uint32_t n = 0; n < SL_FRAGMENT_PIECES + 2; n++) {
		train_piece(&whole, &part, 3, n * 8, 8, true);
		train_add(INSIDE, &part, 1);
	}
	train_run(true);
	for (uint32_t n = 0; n < SL_FRAGMENT_PIECES; n++)
		train_went(n, WAN);
	train_dropped(SL_FRAGMENT_PIECES, SL_DROP_FRAGMENT_TOO_MANY);
	train_dropped(SL_FRAGMENT_PIECES + 1, SL_DROP_FRAGMENT_TOO_MANY);
}

/* 30 seconds, of the image; what is dead then may be used again. */
static void timeouts(void **state)
{
	struct frame whole, part;

	(void)state;
	build(&whole, false);
	train_cut(&whole, &part, 4, 1000, 0);
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 5, 1000, 0);
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 5, 0, 1000); /* in time, just */
	train_add(INSIDE, &part, 29999);
	train_cut(&whole, &part, 4, 0, 1000); /* too late for the first, which is one ms older */
	train_add(INSIDE, &part, 0);
	train_cut(&whole, &part, 6, 8, 80);
	train_add(INSIDE, &part, 0);
	train_cut(&whole, &part, 6, 16, 80);
	train_add(INSIDE, &part, 0);
	train_cut(&whole, &part, 6, 96, 0);
	train_add(INSIDE, &part, 29999);
	train_cut(&whole, &part, 6, 1000, 0); /* what was dead is forgotten */
	train_add(INSIDE, &part, 1);
	train_cut(&whole, &part, 6, 0, 1000);
	train_add(INSIDE, &part, 0);
	train_run(true);
	train_dropped(0, SL_DROP_FRAGMENT_TIMEOUT);
	train_went(1, WAN);
	train_went(2, WAN);
	train_went(3, WAN);
	train_dropped(4, OVERLAP);
	train_dropped(5, OVERLAP);
	train_dropped(6, OVERLAP);
	train_went(7, WAN);
	train_went(8, WAN);
}

/* The image lets a source have 256 datagrams that are not whole; others are none the worse. */
static void source_flood(void **state)
{
	struct frame whole, part;

	(void)state;
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		build(&whole, v6);
		for (unsigned int i = 0; i < 260; i++) {
			if (v6) /* of one /64 */
				whole.bytes[whole.l3 + 23] = (uint8_t)i;
			train_piece(&whole, &part, 1000 + i, 1000, 104, true);
			train_add(INSIDE, &part, 0);
		}
		/* Another source, and the first one once a datagram of its own is whole. */
		frame_udp(&whole, v6 ? "2001:db8:b::5" : "10.1.2.4",
			  v6 ? "2001:db8:99::1" : "203.0.113.80", 40000, 53, 1992);
		train_piece(&whole, &part, 1, 1000, 104, true);
		train_add(INSIDE, &part, 0);
		train_run(true);
		for (unsigned int i = 0; i < 260; i++)
			train_dropped(i, i < 256 ? SETTLED : SL_DROP_FRAGMENT_SOURCE_FLOOD);
		/* The other IPv6 source is of no subnet inside: its first would say so. */
		train_dropped(260, SETTLED);
	}
}

static void from(struct frame *f, unsigned int host)
{
	f->bytes[f->l3 + 14] = (uint8_t)(host >> 8);
	f->bytes[f->l3 + 15] = (uint8_t)host;
}

/* The pipeline's pool has 4096 buffers: one in eight may be held, then the oldest goes. */
static void buffers_full(void **state)
{
	struct frame whole, part;

	(void)state;
	build(&whole, false);
	for (unsigned int i = 0; i < 514; i++) {
		from(&whole, 300 + i);
		train_cut(&whole, &part, 1, 1000, 0);
		train_add(INSIDE, &part, 0);
	}
	/* Who comes in one go is served all the same. */
	from(&whole, 200);
	train_cut(&whole, &part, 1, 1000, 0);
	train_add(INSIDE, &part, 0);
	train_cut(&whole, &part, 1, 0, 1000);
	train_add(INSIDE, &part, 0);
	train_run(true);
	for (unsigned int i = 0; i < 514; i++)
		train_dropped(i, i < 3 ? SL_DROP_FRAGMENT_TABLE_FULL : SETTLED);
	train_went(514, WAN);
	train_went(515, WAN);
}

/* 1024 datagrams are what the image allows: the oldest is forgotten for one more. */
static void table_full(void **state)
{
	struct frame whole, part;

	(void)state;
	build(&whole, false);
	for (unsigned int i = 0; i < 1025; i++) {
		from(&whole, 300 + i);
		train_cut(&whole, &part, 1, 0, 1000);
		train_add(INSIDE, &part, 0);
	}
	for (unsigned int i = 0; i < 3; i++) {
		from(&whole, 302 - i);
		train_cut(&whole, &part, 1, 1000, 0);
		train_add(INSIDE, &part, 0);
	}
	train_run(true);
	for (unsigned int i = 0; i < 1025; i++)
		train_went(i, WAN);
	train_went(1025, WAN);
	train_went(1026, WAN);
	train_dropped(1027, SETTLED);
}

/* Nobody elsewhere adds to what another zone may send. */
static void other_zone(void **state)
{
	struct frame whole, part;

	(void)state;
	build(&whole, false);
	train_cut(&whole, &part, 1, 1000, 0);
	train_add(WAN, &part, 0);
	train_cut(&whole, &part, 1, 0, 1000);
	train_add(INSIDE, &part, 0);
	train_run(true);
	train_dropped(0, SETTLED);
	train_went(1, WAN);
}

/* RFC 8200 4.5: the protocol of any but the first says nothing. */
static void protocols_differ(void **state)
{
	struct frame whole, part;

	(void)state;
	build(&whole, true);
	train_cut(&whole, &part, 1, 1000, 0);
	part.bytes[part.l3 + 40] = 6;
	train_add(INSIDE, &part, 0);
	train_cut(&whole, &part, 1, 0, 1000);
	train_add(INSIDE, &part, 0);
	train_run(true);
	train_went(0, WAN);
	train_went(1, WAN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_kind, pipeline_reset),
		cmocka_unit_test_setup(by_the_first, pipeline_reset),
		cmocka_unit_test_setup(too_many, pipeline_reset),
		cmocka_unit_test_setup(timeouts, pipeline_reset),
		cmocka_unit_test_setup(source_flood, pipeline_reset),
		cmocka_unit_test_setup(buffers_full, pipeline_reset),
		cmocka_unit_test_setup(table_full, pipeline_reset),
		cmocka_unit_test_setup(other_zone, pipeline_reset),
		cmocka_unit_test_setup(protocols_differ, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
