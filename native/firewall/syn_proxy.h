/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "firewall/syn_cookie.h"
#include "nat/nat.h"
#include "session/extension.h"

/*
 * Protection from floods of SYNs (RFC 4987): while a zone, or a balancer, is asked for more new
 * connections a second than its threshold, those the policy allows are answered by a cookie in the
 * server's name, with a window of zero. Who acknowledges one gets a session, the server a SYN; its
 * answer opens the client's window. From then on sequence numbers are translated
 * (session/sequence.h), and the server's windows are shown by the scale the client was told.
 */

/* What has been asked for lately, by one worker. */
struct sl_syn_meter {
	uint32_t began; /* ms: this tenth of a second */
	uint32_t count; /* SYNs in it */
	uint32_t calm;	/* tenths in a row below the lower threshold */
	bool on;
};

#define SL_SYN_METERS (SL_MAX_ZONES + SL_MAX_BALANCERS)

/* A connection whose client acknowledged a cookie. */
struct sl_syn_taken {
	bool is;
	uint32_t cookie;
	uint16_t window; /* as the client gave it */
	struct sl_syn_offer offer;
};

/*
 * Is this SYN, which the policy allows, to be answered by a cookie? Counts it. A balancer's own
 * thresholds go before its zone's.
 */
bool sl_syn_flooded(struct sl_worker *w, const struct sl_pkt *p, const struct sl_nat *nat);

/*
 * A segment without a session: if it acknowledges a cookie it becomes the SYN that its sender's was.
 * To be asked while w->syn_cookies says that there may be some.
 */
void sl_syn_take(struct sl_worker *w, struct rte_mbuf *m, struct sl_syn_taken *taken);

/* Writes down what the session's packets need; before it is published. */
void sl_syn_keep(const struct sl_syn_taken *taken, struct sl_session *s, struct sl_extension *x);

/*
 * A TCP segment of a session that began with a cookie, after sl_sequence_in(): its state, and what
 * becomes of it. What is to be said to the server beside it goes on the list w->aside.
 */
enum sl_drop sl_syn_follow(struct sl_worker *w, struct rte_mbuf *m, struct sl_session *s);
