/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "test/nat_network.h"
#include "test/train.h"

/* Sizes and fragments of what changes its family; nat_network.h says by which rules. */

static const char *const client = "2001:db8:a::77", *const seen = "198.51.100.6";
static const char *const server = "203.0.113.80", *const server6 = "64:ff9b::cb00:7150";
static uint8_t together[65536];

static int start(void **state)
{
	int status;

	pipeline_change = nat_network;
	status = pipeline_reset(state);
	pipeline_change = NULL;
	return status;
}

static void open_session(void)
{
	struct frame f;

	frame_udp(&f, client, server6, 3001, 53, 10);
	expect_forwarded(INSIDE, &f, WAN);
}

static void no_df(struct frame *f)
{
	f->bytes[f->l3 + 4] = 0x12;
	f->bytes[f->l3 + 6] &= 0x3f;
	frame_fix_ip(f);
}

/* What is too long may not be cut: its sender is told what he may fill, in his own family. */
static void too_big(void **state)
{
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	(void)state;
	open_session();
	frame_udp(&f, client, server6, 3001, 53, 1473);
	expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
	out = pipeline_out(0, &head);
	/* Back to the MAC it came from: nothing was written over yet. */
	assert_memory_equal(out, f.bytes + 6, 6);
	assert_int_equal(frame_get(out + 54, 2), 0x0200);
	assert_int_equal(frame_get(out + 58, 4), 1520);
	frame_udp(&f, client, server6, 3001, 53, 1472);
	expect_forwarded(INSIDE, &f, WAN);
	frame_udp(&f, server, seen, 53, 3001, 9000 - 48 + 1);
	expect_dropped(WAN, &f, SL_DROP_TOO_BIG);
	out = pipeline_out(0, &head);
	assert_memory_equal(out, f.bytes + 6, 6);
	assert_int_equal(frame_get(out + 34, 2), 0x0304);
	assert_int_equal(frame_get(out + 38, 4), 8980);
	frame_udp(&f, server, seen, 53, 3001, 9000 - 48);
	expect_forwarded(WAN, &f, INSIDE);
}

/*
 * The IPv6 fragments that left, put together: `payload` bytes from UDP's header on, `at` being where
 * they start, and `more` following them. How many there are.
 */
static unsigned int assert_fragments(uint32_t id, uint32_t at, uint32_t payload, bool more)
{
	struct sl_output head;
	uint32_t next = at;
	unsigned int n = 0;

	for (const uint8_t *b; (b = pipeline_out(n, &head)); n++) {
		uint32_t length = frame_get(b + 18, 2) - 8, field = frame_get(b + 56, 2);

		assert_int_equal(head.iface, INSIDE);
		assert_int_equal(frame_get(b + 12, 2), 0x86dd);
		assert_int_equal(head.length, 62 + length);
		assert_true(head.length - 14 <= 1280);
		assert_int_equal(b[20], 44);
		assert_int_equal(b[54], 17);
		assert_int_equal(frame_get(b + 58, 4), id);
		assert_int_equal(field & 0xfff8, next);
		memcpy(together + next, b + 62, length);
		next += length;
		assert_int_equal(field & 1, next - at < payload || more);
	}
	assert_int_equal(next - at, payload);
	return n;
}

/* The datagram in `together` is the one the client is to get. */
static void assert_datagram(uint32_t payload)
{
	struct frame f;

	frame_udp(&f, server6, client, 53, 3001, (uint16_t)(payload - 8));
	assert_memory_equal(together, f.bytes + f.l3 + 40, payload);
}

