// SPDX-License-Identifier: BSD-3-Clause
#include "session_fixture.h"

/* Ageing, eviction, limits, and the memory's way back. */

static const struct sl_image_settings settings = {
	.max_sessions = 1000,
	.tcp_opening = 5,
	.tcp_established = 100,
	.tcp_closing = 20,
	.tcp_closed = 2,
	.udp_opening = 3,
	.udp_established = 30,
	.icmp = 4,
	.other = 6,
};

static void test_idle_times(void **state)
{
	static const struct {
		enum sl_session_state state;
		uint32_t seconds;
		enum sl_session_end why;
	} cases[] = {
		{SL_TCP_SYN_SENT, 5, SL_END_IDLE},
		{SL_TCP_SYN_CROSSED, 5, SL_END_IDLE},
		{SL_TCP_SYN_RECEIVED, 5, SL_END_IDLE},
		{SL_TCP_ESTABLISHED, 100, SL_END_IDLE},
		{SL_TCP_RESET_DOUBT, 20, SL_END_IDLE},
		{SL_TCP_FIN_WAIT, 20, SL_END_IDLE},
		{SL_TCP_CLOSE_WAIT, 20, SL_END_IDLE},
		{SL_TCP_CLOSING, 20, SL_END_IDLE},
		{SL_TCP_LAST_ACK, 20, SL_END_IDLE},
		{SL_TCP_TIME_WAIT, 2, SL_END_FINISHED},
		{SL_TCP_CLOSED, 2, SL_END_FINISHED},
		{SL_UDP_OPENING, 3, SL_END_IDLE},
		{SL_UDP_ESTABLISHED, 30, SL_END_IDLE},
		{SL_ICMP_OPENING, 4, SL_END_IDLE},
		{SL_ICMP_ESTABLISHED, 4, SL_END_IDLE},
		{SL_OTHER_OPENING, 6, SL_END_IDLE},
		{SL_OTHER_ESTABLISHED, 6, SL_END_IDLE},
	};
	/* near the wrap of the clock */
	const uint32_t start = UINT32_MAX - 1500;

	(void)state;
	static_assert(RTE_DIM(cases) == SL_SESSION_STATES - 1, "each state has its time");
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		struct table_fixture f;
		sl_session_ref ref;

		fixture_create(&f, 1000, 1);
		assert_true(sl_session_table_configure(f.table, &settings));
		assert_int_equal(make6(f.worker[0], key6_of(i), cases[i].state, start, &ref), 0);
		assert_int_equal(sl_session_sweep_all(f.worker[0], start + cases[i].seconds * 1000), 0);
		assert_int_equal(look6(f.table, key6_of(i)).ref, ref);
		assert_int_equal(
			sl_session_sweep_all(f.worker[0], start + cases[i].seconds * 1000 + 1), 1);
		assert_int_equal(look6(f.table, key6_of(i)).ref, SL_SESSION_NO_REF);
		assert_int_equal(f.ended[cases[i].why], 1);
		fixture_destroy(&f);
	}
}

/* Called every millisecond with a small budget, it meets every session within about a second. */
static void test_pace(void **state)
{
	const uint32_t sessions = 20000;
	struct table_fixture f;
	unsigned int ended = 0, most = 0;
	sl_session_ref ref;
	uint32_t now = 1000;

	(void)state;
	fixture_create(&f, sessions, 1);
	for (uint32_t i = 0; i < sessions; i++)
		assert_int_equal(make4(f.worker[0], key4_of(i), SL_UDP_OPENING, now, &ref), 0);
	/* the default of an opening UDP session */
	for (; now <= 1000 + 30000; now++)
		assert_int_equal(sl_session_sweep(f.worker[0], now, 64), 0);
	for (; ended < sessions; now++) {
		unsigned int n = sl_session_sweep(f.worker[0], now, 64);

		ended += n;
		most = RTE_MAX(most, n);
		assert_true(now < 1000 + 30000 + 1100);
		rte_rcu_qsbr_quiescent(f.qsbr, 0);
		rte_rcu_qsbr_quiescent(f.qsbr, 1);
	}
	assert_true(most <= 128); /* a budget is kept to a chunk */
	assert_int_equal(sl_session_stats(f.worker[0])->live[0], 0);
	fixture_destroy(&f);
}

