/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tables/tables.h"

/* Addresses that NAT gives out. All in network order, IPv4 in the first four bytes. */

/* Puts the first `length` bits of `prefix` in place of those of `address`. */
void sl_nat_prefix(const uint8_t prefix[16], uint32_t length, uint8_t address[16]);

/*
 * The same, and of NAT_NEUTRAL 16 more bits change, so that the address's sum stays what it was
 * (RFC 6296). False where no address may be had from this one.
 */
bool sl_nat_map(const struct sl_image_translations *t, uint8_t address[16]);

/* The address an interface lends for translation; NULL where it has none of the family. */
const uint8_t *sl_nat_iface_address(const struct sl_tables *tables, uint16_t slot, uint8_t family);

/* Is it one of the interface's addresses? */
bool sl_nat_is_of_iface(const struct sl_tables *tables, uint16_t slot, uint8_t family,
			const uint8_t address[16]);

bool sl_nat_in_set(const struct sl_image *image, uint32_t set, uint8_t family,
		   const uint8_t address[16]);

/* Addresses of a set, 2^32 - 1 at most. */
uint32_t sl_nat_set_size(const struct sl_image *image, uint32_t set, uint8_t family);

/* The `n`-th of them, counted round. */
void sl_nat_set_at(const struct sl_image *image, uint32_t set, uint8_t family, uint32_t n,
		   uint8_t address[16]);
