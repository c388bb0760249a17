/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/far_end.h"
#include "vpn/flight.h"

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
	int status = far ? sl_far_end_make(far, b, suite, bytes) : -ENOMEM;

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
	free(far);
	return status;
}
