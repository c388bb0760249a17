/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "host/plan.h"

/*
 * Who had an address before, or had it elsewhere, is still in the caches of neighbours: addresses
 * the box answers ARP for are announced (RFC 5227 2.3), twice, once they are new or their link comes
 * up. IPv4 alone: an advertisement of a proxy may override nobody (RFC 4861 7.2.8).
 */

/* What of the plan was announced by the one before it needs no more. */
void sl_announce_keep(struct sl_plan *plan, const struct sl_plan *before);

/* The link of this interface went away. */
void sl_announce_forget(struct sl_plan *plan, uint16_t slot);

/* Sends what is due, a few at a time, by the way frames of a TAP go. Each tick of the host thread. */
void sl_announce(struct sl_datapath *dp, struct sl_plan *plan, const struct sl_taps *taps,
		 uint64_t now_ms);
