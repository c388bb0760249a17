/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/syn_proxy.h"
#include "core/worker.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_malloc.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/counters.h"
#include "core/graph.h"
#include "core/port.h"
#include "core/session_end.h"
#include "ip/fragment.h"
#include "nat/blocks.h"
#include "session/table.h"
#include "tables/tables.h"

#define HANDOVER_RING 4096
#define HOST_RING 4096
#define UNRESOLVED_RING 1024
#define PRESSED (SL_BURST / 2) /* packets in a turn */
#define SWEEP_BUDGET 64	  /* session entries a turn looks at */
#define FRAGMENT_BUDGET 32 /* datagrams a turn gives up */
#define IDLE_TURNS 256	  /* empty turns before a worker on a shared CPU sleeps */
#define IDLE_SLEEP_NS 20000
#define LONG_IDLE_TURNS 8192 /* then the sleeps are longer: a box at rest costs next to nothing */
#define LONG_IDLE_SLEEP_NS 250000
#define QUIET_TURNS 16384 /* some seconds without a packet */
#define QUIET_SLEEP_NS 2000000
#define QUIET_SWEEP_BUDGET 512 /* sessions age as fast as before */

struct sl_datapath *sl_datapath;

static struct rte_ring *ring(const char *what, uint8_t a, uint8_t b, unsigned int size,
			     unsigned int flags)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "%s-%u-%u", what, a, b);
	return rte_ring_create(name, size, SOCKET_ID_ANY, flags);
}

int sl_workers_rings(struct sl_datapath *dp)
{
	const unsigned int spsc = RING_F_SP_ENQ | RING_F_SC_DEQ;

	for (uint8_t from = 0; from < dp->workers; from++) {
		for (uint8_t to = 0; to < dp->workers; to++) {
			if (from == to)
				continue;
			dp->handover[from][to] = ring("handover", from, to, HANDOVER_RING, spsc);
			if (!dp->handover[from][to])
				return -ENOMEM;
		}
	}
	if (dp->offline)
		return 0;
	for (uint8_t to = 0; to < dp->workers; to++) {
		dp->from_host[to] = ring("from-host", to, 0, HOST_RING, spsc);
		if (!dp->from_host[to])
			return -ENOMEM;
	}
	dp->to_host = ring("to-host", 0, 0, HOST_RING, RING_F_SC_DEQ);
	dp->unresolved = ring("unresolved", 0, 0, UNRESOLVED_RING, RING_F_SC_DEQ);
	return dp->to_host && dp->unresolved ? 0 : -ENOMEM;
}

struct sl_worker *sl_worker_create(struct sl_datapath *dp, unsigned int index,
				   const struct sl_image_settings *settings, uint64_t seed)
{
	struct sl_worker *w = rte_zmalloc("worker", sizeof(*w), 64);

	if (!w)
		return NULL;
	w->dp = dp;
	w->index = index;
	w->lcore = index + 1;
	w->random = seed ^ (0x9e3779b97f4a7c15ull * (index + 1));
	w->settled = dp->offline; /* a capture starts where it starts */
	w->random |= 1; /* xorshift stays at zero */
	for (unsigned int i = 0; i < SL_MAX_PORTS; i++)
		w->tx_queue[i] = SL_NO_QUEUE;
	sl_counters_attach(dp, w);
	w->sessions = sl_session_worker_create(dp->sessions, index, sl_session_end_count, w);
	w->fragments = sl_fragments_create(dp, settings);
	w->syn = rte_zmalloc("sluice_syn", SL_SYN_METERS * sizeof(*w->syn), 64);
	if (!w->sessions || !w->fragments || !w->syn)
		goto fail;
	if (sl_graph_create(w) < 0)
		goto fail;
	dp->worker[index] = w;
	return w;
fail:
	rte_free(w->syn);
	rte_free(w);
	return NULL;
}

/* The grace time does not come back when the session clock wraps. */
static void settle(struct sl_worker *w, uint32_t now_ms)
{
	w->settled = w->tables && now_ms >= w->tables->image.settings->midstream_grace * 1000;
}

static void publish_counts(struct sl_worker *w)
{
	const struct sl_session_stats *s = sl_session_stats(w->sessions);

	w->self->sessions4 = s->live[0];
	w->self->sessions6 = s->live[1];
	w->self->created = s->created;
	w->self->ended = s->ended;
}

