// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <rte_byteorder.h>
#include <string.h>

#include "ip/checksum.h"
#include "session/sequence.h"
#include "session_fixture.h"

/* Numbers of TCP whose ends count differently, and that its checksum stays right. */

struct pair {
	struct sl_session s;
	struct sl_extension x;
};

static void put32(uint8_t *at, uint32_t value)
{
	value = rte_cpu_to_be_32(value);
	memcpy(at, &value, 4);
}

static uint32_t get32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, 4);
	return rte_be_to_cpu_32(value);
}

/* One's complement sum of a header as if it were all there is. */
static uint16_t sum_of(const uint8_t *tcp, uint32_t length)
{
	return sl_checksum_fold(sl_checksum_words(tcp, length));
}

static void seal(uint8_t *tcp, uint32_t length)
{
	uint16_t sum;

	memset(tcp + 16, 0, 2);
	sum = (uint16_t)~sum_of(tcp, length);
	memcpy(tcp + 16, &sum, 2);
}

static struct sl_pkt packet(unsigned int direction, const uint8_t *tcp)
{
	return (struct sl_pkt){
		.direction = (uint8_t)direction,
		.tcp_flags = tcp[13],
		.tcp_seq = get32(tcp + 4),
		.tcp_ack = get32(tcp + 8),
		.tcp_header = (uint16_t)((tcp[12] >> 4) * 4),
	};
}

/* All numbers of the server differ: its own on the way out, what is said about them on the way in. */
static void test_set(void **state)
{
	/* 20 bytes, NOP, SACK of two blocks at an odd place, END */
	uint8_t tcp[40] = {[12] = 10 << 4, [13] = SL_TH_ACK, [20] = 1, [21] = 5, [22] = 18};
	struct pair c = {.s.end = {1000, 0xfffffff0}};
	struct sl_pkt p;

	(void)state;
	sl_sequence_set(&c.s, &c.x, 1, 0x12345);
	assert_true(c.s.flags & SL_SESSION_SEQUENCE);

	put32(tcp + 4, 1000);
	put32(tcp + 8, 0x12345 + 0xfffffff0u);
	put32(tcp + 23, 0x12345 + 5);
	put32(tcp + 27, 0x12345 + 9);
	put32(tcp + 31, 0x12345 + 20);
	put32(tcp + 35, 0x12345 + 30);
	seal(tcp, 40);
	p = packet(0, tcp);
	sl_sequence_in(&c.x, &p);
	assert_int_equal(p.tcp_ack, 0xfffffff0u);
	sl_sequence_out(&c.x, &p, tcp);
	assert_int_equal(get32(tcp + 4), 1000);
	assert_int_equal(get32(tcp + 8), 0xfffffff0u);
	assert_int_equal(get32(tcp + 23), 5);
	assert_int_equal(get32(tcp + 27), 9);
	assert_int_equal(get32(tcp + 31), 20);
	assert_int_equal(get32(tcp + 35), 30);
	assert_int_equal(sum_of(tcp, 40), 0xffff);

	put32(tcp + 4, 0xfffffffe);
	seal(tcp, 40);
	p = packet(1, tcp);
	sl_sequence_in(&c.x, &p);
	sl_sequence_out(&c.x, &p, tcp);
	assert_int_equal(get32(tcp + 4), 0x12343);
	assert_int_equal(get32(tcp + 8), 0xfffffff0u);
	assert_int_equal(get32(tcp + 23), 5); /* the client's numbers are everybody's */
	assert_int_equal(sum_of(tcp, 40), 0xffff);
}

/* A reset without ACK acknowledges nothing, whatever stands there. */
static void test_no_ack(void **state)
{
	uint8_t tcp[20] = {[12] = 5 << 4, [13] = SL_TH_RST};
	struct pair c = {0};
	struct sl_pkt p;

	(void)state;
	sl_sequence_set(&c.s, &c.x, 1, 7);
	put32(tcp + 8, 99);
	seal(tcp, 20);
	p = packet(0, tcp);
	sl_sequence_in(&c.x, &p);
	sl_sequence_out(&c.x, &p, tcp);
	assert_int_equal(get32(tcp + 8), 99);
	assert_int_equal(sum_of(tcp, 20), 0xffff);
}

