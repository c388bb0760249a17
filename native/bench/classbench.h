/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "tables/classifier.h"
#include "test/image_builder.h"

/* One line of a ClassBench filter set; the flags column is ignored. */
struct cb_rule {
	uint32_t src[2], dst[2]; /* lo, hi */
	uint16_t sport[2], dport[2];
	uint8_t src_length, dst_length;
	uint8_t proto;
	bool any_proto;
};

struct cb_set {
	struct cb_rule *rules;
	uint32_t count;
	struct sl_flow *flows;
	uint32_t flow_count;
	bool v6;
};

/* Reads FILE and, if not NULL, TRACE (both may be .gz); exits with a message on failure. */
void cb_read(struct cb_set *set, const char *file, const char *trace);
void cb_free(struct cb_set *set);

/*
 * The set as a table image of one policy and part 0, as `import classbench` understands it: ports
 * on other exact protocols are ignored; ports with any protocol mean TCP, UDP and SCTP. Equal
 * prefixes and services share their sets.
 */
void cb_image(const struct cb_set *set, struct image_builder *b);

/*
 * Turns the flows and cb_image's ranges to IPv6: an IPv4 address becomes bits 32..63 of
 * 2001:db8::/32, the interface identifier of the flows is random.
 */
void cb_to_v6(struct cb_set *set);
