/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/result.h"

#include <netinet/in.h>
#include <string.h>

#include "routing/adjacency.h"
#include "session/entry.h"

static uint8_t verdict(const struct sl_pkt *p, uint8_t fate)
{
	if (p->rule != SL_RULE_NOT_ASKED && p->session_how == SL_SESSION_NONE &&
	    p->session != SL_SESSION_NO_REF)
		return SL_VERDICT_ALLOW; /* a session's rule */
	if (p->rule != SL_RULE_NOT_ASKED)
		return p->policy_verdict;
	return fate == SL_FATE_DROPPED ? SL_VERDICT_DENY : SL_VERDICT_ALLOW;
}

/* Zero when the destination itself is the next hop. */
static void next_hop(const struct sl_pkt *p, struct sl_result *r)
{
	const struct sl_adjacency *a = &sl_adjacencies[p->adjacency];
	const void *dst = p->family == 4 ? (const void *)&p->key4.dst : p->key6.dst;

	memset(r->next_hop, 0, sizeof(r->next_hop));
	if (p->adjacency < SL_ADJ_FIRST)
		return;
	if (r->destination_rule != SL_TRANSLATION_NONE)
		dst = r->destination;
	if (a->family == p->family && !memcmp(a->address, dst, p->family == 4 ? 4 : 16))
		return;
	memcpy(r->next_hop, a->address, a->family == 4 ? 4 : 16);
}

void sl_result_fill(struct sl_result *r, const struct sl_pkt *p, uint8_t fate)
{
	uint8_t family = sl_pkt_key_family(p);

	r->rule = p->rule;
	r->in = p->iface;
	r->out = fate == SL_FATE_LOCAL ? SL_IFACE_NONE : p->out_iface;
	r->from = p->from;
	r->to = fate == SL_FATE_LOCAL ? SL_ZONE_LOCAL : p->to;
	r->reason = fate == SL_FATE_DROPPED ? p->reason : SL_DROP_NONE;
	r->verdict = verdict(p, fate);
	r->fate = fate;
	r->session = p->session_how	? p->session_how
		     : p->session	? SL_SESSION_HIT
					: SL_SESSION_NONE;
	r->route = p->route_how;
	r->family = family;
	r->protocol = 0;
	if (family == 4)
		r->protocol = p->flags & SL_PKT_ICMP_ERROR ? IPPROTO_ICMP : p->key4.proto;
	else if (family == 6)
		r->protocol = p->flags & SL_PKT_ICMP_ERROR ? IPPROTO_ICMPV6 : p->key6.proto;
	next_hop(p, r);
}
