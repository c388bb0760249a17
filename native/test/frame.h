/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Whole Ethernet frames for tests, with every length and checksum right until a test breaks it. */

struct frame {
	uint32_t length;
	uint32_t l3, l4, payload; /* offsets */
	uint8_t bytes[10240];
};

/* The start: MACs 02:00:00:00:00:aa to :bb, the tag if `vlan`, the IP header of the addresses' family. */
void frame_ip(struct frame *f, uint16_t vlan, const char *src, const char *dst, uint8_t proto);
/* Puts `length` bytes behind what is there. */
void frame_add(struct frame *f, const void *bytes, uint32_t length);
/* `length` bytes of a pattern behind what is there. */
void frame_fill(struct frame *f, uint32_t length);
/* Lengths and checksums of all headers, from what lies there. */
void frame_finish(struct frame *f);
/* The IPv4 header's checksum alone, after a test changed a field. */
void frame_fix_ip(struct frame *f);

void frame_udp(struct frame *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	       uint32_t payload);
void frame_tcp(struct frame *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	       uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload);
/* ICMP or ICMPv6, by the addresses; `rest` is the second word. */
void frame_icmp(struct frame *f, const char *src, const char *dst, uint8_t type, uint8_t code,
		uint32_t rest, uint32_t payload);
/* An ICMP error from `src` to the sender of `about`, quoting `quoted` bytes of it. */
void frame_error(struct frame *f, const char *src, const struct frame *about, uint8_t type,
		 uint8_t code, uint32_t rest, uint32_t quoted);

/* Are all lengths and checksums of this frame right? `length` is exact: no padding. */
bool frame_sound(const uint8_t *bytes, uint32_t length);
uint32_t frame_get(const uint8_t *at, unsigned int bytes);
