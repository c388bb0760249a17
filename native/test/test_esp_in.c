/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "test/train.h"

/* ESP from the peer, sealed by another implementation: what comes out, and what is refused why. */

static int reset(void **state)
{
	pipeline_change = esp_network;
	if (pipeline_reset(state))
		return -1;
	sl_sad_flush(pipeline.dp);
	sl_spd_flush(pipeline.dp);
	return 0;
}

static int start(void **state)
{
	pipeline_change = esp_network;
	if (pipeline_start(state))
		return -1;
	esp_at_once();
	return 0;
}

static void expect_hello(const struct frame *f)
{
	struct sl_output head;
	const uint8_t *out;

	expect_forwarded(WAN, f, INSIDE);
	out = pipeline_out(0, &head);
	assert_int_equal(head.length, 14 + 20 + 8 + 13);
	assert_memory_equal(out + 14 + 12, "\x0a\x32\1\2\x0a\1\2\3\3\xe8\7\xd0", 12);
	assert_int_equal(out[14 + 8], 63);
	assert_memory_equal(out + 14 + 28, "hello, sluice", 13);
}

static void each_suite(void **state)
{
	struct frame f;

	for (unsigned int i = 0; i < esp_suite_count; i++) {
		const struct esp_suite *s = &esp_suites[i];

		for (unsigned int way = 0; way < 4; way++) {
			bool encap = way & 1, v6 = way & 2;
			struct sl_sa_add add = esp_sa(s, SL_SA_IN, encap ? SL_SA_ENCAP : 0, v6);
			struct sl_sa *sa;

			reset(state);
			sa = esp_make(&add);
			esp_frame(&f, s->plain, encap, v6);
			expect_hello(&f);
			assert_int_equal(sa->packets, 1);
			assert_int_equal(sa->bytes, 41);
			expect_dropped(WAN, &f, SL_DROP_ESP_REPLAY);
			assert_int_equal(sa->replayed, 1);

			reset(state);
			add.flags |= SL_SA_ESN;
			sa = esp_make(&add);
			sa->replay.top = 0x100000000;
			esp_frame(&f, s->esn, encap, v6);
			expect_hello(&f);
			expect_dropped(WAN, &f, SL_DROP_ESP_REPLAY);
			/* Under another high half it is another packet. */
			sa->replay.top = 0x200000000;
			expect_dropped(WAN, &f, SL_DROP_ESP_AUTHENTICATION);
			assert_int_equal(sa->forged, 1);
		}
	}
}

static void forged(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		const struct sl_sa_add add = esp_sa(&esp_suites[i], SL_SA_IN, 0, false);
		struct frame f;
		struct sl_sa *sa;
		uint64_t number;

		reset(state);
		sa = esp_make(&add);
		esp_frame(&f, esp_suites[i].plain, false, false);
		/* Every byte of it counts; nothing of a forged number stays. */
		for (uint32_t at = f.l3 + 20; at < f.length; at++) {
			f.bytes[at] ^= 0x20;
			expect_dropped(WAN, &f, at < f.l3 + 24 ? SL_DROP_ESP_NO_SA :
							       SL_DROP_ESP_AUTHENTICATION);
			f.bytes[at] ^= 0x20;
		}
		number = sa->replay.top;
		assert_int_equal(number, 0);
		assert_int_equal(sa->forged, f.length - f.l3 - 24);
		expect_hello(&f);
	}
}

static void truncated(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++)
		for (unsigned int encap = 0; encap < 2; encap++) {
			const struct sl_sa_add add =
				esp_sa(&esp_suites[i], SL_SA_IN, encap ? SL_SA_ENCAP : 0, false);
			char hex[512];

			reset(state);
			esp_make(&add);
			snprintf(hex, sizeof(hex), "%s", esp_suites[i].plain);
			for (size_t n = strlen(hex) - 2; n >= 8; n -= 2) {
				struct frame f;
				const struct sl_result *r;

				hex[n] = 0;
				esp_frame(&f, hex, encap, false);
				r = pipeline_in(WAN, &f);
				assert_int_equal(r->fate, SL_FATE_DROPPED);
				if (r->reason != SL_DROP_ESP_TRUNCATED)
					assert_int_equal(r->reason, SL_DROP_ESP_AUTHENTICATION);
				if (n < 2 * 32)
					assert_int_equal(r->reason, SL_DROP_ESP_TRUNCATED);
			}
		}
}

