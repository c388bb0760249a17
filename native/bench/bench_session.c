// SPDX-License-Identifier: BSD-3-Clause
/*
 * Cycles of the session table alone: `bench_session [SESSIONS…]`, 10,000, 1,000,000 and 10,000,000
 * unless told. TSC cycles of the thread's CPU time per packet, median of five interleaved runs.
 * Keys are made from a counter in random order, so that no table of packets stands in the caches;
 * what that costs is measured too and taken off.
 */
#include <netinet/in.h>
#include <rte_cycles.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "session/table.h"
#include "session/track.h"

#define RUNS 5
#define PACKETS (4u << 20)
#define BULK_MAX 64
#define NOW_MS 1000

enum step {
	STEP_KEYS,  /* the floor */
	STEP_HASH,  /* + hash */
	STEP_FIND,  /* + lookup, key compared */
	STEP_TRACK, /* + window check, counters, last seen */
	STEPS,
};

struct bench {
	struct sl_session_table *table;
	struct sl_session_worker *worker;
	struct rte_rcu_qsbr *qsbr;
	uint32_t sessions;
	double cycles_per_ns;
};

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static double tsc_rate(void)
{
	struct timespec from, to;
	uint64_t tsc = rte_rdtsc();
	double ns;

	clock_gettime(CLOCK_MONOTONIC, &from);
	do {
		clock_gettime(CLOCK_MONOTONIC, &to);
		ns = (double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec);
	} while (ns < 1e8);
	return (double)(rte_rdtsc() - tsc) / ns;
}

static inline struct sl_key4 key_of(uint32_t i)
{
	return (struct sl_key4){.src = htonl(0x0a000000 + (i >> 8)),
				.dst = htonl(0xc0a80001),
				.sport = (uint16_t)(1024 + (i & 0xff)),
				.dport = htons(443),
				.proto = IPPROTO_TCP};
}

