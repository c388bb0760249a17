/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "firewall/judge.h"

/* A record of a decision on a packet: LOG_DENY, or LOG_SESSION_START. */
void sl_log_decision(struct sl_worker *w, uint8_t type, const struct sl_pkt *p,
		     const struct sl_flow *flow, const struct sl_decision *decision);
