/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_branch_prediction.h>
#include <string.h>

#include "core/datapath.h"

/*
 * Counters and log records of a worker: plain stores into its own lines; readers elsewhere see each
 * 64-bit word whole.
 */

static inline void sl_count_rule(struct sl_worker *w, uint32_t slot)
{
	struct sl_rule_counter *c = &w->rules[slot % SL_MAX_RULES];

	c->hits++;
	c->last = w->now_ns;
}

static inline struct sl_iface_counter *sl_iface_counter(struct sl_worker *w, uint16_t slot)
{
	return &w->ifaces[slot % SL_MAX_IFACES];
}

/*
 * A zeroed record to fill, or NULL when the reader is behind (then it is counted as lost). It is the
 * reader's once sl_log_commit() was called.
 */
static inline struct sl_log_record *sl_log_record(struct sl_worker *w)
{
	struct sl_log_ring *ring = w->log;
	struct sl_log_record *record;

	if (unlikely(ring->head - __atomic_load_n(&ring->tail, __ATOMIC_ACQUIRE) >=
		     SL_LOG_RING_RECORDS)) {
		ring->lost++;
		return NULL;
	}
	record = (struct sl_log_record *)(ring + 1) + ring->head % SL_LOG_RING_RECORDS;
	memset(record, 0, sizeof(*record));
	record->time = w->now_ns;
	record->worker = (uint8_t)w->index;
	return record;
}

static inline void sl_log_commit(struct sl_worker *w)
{
	__atomic_store_n(&w->log->head, w->log->head + 1, __ATOMIC_RELEASE);
}
