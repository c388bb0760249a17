/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/slab.h"
#include "session/table.h"

/* What session/ keeps per worker. */

enum sl_request_kind {
	SL_REQUEST_END,
	SL_REQUEST_JUDGED,
};

/* From the control thread; `hash` of key 0 and `created` say which session was meant. */
struct sl_request_message {
	uint64_t hash;
	sl_session_ref ref;
	uint32_t created;
	uint32_t kind;
	uint32_t why; /* enum sl_session_end */
	uint32_t generation;
	uint32_t rule;
};
#define SL_REQUESTS 4096 /* ring size */

struct sl_session_worker {
	struct sl_session_table *table;
	unsigned int index;
	struct sl_slab slab[2]; /* narrow, wide */
	struct sl_extensions extensions;
	int64_t credit;		/* sessions this worker may make without asking */
	sl_session_ended ended;
	void *arg;
	struct sl_session_stats stats;
	uint32_t swept_ms; /* when the sweep last moved on */
	uint64_t debt[2];  /* chunk-milliseconds it is behind, per slab */
	struct rte_ring *requests;
	_Atomic uint64_t served;    /* requests; the owner writes */
	_Atomic uint64_t requested; /* the control thread writes */
} __attribute__((aligned(64)));

/* The keys' hashes, by family. */
static inline uint64_t sl_session_hash(const struct sl_session_table *t, sl_session_ref ref,
				       const struct sl_session *s, unsigned int direction)
{
	if (!(ref & SL_REF_WIDE))
		return sl_hash4(&t->secret, &sl_entry4(s)->key[direction]);
	if (s->flags & (SL_SESSION_KEY4_0 << direction))
		return sl_hash4(&t->secret, &sl_entry6(s)->key[direction].key4);
	return sl_hash6(&t->secret, &sl_entry6(s)->key[direction].key6);
}

/* Gives the next request, or false. */
bool sl_session_request_next(struct sl_session_worker *w, struct sl_request_message *request);
