/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/*
 * AES-GCM (NIST SP 800-38D) with nonces of 12 bytes and tags of 16, for CPUs with AVX2, VAES and
 * VPCLMULQDQ: an engine of ours (vpn/engine.h), in constant time for a given length.
 */
struct sl_gcm;

/* Has this CPU what it takes? */
bool sl_gcm_here(void);

/* A key of 16, 24 or 32 bytes, one way; NULL when out of memory. */
struct sl_gcm *sl_gcm_create(const uint8_t *key, uint32_t length, bool seals);
/* Overwrites it. */
void sl_gcm_free(struct sl_gcm *g);

/* What goes with a packet: 8 or 12 bytes that are authenticated beside it, and where its tag is. */
struct sl_gcm_packet {
	uint8_t *data; /* in place; 16 bytes behind its end can be read and written, and stay as they are */
	uint32_t length;
	const uint8_t *nonce;
	const uint8_t *beside;
	uint32_t beside_length;
	uint8_t *tag; /* written, or compared; it may be right behind the data */
};

/* False, when it opens, for what is not authentic; the data is of no use then. */
bool sl_gcm_process(const struct sl_gcm *g, const struct sl_gcm_packet *p);
