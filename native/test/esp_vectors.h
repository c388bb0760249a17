/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/esp_peer.h"

/*
 * Published packets and messages, as our SAs carry them. `packet` is ESP from the SPI on: SPI, number,
 * IV, ciphertext and ICV; `plain` is what was encrypted, trailer included where the source has one.
 */
struct esp_vector {
	const char *name; /* where it is from */
	uint16_t cipher, integrity;
	const char *key; /* salt included */
	/* Of a cipher without integrity of its own the packet ends before the ICV: they follow here. */
	const char *packet, *plain;
	const char *icv[3]; /* of HMAC-SHA2-256, 384, 512 under keys that count up from 0x80 */
	uint32_t high;	    /* upper half of the number; 0: without ESN */
	bool tunnel;	    /* there is an IP packet in it */
};
extern const struct esp_vector esp_vectors[];
extern const unsigned int esp_vector_count;

/* Bytes of `hex`, appended at *length. */
void esp_hex(uint8_t *to, uint32_t *length, const char *hex);
