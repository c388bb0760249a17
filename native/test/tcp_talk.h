/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session_fixture.h"

/* Two ends talk TCP past the tracker: client 0, server 1, numbers relative to their ISNs. */

#define CLIENT 0
#define SERVER 1
#define ISN0 0xfffff000u /* wraps soon */
#define ISN1 0x7fffff00u
#define SYN SL_TH_SYN
#define ACK SL_TH_ACK
#define SYNACK (SL_TH_SYN | SL_TH_ACK)
#define FIN (SL_TH_FIN | SL_TH_ACK)
#define RST SL_TH_RST
#define RSTACK (SL_TH_RST | SL_TH_ACK)

struct talk {
	struct sl_session s;
	uint32_t now;
	uint16_t window[2]; /* as the next segments say */
	int wscale[2];	    /* option of SYNs, -1 for none */
	bool opened;
};

struct talk talk_new(void);

/* `seq` and `ack` count from the sender's and the receiver's ISN, so 1 is the first byte. */
enum sl_drop say(struct talk *t, unsigned int side, uint8_t flags, uint32_t seq, uint32_t ack,
		 uint16_t length);

/* A session after the handshake, with windows of `window` (already scaled down) each. */
struct talk talk_established(int wscale0, int wscale1, uint16_t window);

#define says(t, side, flags, seq, ack, length, drop, next)                                         \
	do {                                                                                       \
		assert_int_equal(say((t), (side), (flags), (seq), (ack), (length)), (drop));       \
		assert_int_equal((t)->s.state, (next));                                            \
	} while (0)
