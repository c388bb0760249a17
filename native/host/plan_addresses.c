/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/message.h"
#include "host/plan.h"

struct sweep {
	struct sl_plan *plan;
	const struct sl_taps *taps;
	struct sl_nl_event *stale;
	uint32_t count;
	bool no_memory;
};

static int change(struct sl_rtnl *rtnl, uint16_t type, uint32_t ifindex, uint8_t family,
		  const uint8_t *address, uint8_t length)
{
	size_t size = family == 4 ? 4 : 16;
	struct ifaddrmsg *info;
	struct nlmsghdr *m;

	m = sl_rtnl_request(rtnl, type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_REPLACE : 0,
			    sizeof(*info), (void **)&info);
	info->ifa_family = family == 4 ? AF_INET : AF_INET6;
	info->ifa_prefixlen = length;
	info->ifa_index = ifindex;
	mnl_attr_put(m, IFA_LOCAL, size, address);
	mnl_attr_put(m, IFA_ADDRESS, size, address);
	if (type == RTM_NEWADDR) {
		/* RFC 1812 4.2.3.1: {prefix, -1}; RFC 3021: a /31 has none. */
		if (family == 4 && length <= 30) {
			uint8_t broadcast[4];

			for (unsigned int i = 0; i < 4; i++) {
				unsigned int net = length > i * 8 ? length - i * 8 : 0;

				broadcast[i] = address[i] | (net < 8 ? 0xff >> net : 0);
			}
			mnl_attr_put(m, IFA_BROADCAST, 4, broadcast);
		}
		mnl_attr_put_u8(m, IFA_PROTO, SL_RTPROT);
	}
	return sl_rtnl_do(rtnl, m);
}

static void seen(void *arg, const struct sl_nl_event *e)
{
	struct sweep *s = arg;
	uint16_t slot = e->kind == SL_NL_ADDRESS ? sl_taps_slot(s->taps, e->ifindex) : 0;
	struct sl_nl_event *stale;

	if (!slot)
		return;
	for (uint32_t i = 0; i < s->plan->addresses; i++) {
		struct sl_plan_address *a = &s->plan->address[i];

		if (a->slot == slot && a->family == e->family && a->length == e->length &&
		    !memcmp(a->address, e->address, 16)) {
			a->found = true;
			return;
		}
	}
	if (e->protocol != SL_RTPROT)
		return;
	stale = realloc(s->stale, (s->count + 1) * sizeof(*stale));
	s->no_memory |= !stale;
	if (!stale)
		return;
	s->stale = stale;
	s->stale[s->count++] = *e;
}

unsigned int sl_plan_addresses(struct sl_plan *plan, const struct sl_taps *taps,
			       struct sl_rtnl *rtnl)
{
	struct sweep sweep = {.plan = plan, .taps = taps};
	unsigned int refused = 0;
	struct ifaddrmsg *info;
	struct nlmsghdr *m;

	for (uint32_t i = 0; i < plan->addresses; i++)
		plan->address[i].found = false;
	m = sl_rtnl_request(rtnl, RTM_GETADDR, 0, sizeof(*info), (void **)&info);
	sl_rtnl_dump(rtnl, m, seen, &sweep);
	refused += sweep.no_memory;
	for (uint32_t i = 0; i < sweep.count; i++)
		change(rtnl, RTM_DELADDR, sweep.stale[i].ifindex, sweep.stale[i].family,
		       sweep.stale[i].address, sweep.stale[i].length);
	free(sweep.stale);
	for (uint32_t i = 0; i < plan->addresses; i++) {
		const struct sl_plan_address *a = &plan->address[i];
		const struct sl_tap *tap = &taps->tap[a->slot];
		char text[INET6_ADDRSTRLEN];
		int error;

		if (a->found || tap->fd < 0)
			continue;
		error = change(rtnl, RTM_NEWADDR, tap->ifindex, a->family, a->address, a->length);
		if (!error || error == -EEXIST)
			continue;
		inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->address, text, sizeof(text));
		fprintf(stderr, "host: interface %s: address %s/%u: %s\n", tap->name, text,
			a->length, strerror(-error));
		refused++;
	}
	return refused;
}