void sl_worker_turn(struct sl_worker *w, uint64_t now_ns, uint32_t now_ms)
{
	struct sl_datapath *dp = w->dp;
	uint64_t received = w->received;
	bool pressed;

	rte_rcu_qsbr_quiescent(dp->qsbr, w->index);
	w->now_ns = now_ns;
	w->now_ms = now_ms;
	w->tables = atomic_load_explicit(&dp->tables, memory_order_acquire);
	w->routing_epoch = atomic_load_explicit(&dp->routing_epoch, memory_order_acquire);
	w->capturing = atomic_load_explicit(&dp->capturing, memory_order_acquire);
	rte_graph_walk(w->graph);
	pressed = w->received - received >= PRESSED;
	if (atomic_load_explicit(&w->pressed, memory_order_relaxed) != pressed)
		atomic_store_explicit(&w->pressed, pressed, memory_order_relaxed);
	sl_port_drain(w);
	sl_session_sweep(w->sessions, w->now_ms, SWEEP_BUDGET);
	sl_blocks_sweep(w);
	if (unlikely(sl_fragments_any(w)))
		sl_fragments_sweep(w, FRAGMENT_BUDGET);
	if (w->host_kicked) {
		uint64_t one = 1;

		w->host_kicked = false;
		if (atomic_load(&dp->host_asleep) &&
		    write(dp->host_wake, &one, sizeof(one)) < 0 && errno != EAGAIN)
			w->host_kicked = true; /* once more in the next turn */
	}
}

static void park(struct sl_worker *w)
{
	struct sl_datapath *dp = w->dp;

	rte_rcu_qsbr_thread_offline(dp->qsbr, w->index);
	atomic_fetch_add(&dp->parked, 1);
	while (atomic_load_explicit(&dp->pause, memory_order_acquire) &&
	       !atomic_load_explicit(&dp->stop, memory_order_relaxed))
		usleep(10);
	atomic_fetch_sub(&dp->parked, 1);
	rte_rcu_qsbr_thread_online(dp->qsbr, w->index);
}

/* A worker that shares its CPU lets others run when there is nothing to do. */
static void rest(struct sl_worker *w, unsigned int empty)
{
	struct timespec pause = {.tv_nsec = IDLE_SLEEP_NS};

	if (empty > QUIET_TURNS) {
		sl_session_sweep(w->sessions, w->now_ms, QUIET_SWEEP_BUDGET);
		pause.tv_nsec = QUIET_SLEEP_NS;
	} else if (empty > LONG_IDLE_TURNS) {
		pause.tv_nsec = LONG_IDLE_SLEEP_NS;
	}
	clock_nanosleep(CLOCK_MONOTONIC, 0, &pause, NULL);
}

static int loop(void *argument)
{
	struct sl_worker *w = argument;
	struct sl_datapath *dp = w->dp;
	struct sl_clock clock;
	uint64_t anchored, before, received = 0, ms_per_cycle = sl_clock_ms_per_cycle();
	unsigned int empty = 0;
	bool busy = false;

	prctl(PR_SET_TIMERSLACK, 1000ul);
	rte_rcu_qsbr_thread_register(dp->qsbr, w->index);
	rte_rcu_qsbr_thread_online(dp->qsbr, w->index);
	sl_clock_anchor(&clock);
	anchored = before = clock.tsc;
	while (!atomic_load_explicit(&dp->stop, memory_order_relaxed)) {
		uint64_t now;
		uint32_t ms;

		if (unlikely(atomic_load_explicit(&dp->pause, memory_order_acquire)))
			park(w);
		now = rte_rdtsc();
		ms = sl_clock_ms(dp->boot_tsc, now, ms_per_cycle);
		if (unlikely(now - anchored > rte_get_tsc_hz())) {
			sl_clock_anchor(&clock);
			anchored = clock.tsc;
			publish_counts(w);
		}
		*(busy ? &w->self->busy_cycles : &w->self->idle_cycles) += now - before;
		before = now;
		sl_worker_turn(w, sl_clock_ns(&clock, now), ms);
		if (unlikely(!w->settled))
			settle(w, ms);
		w->self->loops++;
		busy = w->received + w->crypto != received;
		received = w->received + w->crypto;
		empty = busy ? 0 : empty + 1;
		if (dp->shared_cpu && empty > IDLE_TURNS) {
			publish_counts(w);
			rest(w, empty);
		}
	}
	rte_rcu_qsbr_thread_offline(dp->qsbr, w->index);
	rte_rcu_qsbr_thread_unregister(dp->qsbr, w->index);
	return 0;
}

int sl_workers_launch(struct sl_datapath *dp)
{
	for (unsigned int i = 0; i < dp->workers; i++) {
		int error = rte_eal_remote_launch(loop, dp->worker[i], dp->worker[i]->lcore);

		if (error)
			return error;
	}
	return 0;
}

void sl_workers_join(struct sl_datapath *dp)
{
	atomic_store(&dp->stop, true);
	rte_eal_mp_wait_lcore();
}

void sl_workers_pause(struct sl_datapath *dp)
{
	unsigned int running = 0;

	for (unsigned int i = 0; i < dp->workers; i++)
		running += rte_eal_get_lcore_state(dp->worker[i]->lcore) == RUNNING;
	atomic_store(&dp->pause, true);
	while (atomic_load(&dp->parked) < running)
		usleep(10);
}

void sl_workers_resume(struct sl_datapath *dp)
{
	atomic_store(&dp->pause, false);
	while (atomic_load(&dp->parked) > 0)
		usleep(10);
}
