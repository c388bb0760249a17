// SPDX-License-Identifier: BSD-3-Clause
#include "session_fixture.h"

#include <string.h>

static void count_end(void *arg, sl_session_ref ref, const struct sl_session *s,
		      enum sl_session_end why, uint32_t now_ms)
{
	struct table_fixture *f = arg;

	(void)ref;
	(void)s;
	(void)now_ms;
	__atomic_fetch_add(&f->ended[why], 1, __ATOMIC_RELAXED);
}

void fixture_create(struct table_fixture *f, uint32_t max_sessions, unsigned int workers)
{
	size_t bytes = RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(workers + 1), (size_t)64);

	*f = (struct table_fixture){.workers = workers};
	f->qsbr = aligned_alloc(64, bytes);
	assert_non_null(f->qsbr);
	assert_int_equal(rte_rcu_qsbr_init(f->qsbr, workers + 1), 0);
	assert_int_equal(sl_session_table_create(&f->table, &(struct sl_session_options){
								    .max_sessions = max_sessions,
								    .workers = workers,
								    .qsbr = f->qsbr,
								    .seed = 42,
							    }),
			 0);
	for (unsigned int i = 0; i <= workers; i++) {
		rte_rcu_qsbr_thread_register(f->qsbr, i);
		rte_rcu_qsbr_thread_online(f->qsbr, i);
	}
	for (unsigned int i = 0; i < workers; i++) {
		f->worker[i] = sl_session_worker_create(f->table, i, count_end, f);
		assert_non_null(f->worker[i]);
	}
}

void fixture_destroy(struct table_fixture *f)
{
	sl_session_table_destroy(f->table);
	free(f->qsbr);
}

void fixture_quiet(struct table_fixture *f, uint32_t now_ms)
{
	/* one round starts the grace period of what was gathering, one ends it, one takes it back */
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i <= f->workers; i++)
			rte_rcu_qsbr_quiescent(f->qsbr, i);
		for (unsigned int i = 0; i < f->workers; i++)
			sl_session_sweep(f->worker[i], now_ms, 64);
	}
}

struct sl_key4 key4_of(uint32_t i)
{
	return (struct sl_key4){
		.src = htonl(0x0a000000 + i / 50000),
		.dst = htonl(0xc0a80000 + i % 7),
		.sport = htons((uint16_t)(10000 + i % 50000)),
		.dport = htons(443),
		.proto = IPPROTO_TCP,
	};
}

struct sl_key6 key6_of(uint32_t i)
{
	struct sl_key6 k = {.sport = htons((uint16_t)(10000 + i % 50000)),
			    .dport = htons(443),
			    .proto = IPPROTO_TCP};
	uint32_t host = htonl(i / 50000), server = htonl(i % 7);

	memcpy(k.src, "\x20\x01\x0d\xb8\0\1", 6);
	memcpy(k.dst, "\x20\x01\x0d\xb8\0\2", 6);
	memcpy(k.src + 12, &host, 4);
	memcpy(k.dst + 12, &server, 4);
	return k;
}

struct sl_key4 key4_back(struct sl_key4 k)
{
	return (struct sl_key4){k.dst, k.src, k.dport, k.sport, k.proto, k.flags, k.vrf};
}

struct sl_key6 key6_back(struct sl_key6 k)
{
	struct sl_key6 back = k;

	memcpy(back.src, k.dst, 16);
	memcpy(back.dst, k.src, 16);
	back.sport = k.dport;
	back.dport = k.sport;
	return back;
}

static enum sl_drop publish(struct sl_session_worker *w, struct sl_session *s, sl_session_ref ref,
			    enum sl_session_state state)
{
	unsigned int clash;
	enum sl_drop drop;

	s->state = (uint8_t)state;
	s->protocol = IPPROTO_TCP;
	drop = sl_session_publish(w, ref, sl_session_hash(w->table, ref, s, 0), &clash);
	if (drop)
		sl_session_abandon(w, ref);
	return drop;
}

enum sl_drop make4(struct sl_session_worker *w, struct sl_key4 key, enum sl_session_state state,
		   uint32_t now_ms, sl_session_ref *ref)
{
	enum sl_drop drop = SL_DROP_NONE;
	struct sl_session *s = sl_session_new(w, false, now_ms, ref, &drop);

	if (!s)
		return drop;
	sl_entry4(s)->key[0] = key;
	sl_entry4(s)->key[1] = key4_back(key);
	return publish(w, s, *ref, state);
}

enum sl_drop make6(struct sl_session_worker *w, struct sl_key6 key, enum sl_session_state state,
		   uint32_t now_ms, sl_session_ref *ref)
{
	enum sl_drop drop = SL_DROP_NONE;
	struct sl_session *s = sl_session_new(w, true, now_ms, ref, &drop);

	if (!s)
		return drop;
	sl_entry6(s)->key[0].key6 = key;
	sl_entry6(s)->key[1].key6 = key6_back(key);
	return publish(w, s, *ref, state);
}

struct sl_session_hit look4(const struct sl_session_table *t, struct sl_key4 key)
{
	const struct sl_key4 *keys[1] = {&key};
	uint64_t hash = sl_hash4(&t->secret, &key);
	struct sl_session_hit hit;

	sl_session_find4(t, 0, keys, &hash, 1, &hit);
	return hit;
}

struct sl_session_hit look6(const struct sl_session_table *t, struct sl_key6 key)
{
	const struct sl_key6 *keys[1] = {&key};
	uint64_t hash = sl_hash6(&t->secret, &key);
	struct sl_session_hit hit;

	sl_session_find6(t, 0, keys, &hash, 1, &hit);
	return hit;
}
