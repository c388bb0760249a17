/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "firewall/judge.h"

/*
 * A zeroed record of an event of this rule, or NULL: beyond the rule's limit of records, or the
 * reader is behind. Both are counted in the ring. The caller ends with sl_log_commit().
 */
struct sl_log_record *sl_log_begin(struct sl_worker *w, uint32_t rule);

/* A record of a decision on a packet: LOG_DENY, or LOG_SESSION_START. */
void sl_log_decision(struct sl_worker *w, uint8_t type, const struct sl_pkt *p,
		     const struct sl_flow *flow, const struct sl_decision *decision);

/* LOG_NAT_FULL: there is no port or address left for this flow. Once a second, of the first. */
void sl_log_pool_full(struct sl_worker *w, const struct sl_pkt *p, const struct sl_flow *flow,
		      uint32_t rule);

/* What the other side of a session sees, where that is something else: the way back, turned round. */
void sl_log_far(struct sl_log_record *r, sl_session_ref ref, const struct sl_session *s);
