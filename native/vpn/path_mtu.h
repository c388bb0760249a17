/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "vpn/esp.h"

/* What the inner packet may have for the sealed one to be no longer than `mtu`. */
static inline uint32_t sl_esp_inner_most(const struct sl_sa *sa, uint32_t mtu)
{
	uint32_t overhead = (uint32_t)sa->outer_length + SL_ESP_HEADER + sa->iv + sa->icv;
	uint32_t room = mtu > overhead ? (mtu - overhead) & ~(sa->align - 1u) : 0;

	return room > SL_ESP_TRAILER ? room - SL_ESP_TRAILER : 0;
}

/*
 * RFC 4301 8.2.1: an ICMP error that quotes something of port 4500 or ESP, its key turned round. Where
 * it says that what an SA sealed was too big for a link on the way, no more of that size goes into
 * the tunnel: its senders are told by the next they send. Any worker.
 */
void sl_esp_path_mtu(const struct sl_worker *w, const struct rte_mbuf *m);