static void test_activity_keeps(void **state)
{
	struct table_fixture f;
	sl_session_ref ref;
	struct sl_session *s;

	(void)state;
	fixture_create(&f, 1000, 1);
	sl_session_table_configure(f.table, &settings);
	assert_int_equal(make4(f.worker[0], key4_of(0), SL_UDP_OPENING, 0, &ref), 0);
	s = sl_session_at(f.table, ref);
	s->protocol = IPPROTO_UDP;
	for (uint32_t now = 2500; now < 20000; now += 2500) {
		assert_int_equal(sl_flow_track(s, 0, &(struct sl_pkt){0}, now), SL_DROP_NONE);
		assert_int_equal(s->state, SL_UDP_OPENING);
		assert_int_equal(sl_session_sweep_all(f.worker[0], now + 2400), 0);
	}
	assert_int_equal(sl_flow_track(s, 1, &(struct sl_pkt){0}, 20000), SL_DROP_NONE);
	assert_int_equal(s->state, SL_UDP_ESTABLISHED);
	assert_int_equal(sl_session_sweep_all(f.worker[0], 49000), 0);
	/* settings change at any time */
	struct sl_image_settings shorter = settings;

	shorter.udp_established = 10;
	sl_session_table_configure(f.table, &shorter);
	assert_int_equal(sl_session_sweep_all(f.worker[0], 49001), 1);
	fixture_destroy(&f);
}

static void test_evicts_opening(void **state)
{
	struct table_fixture f;
	sl_session_ref ref, kept[100];

	(void)state;
	fixture_create(&f, 1000, 1);
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(make4(f.worker[0], key4_of(i), SL_TCP_ESTABLISHED, 0, &kept[i]), 0);
	/* a flood: all of it finds room, at the cost of itself */
	for (uint32_t i = 100; i < 20000; i++) {
		enum sl_drop drop = make4(f.worker[0], key4_of(i), SL_TCP_SYN_SENT, 0, &ref);

		/* the search is bounded: where it meets 64 established ones it gives up */
		assert_true(drop == SL_DROP_NONE || drop == SL_DROP_SESSION_TABLE_FULL);
		if (i % 32 == 0)
			fixture_quiet(&f, 0);
	}
	for (uint32_t i = 0; i < 100; i++)
		assert_int_equal(look4(f.table, key4_of(i)).ref, kept[i]);
	assert_int_equal(sl_session_stats(f.worker[0])->live[0], 1000);
	assert_int_equal(sl_session_stats(f.worker[0])->evicted, f.ended[SL_END_EVICTED]);
	assert_int_equal(sl_session_stats(f.worker[0])->evicted +
				 sl_session_stats(f.worker[0])->full,
			 20000 - 1000);
	/* once a round: 20 of them */
	assert_true(sl_session_stats(f.worker[0])->full <= 20);
	fixture_destroy(&f);
}

/* Opening ones go in the order they came, so each has as long as the table is large. */
static void test_evicts_oldest(void **state)
{
	struct table_fixture f;
	sl_session_ref ref;

	(void)state;
	fixture_create(&f, 1000, 1);
	for (uint32_t i = 0; i < 20000; i++) {
		assert_int_equal(make4(f.worker[0], key4_of(i), SL_TCP_SYN_SENT, 0, &ref), 0);
		fixture_quiet(&f, 0);
		if (i >= 900)
			assert_int_not_equal(look4(f.table, key4_of(i - 900)).ref, SL_SESSION_NO_REF);
	}
	assert_int_equal(sl_session_stats(f.worker[0])->evicted, 20000 - 1000);
	fixture_destroy(&f);
}

/* Never an established one. The other family's opening ones make room too. */
static void test_full(void **state)
{
	struct table_fixture f;
	sl_session_ref ref;

	(void)state;
	fixture_create(&f, 64, 1);
	for (uint32_t i = 0; i < 63; i++)
		assert_int_equal(make4(f.worker[0], key4_of(i), SL_TCP_ESTABLISHED, 0, &ref), 0);
	assert_int_equal(make6(f.worker[0], key6_of(0), SL_UDP_OPENING, 0, &ref), 0);
	assert_int_equal(make4(f.worker[0], key4_of(64), SL_TCP_ESTABLISHED, 0, &ref), 0);
	assert_int_equal(look6(f.table, key6_of(0)).ref, SL_SESSION_NO_REF);
	for (uint32_t i = 100; i < 200; i++)
		assert_int_equal(make4(f.worker[0], key4_of(i), SL_TCP_SYN_SENT, 0, &ref),
				 SL_DROP_SESSION_TABLE_FULL);
	assert_int_equal(sl_session_stats(f.worker[0])->full, 100);
	assert_int_equal(f.ended[SL_END_EVICTED], 1);
	fixture_destroy(&f);
}

