/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>

#include "core/drop.h"
#include "session/entry.h"

/*
 * Sessions without a state machine: opening until the other side answers, established after.
 * ICMP queries are told apart by direction: requests go with direction 0, replies with 1.
 */

/* SL_DROP_ICMP_NO_SESSION for an ICMP message that opens nothing. */
enum sl_drop sl_flow_first(struct sl_session *s, const struct sl_pkt *p, uint8_t protocol,
			   uint32_t now_ms);

/* Does this ICMP query belong to this direction? */
bool sl_flow_icmp_fits(uint8_t protocol, unsigned int direction, uint16_t icmp);

static inline enum sl_drop sl_flow_track(struct sl_session *s, unsigned int direction,
					 const struct sl_pkt *p, uint32_t now_ms)
{
	if (s->state == SL_ICMP_OPENING || s->state == SL_ICMP_ESTABLISHED)
		/* With NAT64 the answer is of another family. */
		if (!sl_flow_icmp_fits(p->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6, direction,
				       p->icmp))
			return SL_DROP_ICMP_NO_SESSION;
	static_assert(SL_UDP_ESTABLISHED == SL_UDP_OPENING + 1 &&
			      SL_ICMP_ESTABLISHED == SL_ICMP_OPENING + 1 &&
			      SL_OTHER_ESTABLISHED == SL_OTHER_OPENING + 1,
		      "each opening state is followed by its other");
	if (unlikely(s->flags & SL_SESSION_ONE_WAY)) {
		/* Nobody sees more of it than that it goes on. */
		if (direction == 1)
			return SL_DROP_BALANCER_DIRECT_ANSWER;
		direction = 1;
	}
	if (direction == 1 && (s->state == SL_UDP_OPENING || s->state == SL_ICMP_OPENING ||
			       s->state == SL_OTHER_OPENING))
		s->state++;
	s->last = now_ms;
	return SL_DROP_NONE;
}
