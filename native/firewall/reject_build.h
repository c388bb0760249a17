/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

/*
 * Writes into the empty `reset` a whole frame that answers the TCP packet `m` as a host would that
 * knows nothing of the connection, MACs changed about; in the name of m's destination. False if it
 * is one that is not answered: a reset.
 */
bool sl_reset_build(struct rte_mbuf *reset, const struct rte_mbuf *m, uint8_t ttl);
