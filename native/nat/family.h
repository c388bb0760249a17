/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "session/table.h"

/*
 * IP/ICMP translation (RFC 7915) of the packets of NAT64 sessions (RFC 6146): another header, of the
 * other family, with the addresses and ports of the session's other side. Options, extension headers
 * and the flow label do not cross.
 */

#define SL_IP6_LEAST_MTU 1280u /* RFC 8200 5 */

/*
 * A packet that is no error, headers whole in the first segment. Without DF, IPv4 packets that do
 * not fit the least MTU of IPv6 become several (RFC 7915 4): `rest` gets those after the first, a
 * list by sl_pkt.held. SL_DROP_NAT64_UNTRANSLATABLE or SL_DROP_NO_MBUF: the packet is to be dropped.
 */
enum sl_drop sl_family_change(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s,
			      struct rte_mbuf **rest);

/* An ICMP error about a packet of the session. */
enum sl_drop sl_family_error(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s);

/*
 * Bytes the packet has once changed; `df`: they are not to be cut on the way, and `header` of them
 * come on top of what it has now (negative: fall away).
 */
uint32_t sl_family_length(const struct rte_mbuf *m, bool *df, int *header);

/* For family_error.c: headers without payload, and what becomes of a query's or its answer's type. */
void sl_family_head4(struct sl_worker *w, uint8_t *ip, const struct sl_key4 *back, uint8_t tos,
		     uint8_t ttl, uint8_t proto, uint32_t length);
void sl_family_head6(uint8_t *ip, const uint8_t *src, const uint8_t *dst, uint8_t class,
		     uint8_t hops, uint8_t proto, uint32_t payload);
uint8_t sl_family_query(uint8_t type);

/* The sum that ICMP's checksum changes by: its type's, and the pseudo header's that IPv6 has. */
uint64_t sl_family_icmp_sum(uint8_t family, const uint8_t *before, const uint8_t *after,
			    uint32_t length);

static inline void sl_put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}
