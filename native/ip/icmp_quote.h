/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>

#include "core/packet.h"

/*
 * An ICMP or ICMPv6 error that was parsed up to its own header: verifies it and the packet it
 * quotes, and makes `p`'s key the quoted packet's turned round, which is the key of the session's
 * packets that go the way of the error.
 */
enum sl_drop sl_icmp_quote(struct rte_mbuf *m, struct sl_pkt *p);

/*
 * Bytes of the quoted packet, of `have` that are there. RFC 4884, 5: a length in the header, in words
 * of four bytes or, over IPv6, eight, says where the quote ends and extensions begin. 0 if it lies.
 */
uint32_t sl_icmp_quoted(const struct sl_pkt *p, const uint8_t *icmp, uint32_t have);
