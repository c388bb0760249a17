/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The Internet checksum (RFC 1071) as headers need it. Values stay in network order throughout. */

static inline uint16_t sl_checksum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Sum of `length` bytes (a multiple of 4), unfolded. */
static inline uint64_t sl_checksum_words(const uint8_t *bytes, uint32_t length)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < length; i += 4) {
		uint32_t word;

		memcpy(&word, bytes + i, 4);
		sum += word;
	}
	return sum;
}

/* RFC 1812 4.2.2.5: the header's checksum is verified by whoever looks at the header. */
static inline bool sl_ip4_checksum_ok(const uint8_t *ip, uint32_t header)
{
	/* Almost every header has 20 bytes: with the length known the loop unrolls. */
	uint64_t sum = sl_checksum_words(ip, 20);

	if (header > 20)
		sum += sl_checksum_words(ip + 20, header - 20);
	return sl_checksum_fold(sum) == 0xffff;
}

/* RFC 1624, equation 3: the checksum once a 16-bit field `from` became `to`. */
static inline uint16_t sl_checksum_update(uint16_t checksum, uint16_t from, uint16_t to)
{
	uint32_t sum = (uint32_t)(uint16_t)~checksum + (uint16_t)~from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
