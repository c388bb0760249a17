/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "firewall/conditions.h"
#include "firewall/limit.h"
#include "firewall/way.h"
#include "session/table.h"

/* What the policy says of a flow. */
struct sl_decision {
	uint32_t rule; /* slot: a rule's, an implicit one's or the default's */
	bool allow;
	bool log;
	uint16_t reason;  /* enum sl_drop where not allowed */
	uint8_t verdict;  /* SL_VERDICT_* */
	uint8_t flags;	  /* SL_RULE_* of the rule */
	const struct sl_rule *match; /* NULL where no rule of the file decided */
	struct sl_limit_claim claim; /* what the rule's limits have counted for it */
};

/* The flow a packet would open; of an ICMP error, the error itself. */
void sl_flow_of_packet(const struct rte_mbuf *m, struct sl_flow *flow);

/* The flow a session was opened by, with its real addresses. */
void sl_flow_of_session(sl_session_ref ref, const struct sl_session *s, struct sl_flow *flow);

/*
 * Rules nobody writes that come before the policy: what the box must take from its links to have
 * neighbours, addresses and tunnels. The slot, or RULE_DEFAULT_DENY when none fits and the policy is to be
 * asked.
 */
uint32_t sl_implicit_rule(const struct sl_tables *tables, uint16_t from, uint16_t to,
			  const struct sl_flow *flow);

/*
 * From what sl_implicit_rule found, or the policy: sl_tables_judge, then sl_conditions_settle where
 * the rule has conditions. Without a match the box itself may send, and all else is denied.
 */
void sl_decision_make(const struct sl_tables *tables, uint16_t from, uint32_t implicit,
		      const struct sl_rule *match, struct sl_decision *decision);

/* All in one, for a single flow. */
void sl_decide(const struct sl_tables *tables, uint16_t from, uint16_t to, const struct sl_flow *flow,
	       const struct sl_seen *seen, struct sl_decision *decision);

/* A live session looked at with today's tables and routes. */
struct sl_judgement {
	struct sl_decision decision;
	bool stays;	   /* allowed by a rule that keeps sessions, or of a policy that keeps them all */
	struct sl_way way; /* of direction 0; where no route is left, what it was */
	uint16_t from;
	uint16_t to;
	uint32_t generation; /* of the zone pair, to be kept with the verdict */
};

/*
 * Judges a live session again, changing nothing: any thread that may look at it. Its route is looked
 * up, so that a change into another egress zone is judged by that zone's policy; a route that is
 * gone for now leaves the verdict with the zone it had. `now_s` is for schedules.
 */
void sl_judge_session(const struct sl_tables *tables, const struct sl_fib *fib, sl_session_ref ref,
		      const struct sl_session *s, uint64_t now_s, struct sl_judgement *j);

/* ICMP type * 256 + code a session was opened with; TCP's sequence fields are free for it. */
static inline void sl_session_set_icmp(struct sl_session *s, uint16_t icmp)
{
	s->end[0] = icmp;
}
