/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/table.h"

/* What the control thread does with live sessions: look at them, and ask their owners for changes. */

struct sl_session_view {
	sl_session_ref ref;
	unsigned int owner;
	const struct sl_session *session; /* still written by its owner: figures may be mid-change */
	uint8_t family[2];
	union sl_key key[2]; /* copies */
};

/* Where a walk stands; starts zeroed. */
struct sl_session_walk {
	unsigned int pool;
	uint32_t next;
};

/* Return false to stop the walk. */
typedef bool (*sl_session_seen)(const struct sl_session_view *view, void *arg);

/*
 * Shows `seen` the live sessions that fit `filter` (NULL: all), looking at `budget` entries at most.
 * True while there is more. The caller is a registered, online thread of the table's qsbr and
 * reports a quiescent state between calls, not within; a session that lives throughout the walk is
 * seen exactly once.
 */
bool sl_session_walk(const struct sl_session_table *t, struct sl_session_walk *walk,
		     unsigned int budget, const struct sl_session_filter *filter,
		     sl_session_seen seen, void *arg);

bool sl_session_fits(const struct sl_session_view *view, const struct sl_session_filter *filter);

/*
 * Asks the owner, who serves it in its next sweep if the session still is the one in `view`. One
 * control thread at a time. 0, or -EAGAIN when the owner's ring is full: wait and ask again.
 */
int sl_session_request_end(struct sl_session_table *t, const struct sl_session_view *view,
			   enum sl_session_end why);
/* It was judged by `generation` and stays, now under `rule`. */
int sl_session_request_judged(struct sl_session_table *t, const struct sl_session_view *view,
			      uint32_t generation, uint32_t rule);
struct sl_session_census {
	uint64_t live;		  /* exact while the workers stand still */
	uint64_t ended_by_policy; /* since the start; of sessions a walk found ended at least */
};
void sl_session_census(const struct sl_session_table *t, struct sl_session_census *census);

/* Requests made and not yet served, of all workers. */
unsigned int sl_session_requests_pending(const struct sl_session_table *t);
