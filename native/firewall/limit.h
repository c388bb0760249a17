/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "firewall/limit_source.h"
#include "session/extension.h"

struct sl_flow;
struct sl_rule;

/*
 * Limits of rules: new sessions in a time (of rules that open none: packets) and sessions at once,
 * of the rule and of each source. Kept by rule slot, so they outlive a change of tables: new figures
 * apply at once to what was counted before. Exact over all workers. A session counts for the rule
 * that opened it until it ends, whatever rule it is judged by later.
 */

/* What a decision has taken; all zero: nothing. */
struct sl_limit_claim {
	uint32_t rule;	 /* slot, whose tokens were taken; 0: none */
	uint32_t source; /* entry of the table of sources; 0: none */
	bool counted;	 /* as one of the rule's sessions */
	bool source_counted;
};

struct sl_limit_rule {
	uint64_t full_at;     /* sl_rate */
	uint64_t log_full_at; /* the same of its log records, see log.h */
	uint32_t sessions; /* at once */
	uint32_t spare;
};

#define SL_FLOOD_KINDS 4 /* see flood.h */

struct sl_limits {
	struct sl_limit_rule *rule; /* [SL_MAX_RULES] */
	struct sl_memory memory;
	struct sl_sources sources;
	/* Each zone's buckets in a line of their own. */
	struct sl_limit_zone {
		uint64_t full_at[SL_FLOOD_KINDS];
		uint64_t spare[4];
	} __attribute__((aligned(64))) zone[SL_MAX_ZONES];
};

/* For about `sources` sources that have a limit at a time. NULL: no memory. */
struct sl_limits *sl_limits_create(uint32_t sources, uint64_t seed);
void sl_limits_free(struct sl_limits *limits);

/*
 * May a flow that `rule` decides pass its limits? SL_DROP_NONE, with what it took in `claim`, to be
 * kept by the session that is opened, or undone; else the reason, nothing being taken. To be asked
 * once a decision. Where every packet stands alone (trace) nothing is over a limit.
 */
enum sl_drop sl_limit_admit(struct sl_worker *w, const struct sl_rule *rule,
			    const struct sl_flow *flow, struct sl_limit_claim *claim);

/* In the same turn: no session came of it. */
void sl_limit_undo(struct sl_worker *w, const struct sl_flow *flow, struct sl_limit_claim *claim);

/* Is there something to give back when the session ends? */
static inline bool sl_limit_holds(const struct sl_limit_claim *claim)
{
	return claim->counted || claim->source_counted;
}

static inline void sl_limit_keep(const struct sl_limit_claim *claim, struct sl_extension *x)
{
	x->limit_rule = claim->counted ? claim->rule : 0;
	x->limit_source = claim->source_counted ? claim->source : 0;
}

/* The session has ended. */
void sl_limit_release(struct sl_limits *limits, const struct sl_extension *x);
