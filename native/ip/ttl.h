/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_byteorder.h>
#include <stdint.h>
#include <string.h>

#include "ip/checksum.h"

/* RFC 1812 5.3.1, RFC 8200 3: one less on the way, and never out with zero. */
static inline void sl_ttl_decrement(uint8_t *ip, uint8_t family)
{
	uint16_t before, after, checksum;

	if (family == 6) {
		ip[7]--;
		return;
	}
	memcpy(&before, ip + 8, 2);
	memcpy(&checksum, ip + 10, 2);
	/* The TTL is the word's first byte; a load of what a byte was just stored to would wait. */
	after = (uint16_t)(before - RTE_BE16(0x0100));
	checksum = sl_checksum_update(checksum, before, after);
	memcpy(ip + 8, &after, 2);
	memcpy(ip + 10, &checksum, 2);
}
