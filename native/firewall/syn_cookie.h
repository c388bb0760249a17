/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/*
 * SYN cookies (RFC 4987, 3.6; D. J. Bernstein, 1996): the number a SYN is answered with holds all
 * there is to know of it, so that nothing is kept until its sender has shown that it receives:
 *   bit 31     which half minute, of two
 *   30..28     window scale, one of eight; the client's or the next below
 *   27..25     MSS, the same
 *   24         SACK permitted
 *   23..0      keyed hash of the tuple, the client's number, the half minute and the bits above
 * Time stamps are not offered: nothing keeps what they would say.
 */

/* What a SYN offers, as far as a cookie holds it. */
struct sl_syn_offer {
	uint16_t mss;
	int8_t scale; /* 0..14, -1 for none (RFC 7323) */
	bool sack;    /* RFC 2018 */
};

/* How we scale the windows we show a client that scales its own. */
#define SL_SYN_SCALE 7

/* Reads the options of a SYN of `length` bytes of header; malformed ones end the search. */
struct sl_syn_offer sl_syn_offer(const uint8_t *tcp, uint16_t length);

/* Options for a SYN or its answer; returns their bytes, at most SL_SYN_OPTIONS, a multiple of four. */
#define SL_SYN_OPTIONS 12u
uint32_t sl_syn_options(const struct sl_syn_offer *offer, uint8_t *options);

/* The cookie for this SYN; `offer` becomes what it can hold. `now_ms`: session clock. */
uint32_t sl_syn_cookie(const struct sl_worker *w, const struct sl_pkt *p,
		       struct sl_syn_offer *offer);

/*
 * Does this segment acknowledge a cookie of the last 30 to 60 seconds? Then `offer` is what was, and
 * `isn` the client's number. It is the first after its SYN, or where that was lost one that probes a
 * closed window, with the number before (RFC 9293 3.8.6.1 leaves that open; Linux does).
 */
bool sl_syn_cookie_ok(const struct sl_worker *w, const struct sl_pkt *p, struct sl_syn_offer *offer,
		      uint32_t *isn);
