// SPDX-License-Identifier: BSD-3-Clause
#include "session/flow.h"

#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>

static bool is_icmp(uint8_t protocol)
{
	return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
}

/* RFC 792, 950, 4443: queries and their replies; any code. */
bool sl_flow_icmp_fits(uint8_t protocol, unsigned int direction, uint16_t icmp)
{
	uint8_t type = icmp >> 8;

	if (protocol == IPPROTO_ICMPV6)
		return type == (direction == 0 ? ICMP6_ECHO_REQUEST : ICMP6_ECHO_REPLY);
	if (direction == 0)
		return type == ICMP_ECHO || type == ICMP_TIMESTAMP || type == ICMP_ADDRESS;
	return type == ICMP_ECHOREPLY || type == ICMP_TIMESTAMPREPLY || type == ICMP_ADDRESSREPLY;
}

enum sl_drop sl_flow_first(struct sl_session *s, const struct sl_pkt *p, uint8_t protocol,
			   uint32_t now_ms)
{
	if (is_icmp(protocol) && !sl_flow_icmp_fits(protocol, 0, p->icmp))
		return SL_DROP_ICMP_NO_SESSION;
	s->state = is_icmp(protocol)	       ? SL_ICMP_OPENING :
		   protocol == IPPROTO_UDP ? SL_UDP_OPENING :
						   SL_OTHER_OPENING;
	s->protocol = protocol;
	s->last = now_ms;
	return SL_DROP_NONE;
}
