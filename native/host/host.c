/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/host.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "host/announce.h"
#include "host/give.h"
#include "host/mirror.h"
#include "host/neighbors.h"
#include "host/private.h"
#include "routing/adjacency.h"
#include "routing/fib.h"
#include "tables/tables.h"

#define BURST 64
#define TAP_FRAMES 64 /* of one TAP before others have their turn */
#define TICK_MS 100   /* links are looked at this often */
#define SETTLE_MS 5000 /* a kernel whose routes never stand still does not hold up a commit */

/* epoll data below SL_MAX_IFACES is the slot of a TAP. */
#define WAKE SL_MAX_IFACES
#define NETLINK (SL_MAX_IFACES + 1)

static struct sl_host *host; /* NULL: not running */

static uint64_t monotonic_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void watch(struct sl_host *h, int fd, uint32_t tag)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};

	/* A descriptor that is watched already gives EEXIST; closed ones leave by themselves. */
	epoll_ctl(h->epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Kernel and adjacencies follow the plan; the mirror then reads what came of it. */
static void reconcile(struct sl_host *h)
{
	bool changed = false;

	h->refused = sl_plan_taps(&h->plan, &h->taps, &h->rtnl, h->dp, &changed);
	for (uint32_t i = 0; i < h->taps.count; i++)
		watch(h, h->taps.tap[h->taps.list[i]].fd, h->taps.list[i]);
	h->refused += sl_plan_addresses(&h->plan, &h->taps, &h->rtnl);
	h->refused += sl_plan_routes(&h->plan, &h->taps, &h->rtnl);
	if (changed) {
		h->mirror.wanted = true;
		h->mirror.dumped_ms = 0;
	}
}

static void carriers(struct sl_host *h)
{
	for (uint32_t i = 0; i < h->taps.count; i++) {
		struct sl_tap *tap = &h->taps.tap[h->taps.list[i]];
		uint16_t index = h->dp->port_of_iface[tap->slot];
		const struct sl_port *port = index < SL_MAX_PORTS ? h->dp->port[index] : NULL;
		/* A tunnel without SAs keeps its routes, and drops: nothing leaves in clear. */
		bool up = tap->tunnel || (port && atomic_load(&port->link_up));

		if (tap->carrier == up)
			continue;
		sl_tap_carrier(tap, up);
		sl_announce_forget(&h->plan, tap->slot);
	}
}

static bool to_taps(struct sl_host *h)
{
	void *objs[BURST];
	unsigned int n = rte_ring_sc_dequeue_burst(h->dp->to_host, objs, BURST, NULL);

	for (unsigned int i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i];
		struct sl_tap *tap = &h->taps.tap[sl_pkt(m)->iface % SL_MAX_IFACES];

		if (tap->fd < 0)
			sl_give_back(h->dp, m, SL_DROP_IFACE_DOWN);
		else if (sl_tap_write(tap, m) < 0)
			sl_give_back(h->dp, m, SL_DROP_HOST_FULL);
		else
			rte_pktmbuf_free(m);
	}
	return n == BURST;
}

/* The kernel's frames; a worker tells their flow's owner itself. */
static void from_tap(struct sl_host *h, struct sl_tap *tap)
{
	struct rte_ring *ring = h->dp->from_host[tap->slot % h->dp->workers];

	for (unsigned int i = 0; i < TAP_FRAMES && rte_ring_free_count(ring); i++) {
		struct rte_mbuf *m = sl_tap_read(tap, h->dp->pool, &h->lost);
		struct sl_pkt *p;

		if (!m)
			return;
		p = sl_pkt(m);
		memset(p, 0, sizeof(*p));
		p->flags = SL_PKT_FROM_HOST;
		p->out_iface = tap->slot;
		p->l3 = 14;
		if (rte_ring_sp_enqueue(ring, m) < 0)
			rte_pktmbuf_free(m);
	}
}

/* One request of another thread, if there is one; the answer may wait for the mirror. */
static void serve(struct sl_host *h, uint64_t now_ms)
{
	pthread_mutex_lock(&h->lock);
	if (h->request && !h->accepted) {
		h->accepted = true;
		h->settle_by_ms = h->wait_settled ? now_ms + SETTLE_MS : 0;
		pthread_mutex_unlock(&h->lock);
		h->request(h->argument);
		pthread_mutex_lock(&h->lock);
	} else if (h->accepted && (sl_mirror_settled(&h->mirror) || now_ms >= h->settle_by_ms)) {
		h->request = NULL;
		h->accepted = false;
		h->served++;
		pthread_cond_broadcast(&h->answered);
	}
	pthread_mutex_unlock(&h->lock);
}

static int wait_for_work(struct sl_host *h, struct epoll_event *events, bool more)
{
	uint64_t count;
	int n;

	atomic_store(&h->dp->host_asleep, true);
	/* A worker either sees this and wakes us, or we see what it put there. */
	if (!rte_ring_empty(h->dp->to_host) || !rte_ring_empty(h->dp->unresolved))
		more = true;
	n = epoll_wait(h->epoll, events, BURST, more ? 0 : TICK_MS);
	atomic_store(&h->dp->host_asleep, false);
	for (int i = 0; i < n; i++)
		if (events[i].data.u32 == WAKE && read(h->dp->host_wake, &count, sizeof(count)) < 0)
			continue; /* read by an earlier wake */
	return n;
}

