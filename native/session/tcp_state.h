/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/entry.h"

/* The TCP state table. */

enum sl_tcp_event {
	SL_TCP_NONSENSE, /* flags that no TCP sends together */
	SL_TCP_SYN,
	SL_TCP_SYN_ACK,
	SL_TCP_ACK,
	SL_TCP_ACK_FIN,	 /* acknowledges the peer's FIN */
	SL_TCP_FIN,	 /* with ACK */
	SL_TCP_FIN_BOTH, /* FIN that acknowledges the peer's */
	SL_TCP_RST,
	SL_TCP_EVENTS,
};

/* What the table says: a next state, perhaps with SL_TCP_SWAP, or one of the actions. */
#define SL_TCP_SWAP 0x40 /* the roles change sides */
enum sl_tcp_action {
	SL_TCP_PASS = 0x80, /* forward it and believe none of it */
	SL_TCP_BAD,	    /* drop */
	SL_TCP_AGAIN,	    /* a new connection over the old one's addresses */
	SL_TCP_RST_SYN,	    /* accept if it acknowledges the SYN */
	SL_TCP_RST_EXACT,   /* accept at the next sequence number, forward within the window */
	SL_TCP_RST_WINDOW,  /* accept within the window */
};

/* Event of a header's flags, ACKs of FINs not yet told apart. */
enum sl_tcp_event sl_tcp_event(uint8_t flags);

/*
 * Role 0 is, while opening, the side that has the next step to do (at first the originator), and
 * while closing, the side that closed first.
 */
uint8_t sl_tcp_next(enum sl_session_state state, unsigned int role, enum sl_tcp_event event);
