/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/flow.h"
#include "session/tcp_window.h"

/* State of one packet of a live session, by protocol. On a drop the session is unchanged. */
static inline enum sl_drop sl_session_track(struct sl_session *s, unsigned int direction,
					    const struct sl_pkt *p, const uint8_t *l4,
					    uint32_t now_ms)
{
	if (s->protocol == IPPROTO_TCP)
		return sl_tcp_track(s, direction, p, l4, now_ms);
	return sl_flow_track(s, direction, p, now_ms);
}

/* The same of the packet that opens a session; call before publish. `midstream` is for TCP. */
static inline enum sl_drop sl_session_first(struct sl_session *s, const struct sl_pkt *p,
					    const uint8_t *l4, bool midstream, uint32_t now_ms)
{
	uint8_t protocol = p->family == 4 ? p->key4.proto : p->key6.proto;

	if (protocol == IPPROTO_TCP)
		return sl_tcp_first(s, p, l4, midstream, now_ms);
	return sl_flow_first(s, p, protocol, now_ms);
}
