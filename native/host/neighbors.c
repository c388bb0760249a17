/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/neighbors.h"

#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <rte_mbuf.h>
#include <string.h>

#include "host/give.h"
#include "routing/adjacency.h"

#define HOLD_MS 4000	  /* the kernel gives up after three probes, a second each */
#define SWEEP_MS 1000
#define REFRESH_SWEEPS 10 /* a neighbour in use is confirmed this often, in sweeps */
#define IDLE_MS 60000	  /* an adjacency of a full table that may go */
#define BURST 64

int sl_neighbors_open(struct sl_neighbors *n, struct sl_datapath *dp, const struct sl_taps *taps)
{
	memset(n, 0, sizeof(*n));
	n->dp = dp;
	n->taps = taps;
	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (!n->socket)
		return -errno;
	return mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0 ? -errno : 0;
}

void sl_neighbors_close(struct sl_neighbors *n)
{
	for (uint32_t i = 0; i < SL_HELD_ADJACENCIES; i++)
		rte_pktmbuf_free_bulk(n->held[i].packet, n->held[i].packets);
	if (n->socket)
		mnl_socket_close(n->socket);
	memset(n, 0, sizeof(*n));
}

/*
 * As a packet of the kernel's own would: it resolves, confirms or does nothing, as needed. False while
 * the link is not up for the kernel yet: it would lose its first probe and send the next a second on.
 */
static bool use(struct sl_neighbors *n, const struct sl_adjacency *a)
{
	const struct sl_tap *tap = &n->taps->tap[a->iface % SL_MAX_IFACES];
	char request[128] = {0};
	struct nlmsghdr *m = mnl_nlmsg_put_header(request);
	struct ndmsg *info;

	if (tap->tunnel)
		return true;
	if (tap->fd < 0 || !sl_tap_running(tap))
		return false;
	m->nlmsg_type = RTM_NEWNEIGH;
	m->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	info = mnl_nlmsg_put_extra_header(m, sizeof(*info));
	info->ndm_family = a->family == 4 ? AF_INET : AF_INET6;
	info->ndm_ifindex = (int)tap->ifindex;
	info->ndm_state = NUD_NONE;
	info->ndm_flags = NTF_USE;
	mnl_attr_put(m, NDA_DST, a->family == 4 ? 4 : 16, a->address);
	mnl_socket_sendto(n->socket, m, m->nlmsg_len);
	return true;
}

/* Errors only, as no ack is asked for: a full neighbour table shows as packets that wait in vain. */
static void drain(struct sl_neighbors *n)
{
	char buffer[8192];

	while (mnl_socket_recvfrom(n->socket, buffer, sizeof(buffer)) > 0)
		;
}

/* Of a packet that waited: with FAILED alone it would wait again once the next try has begun. */
static enum sl_drop verdict(uint32_t id)
{
	return sl_adjacencies[id % SL_MAX_ADJACENCIES].state == SL_ADJ_READY ?
		       SL_DROP_NONE :
		       SL_DROP_NEIGHBOR_FAILED;
}

static void hold(struct sl_neighbors *n, struct rte_mbuf *m, uint64_t now_ms)
{
	uint32_t id = sl_pkt(m)->adjacency, i, vacant = SL_HELD_ADJACENCIES;

	if (id < SL_ADJ_FIRST || id >= sl_adjacency_end() ||
	    sl_adjacencies[id].state != SL_ADJ_INCOMPLETE) {
		sl_give_back(n->dp, m, verdict(id)); /* in the meantime */
		return;
	}
	for (i = 0; i < SL_HELD_ADJACENCIES; i++) {
		if (n->held[i].packets && n->held[i].adjacency == id)
			break;
		if (!n->held[i].packets && vacant == SL_HELD_ADJACENCIES)
			vacant = i;
	}
	if (i == SL_HELD_ADJACENCIES) {
		if (vacant == SL_HELD_ADJACENCIES) {
			sl_give_back(n->dp, m, SL_DROP_NEIGHBOR_PENDING);
			return;
		}
		i = vacant;
		n->held[i].adjacency = id;
		n->held[i].since_ms = now_ms;
		n->waiting++;
		n->held[i].asked = use(n, &sl_adjacencies[id]);
	} else if (n->held[i].packets == SL_HELD_PACKETS) {
		/* RFC 1122 2.3.2.2: save at least the latest. */
		sl_give_back(n->dp, n->held[i].packet[0], SL_DROP_NEIGHBOR_PENDING);
		memmove(&n->held[i].packet[0], &n->held[i].packet[1],
			(SL_HELD_PACKETS - 1) * sizeof(m));
		n->held[i].packets--;
	}
	n->held[i].packet[n->held[i].packets++] = m;
}

bool sl_neighbors_take(struct sl_neighbors *n, uint64_t now_ms)
{
	void *objs[BURST];
	unsigned int got = rte_ring_sc_dequeue_burst(n->dp->unresolved, objs, BURST, NULL);

	for (unsigned int i = 0; i < got; i++)
		hold(n, objs[i], now_ms);
	if (got)
		drain(n);
	return got == BURST;
}

static void release(struct sl_neighbors *n, uint32_t i, enum sl_drop reason)
{
	for (uint32_t k = 0; k < n->held[i].packets; k++)
		sl_give_back(n->dp, n->held[i].packet[k], reason);
	n->held[i].packets = 0;
	n->waiting--;
}

/* Adjacencies that carried packets since the last look are confirmed; failed ones may try again. */
static void sweep(struct sl_neighbors *n, uint64_t now_ms)
{
	uint32_t end = sl_adjacency_end();
	bool refresh = n->swept_ms / SWEEP_MS / REFRESH_SWEEPS != now_ms / SWEEP_MS / REFRESH_SWEEPS;

	n->swept_ms = now_ms;
	for (uint32_t id = SL_ADJ_FIRST; id < end; id++) {
		const struct sl_adjacency *a = &sl_adjacencies[id];
		uint32_t used = a->used_ms;

		if (a->state == SL_ADJ_FAILED) {
			/* One a second probes; refresh() leaves those of gone interfaces failed. */
			if (n->taps->tap[a->iface % SL_MAX_IFACES].fd >= 0)
				sl_adjacency_forget(id);
		} else if (refresh && a->state == SL_ADJ_READY && used != n->used[id]) {
			n->used[id] = used;
			use(n, a);
		}
	}
	if (n->dp->workers && n->dp->worker[0])
		sl_adjacency_collect(n->dp, n->dp->worker[0]->now_ms, IDLE_MS);
	drain(n);
}

void sl_neighbors_turn(struct sl_neighbors *n, uint64_t now_ms)
{
	for (uint32_t i = 0; n->waiting && i < SL_HELD_ADJACENCIES; i++) {
		if (!n->held[i].packets)
			continue;
		if (sl_adjacencies[n->held[i].adjacency].state != SL_ADJ_INCOMPLETE)
			release(n, i, verdict(n->held[i].adjacency));
		else if (now_ms - n->held[i].since_ms > HOLD_MS)
			release(n, i, SL_DROP_NEIGHBOR_FAILED);
		else if (!n->held[i].asked)
			n->held[i].asked = use(n, &sl_adjacencies[n->held[i].adjacency]);
	}
	if (now_ms - n->swept_ms >= SWEEP_MS)
		sweep(n, now_ms);
}
