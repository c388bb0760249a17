/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "test/train.h"

/* Packets that are longer than their link: IPv4 without DF is cut, and put together it is the same. */

static uint8_t together[65536];

/*
 * The pieces that left by `iface` fit `mtu`, and put together are `f` behind its header, `at` being
 * where it starts in its datagram and `more` its own MF bit. How many there are.
 */
static unsigned int assert_pieces(const struct frame *f, uint16_t iface, uint32_t mtu, uint32_t at,
				  bool more)
{
	uint32_t header = (f->bytes[f->l3] & 15) * 4u, payload = f->length - f->l3 - header;
	struct sl_output out;
	uint32_t next = at;
	unsigned int n = 0;

	for (const uint8_t *b; (b = pipeline_out(n, &out)); n++) {
		const uint8_t *ip = b + 14;
		uint32_t own = (ip[0] & 15) * 4u, field = frame_get(ip + 6, 2), length;
		struct frame checked;

		assert_int_equal(out.iface, iface);
		assert_int_equal(frame_get(b + 12, 2), 0x0800);
		length = frame_get(ip + 2, 2);
		assert_int_equal(out.length, 14 + length);
		assert_true(length <= mtu);
		/* Whole but for what is its own. */
		assert_memory_equal(ip + 4, f->bytes + f->l3 + 4, 2);
		assert_int_equal(ip[8], f->bytes[f->l3 + 8] - 1);
		assert_memory_equal(ip + 12, f->bytes + f->l3 + 12, 8);
		memcpy(checked.bytes, b, out.length);
		checked.length = out.length;
		checked.l3 = 14;
		frame_fix_ip(&checked);
		assert_memory_equal(checked.bytes, b, out.length);
		assert_int_equal((field & 0x1fff) * 8, next);
		memcpy(together + next - at, ip + own, length - own);
		next += length - own;
		assert_int_equal(!!(field & 0x2000), next - at < payload || more);
		/* No byte of the link is left unused that could be. */
		if (next - at < payload)
			assert_true(length + 8 > mtu);
		assert_int_equal(n == 0, out.input != SL_INPUT_GENERATED);
	}
	assert_int_equal(next - at, payload);
	assert_memory_equal(together, f->bytes + f->l3 + header, payload);
	return n;
}

static void fragmentable(struct frame *f)
{
	f->bytes[f->l3 + 4] = 0x12;
	f->bytes[f->l3 + 6] &= 0x3f;
	frame_fix_ip(f);
}

static void each_length(void **state)
{
	static const struct {
		uint32_t length; /* of the packet */
		unsigned int pieces;
	} cases[] = {{1500, 1}, {1501, 2}, {2000, 2}, {2980, 2}, {2981, 3}, {8000, 6}, {9200, 7}};
	struct frame f;

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		frame_udp(&f, "10.1.2.3", "203.0.113.80", 40000, 53, cases[i].length - 28);
		fragmentable(&f);
		assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
		assert_int_equal(assert_pieces(&f, WAN, 1500, 0, false), cases[i].pieces);
	}
	/* The way back of a session, to the narrow link: 9216 bytes over 1280, which are eight. */
	frame_udp(&f, "10.30.0.7", "10.1.2.3", 514, 40000, 10);
	expect_forwarded(NARROW, &f, INSIDE);
	frame_udp(&f, "10.1.2.3", "10.30.0.7", 40000, 514, 9216 - 28);
	fragmentable(&f);
	assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
	assert_int_equal(assert_pieces(&f, NARROW, 1280, 0, false), 8);
}

/* More than rte_ip_frag's eight pieces: what a capture may hold. */
static void many_pieces(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, "10.30.0.7", "10.1.2.3", 514, 40000, 10);
	expect_forwarded(NARROW, &f, INSIDE);
	frame_udp(&f, "10.1.2.3", "10.30.0.7", 40000, 514, 10180);
	fragmentable(&f);
	assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
	assert_int_equal(assert_pieces(&f, NARROW, 1280, 0, false), 9);
}

/* A fragment that is cut keeps its place and its MF bit. */
static void of_a_fragment(void **state)
{
	struct frame whole, part[2];

	(void)state;
	frame_udp(&whole, "10.1.2.3", "203.0.113.80", 40000, 53, 8000);
	for (unsigned int i = 0; i < 2; i++)
		train_cut(&whole, &part[i], 0x1234, i * 4000, i ? 0 : 4000);
	train_add(INSIDE, &part[0], 0);
	train_run(false);
	assert_int_equal(assert_pieces(&part[0], WAN, 1500, 0, true), 3);
	train_add(INSIDE, &part[1], 0);
	train_run(true);
	assert_int_equal(assert_pieces(&part[1], WAN, 1500, 4000, false), 3);
}

/* RFC 791 3.1: timestamps (68) stay in the first piece, security (130) is in each. */
static void options(void **state)
{
	static const uint8_t option[16] = {68, 4, 5, 0, 130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
	static const uint8_t copied[12] = {130, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0};
	struct sl_output out;
	struct frame f;

	(void)state;
	frame_ip(&f, 0, "10.1.2.3", "203.0.113.80", 17);
	frame_add(&f, option, sizeof(option));
	f.bytes[f.l3] = 0x49;
	frame_add(&f, "\x9c\x40\0\x35\x0f\xa8\0\0", 8);
	frame_fill(&f, 4000);
	f.bytes[f.l3 + 2] = (uint8_t)((f.length - f.l3) >> 8);
	f.bytes[f.l3 + 3] = (uint8_t)(f.length - f.l3);
	fragmentable(&f);
	assert_int_equal(pipeline_in(INSIDE, &f)->fate, SL_FATE_FORWARDED);
	assert_int_equal(assert_pieces(&f, WAN, 1500, 0, false), 3);
	assert_memory_equal(pipeline_out(0, &out) + 34, option, sizeof(option));
	for (unsigned int i = 1; i < 3; i++) {
		const uint8_t *ip = pipeline_out(i, &out) + 14;

		assert_int_equal(ip[0], 0x48);
		assert_memory_equal(ip + 20, copied, sizeof(copied));
	}
}

static void not_cut(void **state)
{
	struct frame f;

	(void)state;
	frame_udp(&f, "10.1.2.3", "203.0.113.80", 40000, 53, 1473);
	expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
	frame_udp(&f, "2001:db8:a::5", "2001:db8:99::1", 40000, 53, 1473);
	expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
	/* Hops are looked at first. */
	frame_udp(&f, "10.1.2.3", "203.0.113.80", 40000, 53, 1473);
	f.bytes[f.l3 + 8] = 1;
	fragmentable(&f);
	expect_dropped(INSIDE, &f, SL_DROP_TTL_EXCEEDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_length, pipeline_reset),
		cmocka_unit_test_setup(many_pieces, pipeline_reset),
		cmocka_unit_test_setup(of_a_fragment, pipeline_reset),
		cmocka_unit_test_setup(options, pipeline_reset),
		cmocka_unit_test_setup(not_cut, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