/* A smaller max_sessions ends nothing, but nothing is made until there is room below it. */
static void test_lower_limit(void **state)
{
	struct sl_image_settings fewer = settings;
	sl_session_ref ref[200], more;
	struct table_fixture f;

	(void)state;
	fixture_create(&f, 200, 1);
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(make4(f.worker[0], key4_of(i), SL_TCP_ESTABLISHED, 0, &ref[i]), 0);
	fewer.max_sessions = 100;
	assert_true(sl_session_table_configure(f.table, &fewer));
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(make4(f.worker[0], key4_of(999), SL_TCP_ESTABLISHED, 0, &more),
				 SL_DROP_SESSION_TABLE_FULL);
		sl_session_end(f.worker[0], ref[i], SL_END_CLEARED, 0);
	}
	sl_session_end(f.worker[0], ref[100], SL_END_CLEARED, 0);
	assert_int_equal(make4(f.worker[0], key4_of(999), SL_TCP_ESTABLISHED, 0, &more), 0);
	assert_int_equal(make4(f.worker[0], key4_of(998), SL_TCP_ESTABLISHED, 0, &more),
			 SL_DROP_SESSION_TABLE_FULL);
	/* more than it was made for is refused by saying so */
	fewer.max_sessions = 201;
	assert_false(sl_session_table_configure(f.table, &fewer));
	fixture_destroy(&f);
}

/* Memory follows the load from one worker to the next. */
static void test_uneven(void **state)
{
	const uint32_t sessions = 10000;
	struct table_fixture f;
	sl_session_ref *ref = calloc(sessions, sizeof(*ref));

	(void)state;
	fixture_create(&f, sessions, 3);
	for (unsigned int turn = 0; turn < 6; turn++) {
		struct sl_session_worker *w = f.worker[turn % 3];
		uint32_t made = 0;

		for (uint32_t i = 0; i < sessions; i++)
			made += make4(w, key4_of(i), SL_TCP_ESTABLISHED, 0, &ref[i]) == 0;
		/* what others keep for themselves is little */
		assert_true(made > sessions * 9 / 10);
		for (uint32_t i = 0; i < made; i++)
			sl_session_end(w, ref[i], SL_END_CLEARED, 0);
		/* ready entries go back to their chunks, empty chunks to the pool */
		for (uint32_t i = 0; i < sessions / 32; i++)
			fixture_quiet(&f, 0);
		sl_session_sweep_all(w, 0);
	}
	assert_true(atomic_load(&f.table->pool[0].fresh) <= f.table->pool[0].count);
	fixture_destroy(&f);
	free(ref);
}

/* What a reader may hold is not used again before it is quiescent. */
static void test_grace(void **state)
{
	struct table_fixture f;
	sl_session_ref held, ref;

	(void)state;
	fixture_create(&f, 4000, 1);
	assert_int_equal(make4(f.worker[0], key4_of(0), SL_TCP_ESTABLISHED, 0, &held), 0);
	sl_session_end(f.worker[0], held, SL_END_CLEARED, 0);
	for (uint32_t i = 1; i < 4000; i++) {
		assert_int_equal(make4(f.worker[0], key4_of(i), SL_TCP_SYN_SENT, 0, &ref), 0);
		assert_int_not_equal(ref, held);
		rte_rcu_qsbr_quiescent(f.qsbr, 0); /* the control thread does not */
		sl_session_sweep(f.worker[0], 0, 64);
	}
	fixture_quiet(&f, 0);
	assert_int_equal(make4(f.worker[0], key4_of(5000), SL_TCP_SYN_SENT, 0, &ref), 0);
	assert_int_equal(ref, held);
	fixture_destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_idle_times),     cmocka_unit_test(test_pace),
		cmocka_unit_test(test_activity_keeps), cmocka_unit_test(test_evicts_opening),
		cmocka_unit_test(test_evicts_oldest),  cmocka_unit_test(test_full),
		cmocka_unit_test(test_lower_limit),    cmocka_unit_test(test_uneven),
		cmocka_unit_test(test_grace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
