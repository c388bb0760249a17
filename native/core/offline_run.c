/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_rcu_qsbr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/offline_state.h"
#include "ip/fragment.h"
#include "nat/blocks.h"
#include "session/table.h"
#include "tables/tables.h"
#include "vpn/flight.h"

#define TURN_SEGMENTS 2048
#define SWEEP_NS 1000000000ull
#define SWEEP_BUDGET 64
#define FATE_UNKNOWN 0xff

static uint32_t padded(uint32_t length)
{
	return (length + 7) & ~7u;
}

static struct sl_packet record_at(const uint8_t *at)
{
	struct sl_packet record;

	memcpy(&record, at, sizeof(record));
	return record;
}

/* Every record of a batch lies within it and enters by a port that is there. */
static int check(const struct sl_offline *o, const uint8_t *at, const uint8_t *end, uint32_t count,
		 char *error, size_t error_size)
{
	for (uint32_t i = 0; i < count; i++) {
		struct sl_packet record;
		const char *what = NULL;

		if ((size_t)(end - at) < sizeof(record)) {
			snprintf(error, error_size, "packet %u of the batch: cut off", i);
			return -EINVAL;
		}
		record = record_at(at);
		at += sizeof(record);
		if (record.length > SL_OFFLINE_MAX_PACKET)
			what = "too long";
		else if ((size_t)(end - at) < padded(record.length))
			what = "cut off";
		else if (record.iface >= SL_MAX_IFACES ||
			 o->dp->port_of_iface[record.iface] == SL_NO_PORT ||
			 o->dp->port[o->dp->port_of_iface[record.iface]]->iface != record.iface)
			what = "its interface is no port";
		if (what) {
			snprintf(error, error_size, "packet %u of the batch: %s", i, what);
			return -EINVAL;
		}
		at += padded(record.length);
	}
	if (at != end) {
		snprintf(error, error_size, "bytes behind the last packet of the batch");
		return -EINVAL;
	}
	return 0;
}

/* Time and the sessions' ageing move on to the next packet's. */
static void advance(struct sl_offline *o)
{
	struct sl_worker *w = o->worker;
	uint64_t time = record_at(o->next).time;

	if (!o->started) {
		o->started = true;
		o->start_ns = o->now_ns = o->swept_ns = time;
	}
	if (time > o->now_ns)
		o->now_ns = time;
	/*
	 * Within a burst all packets are looked up before the first opens its session. An answer
	 * cannot be that fast on a wire, but captures have the time they have.
	 */
	o->turn = o->mode == SL_MODE_TRACE ? SL_BURST : 1;
	o->segments = 0;
	w->now_ns = o->now_ns;
	if (sl_now_s(w) != o->asked_s) {
		o->asked_s = sl_now_s(w);
		sl_tables_schedules(o->dp->tables, o->asked_s);
	}
	w->now_ms = (uint32_t)((o->now_ns - o->start_ns) / 1000000);
	if (o->now_ns - o->swept_ns >= SWEEP_NS) {
		o->swept_ns = o->now_ns;
		sl_session_sweep_all(w->sessions, w->now_ms);
		sl_blocks_sweep_all(w);
	} else {
		sl_session_sweep(w->sessions, w->now_ms, SWEEP_BUDGET);
	}
	sl_fragments_sweep(w, UINT32_MAX);
}

static int make_results(struct sl_offline *o, uint32_t count, char *error, size_t error_size)
{
	o->count = count;
	o->late = o->reported = 0;
	o->late_most = sl_fragments_held(o->worker);
	free(o->results);
	o->results = calloc((size_t)count + o->late_most + 1, sizeof(*o->results));
	if (!o->results) {
		snprintf(error, error_size, "out of memory for %u results", count);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++)
		o->results[i].fate = FATE_UNKNOWN;
	return 0;
}

/* Moves the results there are together; how many packets have none, of this batch and before it. */
static uint32_t gather_results(struct sl_offline *o)
{
	uint32_t all = o->count + o->late;

	for (uint32_t i = 0; i < all; i++)
		if (i >= o->count || o->results[i].fate != FATE_UNKNOWN)
			o->results[o->reported++] = o->results[i];
	return o->count + o->late_most - o->reported;
}

