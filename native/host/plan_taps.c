/* SPDX-License-Identifier: BSD-3-Clause */
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/message.h"
#include "host/plan.h"

uint16_t sl_taps_slot(const struct sl_taps *taps, uint32_t ifindex)
{
	for (uint32_t i = 0; i < taps->count; i++)
		if (taps->tap[taps->list[i]].ifindex == ifindex)
			return taps->list[i];
	return 0;
}

static const struct sl_plan_iface *planned(const struct sl_plan *plan, const char *name)
{
	for (uint32_t i = 0; i < plan->ifaces; i++)
		if (!strcmp(plan->iface[i].name, name))
			return &plan->iface[i];
	return NULL;
}

static void list(struct sl_taps *taps)
{
	taps->count = 0;
	for (uint16_t slot = 0; slot < SL_MAX_IFACES; slot++)
		if (taps->tap[slot].fd >= 0)
			taps->list[taps->count++] = slot;
}

static int set_alias(struct sl_rtnl *rtnl, uint32_t ifindex)
{
	struct ifinfomsg *info;
	struct nlmsghdr *m = sl_rtnl_request(rtnl, RTM_NEWLINK, 0, sizeof(*info), (void **)&info);

	info->ifi_index = (int)ifindex;
	mnl_attr_put(m, IFLA_IFALIAS, strlen(SL_TAP_ALIAS), SL_TAP_ALIAS);
	return sl_rtnl_do(rtnl, m);
}

struct sweep {
	const struct sl_plan *plan;
	uint32_t gone[SL_MAX_IFACES];
	uint32_t count;
};

/* A TAP of ours, by its mark, of an interface that is no more. */
static void find_gone(void *arg, const struct sl_nl_event *e)
{
	struct sweep *sweep = arg;

	if (e->kind == SL_NL_LINK && !strcmp(e->alias, SL_TAP_ALIAS) &&
	    !planned(sweep->plan, e->name) && sweep->count < SL_MAX_IFACES)
		sweep->gone[sweep->count++] = e->ifindex;
}

static void remove_gone(const struct sl_plan *plan, struct sl_rtnl *rtnl)
{
	struct sweep sweep = {.plan = plan};
	struct ifinfomsg *info;
	struct nlmsghdr *m = sl_rtnl_request(rtnl, RTM_GETLINK, 0, sizeof(*info), (void **)&info);

	sl_rtnl_dump(rtnl, m, find_gone, &sweep);
	for (uint32_t i = 0; i < sweep.count; i++) {
		m = sl_rtnl_request(rtnl, RTM_DELLINK, 0, sizeof(*info), (void **)&info);
		info->ifi_index = (int)sweep.gone[i];
		sl_rtnl_do(rtnl, m);
	}
}

/* Does the device still go by the TAP's name? Somebody may have deleted or renamed it. */
static bool there(const struct sl_tap *tap)
{
	return sl_tap_index(tap) == tap->ifindex;
}

/* The port's address; a tunnel, which has none, goes by its number. */
static void mac_of(const struct sl_plan_iface *p, const struct sl_port *port, uint8_t mac[6])
{
	const uint8_t own[6] = {0x02, 'S', 'L', 'T', (uint8_t)(p->slot >> 8), (uint8_t)p->slot};

	memcpy(mac, port ? port->mac : own, 6);
}

unsigned int sl_plan_taps(const struct sl_plan *plan, struct sl_taps *taps, struct sl_rtnl *rtnl,
			  const struct sl_datapath *dp, bool *changed)
{
	unsigned int refused = 0;

	for (uint32_t i = 0; i < taps->count; i++) {
		struct sl_tap *tap = &taps->tap[taps->list[i]];
		const struct sl_plan_iface *p = planned(plan, tap->name);

		if (p && p->slot == tap->slot && there(tap))
			continue;
		sl_tap_close(tap, !p);
		*changed = true;
	}
	for (uint32_t i = 0; i < plan->ifaces; i++) {
		const struct sl_plan_iface *p = &plan->iface[i];
		struct sl_tap *tap = &taps->tap[p->slot];
		uint16_t index = dp->port_of_iface[p->port_slot];
		const struct sl_port *port = index < SL_MAX_PORTS ? dp->port[index] : NULL;
		uint8_t mac[6];
		int error;

		if (!port && !p->tunnel)
			continue;
		mac_of(p, port, mac);
		if (tap->fd >= 0) {
			error = sl_tap_set(tap, mac, p->mtu);
		} else {
			memset(tap, 0, sizeof(*tap));
			tap->slot = p->slot;
			tap->mtu = p->mtu;
			memcpy(tap->name, p->name, sizeof(tap->name));
			tap->tunnel = p->tunnel;
			memcpy(tap->mac, mac, 6);
			error = sl_tap_open(tap);
			if (!error)
				error = set_alias(rtnl, tap->ifindex);
			*changed = true;
		}
		if (error) {
			fprintf(stderr, "host: interface %s: %s\n", p->name, strerror(-error));
			refused++;
		}
	}
	list(taps);
	remove_gone(plan, rtnl);
	return refused;
}
