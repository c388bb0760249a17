// SPDX-License-Identifier: BSD-3-Clause
#include "session/table.h"

#include <errno.h>
#include <stdlib.h>

#include "session/worker.h"

#define MIN_SESSIONS 64
#define MAX_SESSIONS 100000000
/* Ended entries that readers may still hold take no credit but need room; also chunks in part full. */
#define SLACK(sessions) ((sessions) / 8 + 4096)
/* Idle times beyond this would meet the wrap of the millisecond clock. */
#define MAX_TIMEOUT_S 4000000u

int sl_session_table_create(struct sl_session_table **table, const struct sl_session_options *o)
{
	struct sl_session_table *t;
	uint64_t entries;
	int err;

	if (o->max_sessions < MIN_SESSIONS || o->max_sessions > MAX_SESSIONS || !o->workers ||
	    o->workers > RTE_DIM(t->worker) || !o->qsbr)
		return -EINVAL;
	t = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*t), (size_t)64));
	if (!t)
		return -ENOMEM;
	memset(t, 0, sizeof(*t));
	t->qsbr = o->qsbr;
	t->workers = o->workers;
	t->capacity = o->max_sessions;
	atomic_init(&t->limit, o->max_sessions);
	atomic_init(&t->credit, o->max_sessions);
	/* A worker holds up to two chunks in part full beside its sessions. */
	entries = (uint64_t)o->max_sessions + SLACK(o->max_sessions) +
		  (uint64_t)o->workers * 2 * SL_CHUNK;
	err = sl_hash_secret_init(&t->secret, o->seed);
	if (!err)
		err = sl_hash_secret_init(&t->cookie_secret, o->seed ? ~o->seed : 0);
	if (!err)
		err = sl_index_create(&t->index, 2ull * o->max_sessions);
	if (!err)
		err = sl_pool_create(&t->pool[0], "sluice-sessions4", entries,
				     sizeof(struct sl_entry4));
	if (!err)
		err = sl_pool_create(&t->pool[1], "sluice-sessions6", entries,
				     sizeof(struct sl_entry6));
	if (!err)
		err = sl_pool_create(&t->extensions, "sluice-extensions", entries,
				     sizeof(struct sl_extension));
	if (err) {
		sl_session_table_destroy(t);
		return err;
	}
	sl_session_table_configure(t, &(struct sl_image_settings){
					      .max_sessions = o->max_sessions,
					      .tcp_opening = 30,
					      .tcp_established = 7440, /* RFC 5382, REQ-5 */
					      .tcp_closing = 240,
					      .tcp_closed = 10,
					      .udp_opening = 30,
					      .udp_established = 300, /* RFC 4787, REQ-5 */
					      .icmp = 60,	     /* RFC 5508, REQ-1 */
					      .other = 60,
				      });
	*table = t;
	return 0;
}

void sl_session_table_destroy(struct sl_session_table *table)
{
	if (!table)
		return;
	for (unsigned int i = 0; i < table->workers; i++) {
		if (table->worker[i])
			free(table->worker[i]->requests);
		free(table->worker[i]);
	}
	sl_pool_destroy(&table->pool[0]);
	sl_pool_destroy(&table->pool[1]);
	sl_pool_destroy(&table->extensions);
	sl_index_destroy(&table->index);
	free(table);
}

static void timeout(struct sl_session_table *t, unsigned int first, unsigned int last, uint32_t s)
{
	for (unsigned int state = first; state <= last; state++)
		atomic_store_explicit(&t->timeout_ms[state], RTE_MIN(s, MAX_TIMEOUT_S) * 1000,
				      memory_order_relaxed);
}

bool sl_session_table_configure(struct sl_session_table *table,
				const struct sl_image_settings *settings)
{
	int64_t limit = RTE_MIN(settings->max_sessions, table->capacity);
	int64_t before = atomic_exchange(&table->limit, limit);

	atomic_fetch_add(&table->credit, limit - before);
	timeout(table, SL_TCP_SYN_SENT, SL_TCP_SYN_RECEIVED, settings->tcp_opening);
	timeout(table, SL_TCP_ESTABLISHED, SL_TCP_ESTABLISHED, settings->tcp_established);
	timeout(table, SL_TCP_RESET_DOUBT, SL_TCP_LAST_ACK, settings->tcp_closing);
	timeout(table, SL_TCP_TIME_WAIT, SL_TCP_CLOSED, settings->tcp_closed);
	timeout(table, SL_UDP_OPENING, SL_UDP_OPENING, settings->udp_opening);
	timeout(table, SL_UDP_ESTABLISHED, SL_UDP_ESTABLISHED, settings->udp_established);
	timeout(table, SL_ICMP_OPENING, SL_ICMP_ESTABLISHED, settings->icmp);
	timeout(table, SL_OTHER_OPENING, SL_OTHER_ESTABLISHED, settings->other);
	return settings->max_sessions <= table->capacity;
}

struct sl_session_worker *sl_session_worker_create(struct sl_session_table *table,
						   unsigned int index, sl_session_ended ended,
						   void *arg)
{
	ssize_t bytes = rte_ring_get_memsize_elem(sizeof(struct sl_request_message), SL_REQUESTS);
	struct sl_session_worker *w;

	if (index >= table->workers || table->worker[index] || bytes < 0)
		return NULL;
	w = aligned_alloc(64, sizeof(*w));
	if (!w)
		return NULL;
	memset(w, 0, sizeof(*w));
	w->table = table;
	w->index = index;
	w->ended = ended;
	w->arg = arg;
	sl_slab_init(&w->slab[0], &table->pool[0], (uint8_t)index, 0);
	sl_slab_init(&w->slab[1], &table->pool[1], (uint8_t)index, SL_REF_WIDE);
	sl_extensions_init(&w->extensions, &table->extensions, (uint8_t)index);
	w->requests = aligned_alloc(RTE_CACHE_LINE_SIZE,
				    RTE_ALIGN_CEIL((size_t)bytes, (size_t)RTE_CACHE_LINE_SIZE));
	if (!w->requests || rte_ring_init(w->requests, "session-requests", SL_REQUESTS,
					  RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		free(w->requests);
		free(w);
		return NULL;
	}
	table->worker[index] = w;
	return w;
}

const struct sl_session_stats *sl_session_stats(const struct sl_session_worker *worker)
{
	return &worker->stats;
}