int sl_offline_run(struct sl_offline *o, const uint8_t *payload, size_t size, char *error,
		   size_t error_size)
{
	struct sl_batch batch;

	if (!o->made) {
		snprintf(error, error_size, "a batch before any tables");
		return -EINVAL;
	}
	if (size < sizeof(batch)) {
		snprintf(error, error_size, "a batch without its head");
		return -EINVAL;
	}
	memcpy(&batch, payload, sizeof(batch));
	if (batch.mode > SL_MODE_REPLAY) {
		snprintf(error, error_size, "batch mode %u is not known", batch.mode);
		return -EINVAL;
	}
	if (check(o, payload + sizeof(batch), payload + size, batch.count, error, error_size) < 0)
		return -EINVAL;
	if (make_results(o, batch.count, error, error_size) < 0)
		return -ENOMEM;
	o->mode = batch.mode;
	o->next = payload + sizeof(batch);
	o->end = payload + size;
	o->taken = 0;
	o->out_length = 0;
	o->outputs = 0;
	o->out_failed = false;

	rte_rcu_qsbr_thread_online(o->dp->qsbr, 0);
	while (o->taken < o->count || sl_flights_any(o->worker)) {
		if (o->taken < o->count)
			advance(o);
		rte_graph_walk(o->worker->graph);
		rte_rcu_qsbr_quiescent(o->dp->qsbr, 0);
	}
	/* A trace is of single packets: none waits for others. */
	if (batch.flags & SL_BATCH_LAST || o->mode == SL_MODE_TRACE)
		sl_fragments_settle(o->worker);
	rte_rcu_qsbr_thread_offline(o->dp->qsbr, 0);

	if (gather_results(o) != sl_fragments_held(o->worker)) {
		snprintf(error, error_size, "a packet of %u was lost", o->count);
		return -EIO;
	}
	if (o->out_failed) {
		snprintf(error, error_size, "out of memory for the packets out");
		return -ENOMEM;
	}
	o->first += o->count;
	return 0;
}

/* The packet in as many buffers as it takes; NULL when they are used up. */
static struct rte_mbuf *packet_in(struct sl_offline *o, const uint8_t *bytes, uint32_t length)
{
	struct rte_mbuf *head = NULL, **link = &head;
	uint32_t left = length;
	uint16_t segments = 0;

	do {
		struct rte_mbuf *m = rte_pktmbuf_alloc(o->dp->pool);
		uint16_t n;

		if (!m) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		*link = m;
		link = &m->next;
		n = (uint16_t)RTE_MIN(left, (uint32_t)rte_pktmbuf_tailroom(m));
		memcpy(rte_pktmbuf_mtod(m, void *), bytes, n);
		m->data_len = n;
		bytes += n;
		left -= n;
		segments++;
	} while (left > 0);
	head->pkt_len = length;
	head->nb_segs = segments;
	o->segments += segments;
	return head;
}

uint16_t sl_offline_rx(struct sl_worker *w, struct sl_port *port, uint16_t queue,
		       struct rte_mbuf **m, uint16_t n)
{
	struct sl_offline *o = w->offline;
	uint16_t got = 0;

	(void)queue;
	while (got < n && o->turn > 0 && o->taken < o->count && o->segments < TURN_SEGMENTS) {
		struct sl_packet record = record_at(o->next);
		struct sl_result *result = &o->results[o->taken];
		struct rte_mbuf *in;
		struct sl_pkt *p;

		/* In order, whatever port they enter by. */
		if (record.iface != port->iface)
			break;
		in = packet_in(o, o->next + sizeof(record), record.length);
		if (!in) {
			if (got)
				break;
			w->drops[SL_DROP_NO_MBUF].packets++;
			*result = (struct sl_result){.input = o->first + o->taken,
						     .rule = SL_RULE_NOT_ASKED,
						     .in = port->iface,
						     .reason = SL_DROP_NO_MBUF,
						     .verdict = SL_VERDICT_DENY,
						     .fate = SL_FATE_DROPPED};
		} else {
			p = sl_pkt(in);
			memset(p, 0, sizeof(*p));
			p->flags = SL_PKT_TRACED;
			p->rule = SL_RULE_NOT_ASKED;
			p->input = o->first + o->taken;
			m[got++] = in;
		}
		o->next += sizeof(record) + padded(record.length);
		o->taken++;
		o->turn--;
	}
	return got;
}