/* RFC 7915 4: without DF it is cut to what every link of IPv6 takes. */
static void cut(void **state)
{
	static const struct {
		uint32_t payload;
		unsigned int pieces;
	} cases[] = {{1241, 2}, {1480, 2}, {2464, 2}, {2465, 3}, {8900, 8}};
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	(void)state;
	open_session();
	frame_udp(&f, server, seen, 53, 3001, 1232);
	no_df(&f);
	expect_forwarded(WAN, &f, INSIDE);
	out = pipeline_out(0, &head);
	assert_true(frame_sound(out, head.length));
	assert_int_equal(head.length, 14 + 1280);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		frame_udp(&f, server, seen, 53, 3001, (uint16_t)(cases[i].payload - 8));
		no_df(&f);
		assert_int_equal(pipeline_in(WAN, &f)->fate, SL_FATE_FORWARDED);
		assert_int_equal(assert_fragments(frame_get(f.bytes + f.l3 + 4, 2), 0,
						  cases[i].payload, false),
				 cases[i].pieces);
		assert_datagram(cases[i].payload);
	}
}

/* By the clock that trains have. */
static void open_for_trains(void)
{
	struct frame f;

	frame_udp(&f, client, server6, 3001, 53, 10);
	train_add(INSIDE, &f, 0);
	train_run(false);
	train_went(0, WAN);
}

static void fragments_of_ipv4(void **state)
{
	struct frame whole, part[2];

	(void)state;
	open_for_trains();
	frame_udp(&whole, server, seen, 53, 3001, 2000);
	for (unsigned int i = 0; i < 2; i++)
		train_cut(&whole, &part[i], 0x1234, i * 1480, i ? 0 : 1480);
	train_add(WAN, &part[0], 0);
	train_run(false);
	assert_int_equal(assert_fragments(0x1234, 0, 1480, true), 2);
	train_add(WAN, &part[1], 0);
	train_run(true);
	assert_int_equal(assert_fragments(0x1234, 1480, 528, false), 1);
	assert_datagram(2008);
}

static void fragments_of_ipv6(void **state)
{
	struct frame whole, part[2], want;
	struct sl_output head;
	const uint8_t *b;

	(void)state;
	frame_udp(&whole, client, server6, 3001, 53, 2000);
	for (unsigned int i = 0; i < 2; i++)
		train_cut(&whole, &part[i], 0xabcd1234, i * 1400, i ? 0 : 1400);
	train_add(INSIDE, &part[1], 0);
	train_add(INSIDE, &part[0], 0);
	train_run(true);
	for (unsigned int i = 0; i < 2; i++) {
		b = pipeline_out(i, &head);
		assert_non_null(b);
		assert_int_equal(head.iface, WAN);
		assert_int_equal(frame_get(b + 18, 2), 0x1234);
		assert_int_equal(frame_get(b + 20, 2), i ? 1400 / 8 : 0x2000);
		assert_int_equal(frame_get(b + 26, 4), 0xc6336406);
		memcpy(together + i * 1400, b + 34, head.length - 34);
		assert_int_equal(head.length, 34 + (i ? 608 : 1400));
	}
	frame_udp(&want, seen, server, 3001, 53, 2000);
	assert_memory_equal(together, want.bytes + want.l3 + 20, 2008);
}

/* RFC 7915 1.2, 4.5: sums over a whole datagram that no fragment has. */
static void fragments_that_cannot(void **state)
{
	struct frame whole, part[2];

	(void)state;
	open_for_trains();
	frame_udp(&whole, server, seen, 53, 3001, 2000);
	memset(whole.bytes + whole.l3 + 26, 0, 2);
	for (unsigned int i = 0; i < 2; i++) {
		train_cut(&whole, &part[i], 7, i * 1480, i ? 0 : 1480);
		train_add(WAN, &part[i], 0);
	}
	train_run(true);
	train_dropped(0, SL_DROP_NAT64_UNTRANSLATABLE);
	train_dropped(1, SL_DROP_NAT64_UNTRANSLATABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(too_big, start),
		cmocka_unit_test_setup(cut, start),
		cmocka_unit_test_setup(fragments_of_ipv4, start),
		cmocka_unit_test_setup(fragments_of_ipv6, start),
		cmocka_unit_test_setup(fragments_that_cannot, start),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