static double run(const struct bench *b, enum step step, unsigned int bulk)
{
	static struct sl_key4 key[BULK_MAX];
	static struct sl_pkt pkt[BULK_MAX];
	const struct sl_key4 *keys[BULK_MAX];
	struct sl_session_hit hits[BULK_MAX];
	uint64_t hashes[BULK_MAX], from, sink = 0;

	for (unsigned int i = 0; i < bulk; i++) {
		keys[i] = &key[i];
		pkt[i] = (struct sl_pkt){.family = 4, .tcp_flags = SL_TH_ACK, .tcp_seq = 1,
					 .tcp_ack = 1, .tcp_window = 1000, .tcp_header = 20,
					 .l4_length = 20};
	}
	from = cpu_ns();
	for (unsigned int done = 0; done < PACKETS; done += bulk) {
		/* no key waits for the one before it, or the steps would hide in that wait */
		for (unsigned int i = 0; i < bulk; i++) {
			uint64_t x = (done + i + 1) * 0x9e3779b97f4a7c15u;

			x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
			key[i] = key_of((uint32_t)(((x >> 32) * b->sessions) >> 32));
		}
		__asm__ volatile("" ::: "memory");
		if (step == STEP_KEYS)
			continue;
		for (unsigned int i = 0; i < bulk; i++)
			hashes[i] = sl_hash4(&b->table->secret, &key[i]);
		__asm__ volatile("" ::"r"(hashes) : "memory");
		if (step == STEP_HASH)
			continue;
		sink += sl_session_find4(b->table, 0, keys, hashes, bulk, hits);
		if (step == STEP_FIND)
			continue;
		for (unsigned int i = 0; i < bulk; i++) {
			struct sl_session *s = sl_session_at(b->table, hits[i].ref);

			sink += sl_session_track(s, hits[i].direction, &pkt[i], NULL, NOW_MS);
			sl_session_count(s, hits[i].direction, 40);
		}
	}
	__asm__ volatile("" ::"r"(sink));
	return (double)(cpu_ns() - from) * b->cycles_per_ns / PACKETS;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void lookups(const struct bench *b, unsigned int bulk)
{
	double cycles[STEPS][RUNS];

	for (unsigned int r = 0; r < RUNS; r++)
		for (unsigned int s = 0; s < STEPS; s++)
			cycles[s][r] = run(b, (enum step)s, bulk);
	for (unsigned int s = 0; s < STEPS; s++)
		qsort(cycles[s], RUNS, sizeof(double), compare);
	printf("%9u sessions, bulk %2u: hash %5.1f, lookup %6.1f, track and count %6.1f, all %6.1f "
	       "(%.1f-%.1f)\n",
	       b->sessions, bulk, cycles[STEP_HASH][2] - cycles[STEP_KEYS][2],
	       cycles[STEP_FIND][2] - cycles[STEP_HASH][2],
	       cycles[STEP_TRACK][2] - cycles[STEP_FIND][2],
	       cycles[STEP_TRACK][2] - cycles[STEP_KEYS][2],
	       cycles[STEP_TRACK][0] - cycles[STEP_KEYS][2],
	       cycles[STEP_TRACK][4] - cycles[STEP_KEYS][2]);
}

static bool make(const struct bench *b, uint32_t i)
{
	struct sl_key4 key = key_of(i);
	enum sl_drop drop;
	sl_session_ref ref;
	struct sl_session *s = sl_session_new(b->worker, false, NOW_MS, &ref, &drop);
	unsigned int clash;

	if (!s)
		return false;
	sl_entry4(s)->key[0] = key;
	sl_entry4(s)->key[1] = (struct sl_key4){key.dst, key.src, key.dport, key.sport, key.proto, 0, 0};
	s->state = SL_TCP_ESTABLISHED;
	s->protocol = IPPROTO_TCP;
	s->end[0] = s->end[1] = 1;
	s->limit[0] = s->limit[1] = 1001;
	s->window[0] = s->window[1] = 1000;
	return sl_session_publish(b->worker, ref, sl_hash4(&b->table->secret, &key), &clash) ==
	       SL_DROP_NONE;
}

static bool fill(const struct bench *b, const char *what)
{
	uint64_t from = cpu_ns();

	for (uint32_t i = 0; i < b->sessions; i++) {
		if (make(b, i))
			continue;
		fprintf(stderr, "bench_session: no room for session %u\n", i);
		return false;
	}
	printf("%9u sessions: %s %.0f cycles a session\n", b->sessions, what,
	       (double)(cpu_ns() - from) * b->cycles_per_ns / b->sessions);
	return true;
}

static void sweep(const struct bench *b, uint32_t now_ms, const char *what, uint32_t expected)
{
	uint64_t from = cpu_ns();

	if (sl_session_sweep_all(b->worker, now_ms) != expected)
		abort();
	printf("%9u sessions: %s %.0f cycles a session\n", b->sessions, what,
	       (double)(cpu_ns() - from) * b->cycles_per_ns / b->sessions);
}

/* Readers are done: what ended may be used again. */
static void settle(const struct bench *b)
{
	for (unsigned int i = 0; i < 3; i++) {
		rte_rcu_qsbr_quiescent(b->qsbr, 0);
		sl_session_sweep(b->worker, NOW_MS, 0);
	}
}

static int bench(uint32_t sessions, double cycles_per_ns)
{
	static const char *const kinds[] = {"huge pages", "shared transparent huge pages",
					    "private transparent huge pages", "small pages"};
	struct bench b = {.sessions = sessions, .cycles_per_ns = cycles_per_ns};
	int err;

	b.qsbr = aligned_alloc(64, RTE_ALIGN_CEIL(rte_rcu_qsbr_get_memsize(1), (size_t)64));
	if (!b.qsbr)
		return 1;
	rte_rcu_qsbr_init(b.qsbr, 1);
	rte_rcu_qsbr_thread_register(b.qsbr, 0);
	rte_rcu_qsbr_thread_online(b.qsbr, 0);
	err = sl_session_table_create(&b.table, &(struct sl_session_options){.max_sessions = sessions,
									     .workers = 1,
									     .qsbr = b.qsbr});
	if (err) {
		fprintf(stderr, "bench_session: no table of %u: %d\n", sessions, err);
		return 1;
	}
	b.worker = sl_session_worker_create(b.table, 0, NULL, NULL);
	printf("%9u sessions: index in %s, entries in %s\n", sessions,
	       kinds[b.table->index.memory.kind], kinds[b.table->pool[0].memory.kind]);
	if (!fill(&b, "make, memory untouched,"))
		return 1;
	lookups(&b, 32);
	lookups(&b, 64);
	sweep(&b, NOW_MS, "a pass of ageing, none idle,", 0);
	sweep(&b, NOW_MS + 7440001, "a pass of ageing, all idle,", sessions);
	settle(&b);
	if (!fill(&b, "make, memory used before,"))
		return 1;
	sl_session_table_destroy(b.table);
	free(b.qsbr);
	return 0;
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = {10000, 1000000, 10000000};
	double rate = tsc_rate();
	int err = 0;

	if (argc > 1)
		for (int i = 1; i < argc; i++)
			err |= bench((uint32_t)strtoul(argv[i], NULL, 10), rate);
	else
		for (unsigned int i = 0; i < RTE_DIM(sizes); i++)
			err |= bench(sizes[i], rate);
	return err;
}
