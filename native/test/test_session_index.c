// SPDX-License-Identifier: BSD-3-Clause
#include "session_fixture.h"

#include <string.h>

/* The index against a model: an array that knows for each tuple whether it has a session. */

#define TUPLES 100000
#define ROUNDS 60000
#define BULK 64

struct model {
	sl_session_ref ref[2][TUPLES]; /* by family; 0: none */
};

static void act(struct table_fixture *f, struct model *m, unsigned int wide, uint32_t i)
{
	sl_session_ref ref;
	enum sl_drop drop;

	if (m->ref[wide][i]) {
		sl_session_end(f->worker[0], m->ref[wide][i], SL_END_CLEARED, 0);
		m->ref[wide][i] = 0;
		return;
	}
	drop = wide ? make6(f->worker[0], key6_of(i), SL_TCP_ESTABLISHED, 0, &ref) :
		      make4(f->worker[0], key4_of(i), SL_TCP_ESTABLISHED, 0, &ref);
	assert_int_equal(drop, SL_DROP_NONE);
	m->ref[wide][i] = ref;
	/* the same once more, and turned round, are taken */
	drop = wide ? make6(f->worker[0], key6_of(i), SL_TCP_ESTABLISHED, 0, &ref) :
		      make4(f->worker[0], key4_of(i), SL_TCP_ESTABLISHED, 0, &ref);
	assert_int_equal(drop, SL_DROP_SESSION_CLASH);
	drop = wide ? make6(f->worker[0], key6_back(key6_of(i)), SL_TCP_ESTABLISHED, 0, &ref) :
		      make4(f->worker[0], key4_back(key4_of(i)), SL_TCP_ESTABLISHED, 0, &ref);
	assert_int_equal(drop, SL_DROP_SESSION_CLASH);
}

static void look(struct table_fixture *f, const struct model *m, unsigned int wide, uint64_t *seed)
{
	struct sl_key4 k4[BULK];
	struct sl_key6 k6[BULK];
	const struct sl_key4 *p4[BULK];
	const struct sl_key6 *p6[BULK];
	uint64_t hashes[BULK], found, want = 0;
	struct sl_session_hit hits[BULK];
	uint32_t which[BULK];
	unsigned int n = 1 + next_random(seed) % BULK;

	for (unsigned int i = 0; i < n; i++) {
		uint32_t tuple = (uint32_t)(next_random(seed) % TUPLES);
		unsigned int back = next_random(seed) & 1;

		which[i] = tuple << 1 | back;
		k4[i] = back ? key4_back(key4_of(tuple)) : key4_of(tuple);
		k6[i] = back ? key6_back(key6_of(tuple)) : key6_of(tuple);
		p4[i] = &k4[i];
		p6[i] = &k6[i];
		hashes[i] = wide ? sl_hash6(&f->table->secret, p6[i]) :
				   sl_hash4(&f->table->secret, p4[i]);
		want |= (uint64_t)(m->ref[wide][tuple] != 0) << i;
	}
	found = wide ? sl_session_find6(f->table, 0, p6, hashes, n, hits) :
		       sl_session_find4(f->table, 0, p4, hashes, n, hits);
	assert_int_equal(found, want);
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(hits[i].ref, m->ref[wide][which[i] >> 1]);
		if (!hits[i].ref)
			continue;
		assert_int_equal(hits[i].direction, which[i] & 1);
		assert_int_equal(hits[i].owner, 0);
	}
}

static void test_model(void **state)
{
	struct model *m = calloc(1, sizeof(*m));
	uint64_t seed = 1, live[2] = {0};
	struct table_fixture f;

	(void)state;
	fixture_create(&f, 2 * TUPLES, 1);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < 16; i++)
			act(&f, m, next_random(&seed) & 1, (uint32_t)(next_random(&seed) % TUPLES));
		look(&f, m, 0, &seed);
		look(&f, m, 1, &seed);
		if (round % 64 == 0)
			fixture_quiet(&f, 0);
	}
	for (uint32_t i = 0; i < TUPLES; i++) {
		live[0] += m->ref[0][i] != 0;
		live[1] += m->ref[1][i] != 0;
	}
	assert_int_equal(sl_session_stats(f.worker[0])->live[0], live[0]);
	assert_int_equal(sl_session_stats(f.worker[0])->live[1], live[1]);
	for (uint32_t i = 0; i < TUPLES; i++)
		for (unsigned int wide = 0; wide < 2; wide++)
			if (m->ref[wide][i])
				act(&f, m, wide, i);
	/* not a slot nor a count of keys elsewhere is left behind */
	for (uint32_t b = 0; b < f.table->index.count; b++) {
		struct sl_bucket empty = {0};

		assert_memory_equal(&f.table->index.buckets[b], &empty, sizeof(empty));
	}
	fixture_destroy(&f);
	free(m);
}

