/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/refresh.h"

#include "core/count.h"
#include "firewall/edit.h"
#include "helpers/helper.h"
#include "routing/adjacency.h"
#include "session/sequence.h"

void sl_session_route(struct sl_worker *w, sl_session_ref ref, struct sl_session *s,
		      const struct sl_way *way)
{
	s->epoch = w->routing_epoch;
	if (s->flags & (SL_SESSION_FROM_HOST | SL_SESSION_TO_HOST)) {
		unsigned int inward = s->flags & SL_SESSION_FROM_HOST ? 1 : 0;

		/* What the kernel sends has its Ethernet header already. */
		s->adjacency[inward] = SL_ADJ_LOCAL;
		s->adjacency[inward ^ 1] = SL_ADJ_RAW;
		/* Of policy-based tunnels it knows nothing: there is no route. */
		if (unlikely(way->tunnel))
			s->adjacency[0] = sl_way_adjacency(way, sl_session_family(ref, s, 1),
							   sl_session_source(ref, s, 1));
		else if (inward == 0 && unlikely(sl_way_is_policy(w->tables, s->in)))
			s->adjacency[1] = sl_way_back(w, s->in, sl_session_family(ref, s, 0),
						      sl_session_source(ref, s, 0));
		return;
	}
	s->adjacency[0] = sl_way_adjacency(way, sl_session_family(ref, s, 1),
					   sl_session_source(ref, s, 1));
	s->adjacency[1] = sl_way_back(w, s->in, sl_session_family(ref, s, 0),
				      sl_session_source(ref, s, 0));
}

/* By another rule it may have another helper, or none: then it goes on without. */
static void keep_helper(struct sl_worker *w, struct sl_session *s)
{
	struct sl_extension *x = sl_session_record(w->dp->sessions, s);

	if (sl_tables_helper(w->tables, s->rule) != x->helper)
		sl_helper_end(w->dp, s, x, false);
}

enum sl_drop sl_session_refresh(struct sl_worker *w, sl_session_ref ref, struct sl_session *s)
{
	struct sl_judgement j;

	sl_judge_session(w->tables, w->dp->fib, ref, s, sl_now_s(w), &j);
	if (!j.stays) {
		sl_session_end(w->sessions, ref, SL_END_POLICY, w->now_ms);
		/* Its packets may pass without it: the miss says. */
		if (j.decision.allow)
			return SL_DROP_NONE;
		sl_count_rule(w, j.decision.rule);
		return SL_DROP_POLICY_CHANGED;
	}
	s->rule = j.decision.rule;
	if (unlikely(s->flags & SL_SESSION_HELPER) && !sl_helper_is_child(s))
		keep_helper(w, s);
	s->from = (uint8_t)j.from;
	s->to = (uint8_t)j.to;
	s->out = j.way.out;
	s->generation = j.generation;
	if (sl_edit_always(w->tables, s->rule))
		s->flags |= SL_SESSION_EDIT;
	else
		s->flags &= (uint16_t)~SL_SESSION_EDIT;
	/* A destination that became the box's own, or ceased to be. */
	if (!(s->flags & SL_SESSION_FROM_HOST)) {
		if (j.to == SL_ZONE_LOCAL)
			s->flags |= SL_SESSION_TO_HOST;
		else
			s->flags &= (uint16_t)~SL_SESSION_TO_HOST;
	}
	if (s->epoch != w->routing_epoch)
		sl_session_route(w, ref, s, &j.way);
	return SL_DROP_NONE;
}
