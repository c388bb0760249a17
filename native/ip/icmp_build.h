/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

#include "core/packet.h"
#include "layout.h"

/* RFC 1122 3.2.2, RFC 1812 4.3.2.7, RFC 4443 2.4 (e): is the packet one an error may answer? */
bool sl_icmp_may_answer(const struct rte_mbuf *m, const struct sl_pkt *p);

/*
 * Writes into the empty `error` a whole frame back to the sender of `m`: time exceeded where `mtu`
 * is 0, else fragmentation needed or packet too big with that MTU. `source` is of m's family.
 */
void sl_icmp_build(struct rte_mbuf *error, const struct rte_mbuf *m, const uint8_t *source,
		   uint16_t mtu);
