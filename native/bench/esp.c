/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <rte_pause.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/far_end.h"
#include "vpn/spread.h"

/*
 * One tunnel, 1,024 UDP flows through it, a packet of each in turn. Before and after what is
 * measured all of them are compared with what they should be; while it is measured they are counted.
 *
 * What comes in was sealed beforehand. Each time round the box's SA forgets which numbers it has
 * seen, once nothing of it is under way, so that every packet takes the whole way of a new one.
 */
struct watch {
	struct sl_far_end *far;
	uint32_t seen;
};

static void wrong(struct sl_rig_port *port, const char *what)
{
	if (what && port->wrong++ == 0)
		port->what = what;
}

static void see_sealed(struct sl_rig_port *port, const struct rte_mbuf *m)
{
	struct watch *watch = port->context;

	wrong(port, sl_far_end_open(watch->far, m, watch->seen++ % SL_FAR_PACKETS));
}

static void see_opened(struct sl_rig_port *port, const struct rte_mbuf *m)
{
	struct watch *watch = port->context;

	wrong(port, sl_far_end_same(&watch->far->answer[watch->seen++ % SL_FAR_PACKETS],
				    rte_pktmbuf_mtod(m, const uint8_t *), m->pkt_len));
}

static bool forget(struct sl_rig_port *port)
{
	struct watch *watch = port->context;
	struct sl_replay *r = &watch->far->box_in->replay;

	if (sl_flights_any(watch->far->w))
		return false;
	r->top = 0;
	memset(r->bits, 0, r->words * sizeof(r->bits[0]));
	return true;
}

/* So many packets in by one side; `see`: what leaves by the other is looked at. */
static int pass(struct bench *b, const char *name, unsigned int side, uint64_t count,
		void (*see)(struct sl_rig_port *port, const struct rte_mbuf *m))
{
	int status;

	((struct watch *)b->rig[!side].context)->seen = 0;
	b->rig[!side].see = see;
	status = sl_bench_phase(b, name, side ? 0 : count, side ? count : 0, false, sl_bench_turn);
	b->rig[!side].see = NULL;
	return status;
}

/* Workers that do nothing but help. */
static struct {
	pthread_t thread[SL_MAX_WORKERS];
	unsigned int started; /* workers 1 to so many */
	atomic_bool stop;
} helping;

static void *help(void *argument)
{
	struct sl_worker *w = argument;

	while (!atomic_load_explicit(&helping.stop, memory_order_relaxed))
		if (sl_spread_asked(sl_flights_of(w)))
			sl_spread_help(w);
		else
			rte_pause();
	return NULL;
}

static int helpers_start(struct bench *b)
{
	pthread_attr_t attributes;
	cpu_set_t others;
	int status;

	/* Any CPU but the first one's. */
	memset(&others, 0xff, sizeof(others));
	CPU_CLR((unsigned int)sched_getcpu(), &others);
	pthread_attr_init(&attributes);
	pthread_attr_setaffinity_np(&attributes, sizeof(others), &others);
	b->dp->workers = 1 + b->helpers;
	status = sl_engines_start(b->dp);
	b->dp->workers = 1;
	if (status)
		return status;
	for (; helping.started < b->helpers; helping.started++)
		if (pthread_create(&helping.thread[helping.started], &attributes, help,
				   b->dp->worker[helping.started + 1]))
			return -EAGAIN;
	return 0;
}

/* Says what they did. */
static void helpers_end(struct bench *b)
{
	atomic_store(&helping.stop, true);
	for (unsigned int i = 0; i < helping.started; i++) {
		pthread_join(helping.thread[i], NULL);
		printf("{\"helped\":%llu}\n", (unsigned long long)b->dp->worker[i + 1]->crypto);
	}
}

static int run(struct bench *b, struct sl_far_end *far, bool in)
{
	uint64_t count = b->packets - b->packets % SL_FAR_PACKETS;
	void (*see)(struct sl_rig_port *, const struct rte_mbuf *) = in ? see_opened : see_sealed;
	int status = sl_far_end_seal(far);

	if (!status)
		status = sl_bench_phase(b, "floor", in ? 0 : count, in ? count : 0, false,
					sl_bench_floor_turn);
	if (!status)
		status = pass(b, "new", 0, SL_FAR_PACKETS, see_sealed);
	if (!status)
		status = pass(b, "checked", in, SL_FAR_PACKETS, see);
	if (!status)
		status = pass(b, in ? "esp-in" : "esp-out", in, count, NULL);
	return status ? status : pass(b, "checked-again", in, SL_FAR_PACKETS, see);
}

int sl_bench_esp(struct bench *b, bool in, const char *suite, const char *bytes)
{
	struct sl_far_end *far = calloc(1, sizeof(*far));
	struct watch watch[2] = {{.far = far}, {.far = far}};
	int status = far ? helpers_start(b) : -ENOMEM;

	if (!status)
		status = sl_far_end_make(far, b, suite, bytes);
	for (unsigned int side = 0; side < 2; side++) {
		b->rig[side].context = &watch[side];
		b->rig[side].packets = !far ? NULL : side ? far->sealed : far->clear;
		b->rig[side].count = SL_FAR_PACKETS;
	}
	b->rig[1].again = forget;
	if (!status)
		printf("{\"engine\":\"%s\"}\n", far->engine);
	if (!status)
		status = run(b, far, in);
	helpers_end(b);
	free(far);
	return status;
}
