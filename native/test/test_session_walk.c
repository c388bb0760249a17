// SPDX-License-Identifier: BSD-3-Clause
#include "session_fixture.h"

#include <string.h>

/* What the control thread sees and asks for. */

#define SESSIONS 500

struct seen {
	unsigned int count, stop_at;
	uint8_t times[2][SESSIONS];
	struct sl_session_view last;
};

static bool see(const struct sl_session_view *view, void *arg)
{
	struct seen *seen = arg;
	bool narrow = view->family[0] == 4;
	uint16_t port = ntohs(narrow ? view->key[0].key4.sport : view->key[0].key6.sport);

	seen->times[!narrow][port - 10000]++;
	seen->last = *view;
	return ++seen->count != seen->stop_at;
}

static unsigned int walk(const struct table_fixture *f, const struct sl_session_filter *filter,
			 struct seen *seen)
{
	struct sl_session_walk at = {0};

	*seen = (struct seen){.stop_at = seen->stop_at};
	while (sl_session_walk(f->table, &at, 100, filter, see, seen))
		rte_rcu_qsbr_quiescent(f->qsbr, f->workers);
	return seen->count;
}

/* Sessions 0..SESSIONS-1 of both families over two workers. */
static void fill(struct table_fixture *f)
{
	sl_session_ref ref;

	fixture_create(f, 2000, 2);
	for (uint32_t i = 0; i < SESSIONS; i++) {
		struct sl_session *s;

		assert_int_equal(make4(f->worker[i % 2], key4_of(i), SL_TCP_ESTABLISHED, i, &ref), 0);
		s = sl_session_at(f->table, ref);
		s->rule = 16 + i % 3;
		s->from = (uint8_t)(2 + i % 2);
		s->to = 4;
		assert_int_equal(make6(f->worker[i % 2], key6_of(i), SL_TCP_ESTABLISHED, i, &ref), 0);
		s = sl_session_at(f->table, ref);
		s->rule = 16;
		s->from = 2;
		s->to = 5;
	}
}

static void test_sees_each_once(void **state)
{
	struct seen seen = {0};
	struct table_fixture f;

	(void)state;
	fill(&f);
	assert_int_equal(walk(&f, NULL, &seen), 2 * SESSIONS);
	for (unsigned int i = 0; i < SESSIONS; i++)
		assert_true(seen.times[0][i] == 1 && seen.times[1][i] == 1);
	seen.stop_at = 7;
	assert_int_equal(walk(&f, NULL, &seen), 7);
	fixture_destroy(&f);
}

static const struct sl_session_filter any = {
	.rule = SL_RULE_NOT_ASKED,
	.protocol = SL_PROTO_ANY,
};

static void test_filters(void **state)
{
	struct sl_session_filter filter;
	struct seen seen = {0};
	struct table_fixture f;

	(void)state;
	fill(&f);
	filter = any;
	assert_int_equal(walk(&f, &filter, &seen), 2 * SESSIONS);
	filter.family = 6;
	assert_int_equal(walk(&f, &filter, &seen), SESSIONS);
	filter = any;
	filter.rule = 17;
	assert_int_equal(walk(&f, &filter, &seen), (SESSIONS + 1) / 3);
	filter = any;
	filter.from = 3;
	assert_int_equal(walk(&f, &filter, &seen), SESSIONS / 2);
	filter = any;
	filter.to = 5;
	assert_int_equal(walk(&f, &filter, &seen), SESSIONS);
	filter = any;
	filter.protocol = IPPROTO_UDP;
	assert_int_equal(walk(&f, &filter, &seen), 0);
	filter = any;
	filter.port = 443;
	assert_int_equal(walk(&f, &filter, &seen), 2 * SESSIONS);
	/* What looks like a port in the key of ICMP is an identifier. */
	((struct sl_session *)(uintptr_t)seen.last.session)->protocol = IPPROTO_ICMP;
	assert_int_equal(walk(&f, &filter, &seen), 2 * SESSIONS - 1);
	filter.port = 444;
	assert_int_equal(walk(&f, &filter, &seen), 0);
	/* destinations of key4_of() are 192.168.0.0 to .6 in turn */
	filter = any;
	filter.family = 4;
	memcpy(filter.destination, (uint8_t[]){192, 168, 0, 2}, 4);
	filter.destination_length = 32;
	assert_int_equal(walk(&f, &filter, &seen), 72);
	filter.destination_length = 31; /* .2 and .3 */
	assert_int_equal(walk(&f, &filter, &seen), 72 + 71);
	filter.destination_length = 33;
	assert_int_equal(walk(&f, &filter, &seen), 0);
	filter = any;
	memcpy(filter.source, "\x20\x01\x0d\xb8\0\1", 6);
	filter.source_length = 48;
	assert_int_equal(walk(&f, &filter, &seen), SESSIONS);
	filter.source[5] = 2;
	assert_int_equal(walk(&f, &filter, &seen), 0);
	fixture_destroy(&f);
}

