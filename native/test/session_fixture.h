/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "session/table.h"
#include "session/track.h"
#include "session/walk.h"
#include "session/worker.h"

/* A session table with its workers, in plain memory and without EAL. */

struct table_fixture {
	struct sl_session_table *table;
	struct sl_session_worker *worker[8];
	struct rte_rcu_qsbr *qsbr;
	unsigned int workers;
	uint64_t ended[SL_END_SHUTDOWN + 1]; /* by why; of workers without an `arg` of their own */
};

/* All workers are registered and online as threads of their number; thread `workers` is control. */
void fixture_create(struct table_fixture *f, uint32_t max_sessions, unsigned int workers);
void fixture_destroy(struct table_fixture *f);

/* Every thread reports; then what ended is taken back. */
void fixture_quiet(struct table_fixture *f, uint32_t now_ms);

/* The i-th of many distinct tuples. */
struct sl_key4 key4_of(uint32_t i);
struct sl_key6 key6_of(uint32_t i);
struct sl_key4 key4_back(struct sl_key4 k);
struct sl_key6 key6_back(struct sl_key6 k);

/* Makes a session in `state` of key and its mirror. */
enum sl_drop make4(struct sl_session_worker *w, struct sl_key4 key, enum sl_session_state state,
		   uint32_t now_ms, sl_session_ref *ref);
enum sl_drop make6(struct sl_session_worker *w, struct sl_key6 key, enum sl_session_state state,
		   uint32_t now_ms, sl_session_ref *ref);

struct sl_session_hit look4(const struct sl_session_table *t, struct sl_key4 key);
struct sl_session_hit look6(const struct sl_session_table *t, struct sl_key6 key);

static inline uint64_t next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x;
}
