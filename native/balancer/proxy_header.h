/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/sequence.h"

#define SL_PROXY_MOST 52 /* bytes, over IPv6 */

/*
 * The PROXY protocol, version 2 (HAProxy's specification, 2.2): ahead of the client's first byte the
 * server gets the client's address and the one it asked for. The header goes on whatever begins
 * there, an acknowledgement first, as often as that is sent, until the server has acknowledged it;
 * from then on numbers are shifted and nothing else.
 */

/* Of a session that begins with the SYN `p`; before it is published. */
void sl_proxy_keep(struct sl_session *s, struct sl_extension *x, const struct sl_pkt *p);

/* A tracked segment of such a session; the bytes of `m` are still as they came. */
enum sl_drop sl_proxy_follow(struct rte_mbuf *m, struct sl_session *s, struct sl_extension *x);

/* Puts the header on a segment of the client's side; false without room. */
bool sl_proxy_put(struct rte_mbuf *m, const struct sl_session *s, const struct sl_extension *x);
