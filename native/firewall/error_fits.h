/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>

#include "core/drop.h"
#include "session/tcp_window.h"

/* May this ICMP error, whose quote has session `s`, go on to who sent what it quotes? */
static inline enum sl_drop sl_error_fits(const struct sl_session *s, const struct sl_pkt *p)
{
	uint16_t there = p->direction ? s->to : s->from, to = p->direction ? s->from : s->to;

	/* The quoted packet went away from its sender: no news of it come from the sender's own side. */
	if (p->from == to && there != to)
		return SL_DROP_ICMP_ERROR_WRONG_WAY;
	if (s->protocol == IPPROTO_TCP && !sl_tcp_quotable(s, p->direction ^ 1u, p->tcp_seq))
		return SL_DROP_ICMP_ERROR_OUT_OF_WINDOW;
	return SL_DROP_NONE;
}
