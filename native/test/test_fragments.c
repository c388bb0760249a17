/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "ip/fragment.h"
#include "session/table.h"
#include "test/train.h"

/* Fragments in any order have the fate of the first of their datagram, and leave as they came. */

static const char *const a[2] = {"10.1.2.3", "2001:db8:a::5"};
static const char *const b[2] = {"203.0.113.80", "2001:db8:99::1"};
static const char *const box[2] = {"10.1.0.1", "2001:db8:a::1"};

/* Number of IPv6 in the arrays above. */
#define FAMILIES 2u

static void udp(struct frame *f, unsigned int v6, uint32_t payload)
{
	frame_udp(f, a[v6], b[v6], 40000, 53, payload);
	if (v6)
		return;
	f->bytes[f->l3 + 6] = 0;
	frame_fix_ip(f);
}

static void each_order(void **state)
{
	static const unsigned int order[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
						 {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	struct frame whole, part;

	(void)state;
	for (unsigned int v6 = 0; v6 < FAMILIES; v6++) {
		for (unsigned int o = 0; o < 6; o++) {
			unsigned int first = 0, k = 0;

			udp(&whole, v6, 2992); /* 3000 bytes: 1000, 1000, 1000 */
			for (unsigned int i = 0; i < 3; i++) {
				unsigned int n = order[o][i];

				train_cut(&whole, &part, 100 + o, n * 1000, n < 2 ? 1000 : 0);
				train_add(INSIDE, &part, 1);
				if (n == 0)
					first = i;
			}
			train_run(true);
			for (unsigned int i = 0; i < 3; i++)
				train_went(i, WAN);
			assert_int_equal(pipeline.outputs, 3);
			/* The first one, those that waited for it as they came, those after it. */
			train_out(k++, first);
			for (unsigned int i = 0; i < 3; i++)
				if (i != first)
					train_out(k++, i);
		}
	}
}

/* The session of the last packet's flow. */
static const struct sl_session *session(unsigned int v6)
{
	const struct sl_session_table *t = pipeline.dp->sessions;
	struct sl_key4 key4 = {.sport = RTE_BE16(40000), .dport = RTE_BE16(53), .proto = 17};
	struct sl_key6 key6 = {.sport = RTE_BE16(40000), .dport = RTE_BE16(53), .proto = 17};
	const struct sl_key4 *k4 = &key4;
	const struct sl_key6 *k6 = &key6;
	struct sl_session_hit hit;
	struct frame f;
	uint64_t hash;

	udp(&f, v6, 0);
	if (v6) {
		memcpy(key6.src, f.bytes + f.l3 + 8, 32);
		hash = sl_hash6(&t->secret, k6);
		assert_true(sl_session_find6(t, 0, &k6, &hash, 1, &hit));
	} else {
		memcpy(&key4.src, f.bytes + f.l3 + 12, 8);
		hash = sl_hash4(&t->secret, k4);
		assert_true(sl_session_find4(t, 0, &k4, &hash, 1, &hit));
	}
	return sl_session_at(t, hit.ref);
}

static void sessions_count_all(void **state)
{
	struct frame whole, part;

	(void)state;
	for (unsigned int v6 = 0; v6 < FAMILIES; v6++) {
		const struct sl_session *s;
		uint32_t bytes = 0;

		udp(&whole, v6, 2992);
		for (unsigned int n = 3; n-- > 0;) {
			train_cut(&whole, &part, 7, n * 1000, n < 2 ? 1000 : 0);
			bytes += part.length - 14;
			train_add(INSIDE, &part, 1);
		}
		train_run(false);
		s = session(v6);
		assert_int_equal(s->bytes[0], bytes);
		assert_int_equal(sl_session_packets(s, 0), 3);
	}
}

/* Two datagrams at once, of two sources with the same id, and the way back. */
static void interleaved(void **state)
{
	struct frame whole[2], part;

	(void)state;
	udp(&whole[0], 0, 1992);
	frame_udp(&whole[1], "10.1.2.4", b[0], 40000, 53, 1992);
	for (unsigned int n = 2; n-- > 0;)
		for (unsigned int i = 0; i < 2; i++) {
			train_cut(&whole[i], &part, 9, n * 1000, n ? 0 : 1000);
			train_add(INSIDE, &part, 1);
		}
	frame_udp(&whole[0], b[0], a[0], 53, 40000, 1992);
	for (unsigned int n = 2; n-- > 0;) {
		train_cut(&whole[0], &part, 9, n * 1000, n ? 0 : 1000);
		train_add(WAN, &part, 1);
	}
	train_run(true);
	for (unsigned int i = 0; i < 4; i++)
		train_went(i, WAN);
	train_went(4, INSIDE);
	train_went(5, INSIDE);
	train_out(0, 2);
	train_out(1, 0);
	train_out(2, 3);
	train_out(3, 1);
	train_out(4, 5);
	train_out(5, 4);
}

/* What the policy refuses is refused as a whole, by the rule that refused the first one. */
static void denied(void **state)
{
	struct frame whole, part;

	(void)state;
	frame_tcp(&whole, a[0], b[0], 40000, 25, 0x02, 1, 0, 100);
	for (unsigned int n = 3; n-- > 0;) {
		train_cut(&whole, &part, 11, n * 40, n < 2 ? 40 : 0);
		train_add(INSIDE, &part, 1);
	}
	/* One more time, now in order: it is no duplicate of what is over and done with. */
	for (unsigned int n = 0; n < 3; n++) {
		train_cut(&whole, &part, 11, n * 40, n < 2 ? 40 : 0);
		train_add(INSIDE, &part, 1);
	}
	train_run(true);
	for (unsigned int i = 0; i < 6; i++) {
		train_dropped(i, SL_DROP_POLICY_DENY);
		assert_int_equal(pipeline.results[i].rule, RULE_DENY_MAIL);
		assert_int_equal(pipeline.results[i].verdict, SL_VERDICT_DENY);
	}
}

/* To the box: the kernel puts them together, so they reach it in order behind the first. */
static void to_the_box(void **state)
{
	struct frame whole, part;

	(void)state;
	frame_icmp(&whole, a[0], box[0], 8, 0, 0x00070001, 1992);
	for (unsigned int n = 2; n-- > 0;) {
		train_cut(&whole, &part, 12, n * 1000, n ? 0 : 1000);
		train_add(INSIDE, &part, 1);
	}
	train_run(true);
	train_went(0, 0);
	train_went(1, 0);
	assert_int_equal(pipeline.outputs, 2);
	/* Policy allows echo requests over IPv4 to the box alone. */
	frame_udp(&whole, a[1], box[1], 40000, 53, 1992);
	for (unsigned int n = 2; n-- > 0;) {
		train_cut(&whole, &part, 12, n * 1000, n ? 0 : 1000);
		train_add(INSIDE, &part, 1);
	}
	train_run(true);
	train_dropped(0, SL_DROP_POLICY_DEFAULT);
	train_dropped(1, SL_DROP_POLICY_DEFAULT);
}

/* A segment in fragments: its acknowledgement is in the window, though the first was short. */
static void tcp_segment(void **state)
{
	struct frame f, part;

	(void)state;
	for (unsigned int v6 = 0; v6 < FAMILIES; v6++) {
		frame_tcp(&f, a[v6], b[v6], 1025, 80, 0x02, 1000, 0, 0);
		train_add(INSIDE, &f, 1);
		frame_tcp(&f, b[v6], a[v6], 80, 1025, 0x12, 7000, 1001, 0);
		train_add(WAN, &f, 1);
		frame_tcp(&f, a[v6], b[v6], 1025, 80, 0x10, 1001, 7001, 0);
		train_add(INSIDE, &f, 1);
		/* FIN with 2000 bytes */
		frame_tcp(&f, a[v6], b[v6], 1025, 80, 0x19, 1001, 7001, 2000);
		for (unsigned int n = 0; n < 3; n++) {
			train_cut(&f, &part, 13, n * 800, n < 2 ? 800 : 0);
			train_add(INSIDE, &part, 1);
		}
		frame_tcp(&f, b[v6], a[v6], 80, 1025, 0x10, 7001, 3003, 0);
		train_add(WAN, &f, 1);
		frame_tcp(&f, b[v6], a[v6], 80, 1025, 0x10, 7001, 3002, 0);
		train_add(WAN, &f, 1);
		train_run(true);
		for (unsigned int i = 0; i < 6; i++)
			train_went(i, i == 1 ? INSIDE : WAN);
		train_dropped(6, SL_DROP_TCP_OUT_OF_WINDOW);
		train_went(7, INSIDE);
	}
}

/* Of other protocols there is nothing to read but the number: ESP, and echo by its identifier. */
static void other_protocols(void **state)
{
	struct frame whole, part;

	(void)state;
	for (unsigned int kind = 0; kind < 2; kind++) {
		if (kind) {
			frame_icmp(&whole, a[0], b[0], 8, 0, 0x00090001, 1992);
		} else {
			frame_ip(&whole, 0, a[0], b[0], 50);
			frame_fill(&whole, 2000);
			frame_finish(&whole);
		}
		for (unsigned int n = 2; n-- > 0;) {
			train_cut(&whole, &part, 14, n * 1000, n ? 0 : 1000);
			train_add(INSIDE, &part, 1);
		}
		train_run(true);
		train_went(0, WAN);
		train_went(1, WAN);
	}
	/* No error is so long that it came in pieces: nobody could say whether it is sound. */
	udp(&whole, 0, 8);
	expect_forwarded(INSIDE, &whole, WAN);
	frame_error(&part, b[0], &whole, 3, 1, 0, 28);
	whole = part;
	train_cut(&whole, &part, 15, 24, 0);
	train_add(WAN, &part, 1);
	train_cut(&whole, &part, 15, 0, 24);
	train_add(WAN, &part, 1);
	train_run(true);
	train_dropped(0, SL_DROP_ICMP_ERROR_INVALID);
	train_dropped(1, SL_DROP_ICMP_ERROR_INVALID);
}

/* Hop limits and link sizes are each fragment's own; ICMP answers as RFC 1122 and 4443 say. */
static void each_hop(void **state)
{
	struct frame whole, part;

	(void)state;
	for (unsigned int v6 = 0; v6 < FAMILIES; v6++) {
		for (unsigned int n = 0; n < 2; n++) {
			for (unsigned int k = 0; k < 2; k++) {
				udp(&whole, v6, 1992);
				train_cut(&whole, &part, 20 + n, k * 1000, k ? 0 : 1000);
				if (n == k)
					part.bytes[part.l3 + (v6 ? 7 : 8)] = 1;
				if (!v6)
					frame_fix_ip(&part);
				train_add(INSIDE, &part, 1);
			}
			train_run(true);
			train_dropped(n, SL_DROP_TTL_EXCEEDED);
			train_went(n ^ 1, WAN);
			/* One packet through, and an error but about a later fragment of IPv4. */
			assert_int_equal(pipeline.outputs, v6 || n == 0 ? 2 : 1);
		}
		/* 3000 bytes at once are too much for the link, and IPv6 does not cut on the way. */
		udp(&whole, v6, 4992);
		train_cut(&whole, &part, 30, 3000, 0);
		train_add(INSIDE, &part, 1);
		train_cut(&whole, &part, 30, 0, 3000);
		train_add(INSIDE, &part, 1);
		train_run(true);
		if (v6) {
			train_dropped(0, SL_DROP_TOO_BIG);
			train_dropped(1, SL_DROP_TOO_BIG);
			assert_int_equal(pipeline.outputs, 2);
		}
	}
}

/* Held over the end of a batch, and of the run. */
static void later_batches(void **state)
{
	struct frame whole, part;

	(void)state;
	udp(&whole, 0, 1992);
	train_cut(&whole, &part, 40, 1000, 0);
	train_add(INSIDE, &part, 1);
	train_run(false);
	assert_int_equal(pipeline.reported, 0);
	assert_int_equal(sl_fragments_held(pipeline.worker), 1);
	train_cut(&whole, &part, 40, 0, 1000);
	train_add(INSIDE, &part, 1);
	train_run(false);
	assert_int_equal(pipeline.reported, 2);
	assert_int_equal(pipeline.results[0].input, pipeline.results[1].input + 1);
	assert_int_equal(pipeline.results[1].fate, SL_FATE_FORWARDED);
	train_cut(&whole, &part, 41, 1000, 0);
	train_add(INSIDE, &part, 1);
	train_run(false);
	assert_int_equal(pipeline.reported, 0);
	udp(&whole, 0, 10);
	train_add(INSIDE, &whole, 1);
	train_run(true);
	train_went(0, WAN);
	assert_int_equal(pipeline.reported, 2);
	assert_int_equal(pipeline.results[1].reason, SL_DROP_FRAGMENT_SETTLED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_order, pipeline_reset),
		cmocka_unit_test_setup(sessions_count_all, pipeline_reset),
		cmocka_unit_test_setup(interleaved, pipeline_reset),
		cmocka_unit_test_setup(denied, pipeline_reset),
		cmocka_unit_test_setup(to_the_box, pipeline_reset),
		cmocka_unit_test_setup(tcp_segment, pipeline_reset),
		cmocka_unit_test_setup(other_protocols, pipeline_reset),
		cmocka_unit_test_setup(each_hop, pipeline_reset),
		cmocka_unit_test_setup(later_batches, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
