/* SPDX-License-Identifier: BSD-3-Clause */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firewall/limit_source.h"
#include "layout.h"

/* Token buckets and the table of sources by themselves. */

#define MS 1000000ull

static uint32_t draw(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 32);
}

/* Against a bucket that fills as time passes and is counted out. */
static void as_a_bucket_of_tokens(void **state)
{
	uint64_t seed = 88172645463325252ull;

	(void)state;
	for (unsigned int round = 0; round < 200; round++) {
		uint32_t burst = 1 + draw(&seed) % 20;
		uint64_t step = 1 + draw(&seed) % (20 * MS), now = 1700000000ull * 1000 * MS;
		const struct sl_rate rate = sl_rate_make(step, burst);
		uint64_t tokens = step * burst, bucket = 0;

		for (unsigned int i = 0; i < 1000; i++) {
			uint64_t passed = draw(&seed) % 3 ? draw(&seed) % (step + 1) : 0;
			bool there;

			now += passed;
			tokens = tokens + passed > step * burst ? step * burst : tokens + passed;
			there = tokens >= step;
			assert_int_equal(sl_rate_has(&rate, &bucket, now), there);
			assert_int_equal(sl_rate_take(&rate, &bucket, now), there);
			if (!there)
				continue;
			tokens -= step;
			if (draw(&seed) % 8 == 0) {
				sl_rate_give(&rate, &bucket);
				tokens += step;
			}
		}
	}
}

/* A clock that is set back by a day does not stop the rule for a day. */
static void a_clock_set_back(void **state)
{
	const struct sl_rate rate = sl_rate_make(10 * MS, 5);
	uint64_t bucket = 0, now = 1700000000ull * 1000 * MS;

	(void)state;
	for (unsigned int i = 0; i < 5; i++)
		assert_true(sl_rate_take(&rate, &bucket, now));
	assert_false(sl_rate_take(&rate, &bucket, now));
	now -= 86400ull * 1000 * MS;
	for (unsigned int i = 0; i < 5; i++)
		assert_true(sl_rate_take(&rate, &bucket, now));
	assert_false(sl_rate_take(&rate, &bucket, now));
}

/* One a day with the largest burst there is: nothing wraps. */
static void figures_at_their_ends(void **state)
{
	const struct sl_rate slow = sl_rate_make(86400ull * 1000 * MS, UINT32_MAX);
	const struct sl_rate slowest = sl_rate_make(UINT64_MAX, 1);
	uint64_t now = 1700000000ull * 1000 * MS, bucket = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++)
		assert_true(sl_rate_take(&slow, &bucket, now));
	bucket = 0;
	assert_true(sl_rate_take(&slowest, &bucket, now));
	assert_false(sl_rate_take(&slowest, &bucket, now));
}

#define THREADS 4
#define TRIES 20000

static struct {
	struct sl_rate rate;
	uint64_t bucket;
	struct sl_sources sources;
	uint32_t taken[THREADS], counted[THREADS];
} shared;

static void *hammer(void *argument)
{
	const struct sl_source_limit limit = {.sessions = 1000, .count = true};
	unsigned int me = (unsigned int)(uintptr_t)argument;
	struct sl_source_key key;
	uint32_t entry;

	sl_source_key4(&key, 16, 0x0a000001, 32);
	for (unsigned int i = 0; i < TRIES; i++) {
		shared.taken[me] += sl_rate_take(&shared.rate, &shared.bucket, 1000 * MS);
		if (sl_source_take(&shared.sources, &key, &limit, 1000 * MS, &entry) ==
		    SL_SOURCE_WITHIN) {
			shared.counted[me]++;
			if (i % 2) {
				sl_source_release(&shared.sources, entry);
				shared.counted[me]--;
			}
		}
	}
	return NULL;
}

