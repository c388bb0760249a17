/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/offline_state.h"
#include "test/frame.h"
#include "test/image_builder.h"

/*
 * The whole pipeline in a test: the offline mode without its frames, over one small network.
 *
 *   inside (1, zone 2)  10.1.0.1/16, 2001:db8:a::1/64, MTU 9000; the gateway 10.1.0.9 leads to 10.9/16
 *   wan    (2, zone 3)  198.51.100.2/28, 2001:db8:1::2/64; default routes by .1 and ::1
 *   dmz    (3, zone 4)  VLAN 20 of inside, 10.20.0.1/24, 2001:db8:20::1/64
 *   ll     (4, zone 4)  MTU 1280
 *
 *   slot 16  inside -> wan    deny tcp/25
 *   slot 17  inside -> wan    allow
 *   slot 18  inside -> dmz    allow
 *   slot 19  inside -> local  allow icmp/echo-request and tcp/22
 *   slot 20  dmz -> inside    allow udp, logged
 */
#define INSIDE 1
#define WAN 2
#define DMZ 3
#define NARROW 4
#define RULE_DENY_MAIL 16
#define RULE_OUT 17
#define RULE_TO_DMZ 18
#define RULE_TO_BOX 19
#define RULE_DMZ_IN 20

/* Starts EAL and loads the network; a cmocka group set-up. */
int pipeline_start(void **state);
/* The network anew: no sessions, counters as they are. A cmocka test set-up. */
int pipeline_reset(void **state);
/* The image itself; `without_out` leaves out rule 17. free() it. */
void *pipeline_image(bool without_out, size_t *size);

/* Where set, changes the image before it is finished. */
extern void (*pipeline_change)(struct image_builder *b);

extern struct sl_offline pipeline;

/* Runs one frame, `at_ms` after the last one, and gives what became of it. */
const struct sl_result *pipeline_run(uint16_t mode, uint16_t iface, const struct frame *f,
				     uint32_t after_ms);
/* The same in a replay. */
const struct sl_result *pipeline_in(uint16_t iface, const struct frame *f);
/* The i-th packet out of the last run, or NULL. */
const uint8_t *pipeline_out(unsigned int i, struct sl_output *head);

/* Asserts: forwarded out of `out`; dropped for `reason`; given to the box. */
void expect_forwarded(uint16_t in, const struct frame *f, uint16_t out);
void expect_dropped(uint16_t in, const struct frame *f, enum sl_drop reason);
void expect_local(uint16_t in, const struct frame *f);
