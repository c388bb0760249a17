/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables/classifier.h"
#include "tables/image.h"

struct sl_selectors;

/* Parts to ask in order: of one zone pair, or for what arrives from a zone. */
struct sl_pair {
	uint32_t first; /* into sl_tables.pair_classifiers */
	uint32_t parts; /* 0: nothing fits */
};

/* New sessions from a zone, as sl_rate has them: ns between two and ns that may be used at once. */
struct sl_tables_floods {
	uint64_t step[5]; /* TCP, UDP, ICMP, others, of one source; 0: no limit */
	uint64_t depth[5];
};

/*
 * Everything compiled from one image. Immutable once built: workers read it without locks between
 * two quiescent states, the control side swaps the pointer and frees the old after a grace period.
 */
struct sl_tables {
	struct sl_image image; /* view of an own copy */
	uint64_t generation;   /* the image's */
	/*
	 * By from * SL_MAX_ZONES + to: 0 for a pair no tables ever had; raised when the pair's hash
	 * differs from the tables' before or the pair appears or disappears, or when a schedule of
	 * one of its rules begins or ends, else kept. A session judged under the same generation
	 * needs no new judging. The one thing in tables that changes, by the control side alone.
	 */
	const uint32_t *pair_generation;
	const struct sl_pair *pairs;	  /* same index */
	const struct sl_pair *departures; /* same index: source NAT */
	struct sl_pair arrivals[SL_MAX_ZONES]; /* destination NAT */
	const struct sl_classifier *const *pair_classifiers;
	/* By slot; NULL or 0 where the image has none. */
	const struct sl_image_interfaces *ifaces[SL_MAX_IFACES];
	const struct sl_image_zones *zones[SL_MAX_ZONES];
	const struct sl_image_proxies *proxies[SL_MAX_IFACES];
	uint16_t zone_flags[SL_MAX_ZONES]; /* SL_ZONE_* */
	struct sl_selectors *selectors; /* of policy-based tunnels; NULL without */
	uint8_t rule_flags;		   /* SL_RULE_* that any rule has */
	uint8_t balancer_flags;		   /* SL_BALANCER_* that any balancer has */
	struct sl_tables_floods floods[SL_MAX_ZONES];
};

/* What a build did, for `apply` and the log. */
struct sl_tables_stats {
	uint32_t parts, parts_built, parts_kept;
	uint32_t pairs_changed;
	uint64_t bytes; /* of the image copy and all classifiers in use */
	uint64_t validate_ns, build_ns;
};

/*
 * Builds tables from an image of any origin; `bytes` is copied and need not be aligned. Parts whose
 * hash `previous` (may be NULL) has are shared with it; it may be freed before or after the result.
 * Not reentrant over the same `previous` from two threads. NULL and `error` on failure. `stats` may
 * be NULL.
 */
struct sl_tables *sl_tables_build(const void *bytes, size_t size, const struct sl_tables *previous,
				  char *error, size_t error_size, struct sl_tables_stats *stats);
void sl_tables_free(struct sl_tables *tables);

/*
 * First match over the parts of (from, to); out[i] = NULL is the default of the pair. Zones beyond
 * SL_MAX_ZONES fit nothing.
 */
void sl_tables_judge(const struct sl_tables *tables, uint16_t from, uint16_t to,
		     const struct sl_flow *const *flows, const struct sl_rule **out, uint32_t n);

/* The same over parts of any kind. */
void sl_tables_match(const struct sl_tables *tables, const struct sl_pair *parts,
		     const struct sl_flow *const *flows, const struct sl_rule **out, uint32_t n);

/*
 * Goes on behind `after`, which sl_tables_judge or this gave for the same flow and pair; `cursor` is
 * as the call before left it, zero before the first.
 */
const struct sl_rule *sl_tables_judge_after(const struct sl_tables *tables, uint16_t from,
					    uint16_t to, const struct sl_flow *flow,
					    const struct sl_rule *after, struct sl_cursor *cursor);

/* The record of a rule slot (name, policy, file, line), or NULL. */
const struct sl_image_rules *sl_tables_rule(const struct sl_tables *tables, uint32_t slot);

/*
 * The same for a single flow over parts of any kind, NULL without a match; `after` NULL for the
 * first match.
 */
const struct sl_rule *sl_tables_ask(const struct sl_tables *tables, const struct sl_pair *parts,
				    const struct sl_flow *flow, const struct sl_rule *after,
				    struct sl_cursor *cursor);