/* Whoever asks at the same time: not one too many, not one too few. */
static void exact_among_workers(void **state)
{
	pthread_t thread[THREADS];
	uint32_t taken = 0, counted = 0;

	(void)state;
	memset(&shared, 0, sizeof(shared));
	shared.rate = sl_rate_make(1000, 12345);
	assert_int_equal(sl_sources_create(&shared.sources, 4096, 1), 0);
	for (uintptr_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&thread[i], NULL, hammer, (void *)i), 0);
	for (unsigned int i = 0; i < THREADS; i++) {
		pthread_join(thread[i], NULL);
		taken += shared.taken[i];
		counted += shared.counted[i];
	}
	assert_int_equal(taken, 12345);
	assert_int_equal(counted, 1000);
	sl_sources_destroy(&shared.sources);
}

/* Sources that have something to remember fill it; once they have not, others take their place. */
static void a_full_table(void **state)
{
	const struct sl_source_limit limit = {.rate = sl_rate_make(1000 * MS, 1)};
	const struct sl_source_limit session = {.sessions = 2, .count = true};
	uint64_t now = 1700000000ull * 1000 * MS;
	uint32_t room, within = 0, full = 0, entry, held;
	struct sl_sources t;
	struct sl_source_key key;

	(void)state;
	assert_int_equal(sl_sources_create(&t, 4096, 1), 0);
	room = t.shards * SL_SOURCE_SHARD * SL_SOURCE_BUCKET;
	sl_source_key4(&key, 17, 1, 32);
	assert_int_equal(sl_source_take(&t, &key, &session, now, &held), SL_SOURCE_WITHIN);
	for (uint32_t i = 0; i < 2 * room; i++) {
		enum sl_source_answer answer;

		sl_source_key4(&key, 16, i, 32);
		answer = sl_source_take(&t, &key, &limit, now, &entry);
		within += answer == SL_SOURCE_WITHIN;
		full += answer == SL_SOURCE_FULL;
	}
	assert_int_equal(within + full, 2 * room);
	/* Nearly every entry is used before one is refused: what was asked for fits by far. */
	assert_in_range(within, room * 95 / 100, room - 1);
	assert_true(within >= 4096);
	now += 1000 * MS;
	for (uint32_t i = 0; i < 4096; i++) {
		sl_source_key4(&key, 16, 0x10000000 + i, 32);
		assert_int_equal(sl_source_take(&t, &key, &limit, now, &entry), SL_SOURCE_WITHIN);
		assert_int_equal(sl_source_take(&t, &key, &limit, now, &entry), SL_SOURCE_RATE);
	}
	/* A session is never forgotten, whatever came by. */
	sl_source_key4(&key, 17, 1, 32);
	assert_int_equal(sl_source_take(&t, &key, &session, now, &entry), SL_SOURCE_WITHIN);
	assert_int_equal(entry, held);
	assert_int_equal(sl_source_take(&t, &key, &session, now, &entry), SL_SOURCE_SESSIONS);
	sl_sources_destroy(&t);
}

static void masks(void **state)
{
	const uint64_t address[2] = {0x20010db8000a0001, 0x0123456789abcdef};
	struct sl_source_key a, b;

	(void)state;
	sl_source_key4(&a, 16, 0x0a0102ff, 24);
	sl_source_key4(&b, 16, 0x0a010201, 24);
	assert_memory_equal(&a, &b, sizeof(a));
	sl_source_key4(&b, 16, 0x0a010201, 32);
	assert_memory_not_equal(&a, &b, sizeof(a));
	sl_source_key6(&a, 16, address, 64);
	assert_int_equal(a.address[0], address[0]);
	assert_int_equal(a.address[1], 0);
	sl_source_key6(&a, 16, address, 1);
	assert_int_equal(a.address[0], 0);
	sl_source_key6(&a, 16, address, 96);
	assert_int_equal(a.address[1], 0x0123456700000000);
	sl_source_key6(&a, 16, address, 128);
	assert_int_equal(a.address[1], address[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_bucket_of_tokens), cmocka_unit_test(a_clock_set_back),
		cmocka_unit_test(figures_at_their_ends), cmocka_unit_test(exact_among_workers),
		cmocka_unit_test(a_full_table),		 cmocka_unit_test(masks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
