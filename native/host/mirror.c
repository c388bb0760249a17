/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/message.h"
#include "routing/adjacency.h"

#define DUMP_PIECES 16	  /* of up to 32 KiB a turn */
#define EVENT_PIECES 256  /* of a message or some */
#define DUMP_PAUSE_MS 500 /* between dumps that events make necessary */
#define RECEIVE_BUFFER (16 << 20)

/* What a whole dump asks for, in turn; phase n is phases[n - 1]. */
static const struct {
	uint16_t type;
	uint8_t family;
} phases[] = {{RTM_GETNEIGH, AF_UNSPEC}, {RTM_GETROUTE, AF_INET}, {RTM_GETROUTE, AF_INET6}};

static struct mnl_socket *open_socket(unsigned int groups)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	int size = RECEIVE_BUFFER;

	if (!s)
		return NULL;
	setsockopt(mnl_socket_get_fd(s), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) == 0)
		return s;
	mnl_socket_close(s);
	return NULL;
}

int sl_mirror_open(struct sl_mirror *m, struct sl_datapath *dp, const struct sl_taps *taps)
{
	const int next_hops = RTNLGRP_NEXTHOP;

	memset(m, 0, sizeof(*m));
	m->dp = dp;
	m->taps = taps;
	m->seen = calloc(SL_MAX_ADJACENCIES, 1);
	m->routes = sl_kernel_routes_create(dp->fib);
	m->events = open_socket(RTMGRP_LINK | RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE |
				RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE);
	m->dumps = open_socket(0);
	if (!m->seen || !m->routes || !m->events || !m->dumps) {
		int error = errno ? -errno : -ENOMEM;

		sl_mirror_close(m);
		return error;
	}
	/* Kernels before 5.3 have no next hop objects. */
	setsockopt(mnl_socket_get_fd(m->events), SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &next_hops,
		   sizeof(next_hops));
	m->wanted = true;
	return 0;
}

void sl_mirror_close(struct sl_mirror *m)
{
	if (m->events)
		mnl_socket_close(m->events);
	if (m->dumps)
		mnl_socket_close(m->dumps);
	sl_kernel_routes_free(m->routes);
	free(m->seen);
	memset(m, 0, sizeof(*m));
}

static bool link_local6(const uint8_t *a)
{
	return a[0] == 0xfe && (a[1] & 0xc0) == 0x80;
}

/* As the datapath knows it; false for what is no business of its. */
static bool to_route(const struct sl_mirror *m, const struct sl_nl_event *e,
		     struct sl_kernel_route *k)
{
	uint16_t slot = sl_taps_slot(m->taps, e->ifindex);

	memset(k, 0, sizeof(*k));
	if (e->cloned || (e->table != RT_TABLE_MAIN && e->table != RT_TABLE_LOCAL))
		return false;
	/* Loopback stays in the box; link-local and multicast are per link and never routed. */
	if (e->family == 4 ? e->address[0] == 127 && e->length >= 8 :
			     e->address[0] == 0xff || (link_local6(e->address) && e->length >= 10))
		return false;
	if (e->family == 6 && e->length == 128 && !memcmp(e->address, (uint8_t[16]){[15] = 1}, 16))
		return false;
	memcpy(k->prefix, e->address, 16);
	k->family = e->family;
	k->length = e->length;
	k->main = e->table == RT_TABLE_MAIN;
	k->metric = e->metric;
	k->protocol = e->protocol;
	k->several = e->append || (e->multipath && e->family == 6);
	k->route.family = e->family;
	k->route.iface = slot;
	switch (e->type) {
	case RTN_LOCAL:
	case RTN_BROADCAST:
	case RTN_ANYCAST:
		k->route.kind = SL_ROUTE_KIND_LOCAL;
		return true;
	case RTN_BLACKHOLE:
	case RTN_UNREACHABLE:
	case RTN_PROHIBIT:
		k->route.kind = SL_ROUTE_KIND_BLACKHOLE;
		k->route.iface = 0;
		return true;
	case RTN_UNICAST:
		k->route.kind = SL_ROUTE_KIND_CONNECTED;
		if (e->has_gateway) {
			k->route.kind = SL_ROUTE_KIND_GATEWAY;
			k->route.family = e->gateway_family;
			memcpy(k->route.gateway, e->gateway, 16);
		}
		return slot != 0;
	default:
		return false;
	}
}

static void on_route(struct sl_mirror *m, const struct sl_nl_event *e)
{
	/* Appended IPv4 routes come after those there are; IPv6 ones join them, the event names all. */
	bool beside = m->phase || (e->append && e->family == 4);
	struct sl_kernel_route k;
	bool ours = to_route(m, e, &k);
	int error;

	m->changed = true;
	if (e->deleted || !ours) {
		/* What it was before may have been ours. */
		if (sl_kernel_routes_take(m->routes, &k) > 0)
			m->wanted = true;
		return;
	}
	error = sl_kernel_routes_put(m->routes, &k, beside);
	if (error && error != m->fib_error)
		fprintf(stderr, "host: routes beyond max-routes are not used: %s\n",
			strerror(-error));
	m->fib_error = error;
}

