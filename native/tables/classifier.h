/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tables/image.h"

/*
 * What rules look at: the tuple of a flow's first packet with real addresses, all host order.
 * ICMP and ICMPv6: dport = type * 256 + code, sport 0. Protocols without ports: both 0.
 */
struct sl_flow {
	uint8_t family; /* 4 or 6; nothing else matches any rule */
	uint8_t proto;
	uint16_t sport;
	uint16_t dport;
	uint16_t spare;
	union {
		struct {
			uint32_t src, dst;
		} v4;
		struct {
			uint64_t src[2], dst[2]; /* high word, low word */
		} v6;
	};
};
static_assert(sizeof(struct sl_flow) == 40, "sl_flow");

/* The matched rule, as much as a worker needs; the rest is in the image, see sl_tables_rule. */
struct sl_rule {
	uint32_t slot;
	uint8_t action; /* SL_ACTION_* */
	uint8_t flags;	/* SL_RULE_* */
	uint16_t extra; /* not 0: it has an extra, see sl_tables_extra */
};

/* First match over the rules of one part; immutable once built, any number of readers. */
struct sl_classifier;

/* Beyond this many bytes, at work and built, a part is refused. */
#define SL_CLASSIFIER_MAX_BYTES (1536ull << 20)

/* NULL and `error` if the part needs too much memory (the text says how much the limit is). */
struct sl_classifier *sl_classifier_build(const struct sl_image *image, uint32_t part, char *error,
					  size_t error_size);
void sl_classifier_free(struct sl_classifier *classifier);

/* Memory it holds, bytes. */
size_t sl_classifier_bytes(const struct sl_classifier *classifier);

/*
 * out[i] = the first rule that matches flows[i], or NULL. Families may be mixed. Faster per flow
 * the more flows a call has, up to about 32. Pointers live as long as the classifier.
 */
void sl_classifier_match(const struct sl_classifier *classifier, const struct sl_flow *const *flows,
			 const struct sl_rule **out, uint32_t n);

/* How far the match of one flow has come; zero before the first sl_..._after. */
struct sl_cursor {
	uint32_t part; /* of the zone pair */
	const struct sl_classifier *of; /* whose classes these are */
	uint32_t class[4];
};

/*
 * The next rule behind `after`, which an earlier match gave for this flow; NULL for the first one.
 * For the few flows whose rule has conditions that do not hold: slower than sl_classifier_match.
 */
const struct sl_rule *sl_classifier_match_after(const struct sl_classifier *classifier,
						const struct sl_flow *flow,
						const struct sl_rule *after,
						struct sl_cursor *cursor);

/* Was the rule, as a flow of this family got it, given by this classifier? */
bool sl_classifier_has(const struct sl_classifier *classifier, uint8_t family,
		       const struct sl_rule *rule);
