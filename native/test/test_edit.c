/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firewall/edit.h"
#include "test/extras.h"
#include "test/pipeline.h"

/* DSCP and segment sizes, in single headers and through the pipeline. */

static const char *const client4 = "10.1.2.3", *const server4 = "203.0.113.80";
static const char *const client6 = "2001:db8:a::3", *const server6 = "2001:db8:ffff::80";

/* A SYN (or what `flags` says) with these options, padded with zeroes to a whole word. */
static void syn(struct frame *f, const char *src, const char *dst, uint8_t flags, const void *options,
		uint32_t length)
{
	uint32_t padded = (length + 3) & ~3u;
	uint8_t tcp[60] = {0x9c, 0x40, 0, 80, [4] = 1, [13] = flags, [14] = 0x20};

	if (flags == 0x12) {
		memcpy(tcp, "\0\x50\x9c\x40", 4);
		memcpy(tcp + 4, "\5\0\0\0\1\0\0\1", 8);
	}
	tcp[12] = (uint8_t)((20 + padded) / 4 << 4);
	memcpy(tcp + 20, options, length);
	frame_ip(f, 0, src, dst, 6);
	frame_add(f, tcp, 20 + padded);
	frame_finish(f);
}

static void dscp_of_headers(void **state)
{
	struct frame f;

	(void)state;
	for (unsigned int tos = 0; tos < 256; tos++) {
		for (uint8_t dscp = 0; dscp < 64; dscp++) {
			frame_udp(&f, client4, server4, 1, 2, 3);
			f.bytes[f.l3 + 1] = (uint8_t)tos;
			frame_fix_ip(&f);
			sl_edit_dscp(f.bytes + f.l3, 4, dscp);
			assert_int_equal(f.bytes[f.l3 + 1], dscp << 2 | (tos & 3));
			assert_true(frame_sound(f.bytes, f.length));

			frame_udp(&f, client6, server6, 1, 2, 3);
			f.bytes[f.l3] = (uint8_t)(0x60 | tos >> 4);
			f.bytes[f.l3 + 1] = (uint8_t)(tos << 4 | 0xb);
			sl_edit_dscp(f.bytes + f.l3, 6, dscp);
			assert_int_equal(f.bytes[f.l3], 0x60 | dscp >> 2);
			assert_int_equal(f.bytes[f.l3 + 1], (dscp & 3) << 6 | (tos & 3) << 4 | 0xb);
		}
	}
}

static void mss_of_headers(void **state)
{
	static const struct {
		const char *options;
		uint8_t length;
		uint8_t at; /* of the value, 0: no change */
	} table[] = {
		{"\2\4\5\xb4", 4, 2},
		{"\1\2\4\5\xb4", 5, 3}, /* at an odd place */
		{"\1\1\2\4\5\xb4", 6, 4},
		{"\3\3\7\2\4\5\xb4", 7, 5},
		{"\4\2\x08\x0a\0\0\0\1\0\0\0\0\2\4\xff\xff", 16, 14},
		{"\2\4\5\x50", 4, 0},	  /* lower already */
		{"\1\1\1\1", 4, 0},	  /* none */
		{"", 0, 0},
		{"\0\2\4\5\xb4", 5, 0},	  /* behind the end of the list */
		{"\2\3\5\xb4", 4, 0},	  /* a length that is not its own */
		{"\2\5\5\xb4\0", 5, 0},
		{"\2\0\5\xb4", 4, 0},
		{"\2\1\5\xb4", 4, 0},
		{"\x08\xff\2\4\5\xb4", 6, 0}, /* beyond the header */
		{"\1\1\1\2", 4, 0},	      /* cut off behind its kind */
		{"\1\2\4\5", 4, 0},	      /* cut off within */
		{"\1\1\2\4", 4, 0},
	};
	struct frame f, before;

	(void)state;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t *tcp;
		uint32_t length;

		syn(&f, client4, server4, 0x02, table[i].options, table[i].length);
		tcp = f.bytes + f.l4;
		length = (tcp[12] >> 4) * 4u;
		before = f;
		assert_int_equal(sl_edit_mss(tcp, length, 1360), table[i].at != 0);
		assert_true(frame_sound(f.bytes, f.length));
		if (table[i].at) {
			assert_int_equal(frame_get(tcp + 20 + table[i].at, 2), 1360);
			memcpy(tcp + 20 + table[i].at, before.bytes + f.l4 + 20 + table[i].at, 2);
			memcpy(tcp + 16, before.bytes + f.l4 + 16, 2);
		}
		assert_memory_equal(f.bytes, before.bytes, f.length);
	}
}

/* Any bytes for options: bounded, and sound whatever was changed. */
static void mss_of_nonsense(void **state)
{
	struct frame f;

	(void)state;
	srand(11);
	for (unsigned int i = 0; i < 20000; i++) {
		uint8_t options[40];
		uint32_t length = (uint32_t)rand() % 11 * 4;

		for (unsigned int k = 0; k < sizeof(options); k++)
			options[k] = (uint8_t)(rand() % 3 ? rand() % 6 : rand());
		syn(&f, client4, server4, 0x02, options, length);
		sl_edit_mss(f.bytes + f.l4, 20 + length, (uint16_t)(rand() % 1500));
		assert_true(frame_sound(f.bytes, f.length));
	}
}

static struct sl_image_rule_extras extra;
static uint16_t mss_inside, mss_wan;

static void change(struct image_builder *b)
{
	extras_rule(b, RULE_OUT, &extra);
	extras_iface(b, INSIDE)->mss = mss_inside;
	extras_iface(b, WAN)->mss = mss_wan;
	extras_changed(b);
}

