/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/message.h"
#include "host/plan.h"

struct sweep {
	struct sl_plan *plan;
	const struct sl_taps *taps;
	struct sl_plan_route *stale; /* slot unused: deleted by prefix and metric */
	uint32_t count, capacity;
	bool no_memory;
};

static int change(struct sl_rtnl *rtnl, uint16_t type, uint32_t ifindex,
		  const struct sl_plan_route *r)
{
	size_t size = r->family == 4 ? 4 : 16;
	struct rtmsg *info;
	struct nlmsghdr *m;

	m = sl_rtnl_request(rtnl, type, type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_REPLACE : 0,
			    sizeof(*info), (void **)&info);
	info->rtm_family = r->family == 4 ? AF_INET : AF_INET6;
	info->rtm_dst_len = r->length;
	info->rtm_table = RT_TABLE_MAIN;
	info->rtm_protocol = SL_RTPROT;
	info->rtm_scope = type == RTM_DELROUTE ? RT_SCOPE_NOWHERE :
			  r->gateway	       ? RT_SCOPE_UNIVERSE :
						 RT_SCOPE_LINK;
	info->rtm_type = type == RTM_DELROUTE ? 0 : RTN_UNICAST;
	mnl_attr_put(m, RTA_DST, size, r->address);
	mnl_attr_put_u32(m, RTA_PRIORITY, r->metric);
	if (type == RTM_NEWROUTE) {
		mnl_attr_put_u32(m, RTA_OIF, ifindex);
		if (r->gateway) {
			/* The compiler chose the interface; the kernel need not find it again. */
			info->rtm_flags = RTNH_F_ONLINK;
			mnl_attr_put(m, RTA_GATEWAY, size, r->via);
		}
	}
	return sl_rtnl_do(rtnl, m);
}

static void seen(void *arg, const struct sl_nl_event *e)
{
	struct sweep *s = arg;
	struct sl_plan_route key = {.family = e->family, .length = e->length, .metric = e->metric};
	struct sl_plan_route *wanted;

	if (e->kind != SL_NL_ROUTE || e->protocol != SL_RTPROT || e->table != RT_TABLE_MAIN ||
	    e->cloned)
		return;
	memcpy(key.address, e->address, 16);
	wanted = bsearch(&key, s->plan->route, s->plan->routes, sizeof(key), sl_plan_route_compare);
	if (wanted) {
		/* With another next hop it stays unfound and is replaced. */
		wanted->found = sl_taps_slot(s->taps, e->ifindex) == wanted->slot &&
				e->has_gateway == wanted->gateway &&
				!memcmp(e->gateway, wanted->via, 16);
		return;
	}
	if (s->count == s->capacity) {
		uint32_t capacity = s->capacity ? s->capacity * 2 : 64;
		struct sl_plan_route *more = realloc(s->stale, capacity * sizeof(*more));

		s->no_memory |= !more;
		if (!more)
			return;
		s->stale = more;
		s->capacity = capacity;
	}
	s->stale[s->count++] = key;
}

unsigned int sl_plan_routes(struct sl_plan *plan, const struct sl_taps *taps, struct sl_rtnl *rtnl)
{
	struct sweep sweep = {.plan = plan, .taps = taps};
	unsigned int refused = 0;
	struct rtmsg *info;
	struct nlmsghdr *m;
	int error;

	for (uint32_t i = 0; i < plan->routes; i++)
		plan->route[i].found = false;
	for (int family = 0; family < 2; family++) {
		m = sl_rtnl_request(rtnl, RTM_GETROUTE, 0, sizeof(*info), (void **)&info);
		/* Ours alone: a full table of the Internet need not come by. */
		info->rtm_family = family ? AF_INET6 : AF_INET;
		info->rtm_table = RT_TABLE_MAIN;
		info->rtm_protocol = SL_RTPROT;
		sl_rtnl_dump(rtnl, m, seen, &sweep);
	}
	refused += sweep.no_memory;
	for (uint32_t i = 0; i < sweep.count; i++)
		change(rtnl, RTM_DELROUTE, 0, &sweep.stale[i]);
	free(sweep.stale);
	for (uint32_t i = 0; i < plan->routes; i++) {
		const struct sl_plan_route *r = &plan->route[i];
		const struct sl_tap *tap = &taps->tap[r->slot];
		char text[INET6_ADDRSTRLEN];

		if (r->found || tap->fd < 0)
			continue;
		error = change(rtnl, RTM_NEWROUTE, tap->ifindex, r);
		if (!error)
			continue;
		inet_ntop(r->family == 4 ? AF_INET : AF_INET6, r->address, text, sizeof(text));
		fprintf(stderr, "host: interface %s: route %s/%u: %s\n", tap->name, text, r->length,
			strerror(-error));
		refused++;
	}
	return refused;
}
