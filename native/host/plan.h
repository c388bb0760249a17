/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "host/rtnl.h"
#include "host/tap.h"

/* Addresses and routes of ours carry this protocol number in the kernel; nobody else's does. */
#define SL_RTPROT 83

/* What the running tables want of the kernel; a copy, it outlives them. */
struct sl_plan_iface {
	char name[16];
	uint16_t slot;
	bool tunnel;
	uint16_t port_slot; /* of the port: its own or the parent's */
	uint16_t mtu;
};
struct sl_plan_address {
	uint8_t address[16];
	uint16_t slot;
	uint8_t family, length;
	bool found;
};
struct sl_plan_route {
	uint8_t address[16], via[16];
	uint32_t metric;
	uint16_t slot;
	uint8_t family, length;
	bool gateway, found;
};
/* An IPv4 address the box answers ARP for, host/announce.h. */
struct sl_plan_proxy {
	uint64_t due_ms; /* once told: when to tell again */
	uint16_t slot;
	uint8_t address[4];
	uint8_t told; /* how often since the link came up */
};
struct sl_plan {
	struct sl_plan_proxy *proxy; /* sorted */
	struct sl_plan_iface *iface;
	struct sl_plan_address *address;
	struct sl_plan_route *route; /* sorted */
	uint32_t ifaces, addresses, routes, proxies;
};

/* 0 or -errno with `error` (a name that is none for the kernel, no memory). */
int sl_plan_from_tables(struct sl_plan *plan, const struct sl_tables *tables, char *error,
			size_t error_size);
void sl_plan_free(struct sl_plan *plan);

/* By prefix and metric: what makes two routes the same to the kernel. For qsort and bsearch. */
int sl_plan_route_compare(const void *a, const void *b);

int sl_plan_proxy_compare(const struct sl_plan_proxy *a, const struct sl_plan_proxy *b);

/* TAPs by slot; fd -1 where none is. */
struct sl_taps {
	struct sl_tap tap[SL_MAX_IFACES];
	uint16_t list[SL_MAX_IFACES]; /* slots that have one */
	uint32_t count;
};

/* The slot of a TAP by its kernel index; 0 for another's device. */
uint16_t sl_taps_slot(const struct sl_taps *taps, uint32_t ifindex);

/*
 * Makes the kernel what the plan wants: adds what is missing, removes what an earlier plan of this
 * or an earlier process had. Says on stderr what the kernel refused; returns how much that was.
 * *changed: a TAP came or went, so that kernel indexes mean other slots than before.
 */
unsigned int sl_plan_taps(const struct sl_plan *plan, struct sl_taps *taps, struct sl_rtnl *rtnl,
			  const struct sl_datapath *dp, bool *changed);
unsigned int sl_plan_addresses(struct sl_plan *plan, const struct sl_taps *taps,
			       struct sl_rtnl *rtnl);
unsigned int sl_plan_routes(struct sl_plan *plan, const struct sl_taps *taps, struct sl_rtnl *rtnl);