/* Parts of the policies of a pair of zones. */
static inline const struct sl_pair *sl_tables_pair(const struct sl_tables *tables, uint16_t from,
						   uint16_t to)
{
	return &tables->pairs[from % SL_MAX_ZONES * SL_MAX_ZONES + to % SL_MAX_ZONES];
}

/* Parts of destination NAT for what arrives from a zone, and of source NAT for a pair of zones. */
static inline const struct sl_pair *sl_tables_arrivals(const struct sl_tables *tables, uint16_t from)
{
	return &tables->arrivals[from % SL_MAX_ZONES];
}

static inline const struct sl_pair *sl_tables_departures(const struct sl_tables *tables,
							 uint16_t from, uint16_t to)
{
	return &tables->departures[from % SL_MAX_ZONES * SL_MAX_ZONES + to % SL_MAX_ZONES];
}

/* What a NAT rule does; NULL if the slot is none's. */
static inline const struct sl_image_translations *
sl_tables_translation(const struct sl_tables *tables, uint32_t slot)
{
	const struct sl_image_rules *record = sl_tables_rule(tables, slot);

	return record != NULL && record->action == SL_ACTION_TRANSLATE ?
		       &tables->image.translations[record->extra] :
		       NULL;
}

/* What an interface answers ARP and neighbour solicitations for beside its own; NULL: nothing. */
static inline const struct sl_image_proxies *sl_tables_proxy(const struct sl_tables *tables,
							     uint16_t iface)
{
	return tables->proxies[iface % SL_MAX_IFACES];
}

static inline const struct sl_rule *sl_tables_judge_one(const struct sl_tables *tables,
							uint16_t from, uint16_t to,
							const struct sl_flow *flow)
{
	const struct sl_rule *rule;

	sl_tables_judge(tables, from, to, &flow, &rule, 1);
	return rule;
}

static inline uint32_t sl_tables_pair_generation(const struct sl_tables *tables, uint16_t from,
						 uint16_t to)
{
	return __atomic_load_n(&tables->pair_generation[(uint32_t)(from % SL_MAX_ZONES) *
								SL_MAX_ZONES +
							to % SL_MAX_ZONES],
			       __ATOMIC_RELAXED);
}

/*
 * Right before `tables` take over from `previous` (NULL: the first): what happened to the running
 * ones since `tables` were built counts too. `now_s`: as for sl_tables_schedules. Control side.
 */
void sl_tables_follow(struct sl_tables *tables, struct sl_tables *previous, uint64_t now_s);

/*
 * Raises the generations of the pairs whose schedules began or ended since the last call; returns
 * how many. `now_s` is a time that every worker's clock has passed. Control side, once a second.
 */
uint32_t sl_tables_schedules(struct sl_tables *tables, uint64_t now_s);

/* What few rules have beside; NULL for the others. */
static inline const struct sl_image_rule_extras *sl_tables_extra(const struct sl_tables *tables,
								 const struct sl_rule *rule)
{
	const struct sl_image_rules *record = rule->extra ? sl_tables_rule(tables, rule->slot) : NULL;

	return record != NULL && record->extra != SL_EXTRA_NONE &&
			       record->action != SL_ACTION_TRANSLATE ?
		       &tables->image.rule_extras[record->extra] :
		       NULL;
}

/* The helper of a rule, SL_HELPER_*; HELPER_NONE where the slot is no rule's that allows. */
static inline uint8_t sl_tables_helper(const struct sl_tables *tables, uint32_t slot)
{
	const struct sl_image_rules *record = sl_tables_rule(tables, slot);

	return record != NULL && record->action == SL_ACTION_ALLOW &&
			       record->extra != SL_EXTRA_NONE ?
		       tables->image.rule_extras[record->extra].helper :
		       SL_HELPER_NONE;
}

/*
 * Do sessions of this rule live on whatever the policy says of them? As its policy says now; of a
 * rule that is gone, as it said at last.
 */
bool sl_tables_keeps(const struct sl_tables *tables, uint32_t slot);

/* Is it an address of one of the box's interfaces (management ports apart)? Host order. */
bool sl_tables_is_local4(const struct sl_tables *tables, uint32_t address);
bool sl_tables_is_local6(const struct sl_tables *tables, uint64_t high, uint64_t low);

/*
 * RFC 1812 4.2.3.1: 255.255.255.255 or {prefix, -1} of an interface's subnet of at most 30 bits
 * (RFC 3021: a /31 has none). Host order.
 */
bool sl_tables_is_broadcast4(const struct sl_tables *tables, uint32_t address);
