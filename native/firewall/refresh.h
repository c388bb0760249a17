/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "firewall/judge.h"

/* Is what the session was judged by still in force? Two words to compare, on every packet. */
static inline bool sl_session_current(const struct sl_worker *w, const struct sl_session *s)
{
	return s->generation == sl_tables_pair_generation(w->tables, s->from, s->to) &&
	       s->epoch == w->routing_epoch;
}

/*
 * Owner: judges a session again, looks up its adjacencies anew if routes changed, and ends it if it
 * is no longer allowed: SL_DROP_POLICY_CHANGED then. One whose rule keeps no sessions any more ends
 * too, without a reason to drop the packet.
 */
enum sl_drop sl_session_refresh(struct sl_worker *w, sl_session_ref ref, struct sl_session *s);

/* Owner: the adjacencies of both directions, and the routing epoch they were looked up in. */
void sl_session_route(struct sl_worker *w, sl_session_ref ref, struct sl_session *s,
		      const struct sl_way *way);