static void test_requests(void **state)
{
	struct sl_session_filter filter = any;
	struct seen seen = {0};
	struct table_fixture f;
	sl_session_ref ref;

	(void)state;
	fill(&f);
	seen.stop_at = 1;
	assert_int_equal(walk(&f, &filter, &seen), 1);
	assert_int_equal(sl_session_request_judged(f.table, &seen.last, 9, 77), 0);
	assert_int_equal(sl_session_requests_pending(f.table), 1);
	sl_session_sweep(f.worker[seen.last.owner], 1000, 64);
	assert_int_equal(sl_session_requests_pending(f.table), 0);
	assert_int_equal(seen.last.session->generation, 9);
	assert_int_equal(seen.last.session->rule, 77);

	assert_int_equal(sl_session_request_end(f.table, &seen.last, SL_END_CLEARED), 0);
	sl_session_sweep(f.worker[seen.last.owner], 1000, 64);
	assert_int_equal(f.ended[SL_END_CLEARED], 1);
	assert_false(sl_session_alive(seen.last.session));

	/* it is gone, and its entry has a new session: that one was not meant */
	assert_int_equal(sl_session_request_end(f.table, &seen.last, SL_END_CLEARED), 0);
	for (unsigned int i = 0; i <= 2; i++)
		rte_rcu_qsbr_quiescent(f.qsbr, i);
	sl_slab_reclaim(&f.worker[seen.last.owner]->slab[0], f.qsbr);
	for (unsigned int i = 0; i <= 2; i++)
		rte_rcu_qsbr_quiescent(f.qsbr, i);
	sl_slab_reclaim(&f.worker[seen.last.owner]->slab[0], f.qsbr);
	assert_int_equal(make4(f.worker[seen.last.owner], key4_of(SESSIONS), SL_TCP_ESTABLISHED,
			       seen.last.session->created, &ref),
			 0);
	assert_int_equal(ref, seen.last.ref);
	sl_session_sweep(f.worker[seen.last.owner], 1000, 64);
	assert_int_equal(sl_session_requests_pending(f.table), 0);
	assert_int_equal(look4(f.table, key4_of(SESSIONS)).ref, ref);
	assert_int_equal(f.ended[SL_END_CLEARED], 1);
	fixture_destroy(&f);
}

static void test_full_ring(void **state)
{
	struct table_fixture f;
	struct seen seen = {0};
	unsigned int asked = 0;

	(void)state;
	fill(&f);
	walk(&f, NULL, &seen);
	while (sl_session_request_judged(f.table, &seen.last, asked, 16) == 0)
		asked++;
	assert_int_equal(asked, SL_REQUESTS - 1);
	assert_int_equal(sl_session_requests_pending(f.table), asked);
	while (sl_session_requests_pending(f.table))
		sl_session_sweep(f.worker[seen.last.owner], 1000, 64);
	assert_int_equal(seen.last.session->generation, asked - 1);
	fixture_destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sees_each_once),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_requests),
		cmocka_unit_test(test_full_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
