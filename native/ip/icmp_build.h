/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

#include "core/datapath.h"
#include "core/packet.h"

/* RFC 1122 3.2.2, RFC 1812 4.3.2.7, RFC 4443 2.4 (e): is the packet one an error may answer? */
bool sl_icmp_may_answer(const struct rte_mbuf *m, const struct sl_pkt *p);

/* Is there a token for one more packet of the box's own? Takes it. */
bool sl_icmp_allowed(struct sl_worker *w);

/* The first address of this family that the interface has (RFC 1812 4.3.2.4), or NULL. */
const uint8_t *sl_icmp_source(const struct sl_tables *tables, uint16_t slot, uint8_t family);

/* What an error says. */
struct sl_icmp_answer {
	uint8_t type, code; /* of ICMP or ICMPv6, as the packet's family */
	uint8_t ttl;	    /* or hop limit */
	uint16_t mtu;	    /* fragmentation needed (RFC 1191), packet too big; else 0 */
	const uint8_t *source; /* address of m's family */
};

/* Writes into the empty `error` a whole frame back to the sender of `m`, MACs changed about. */
void sl_icmp_build(struct rte_mbuf *error, const struct rte_mbuf *m,
		   const struct sl_icmp_answer *answer);

/* The sum of a message of ICMPv6 and its pseudo header (RFC 8200 8.1): 0xffff when it is right. */
uint16_t sl_icmp6_sum(const uint8_t *ip, const uint8_t *icmp, uint32_t length);
