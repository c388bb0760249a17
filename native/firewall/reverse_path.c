// SPDX-License-Identifier: BSD-3-Clause
#include "firewall/reverse_path.h"

#include "firewall/judge.h"
#include "firewall/select.h"
#include "ip/l4_parse.h"
#include "ip/martian.h"
#include "routing/fib.h"
#include "tables/tables.h"

/* RFC 4301 5.2: what has to come out of a tunnel comes in by no other interface. */
static bool in_clear(const struct sl_worker *w, const struct rte_mbuf *m,
		     const struct sl_route *to)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	struct sl_flow flow;

	if (to->kind == SL_ROUTE_KIND_LOCAL)
		return false;
	sl_flow_of_packet(m, &flow);
	return sl_select_answers(w->tables, p->iface, &flow);
}

static enum sl_drop judge(const struct sl_worker *w, const struct sl_pkt *p,
			  const struct sl_route *route, enum sl_drop martian)
{
	const struct sl_image_interfaces *iface = w->tables->ifaces[p->iface % SL_MAX_IFACES];
	uint8_t mode = iface ? iface->reverse_path : SL_RPF_OFF;

	/* RFC 1812 5.3.7 and 4.2.2.11: the box's own, or a directed broadcast. */
	if (unlikely(route->kind == SL_ROUTE_KIND_LOCAL))
		return martian;
	if (mode == SL_RPF_OFF)
		return SL_DROP_NONE;
	/* RFC 5635: what is routed to nowhere comes from nowhere. */
	if (route->kind == SL_ROUTE_KIND_NONE || route->kind == SL_ROUTE_KIND_BLACKHOLE)
		return SL_DROP_REVERSE_PATH;
	return mode == SL_RPF_LOOSE || route->iface == p->iface ? SL_DROP_NONE :
								  SL_DROP_REVERSE_PATH;
}

/* RFC 2131 4.1: the client has no address yet, so the server has no route back to be found. */
static bool dhcp_answer(const struct sl_pkt *p)
{
	return p->key4.dst == 0xffffffff && p->key4.proto == IPPROTO_UDP &&
	       p->key4.sport == RTE_BE16(67) && p->key4.dport == RTE_BE16(68);
}

static bool neighbor(const struct sl_pkt *p)
{
	return p->key6.proto == IPPROTO_ICMPV6 &&
	       sl_icmp6_class((uint8_t)(p->icmp >> 8)) == SL_ICMP_LINK;
}

enum sl_drop sl_reverse_path(const struct sl_worker *w, const struct rte_mbuf *m)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	uint32_t source, to;

	if (p->flags & SL_PKT_FROM_HOST)
		return SL_DROP_NONE;
	if (p->family == 6) {
		if (sl_ip6_is_link_local(ip + 8) || sl_ip6_is_unspecified(ip + 8) || neighbor(p))
			return SL_DROP_NONE;
		if (unlikely(w->tables->selectors) && !sl_ip6_is_multicast(ip + 24) &&
		    in_clear(w, m, sl_fib_lookup6(w->dp->fib, ip + 24)))
			return SL_DROP_TUNNEL_IN_CLEAR;
		return judge(w, p, sl_fib_lookup6(w->dp->fib, ip + 8),
			     SL_DROP_IP6_MARTIAN_SOURCE);
	}
	memcpy(&source, ip + 12, sizeof(source));
	if (source == 0 || dhcp_answer(p))
		return SL_DROP_NONE;
	memcpy(&to, ip + 16, sizeof(to));
	if (unlikely(w->tables->selectors) && to != 0xffffffff &&
	    !sl_ip4_is_multicast(rte_be_to_cpu_32(to)) &&
	    in_clear(w, m, sl_fib_lookup4(w->dp->fib, to)))
		return SL_DROP_TUNNEL_IN_CLEAR;
	return judge(w, p, sl_fib_lookup4(w->dp->fib, source), SL_DROP_IP4_MARTIAN_SOURCE);
}