/* Twenty bytes from 100 on became 25, then ten from 200 on became 4. */
static void test_shift(void **state)
{
	struct pair c = {0};
	const struct sl_sequence *q = &c.x.sequence[0];

	(void)state;
	assert_int_equal(sl_sequence_shift(&c.s, &c.x, 0, 100, 20, 5), 0);
	assert_int_equal(sl_sequence_there(q, 100), 100);
	assert_int_equal(sl_sequence_there(q, 120), 125);
	assert_int_equal(sl_sequence_here(q, 100), 100);
	/* part of them, be it past the end of the old ones: the sender has to keep them all */
	assert_int_equal(sl_sequence_here(q, 101), 100);
	assert_int_equal(sl_sequence_here(q, 120), 100);
	assert_int_equal(sl_sequence_here(q, 124), 100);
	assert_int_equal(sl_sequence_here(q, 125), 120);

	assert_int_equal(sl_sequence_shift(&c.s, &c.x, 0, 119, 1, 1), -EBUSY);
	assert_int_equal(sl_sequence_shift(&c.s, &c.x, 0, 200, 10, -6), 0);
	assert_int_equal(sl_sequence_there(q, 200), 205);
	assert_int_equal(sl_sequence_there(q, 210), 209);
	assert_int_equal(sl_sequence_here(q, 205), 200);
	assert_int_equal(sl_sequence_here(q, 209), 210);
	assert_int_equal(sl_sequence_here(q, 208), 200);
}

/* Whatever is sent before or after is acknowledged as it was sent, over the wrap of numbers too. */
static void test_round_trip(void **state)
{
	uint64_t seed = 20261124;

	(void)state;
	for (unsigned int i = 0; i < 100000; i++) {
		struct pair c = {0};
		uint32_t seq = (uint32_t)next_random(&seed);
		uint32_t length = 1 + (uint32_t)next_random(&seed) % 1400;
		uint32_t by = (uint32_t)next_random(&seed) % 64, first, own;

		sl_sequence_set(&c.s, &c.x, 0, first = (uint32_t)next_random(&seed));
		c.x.sequence[0].at = seq;
		assert_int_equal(sl_sequence_shift(&c.s, &c.x, 0, seq, length, (int32_t)by), 0);
		own = seq - (uint32_t)next_random(&seed) % 100000;
		assert_int_equal(sl_sequence_there(&c.x.sequence[0], own), own + first);
		assert_int_equal(sl_sequence_here(&c.x.sequence[0], own + first), own);
		own = seq + length + (uint32_t)next_random(&seed) % 100000;
		assert_int_equal(sl_sequence_there(&c.x.sequence[0], own), own + first + by);
		assert_int_equal(sl_sequence_here(&c.x.sequence[0], own + first + by), own);
	}
}

/* An ICMP error quotes what the other side got; all of the header, or as little as eight bytes. */
static void test_quote(void **state)
{
	struct pair c = {0};

	(void)state;
	sl_sequence_set(&c.s, &c.x, 1, 0x10001);
	for (uint32_t have = 8; have <= 20; have += 12) {
		uint8_t tcp[20] = {[12] = 5 << 4, [13] = SL_TH_ACK};
		struct sl_pkt p;
		uint64_t grown;
		uint16_t before;

		put32(tcp + 4, 0x10001 + 77);
		seal(tcp, 20);
		before = sl_checksum_fold(sl_checksum_words(tcp, have));
		p = packet(0, tcp);
		p.flags = SL_PKT_ICMP_ERROR;
		sl_sequence_in(&c.x, &p);
		assert_int_equal(p.tcp_seq, 77);
		grown = sl_sequence_quote(&p, tcp, have);
		assert_int_equal(get32(tcp + 4), 77);
		assert_int_equal(sl_checksum_fold(before + grown) % 0xffff,
				 sl_checksum_fold(sl_checksum_words(tcp, have)) % 0xffff);
		if (have == 20)
			assert_int_equal(sum_of(tcp, 20), 0xffff);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),	   cmocka_unit_test(test_no_ack),
		cmocka_unit_test(test_shift),	   cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_quote),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
