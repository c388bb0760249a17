/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/frame.h"
#include "vpn/sa.h"
#include "vpn/spd.h"

/*
 * The other end of a tunnel in tests: the peer 203.0.113.9 or 2001:db8:99::9, whose network is
 * 10.50.0.0/16, and SAs with it over interface TUNNEL in both directions, SPI 0x1001. Keys count up:
 * of the cipher from 0x10, its salt from 0xf0, of integrity from 0x80.
 */
#define TUNNEL 5
#define ESP_SPI 0x1001

struct esp_suite {
	const char *name;
	uint16_t cipher;
	uint8_t key; /* bytes, salt included */
	uint16_t integrity;
	uint8_t integrity_key;
	/*
	 * A UDP packet 10.50.1.2:1000 > 10.1.2.3:2000 "hello, sluice", ttl 64, sealed by OpenSSL, from
	 * the SPI on: number 1, and number 2^32 + 1 of an SA with ESN.
	 */
	const char *plain, *esn;
	/* The same the other way, number 1, where the number says what the IV is; else NULL. */
	const char *sealed;
};
extern const struct esp_suite esp_suites[];
extern const unsigned int esp_suite_count;

/* What sl_sad_add takes for `suite`; the outer addresses are IPv4 unless `v6`. */
struct sl_sa_add esp_sa(const struct esp_suite *suite, enum sl_sa_direction direction,
			uint16_t flags, bool v6);
/* Everything of a family into or out of that SA. */
struct sl_sa_policy esp_policy(const struct sl_sa_add *add, uint8_t family);
/* Makes the SA of that, and such policies for both families. 0 or -errno. */
int esp_add(const struct sl_sa_add *add);
/* The SA of that, made, with such policies; fails the test if it is not. */
struct sl_sa *esp_make(const struct sl_sa_add *add);

/* From now on SAs get engines that are done when asked, whatever measures faster. */
void esp_at_once(void);

/* A frame from the peer to the box with `hex` in it, behind UDP 4500 if `encap`. */
void esp_frame(struct frame *f, const char *hex, bool encap, bool v6);

/* Adds the tunnel interface and its route to the image of pipeline.h. */
struct image_builder;
void esp_network(struct image_builder *b);
