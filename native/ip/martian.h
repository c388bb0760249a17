/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Addresses no packet on a wire may carry (RFC 1812 5.3.7, RFC 6890, RFC 4291). IPv4 in host order. */

static inline bool sl_ip4_is_multicast(uint32_t a)
{
	return a >> 28 == 0xe; /* RFC 5771 */
}

/* 224.0.0.0/24 is never forwarded (RFC 5771 section 4). */
static inline bool sl_ip4_is_link_multicast(uint32_t a)
{
	return a >> 8 == 0xe00000;
}

static inline bool sl_ip4_is_link_local(uint32_t a)
{
	return a >> 16 == 0xa9fe; /* RFC 3927 */
}

/* 0/8, 127/8 and all from 224/4 up. The unspecified address itself is judged by its use. */
static inline bool sl_ip4_martian_source(uint32_t a)
{
	uint32_t net = a >> 24;

	return net == 0 || net == 127 || net >= 224;
}

/* 0/8, 127/8, 240/4; the limited broadcast is no martian but local. */
static inline bool sl_ip4_martian_destination(uint32_t a)
{
	uint32_t net = a >> 24;

	return net == 0 || net == 127 || (net >= 240 && a != 0xffffffff);
}

static inline bool sl_ip6_is_unspecified(const uint8_t a[16])
{
	uint64_t w[2];

	memcpy(w, a, 16);
	return (w[0] | w[1]) == 0;
}

static inline bool sl_ip6_is_multicast(const uint8_t a[16])
{
	return a[0] == 0xff;
}

/* Link-local scope or less (RFC 4291 2.7). */
static inline bool sl_ip6_is_link_multicast(const uint8_t a[16])
{
	return a[0] == 0xff && (a[1] & 0x0f) <= 2;
}

static inline bool sl_ip6_is_link_local(const uint8_t a[16])
{
	return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

/* ::1, ::ffff:0:0/96 and the deprecated ::/96 (RFC 4291 2.5.5, RFC 6890), and :: itself. */
static inline bool sl_ip6_in_zeroes(const uint8_t a[16])
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	static const uint8_t zeroes[12];

	return a[0] == 0 && (memcmp(a, mapped, 12) == 0 || memcmp(a, zeroes, 12) == 0);
}

/* :: as a source is judged by its use (RFC 4862 5.4). */
static inline bool sl_ip6_martian_source(const uint8_t a[16])
{
	return sl_ip6_is_multicast(a) || (sl_ip6_in_zeroes(a) && !sl_ip6_is_unspecified(a));
}

/* RFC 4291 2.7: scopes 0 and 1 never appear on a wire. */
static inline bool sl_ip6_martian_destination(const uint8_t a[16])
{
	return sl_ip6_in_zeroes(a) || (sl_ip6_is_multicast(a) && (a[1] & 0x0f) <= 1);
}