static void begin(struct sl_image_rule_extras x, uint16_t inside, uint16_t wan)
{
	extra = x;
	mss_inside = inside;
	mss_wan = wan;
	pipeline_change = change;
	assert_int_equal(pipeline_reset(NULL), 0);
}

static int end(void **state)
{
	(void)state;
	pipeline_change = NULL;
	return 0;
}

/* What left for a frame. */
static const uint8_t *out_of(uint16_t in, const struct frame *f, uint16_t out)
{
	struct sl_output head;

	expect_forwarded(in, f, out);
	return pipeline_out(0, &head);
}

static void dscp_both_ways(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	const uint8_t *bytes;
	struct frame f;

	(void)state;
	x.set_dscp = 46;
	begin(x, 0, 0);
	for (unsigned int i = 0; i < 3; i++) {
		frame_udp(&f, client4, server4, 40000, 53, 10);
		f.bytes[f.l3 + 1] = 0x0a << 2 | 3;
		frame_fix_ip(&f);
		assert_int_equal(out_of(INSIDE, &f, WAN)[f.l3 + 1], 46 << 2 | 3);
		frame_udp(&f, server4, client4, 53, 40000, 10);
		assert_int_equal(out_of(WAN, &f, INSIDE)[f.l3 + 1], 46 << 2);
		frame_udp(&f, client6, server6, 40000, 53, 10);
		f.bytes[f.l3 + 1] = 0x1f;
		bytes = out_of(INSIDE, &f, WAN);
		assert_int_equal(frame_get(bytes + f.l3, 4), 0x60000000 | (46 << 2 | 1) << 20 | 0xf0000);
	}
	/* Another rule's sessions are left alone. */
	frame_udp(&f, client4, "10.20.0.7", 40000, 53, 10);
	assert_int_equal(out_of(INSIDE, &f, DMZ)[f.l3 + 4 + 1], 0);
}

/* The rule ceases to set it, then sets another: live sessions follow. */
static void dscp_of_live_sessions(void **state)
{
	struct sl_image_rule_extras x = extras_none();
	struct frame f;

	(void)state;
	begin(x, 0, 0);
	frame_udp(&f, client4, server4, 40000, 53, 10);
	for (uint8_t dscp = 0; dscp < 3; dscp++) {
		struct sl_tables *before = pipeline.dp->tables;
		char error[256];
		size_t size;
		void *image;

		assert_int_equal(out_of(INSIDE, &f, WAN)[f.l3 + 1], dscp << 2);
		extra.set_dscp = dscp == 2 ? SL_DSCP_NONE : (uint8_t)(dscp + 1);
		image = pipeline_image(false, &size);
		pipeline.dp->tables = sl_tables_build(image, size, before, error, sizeof(error), NULL);
		free(image);
		assert_non_null(pipeline.dp->tables);
		pipeline.worker->tables = pipeline.dp->tables;
		sl_tables_free(before);
	}
	assert_int_equal(pipeline_in(INSIDE, &f)->session, SL_SESSION_HIT);
	assert_int_equal(out_of(INSIDE, &f, WAN)[f.l3 + 1], 0);
}

/* The MSS that a SYN and the answer to it carry on the other side. */
static void expect_mss(const char *client, const char *server, unsigned int there, unsigned int back)
{
	struct frame f;

	assert_int_equal(pipeline_reset(NULL), 0);
	syn(&f, client, server, 0x02, "\1\2\4\x22\x90\1\1\1", 8);
	assert_int_equal(frame_get(out_of(INSIDE, &f, WAN) + f.l4 + 23, 2), there);
	syn(&f, server, client, 0x12, "\2\4\x05\xb4", 4);
	assert_int_equal(frame_get(out_of(WAN, &f, INSIDE) + f.l4 + 22, 2), back);
}

static void mss_of_sessions(void **state)
{
	static const struct {
		uint16_t rule, inside, wan;
		unsigned int there4, back4, there6, back6;
	} table[] = {
		{0, 0, 0, 0x2290, 1460, 0x2290, 1460},
		{1360, 0, 0, 1360, 1360, 1360, 1360},
		{0, 0, 1300, 1300, 1300, 1300, 1300},
		{0, 1200, 0, 1200, 1200, 1200, 1200},
		{1400, 1300, 1200, 1200, 1200, 1200, 1200},
		{1460, 0, 0, 1460, 1460, 1460, 1460},
		{8000, 0, 0, 8000, 1460, 8000, 1460},
		/* by the MTU: 9,000 inside, 1,500 outside */
		{SL_MSS_CLAMP, 0, 0, 1460, 1460, 1440, 1440},
		{0, SL_MSS_CLAMP, 0, 1460, 1460, 1440, 1440},
		{0, 0, SL_MSS_CLAMP, 1460, 1460, 1440, 1440},
		{1380, 0, SL_MSS_CLAMP, 1380, 1380, 1380, 1380},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct sl_image_rule_extras x = extras_none();

		x.set_mss = table[i].rule;
		begin(x, table[i].inside, table[i].wan);
		expect_mss(client4, server4, table[i].there4, table[i].back4);
		expect_mss(client6, server6, table[i].there6, table[i].back6);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dscp_of_headers),
		cmocka_unit_test(mss_of_headers),
		cmocka_unit_test(mss_of_nonsense),
		cmocka_unit_test_teardown(dscp_both_ways, end),
		cmocka_unit_test_teardown(dscp_of_live_sessions, end),
		cmocka_unit_test_teardown(mss_of_sessions, end),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