/* What has no SA is refused if it is for the box; of others it is a packet like any. */
static void strangers(void **state)
{
	const struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_IN, 0, false);
	struct frame f;

	(void)state;
	esp_frame(&f, esp_suites[0].plain, false, false);
	expect_dropped(WAN, &f, SL_DROP_ESP_NO_SA);
	esp_make(&add);
	esp_frame(&f, esp_suites[0].plain, true, false);
	expect_dropped(WAN, &f, SL_DROP_ESP_NO_SA);
	esp_frame(&f, "ff", true, false);
	expect_dropped(WAN, &f, SL_DROP_ESP_KEEPALIVE);
	esp_frame(&f, "fe", true, false);
	expect_dropped(WAN, &f, SL_DROP_ESP_TRUNCATED);
	frame_ip(&f, 0, "10.1.2.3", "203.0.113.80", 50);
	frame_fill(&f, 40);
	frame_finish(&f);
	expect_forwarded(INSIDE, &f, WAN);
	/* IKE behind four zero bytes is not ESP: what the policy says of it is said. */
	esp_frame(&f, "000000000102030405060708", true, false);
	expect_dropped(WAN, &f, SL_DROP_POLICY_DEFAULT);
	assert_int_equal(sl_sad_delete(pipeline.dp, &add.name), 0);
	assert_int_equal(sl_sad_delete(pipeline.dp, &add.name), -2);
	esp_frame(&f, esp_suites[0].plain, false, false);
	expect_dropped(WAN, &f, SL_DROP_ESP_NO_SA);
}

/* RFC 6040 4.2 */
static void congestion(void **state)
{
	const struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_IN, SL_SA_COPY_ECN, false);
	struct frame f;

	(void)state;
	esp_make(&add);
	esp_frame(&f, esp_suites[0].plain, false, false);
	f.bytes[f.l3 + 1] = 3;
	frame_fix_ip(&f);
	expect_dropped(WAN, &f, SL_DROP_ESP_CONGESTION);
}

static void window(void **state)
{
	uint64_t bits[16] = {0};
	struct sl_replay r = {.size = 64, .words = sl_replay_words(64), .bits = bits};

	(void)state;
	assert_false(sl_replay_fresh(&r, 0));
	for (uint64_t n = 1; n < 1000; n += 3) {
		assert_true(sl_replay_fresh(&r, n));
		sl_replay_mark(&r, n);
		assert_false(sl_replay_fresh(&r, n));
		if (n > 64) {
			assert_false(sl_replay_fresh(&r, n - 64));
			assert_true(sl_replay_fresh(&r, n - 62));
			assert_false(sl_replay_fresh(&r, n - 63));
		}
	}
	/* A leap forgets all that was. */
	sl_replay_mark(&r, 100000);
	for (uint64_t n = 100000 - 63; n < 100000; n++)
		assert_true(sl_replay_fresh(&r, n));
	assert_false(sl_replay_fresh(&r, 100000 - 64));
	assert_false(sl_replay_fresh(&r, 100000));
	/* RFC 4303 A2.2, both cases, and before the first packet. */
	r.top = 0x1ffffffff;
	assert_int_equal(sl_replay_guess(&r, 0xfffffff0), 0x1fffffff0);
	assert_int_equal(sl_replay_guess(&r, 5), 0x200000005);
	r.top = 0x200000005;
	assert_int_equal(sl_replay_guess(&r, 0xfffffff0), 0x1fffffff0);
	assert_int_equal(sl_replay_guess(&r, 4), 0x200000004);
	r.top = 3;
	assert_int_equal(sl_replay_guess(&r, 0xfffffff0), 0);
}

/* RFC 4303 3.4.1: fragmented on its way, it is whole again before it is opened, in whatever order. */
static void in_pieces(void **state)
{
	static const uint32_t at[] = {0, 16, 40};
	static const unsigned int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}};

	for (unsigned int i = 0; i < 12; i++) {
		bool encap = i & 1, v6 = i >= 6;
		const struct sl_sa_add add =
			esp_sa(&esp_suites[0], SL_SA_IN, encap ? SL_SA_ENCAP : 0, v6);
		struct frame whole, piece;
		struct sl_output head;
		const uint8_t *out;
		struct sl_sa *sa;

		reset(state);
		sa = esp_make(&add);
		esp_frame(&whole, esp_suites[0].plain, encap, v6);
		for (unsigned int k = 0; k < 3; k++) {
			unsigned int n = orders[i % 6 / 2][k];

			train_cut(&whole, &piece, 7 + i, at[n], n < 2 ? at[n + 1] - at[n] : 0);
			train_add(WAN, &piece, 1);
		}
		train_run(true);
		assert_int_equal(pipeline.outputs, 1);
		out = pipeline_out(0, &head);
		assert_int_equal(head.iface, INSIDE);
		assert_true(frame_sound(out, head.length));
		assert_memory_equal(out + 42, "hello, sluice", 13);
		assert_int_equal(sa->packets, 1);
		/* Without its end it waits, and goes. */
		train_cut(&whole, &piece, 70 + i, 0, 16);
		train_add(WAN, &piece, 1);
		train_run(true);
		train_dropped(0, SL_DROP_FRAGMENT_SETTLED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_suite, reset),
		cmocka_unit_test_setup(forged, reset),
		cmocka_unit_test_setup(truncated, reset),
		cmocka_unit_test_setup(strangers, reset),
		cmocka_unit_test_setup(congestion, reset),
		cmocka_unit_test(window),
		cmocka_unit_test_setup(in_pieces, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
