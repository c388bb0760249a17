// SPDX-License-Identifier: BSD-3-Clause
#include "firewall/limit.h"

#include <stdlib.h>

#include "core/offline.h"
#include "tables/tables.h"

struct sl_limits *sl_limits_create(uint32_t sources, uint64_t seed)
{
	struct sl_limits *l = aligned_alloc(64, sizeof(*l));

	if (!l)
		return NULL;
	memset(l, 0, sizeof(*l));
	if (sl_memory_create(&l->memory, "sluice-limits", SL_MAX_RULES * sizeof(*l->rule), 0))
		goto fail;
	l->rule = l->memory.base;
	if (sl_sources_create(&l->sources, sources, seed))
		goto fail;
	return l;
fail:
	sl_memory_destroy(&l->memory);
	free(l);
	return NULL;
}

void sl_limits_free(struct sl_limits *limits)
{
	if (!limits)
		return;
	sl_sources_destroy(&limits->sources);
	sl_memory_destroy(&limits->memory);
	free(limits);
}

/* What a rule's extra asks of single sources; false: nothing. */
static bool of_source(const struct sl_image_rule_extras *x, uint32_t slot,
		      const struct sl_flow *flow, bool session, struct sl_source_key *key,
		      struct sl_source_limit *limit)
{
	*limit = (struct sl_source_limit){
		.rate = sl_rate_make(x->source_rate_ns, x->source_burst),
		.sessions = x->source_sessions,
		.count = session && x->source_sessions,
	};
	if (!limit->rate.step && !limit->count)
		return false;
	if (flow->family == 4)
		sl_source_key4(key, slot, flow->v4.src, x->source_length4);
	else
		sl_source_key6(key, slot, flow->v6.src, x->source_length6);
	return true;
}

/* One more at once, unless there are `most`. */
static bool count(uint32_t *sessions, uint32_t most)
{
	uint32_t n = __atomic_load_n(sessions, __ATOMIC_RELAXED);

	do {
		if (n >= most)
			return false;
	} while (!__atomic_compare_exchange_n(sessions, &n, n + 1, true, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return true;
}

static void uncount(struct sl_limits *l, uint32_t slot)
{
	__atomic_fetch_sub(&l->rule[slot % SL_MAX_RULES].sessions, 1, __ATOMIC_RELAXED);
}

static enum sl_drop source_reason(enum sl_source_answer answer)
{
	static const enum sl_drop reason[] = {
		[SL_SOURCE_WITHIN] = SL_DROP_NONE,
		[SL_SOURCE_RATE] = SL_DROP_RULE_RATE_LIMIT,
		[SL_SOURCE_SESSIONS] = SL_DROP_RULE_SESSION_LIMIT,
		[SL_SOURCE_FULL] = SL_DROP_LIMIT_TABLE_FULL,
	};

	return reason[answer];
}

static const struct sl_image_rule_extras *extra_of(const struct sl_worker *w, uint32_t slot)
{
	return sl_tables_extra(w->tables, &(struct sl_rule){.slot = slot, .extra = 1});
}

static enum sl_drop admit(struct sl_worker *w, const struct sl_rule *rule,
			  const struct sl_image_rule_extras *x, const struct sl_flow *flow,
			  struct sl_limit_claim *claim)
{
	struct sl_limit_rule *of_rule = &w->dp->limits->rule[rule->slot % SL_MAX_RULES];
	struct sl_rate rate = sl_rate_make(x->rate_ns, x->burst);
	bool session = rule->action == SL_ACTION_ALLOW && !(rule->flags & SL_RULE_STATELESS);
	enum sl_drop reason;
	struct sl_source_limit limit;
	struct sl_source_key key;

	/* The cheapest first: most of a flood ends here. The token is taken when all else is done. */
	if (rate.step && !sl_rate_has(&rate, &of_rule->full_at, w->now_ns))
		return SL_DROP_RULE_RATE_LIMIT;
	claim->rule = rule->slot;
	if (session && x->sessions) {
		if (!count(&of_rule->sessions, x->sessions)) {
			claim->rule = 0;
			return SL_DROP_RULE_SESSION_LIMIT;
		}
		claim->counted = true;
	}
	if (of_source(x, rule->slot, flow, session, &key, &limit)) {
		reason = source_reason(sl_source_take(&w->dp->limits->sources, &key, &limit,
						      w->now_ns, &claim->source));
		if (reason)
			goto undo;
		claim->source_counted = limit.count;
	}
	if (!rate.step || sl_rate_take(&rate, &of_rule->full_at, w->now_ns))
		return SL_DROP_NONE;
	reason = SL_DROP_RULE_RATE_LIMIT;
	if (claim->source)
		sl_source_undo(&w->dp->limits->sources, claim->source, &key, &limit);
undo:
	if (claim->counted)
		uncount(w->dp->limits, rule->slot);
	*claim = (struct sl_limit_claim){0};
	return reason;
}

enum sl_drop sl_limit_admit(struct sl_worker *w, const struct sl_rule *rule,
			    const struct sl_flow *flow, struct sl_limit_claim *claim)
{
	const struct sl_image_rule_extras *x = sl_tables_extra(w->tables, rule);

	*claim = (struct sl_limit_claim){0};
	if (!x || (unlikely(w->offline) && sl_offline_stateless(w)))
		return SL_DROP_NONE;
	return admit(w, rule, x, flow, claim);
}

void sl_limit_undo(struct sl_worker *w, const struct sl_flow *flow, struct sl_limit_claim *claim)
{
	const struct sl_image_rule_extras *x;
	struct sl_source_limit limit;
	struct sl_source_key key;
	struct sl_rate rate;

	if (!claim->rule)
		return;
	/* These tables gave the claim, in this turn. */
	x = extra_of(w, claim->rule);
	rate = sl_rate_make(x->rate_ns, x->burst);
	if (claim->source &&
	    of_source(x, claim->rule, flow, claim->source_counted, &key, &limit))
		sl_source_undo(&w->dp->limits->sources, claim->source, &key, &limit);
	if (claim->counted)
		uncount(w->dp->limits, claim->rule);
	if (rate.step)
		sl_rate_give(&rate, &w->dp->limits->rule[claim->rule % SL_MAX_RULES].full_at);
	*claim = (struct sl_limit_claim){0};
}

void sl_limit_release(struct sl_limits *limits, const struct sl_extension *x)
{
	if (x->limit_rule)
		uncount(limits, x->limit_rule);
	if (x->limit_source)
		sl_source_release(&limits->sources, x->limit_source);
}
