/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "firewall/limit.h"
#include "tables/tables.h"

/*
 * What rules ask beyond the tuple that the classifier knows. Only flows whose rule has conditions
 * come here: if one does not hold the match goes on behind that rule.
 */

#define SL_SEEN_NO_MAC UINT64_MAX

/* What conditions look at: the packet at hand, or a live session. */
struct sl_seen {
	uint64_t now_s;	    /* since 1970 UTC */
	uint64_t mac;	    /* source, first byte in bits 40..47 */
	uint32_t opened_by; /* a live session: its rule; a packet: SL_RULE_NOT_ASKED */
	uint32_t translation; /* slot of the rule that gave the destination; TRANSLATION_NONE */
	uint16_t in, out;   /* interface slots, IFACE_NONE for the box */
	uint8_t tcp_flags;
	uint8_t dscp;
	/* A packet that opens or passes by what is found: limits that lead to the next rule count. */
	struct sl_worker *worker;
	struct sl_limit_claim *claim; /* NULL: none is asked */
};

/* Of a packet from the Ethernet header on, parsed; out of `out`. */
void sl_seen_packet(const struct rte_mbuf *m, uint16_t out, uint64_t now_s, struct sl_seen *seen);

/*
 * Of a session. What only its first packet had is taken as it was: such a condition holds exactly
 * for the rule the session lives by. Interfaces and schedules are asked anew.
 */
void sl_seen_session(uint32_t rule, uint16_t in, uint16_t out, uint64_t now_s, struct sl_seen *seen);

/* The first rule from `rule` on whose conditions hold, or NULL; `rule` as sl_tables_judge gave it. */
const struct sl_rule *sl_conditions_settle(const struct sl_tables *tables, uint16_t from,
					   uint16_t to, const struct sl_flow *flow,
					   const struct sl_seen *seen, const struct sl_rule *rule);
