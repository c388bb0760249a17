// SPDX-License-Identifier: BSD-3-Clause
#include "session_fixture.h"

#include <pthread.h>
#include <string.h>

/*
 * Four workers make, find and end sessions of the same few tuples, in both directions, while a
 * control thread walks. A tuple has one session or none, and whoever finds one finds its keys.
 */

#define WORKERS 4
#define TUPLES 512
#define ROUNDS 400000
#define BURST 16

struct race {
	struct table_fixture f;
	atomic_int owners[TUPLES];
	atomic_uint two_owners, wrong_entries, made, lost, running;
};

struct racer {
	struct race *race;
	unsigned int index;
	sl_session_ref mine[TUPLES]; /* sessions of this worker */
};

static void forget(void *arg, sl_session_ref ref, const struct sl_session *s,
		   enum sl_session_end why, uint32_t now_ms)
{
	(void)arg;
	(void)ref;
	(void)s;
	(void)why;
	(void)now_ms;
}

static void try_make(struct racer *r, uint32_t tuple, bool back)
{
	struct sl_key4 key = back ? key4_back(key4_of(tuple)) : key4_of(tuple);
	struct race *race = r->race;
	sl_session_ref ref;
	enum sl_drop drop = make4(race->f.worker[r->index], key, SL_TCP_ESTABLISHED, 0, &ref);

	if (drop != SL_DROP_NONE) {
		atomic_fetch_add(&race->lost, 1);
		return;
	}
	if (atomic_fetch_add(&race->owners[tuple], 1) != 0)
		atomic_fetch_add(&race->two_owners, 1);
	r->mine[tuple] = ref;
	atomic_fetch_add(&race->made, 1);
}

static bool keys_are(const struct sl_session *s, struct sl_key4 key, unsigned int direction)
{
	struct sl_key4 back = key4_back(key);

	return memcmp(&sl_entry4(s)->key[direction], &key, sizeof(key)) == 0 &&
	       memcmp(&sl_entry4(s)->key[direction ^ 1], &back, sizeof(back)) == 0;
}

static void look_around(struct racer *r, uint64_t *seed)
{
	const struct sl_session_table *t = r->race->f.table;
	struct sl_key4 key[BURST];
	const struct sl_key4 *keys[BURST];
	struct sl_session_hit hits[BURST];
	uint64_t hashes[BURST];

	for (unsigned int i = 0; i < BURST; i++) {
		key[i] = key4_of((uint32_t)(next_random(seed) % TUPLES));
		if (next_random(seed) & 1)
			key[i] = key4_back(key[i]);
		keys[i] = &key[i];
		hashes[i] = sl_hash4(&t->secret, &key[i]);
	}
	sl_session_find4(t, r->index, keys, hashes, BURST, hits);
	/* whoever ends one now, its entry keeps until this thread is quiescent */
	if (next_random(seed) % 64 == 0)
		sched_yield();
	for (unsigned int i = 0; i < BURST; i++)
		if (hits[i].ref &&
		    !keys_are(sl_session_at(t, hits[i].ref), key[i], hits[i].direction))
			atomic_fetch_add(&r->race->wrong_entries, 1);
}

static void *work(void *arg)
{
	struct racer *r = arg;
	struct race *race = r->race;
	struct sl_session_worker *w = race->f.worker[r->index];
	uint64_t seed = 77 + r->index;

	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint32_t tuple = (uint32_t)(next_random(&seed) % TUPLES);

		if (r->mine[tuple]) {
			atomic_fetch_sub(&race->owners[tuple], 1);
			sl_session_end(w, r->mine[tuple], SL_END_CLEARED, 0);
			r->mine[tuple] = 0;
		} else {
			try_make(r, tuple, next_random(&seed) & 1);
		}
		if (round % 8 == 0)
			look_around(r, &seed);
		rte_rcu_qsbr_quiescent(race->f.qsbr, r->index);
		sl_session_sweep(w, 0, 0);
	}
	rte_rcu_qsbr_thread_offline(race->f.qsbr, r->index);
	atomic_fetch_sub(&race->running, 1);
	return NULL;
}

static bool see(const struct sl_session_view *view, void *arg)
{
	struct race *race = arg;

	if (!keys_are(view->session, view->key[0].key4, 0))
		atomic_fetch_add(&race->wrong_entries, 1);
	return true;
}

static void test_one_wins(void **state)
{
	static struct race race;
	static struct racer racers[WORKERS];
	pthread_t threads[WORKERS];
	uint64_t left = 0;

	(void)state;
	fixture_create(&race.f, TUPLES * 4, WORKERS);
	atomic_store(&race.running, WORKERS);
	for (unsigned int i = 0; i < WORKERS; i++) {
		race.f.worker[i]->ended = forget;
		racers[i] = (struct racer){.race = &race, .index = i};
		assert_int_equal(pthread_create(&threads[i], NULL, work, &racers[i]), 0);
	}
	while (atomic_load(&race.running)) {
		struct sl_session_walk walk = {0};

		while (sl_session_walk(race.f.table, &walk, 256, NULL, see, &race))
			rte_rcu_qsbr_quiescent(race.f.qsbr, WORKERS);
		rte_rcu_qsbr_quiescent(race.f.qsbr, WORKERS);
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&race.two_owners), 0);
	assert_int_equal(atomic_load(&race.wrong_entries), 0);
	/* they did meet, and none was lost or left over */
	assert_true(atomic_load(&race.made) > ROUNDS / 8);
	assert_true(atomic_load(&race.lost) > ROUNDS / 8);
	for (uint32_t i = 0; i < TUPLES; i++) {
		left += (uint64_t)atomic_load(&race.owners[i]);
		assert_int_equal(look4(race.f.table, key4_of(i)).ref != 0,
				 atomic_load(&race.owners[i]));
	}
	for (unsigned int i = 0; i < WORKERS; i++)
		left -= sl_session_stats(race.f.worker[i])->live[0];
	assert_int_equal(left, 0);
	fixture_destroy(&race.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_one_wins)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