/* A table holds as many sessions as it was made for, however the keys fall. */
static void test_holds_all(void **state)
{
	static const uint32_t sizes[] = {64, 1000, 30000, 500000};
	sl_session_ref ref;

	(void)state;
	for (unsigned int s = 0; s < RTE_DIM(sizes); s++) {
		struct table_fixture f;

		fixture_create(&f, sizes[s], 1);
		for (uint32_t i = 0; i < sizes[s]; i++)
			assert_int_equal(make4(f.worker[0], key4_of(i), SL_TCP_ESTABLISHED, 0, &ref),
					 SL_DROP_NONE);
		assert_int_equal(make4(f.worker[0], key4_of(sizes[s]), SL_TCP_ESTABLISHED, 0, &ref),
				 SL_DROP_SESSION_TABLE_FULL);
		for (uint32_t i = 0; i < sizes[s]; i++)
			assert_int_not_equal(look4(f.table, key4_of(i)).ref, SL_SESSION_NO_REF);
		assert_int_equal(sl_session_stats(f.worker[0])->index_full, 0);
		fixture_destroy(&f);
	}
}

/* A NAT tries ports until the key of the way back is free; nothing is seen before that. */
static void test_next_port(void **state)
{
	struct table_fixture f;
	sl_session_ref first, second;
	struct sl_session *s;
	struct sl_key4 back;
	enum sl_drop drop;
	unsigned int clash;
	uint64_t hash;

	(void)state;
	fixture_create(&f, 64, 1);
	assert_int_equal(make4(f.worker[0], key4_of(1), SL_TCP_ESTABLISHED, 0, &first), 0);
	s = sl_session_new(f.worker[0], false, 0, &second, &drop);
	sl_entry4(s)->key[0] = key4_of(2);
	sl_entry4(s)->key[1] = back = key4_back(key4_of(1));
	s->state = SL_TCP_SYN_SENT;
	hash = sl_hash4(&f.table->secret, &sl_entry4(s)->key[0]);
	assert_int_equal(sl_session_publish(f.worker[0], second, hash, &clash),
			 SL_DROP_SESSION_CLASH);
	assert_int_equal(clash, 1);
	assert_int_equal(look4(f.table, key4_of(2)).ref, SL_SESSION_NO_REF);
	assert_int_equal(look4(f.table, back).ref, first);
	back.dport = htons(4242);
	sl_entry4(s)->key[1] = back;
	assert_int_equal(sl_session_publish(f.worker[0], second, hash, &clash), SL_DROP_NONE);
	assert_int_equal(look4(f.table, key4_of(2)).ref, second);
	assert_int_equal(look4(f.table, back).ref, second);
	assert_int_equal(look4(f.table, back).direction, 1);

	/* key 0 taken: the key of the way back is free again */
	s = sl_session_new(f.worker[0], false, 0, &second, &drop);
	sl_entry4(s)->key[0] = key4_of(2);
	back.dport = htons(4243);
	sl_entry4(s)->key[1] = back;
	assert_int_equal(sl_session_publish(f.worker[0], second, hash, &clash),
			 SL_DROP_SESSION_CLASH);
	assert_int_equal(clash, 0);
	assert_int_equal(look4(f.table, back).ref, SL_SESSION_NO_REF);
	sl_session_abandon(f.worker[0], second);
	fixture_destroy(&f);
}

/* Each direction has its own family. */
static void test_two_families(void **state)
{
	struct table_fixture f;
	struct sl_session *s;
	struct sl_key6 alike = {0};
	struct sl_key4 back = key4_back(key4_of(9));
	sl_session_ref ref;
	enum sl_drop drop;
	unsigned int clash;

	(void)state;
	fixture_create(&f, 64, 1);
	s = sl_session_new(f.worker[0], true, 0, &ref, &drop);
	sl_entry6(s)->key[0].key6 = key6_of(5);
	sl_entry6(s)->key[1].key4 = back;
	s->flags |= SL_SESSION_KEY4_1;
	s->state = SL_TCP_ESTABLISHED;
	assert_int_equal(sl_session_publish(f.worker[0], ref,
					    sl_hash6(&f.table->secret, &sl_entry6(s)->key[0].key6),
					    &clash),
			 SL_DROP_NONE);
	assert_int_equal(look6(f.table, key6_of(5)).ref, ref);
	assert_int_equal(look4(f.table, back).ref, ref);
	assert_int_equal(look4(f.table, back).direction, 1);
	assert_int_equal(look4(f.table, key4_of(9)).ref, SL_SESSION_NO_REF);
	memcpy(&alike, &back, sizeof(back));
	assert_int_equal(look6(f.table, alike).ref, SL_SESSION_NO_REF);
	sl_session_end(f.worker[0], ref, SL_END_CLEARED, 0);
	assert_int_equal(look4(f.table, back).ref, SL_SESSION_NO_REF);
	assert_int_equal(look6(f.table, key6_of(5)).ref, SL_SESSION_NO_REF);
	fixture_destroy(&f);
}

/* A tuple that is its own way back cannot have two directions. */
static void test_to_itself(void **state)
{
	struct sl_key4 k = {.src = htonl(0x0a000001), .dst = htonl(0x0a000001),
			    .sport = htons(7), .dport = htons(7), .proto = IPPROTO_UDP};
	struct table_fixture f;
	sl_session_ref ref;

	(void)state;
	fixture_create(&f, 64, 1);
	assert_int_equal(make4(f.worker[0], k, SL_UDP_OPENING, 0, &ref), SL_DROP_SESSION_CLASH);
	assert_int_equal(look4(f.table, k).ref, SL_SESSION_NO_REF);
	fixture_destroy(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_model),	   cmocka_unit_test(test_holds_all),
		cmocka_unit_test(test_next_port),  cmocka_unit_test(test_two_families),
		cmocka_unit_test(test_to_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
