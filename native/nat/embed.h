/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * IPv4 addresses in IPv6 ones (RFC 6052 2.2): behind a prefix of 32, 40, 48, 56, 64 or 96 bits, with
 * bits 64 to 71 left zero. All in network order.
 */

/*
 * The well-known prefix, 64:ff9b::/96. Policies see every destination behind NAT64 by it, whatever
 * prefix its client used.
 */
extern const uint8_t sl_nat64_prefix[16];

static inline bool sl_nat64_length_ok(uint32_t length)
{
	return length == 96 || (length >= 32 && length <= 64 && length % 8 == 0);
}

void sl_nat64_embed(const uint8_t prefix[16], uint32_t length, const uint8_t address[4],
		    uint8_t out[16]);
void sl_nat64_extract(const uint8_t from[16], uint32_t length, uint8_t address[4]);

/*
 * May the IPv4 address be reached by this prefix? None that is no host's; of the well-known prefix
 * none that is not global either (RFC 6052 3.1), so that it opens no private network.
 */
bool sl_nat64_reachable(const uint8_t prefix[16], uint32_t length, const uint8_t address[4]);
