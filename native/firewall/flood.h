/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "firewall/limit.h"

/*
 * New sessions that a zone, and each source in it, may ask for in a second, with as many at once:
 * judged before the policy is, so that a flood costs no lookup of rules. Sources first, or one of
 * them would use up what all share. A source is an IPv4 address or an IPv6 /64.
 */
enum sl_flood_kind { SL_FLOOD_SYN, SL_FLOOD_UDP, SL_FLOOD_ICMP, SL_FLOOD_OTHER };
static_assert(SL_FLOOD_OTHER + 1 == SL_FLOOD_KINDS, "a bucket each");

/* SL_DROP_NONE, or why the packet of a flow from a wire may open nothing now. */
enum sl_drop sl_flood(struct sl_worker *w, const struct sl_pkt *p);