static void on_neighbor(struct sl_mirror *m, const struct sl_nl_event *e)
{
	uint16_t slot = sl_taps_slot(m->taps, e->ifindex);
	uint32_t id;

	if (!slot || e->address_flags & NTF_PROXY)
		return;
	if (!e->deleted && e->has_mac &&
	    e->state & (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT)) {
		sl_adjacency_resolve(slot, e->family, e->address, e->mac);
	} else if (!e->deleted && e->state & NUD_FAILED) {
		sl_adjacency_resolve(slot, e->family, e->address, NULL);
	} else {
		id = sl_adjacency_find(slot, e->family, e->address);
		if (e->deleted && id)
			sl_adjacency_forget(id);
		return;
	}
	id = sl_adjacency_find(slot, e->family, e->address);
	m->seen[id] = m->stamp;
}

/*
 * The kernel takes IPv4 routes away without a word when a link goes down, an address goes or a next
 * hop object changes: then only a dump tells.
 */
static void on_event(struct sl_mirror *m, const struct sl_nl_event *e)
{
	switch (e->kind) {
	case SL_NL_ROUTE:
		on_route(m, e);
		break;
	case SL_NL_NEIGHBOR:
		on_neighbor(m, e);
		break;
	case SL_NL_LINK:
		if (sl_taps_slot(m->taps, e->ifindex)) {
			m->wanted |= e->deleted || !(e->flags & IFF_UP);
			m->link_up |= e->deleted || e->flags & IFF_UP;
		}
		break;
	case SL_NL_ADDRESS:
	case SL_NL_NEXT_HOP:
		m->wanted |= e->deleted || e->replace;
		break;
	default:
		break;
	}
}

static void ask(struct sl_mirror *m)
{
	char request[128] = {0};
	struct nlmsghdr *h = mnl_nlmsg_put_header(request);
	struct rtmsg *info;

	h->nlmsg_type = phases[m->phase - 1].type;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = ++m->sequence;
	/* ndmsg and rtmsg have the same size and start with the family. */
	static_assert(sizeof(struct rtmsg) == sizeof(struct ndmsg), "one header for both");
	info = mnl_nlmsg_put_extra_header(h, sizeof(*info));
	info->rtm_family = phases[m->phase - 1].family;
	if (mnl_socket_sendto(m->dumps, h, h->nlmsg_len) < 0) {
		m->phase = 0;
		m->wanted = true;
	}
}

static void begin(struct sl_mirror *m)
{
	m->wanted = false;
	m->interrupted = false;
	m->stamp = m->stamp == 1 ? 2 : 1;
	sl_kernel_routes_dump_begin(m->routes);
	m->phase = 1;
	ask(m);
}

static void end(struct sl_mirror *m, uint64_t now_ms)
{
	m->phase = 0;
	m->dumped_ms = now_ms;
	m->changed = true;
	/* What it did not show may be there all the same. */
	if (m->interrupted) {
		m->wanted = true;
		return;
	}
	sl_kernel_routes_dump_end(m->routes);
	for (uint32_t id = SL_ADJ_FIRST; id < sl_adjacency_end(); id++)
		if (sl_adjacencies[id].state == SL_ADJ_READY && m->seen[id] != m->stamp)
			sl_adjacency_forget(id);
}

/* The messages of one read; false when a dump's phase ended with them. */
static bool pass(struct sl_mirror *m, ssize_t n, bool dump)
{
	const struct nlmsghdr *h = (const void *)m->buffer;
	int left = (int)n;

	for (; sl_nl_ok(h, left); h = mnl_nlmsg_next(h, &left)) {
		struct sl_nl_event e;

		if (dump && h->nlmsg_seq != m->sequence)
			continue;
		sl_nl_parse(h, &e);
		if (dump) {
			m->interrupted |= e.interrupted;
			e.append = false; /* a dump's flags say nothing of that */
			e.replace = false;
			if (e.kind == SL_NL_DONE || e.kind == SL_NL_ERROR)
				return false;
		}
		on_event(m, &e);
	}
	return true;
}

static bool read_dump(struct sl_mirror *m, uint64_t now_ms)
{
	for (unsigned int i = 0; i < DUMP_PIECES && m->phase; i++) {
		ssize_t n = mnl_socket_recvfrom(m->dumps, m->buffer, sizeof(m->buffer));

		if (n < 0)
			return errno == EINTR;
		if (pass(m, n, true))
			continue;
		if (m->phase++ < sizeof(phases) / sizeof(phases[0]))
			ask(m);
		else
			end(m, now_ms);
	}
	return true;
}

static bool read_events(struct sl_mirror *m)
{
	for (unsigned int i = 0; i < EVENT_PIECES; i++) {
		ssize_t n = mnl_socket_recvfrom(m->events, m->buffer, sizeof(m->buffer));

		if (n >= 0) {
			pass(m, n, false);
		} else if (errno == ENOBUFS) {
			/* Events were lost. */
			m->wanted = true;
		} else {
			return errno == EINTR;
		}
	}
	return true;
}

static void commit(struct sl_mirror *m)
{
	int rc = sl_fib_commit(m->dp->fib);

	m->changed = false;
	if (rc < 0)
		fprintf(stderr, "host: routes: %s\n", strerror(-rc));
	if (rc)
		atomic_fetch_add(&m->dp->routing_epoch, 1);
}

bool sl_mirror_turn(struct sl_mirror *m, uint64_t now_ms)
{
	bool more = false;

	if (m->wanted && !m->phase && (!m->dumped_ms || now_ms - m->dumped_ms >= DUMP_PAUSE_MS))
		begin(m);
	if (m->phase)
		more = read_dump(m, now_ms);
	if (!m->phase)
		more |= read_events(m);
	if (m->changed && !m->phase)
		commit(m);
	return more;
}
