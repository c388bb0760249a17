/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_ring.h>

#include "vpn/flight.h"

/*
 * One fat tunnel on many workers: its SA's home keeps numbers, replay and order, and while it is
 * pressed gives part of the crypto to workers that are not. What they do is a flight like any other
 * (vpn/flight.h): it lands in its turn. Only where workers do not share CPUs, so that none sleeps.
 */

/* A ring of what others ask of worker `index`; 0 or -ENOMEM. */
int sl_spread_create(const struct sl_datapath *dp, unsigned int index, struct sl_flights *fl);

/* Hands these to the others, in parts; what nobody takes is done here. */
void sl_spread_ask(struct sl_worker *w, struct rte_crypto_op **op, uint32_t n);

static inline bool sl_spread_asked(const struct sl_flights *fl)
{
	return fl->asked && !rte_ring_empty(fl->asked);
}

/* Does some of what was asked of this worker. */
void sl_spread_help(struct sl_worker *w);

/*
 * The oldest flight is still with another worker: does some of what that has not begun, if this one
 * has nothing else to do, or too many wait.
 */
void sl_spread_take_back(struct sl_worker *w);