static void *loop(void *argument)
{
	struct sl_host *h = argument;
	struct epoll_event events[BURST];
	uint64_t ticked = 0;
	bool more = false;

	pthread_setname_np(pthread_self(), "sluice-host");
	while (!atomic_load(&h->stop)) {
		int n = wait_for_work(h, events, more);
		uint64_t now = monotonic_ms();

		more = to_taps(h);
		for (int i = 0; i < n; i++)
			if (events[i].data.u32 < SL_MAX_IFACES &&
			    h->taps.tap[events[i].data.u32].fd >= 0)
				from_tap(h, &h->taps.tap[events[i].data.u32]);
		more |= sl_neighbors_take(&h->neighbors, now);
		more |= sl_mirror_turn(&h->mirror, now);
		sl_neighbors_turn(&h->neighbors, now);
		if (h->mirror.link_up) {
			h->mirror.link_up = false;
			reconcile(h);
		}
		if (now - ticked >= TICK_MS) {
			ticked = now;
			carriers(h);
			sl_announce(h->dp, &h->plan, &h->taps, now);
		}
		serve(h, now);
		more |= h->accepted;
	}
	return NULL;
}

void sl_host_run(void (*fn)(void *arg), void *arg)
{
	if (host)
		sl_host_request(host, fn, arg, false);
	else
		fn(arg);
}

void sl_host_request(struct sl_host *h, void (*fn)(void *arg), void *arg, bool settled)
{
	uint64_t one = 1, ticket;

	pthread_mutex_lock(&h->lock);
	while (h->request)
		pthread_cond_wait(&h->answered, &h->lock);
	h->request = fn;
	h->argument = arg;
	h->wait_settled = settled;
	ticket = ++h->asked;
	if (write(h->dp->host_wake, &one, sizeof(one)) < 0)
		perror("host: wake"); /* it ticks, so it only comes later */
	while (h->served < ticket)
		pthread_cond_wait(&h->answered, &h->lock);
	pthread_mutex_unlock(&h->lock);
}

struct apply {
	struct sl_host *host;
	struct sl_plan plan;
	uint32_t max_routes;
};

static void apply(void *arg)
{
	struct apply *a = arg;
	struct sl_host *h = a->host;

	sl_announce_keep(&a->plan, &h->plan);
	sl_plan_free(&h->plan);
	h->plan = a->plan;
	/* Routes that were too many are asked for again. */
	if (sl_fib_limit(h->dp->fib, a->max_routes)) {
		h->mirror.wanted = true;
		h->mirror.dumped_ms = 0;
	}
	sl_adjacency_refresh(h->dp);
	carriers(h);
	reconcile(h);
	carriers(h);
	atomic_fetch_add(&h->dp->routing_epoch, 1);
}

int sl_host_apply_tables(const struct sl_tables *tables)
{
	struct apply a = {.host = host, .max_routes = tables->image.settings->max_routes};
	char error[160];
	int rc;

	if (!host)
		return 0;
	rc = sl_plan_from_tables(&a.plan, tables, error, sizeof(error));
	if (rc < 0) {
		fprintf(stderr, "host: %s\n", error);
		return rc;
	}
	sl_host_request(host, apply, &a, true);
	return host->refused ? -EIO : 0;
}

static void free_host(struct sl_host *h)
{
	for (uint32_t i = 0; i < h->taps.count; i++)
		sl_tap_close(&h->taps.tap[h->taps.list[i]], false);
	sl_plan_free(&h->plan);
	sl_neighbors_close(&h->neighbors);
	sl_mirror_close(&h->mirror);
	sl_rtnl_close(&h->rtnl);
	if (h->epoll >= 0)
		close(h->epoll);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->answered);
	free(h);
}

int sl_host_start(struct sl_datapath *dp, char *error, size_t error_size)
{
	struct sl_host *h = calloc(1, sizeof(*h));
	int rc = -ENOMEM;

	if (!h)
		goto fail;
	h->dp = dp;
	for (unsigned int i = 0; i < SL_MAX_IFACES; i++)
		h->taps.tap[i].fd = -1;
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->answered, NULL);
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (dp->host_wake <= 0)
		dp->host_wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	rc = h->epoll < 0 || dp->host_wake < 0 ? -errno : sl_rtnl_open(&h->rtnl);
	if (!rc)
		rc = sl_mirror_open(&h->mirror, dp, &h->taps);
	if (!rc)
		rc = sl_neighbors_open(&h->neighbors, dp, &h->taps);
	if (rc)
		goto fail;
	/* The kernel must not forward beside us; it tells of next hop objects' routes in full. */
	sl_sysctl("ipv4/ip_forward%s", "", "0");
	sl_sysctl("ipv6/conf/all/forwarding%s", "", "0");
	sl_sysctl("ipv4/conf/all/rp_filter%s", "", "0");
	sl_sysctl("ipv4/nexthop_compat_mode%s", "", "1");
	watch(h, dp->host_wake, WAKE);
	watch(h, mnl_socket_get_fd(h->mirror.events), NETLINK);
	watch(h, mnl_socket_get_fd(h->mirror.dumps), NETLINK);
	rc = -pthread_create(&h->thread, NULL, loop, h);
	if (rc)
		goto fail;
	host = h;
	return 0;
fail:
	snprintf(error, error_size, "host plane: %s", strerror(-rc));
	if (h)
		free_host(h);
	return rc;
}

void sl_host_stop(void)
{
	struct sl_host *h = host;
	uint64_t one = 1;

	if (!h)
		return;
	host = NULL;
	atomic_store(&h->stop, true);
	if (write(h->dp->host_wake, &one, sizeof(one)) < 0)
		perror("host: wake");
	pthread_join(h->thread, NULL);
	free_host(h);
}

struct sl_host *sl_host_running(void)
{
	return host;
}
