/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/datapath.h"
#include "host/host.h"
#include "routing/adjacency.h"
#include "routing/fib.h"
#include "tables/tables.h"

/*
 * The host plane against a real kernel, in a network namespace of its own: needs root. The test
 * plays the worker: it reads from_host and writes to_host and unresolved.
 */

static const uint8_t port_mac[6] = {2, 0, 0, 0, 0, 1}, peer_mac[6] = {2, 0, 0, 0, 0, 0x63};
static struct sl_datapath dp;
static struct sl_worker worker = {.dp = &dp};
static struct sl_port port = {.iface = 1};
static const char strings[] = "\0wan\0office";
static struct sl_image_interfaces ifaces[2];
static struct sl_image_addresses addresses[2];
static struct sl_image_routes routes[1];
static struct sl_image_proxies proxies[1];
static struct sl_image_address_sets sets[1];
static struct sl_image_ranges4 ranges[1];
static const struct sl_image_settings settings = {.max_routes = 1024};
static struct sl_tables tables;

static void set_tables(void)
{
	memset(&tables, 0, sizeof(tables));
	ifaces[0] = (struct sl_image_interfaces){
		.name = 1, .addresses = 2, .slot = 1, .zone = 2, .mtu = 1400};
	ifaces[1] = (struct sl_image_interfaces){
		.name = 5, .slot = 2, .zone = 2, .mtu = 1300, .parent = 1, .vlan = 20,
		.flags = SL_IFACE_VLAN};
	addresses[0] = (struct sl_image_addresses){.address = {192, 0, 2, 1}, .family = 4, .length = 24};
	addresses[1] = (struct sl_image_addresses){
		.address = {0x20, 1, 0xd, 0xb8, [15] = 1}, .family = 6, .length = 64};
	routes[0] = (struct sl_image_routes){.via = {192, 0, 2, 254}, .iface = 1, .family = 4,
					     .flags = SL_ROUTE_VIA, .distance = 1};
	tables.image.strings = strings;
	tables.image.settings = &settings;
	tables.image.interfaces = ifaces;
	tables.image.addresses = addresses;
	tables.image.routes = routes;
	tables.image.count[SL_SECTION_INTERFACES] = 2;
	tables.image.count[SL_SECTION_ADDRESSES] = 2;
	tables.image.count[SL_SECTION_ROUTES] = 1;
	tables.ifaces[1] = &ifaces[0];
	tables.ifaces[2] = &ifaces[1];
	dp.tables = &tables;
}

static void start(void)
{
	char error[128];

	assert_int_equal(sl_host_start(&dp, error, sizeof(error)), 0);
	set_tables();
	assert_int_equal(sl_host_apply_tables(&tables), 0);
}

static int make_datapath(void **unused)
{
	char error[128];

	(void)unused;
	for (unsigned int i = 0; i < SL_MAX_IFACES; i++)
		dp.port_of_iface[i] = SL_NO_PORT;
	dp.port_of_iface[1] = dp.port_of_iface[2] = 0;
	memcpy(port.mac, port_mac, 6);
	port.link_up = true;
	dp.port[0] = &port;
	dp.ports = dp.workers = 1;
	dp.worker[0] = &worker;
	dp.qsbr = rte_zmalloc(NULL, rte_rcu_qsbr_get_memsize(4), 64);
	rte_rcu_qsbr_init(dp.qsbr, 4);
	rte_rcu_qsbr_thread_register(dp.qsbr, 0);
	dp.fib = sl_fib_create(1000, dp.qsbr, error, sizeof(error));
	dp.pool = rte_pktmbuf_pool_create("pool", 511, 0, SL_PKT_PRIV_SIZE, 2176, 0);
	dp.to_host = rte_ring_create("to", 256, 0, RING_F_SC_DEQ);
	dp.unresolved = rte_ring_create("un", 256, 0, RING_F_SC_DEQ);
	dp.from_host[0] = rte_ring_create("from", 256, 0, RING_F_SP_ENQ | RING_F_SC_DEQ);
	sl_datapath = &dp;
	return !dp.qsbr || !dp.fib || !dp.pool || !dp.to_host || sl_adjacency_init();
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void sh(const char *command)
{
	if (system(command) != 0)
		fail_msg("%s", command);
}

/* As a worker would: between two quiescent states, so what is found is copied. */
static const struct sl_route *lookup(const char *address)
{
	static struct sl_route found;
	uint8_t bytes[16];
	uint32_t ip;

	rte_rcu_qsbr_thread_online(dp.qsbr, 0);
	if (inet_pton(AF_INET, address, &ip) == 1) {
		found = *sl_fib_lookup4(dp.fib, ip);
	} else {
		assert_int_equal(inet_pton(AF_INET6, address, bytes), 1);
		found = *sl_fib_lookup6(dp.fib, bytes);
	}
	rte_rcu_qsbr_thread_offline(dp.qsbr, 0);
	return &found;
}

/* Until the address is routed that way; seconds it took. */
static double until_route(const char *address, uint8_t kind, double limit)
{
	double begin = now();

	while (lookup(address)->kind != kind)
		if (now() - begin > limit)
			fail_msg("%s: kind %u, want %u", address, lookup(address)->kind, kind);
	return now() - begin;
}

static void wake(void)
{
	uint64_t one = 1;

	if (atomic_load(&dp.host_asleep))
		assert_int_equal(write(dp.host_wake, &one, sizeof(one)), sizeof(one));
}

static void send_up(const void *frame, uint16_t length, uint16_t iface)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp.pool);

	memcpy(rte_pktmbuf_append(m, length), frame, length);
	memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
	sl_pkt(m)->iface = iface;
	assert_int_equal(rte_ring_mp_enqueue(dp.to_host, m), 0);
	wake();
}

/* An ARP request for `target` from the kernel is answered as a neighbour would. */
static bool answer_arp(struct rte_mbuf *m, const uint8_t target[4])
{
	uint8_t *f = rte_pktmbuf_mtod(m, uint8_t *), reply[42];

	if (m->data_len < 42 || f[12] != 8 || f[13] != 6 || f[21] != 1 || memcmp(f + 38, target, 4))
		return false;
	assert_memory_equal(f + 6, port_mac, 6);
	memcpy(reply, f + 6, 6);
	memcpy(reply + 6, peer_mac, 6);
	memcpy(reply + 12, f + 12, 8);
	reply[20] = 0;
	reply[21] = 2;
	memcpy(reply + 22, peer_mac, 6);
	memcpy(reply + 28, target, 4);
	memcpy(reply + 32, f + 22, 10);
	send_up(reply, sizeof(reply), sl_pkt(m)->out_iface);
	return true;
}

/* The next packet for which `is` says so within `limit` seconds; others are freed. */
static struct rte_mbuf *receive(bool (*is)(struct rte_mbuf *m), const uint8_t *arp, double limit)
{
	double begin = now();
	void *m;

	while (now() - begin < limit) {
		if (rte_ring_sc_dequeue(dp.from_host[0], &m) < 0)
			continue;
		if (arp && sl_pkt(m)->flags & SL_PKT_FROM_HOST && answer_arp(m, arp))
			assert_int_equal(sl_pkt(m)->out_iface, 1);
		else if (is(m))
			return m;
		rte_pktmbuf_free(m);
	}
	return NULL;
}

static bool is_icmp(struct rte_mbuf *m)
{
	const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);

	return m->data_len > 34 && f[12] == 8 && f[13] == 0 && f[23] == 1;
}

static bool is_returned(struct rte_mbuf *m)
{
	return !(sl_pkt(m)->flags & SL_PKT_FROM_HOST);
}

static void test_apply(void **unused)
{
	(void)unused;
	start();
	assert_int_equal(lookup("192.0.2.7")->kind, SL_ROUTE_KIND_CONNECTED);
	assert_int_equal(lookup("192.0.2.7")->iface, 1);
	assert_int_equal(lookup("192.0.2.1")->kind, SL_ROUTE_KIND_LOCAL);
	assert_int_equal(lookup("192.0.2.255")->kind, SL_ROUTE_KIND_LOCAL);
	assert_int_equal(lookup("8.8.8.8")->kind, SL_ROUTE_KIND_GATEWAY);
	assert_memory_equal(lookup("8.8.8.8")->gateway, "\xc0\0\2\xfe", 4);
	assert_int_equal(lookup("2001:db8::7")->kind, SL_ROUTE_KIND_CONNECTED);
	assert_int_equal(lookup("2001:db9::7")->kind, SL_ROUTE_KIND_NONE);
	until_route("2001:db8::1", SL_ROUTE_KIND_LOCAL, 5); /* after duplicate address detection */
	sh("ip link show wan | grep -q 'UP,LOWER_UP.* mtu 1400 '");
	sh("ip link show wan | grep -q 'link/ether 02:00:00:00:00:01 '");
	sh("ip link show office | grep -q ' mtu 1300 '");
	sh("test $(cat /proc/sys/net/ipv4/ip_forward) = 0");
	port.link_up = false;
	sh("timeout 2 sh -c 'until ip link show wan | grep -q NO-CARRIER; do :; done'");
	port.link_up = true;
	sh("timeout 2 sh -c 'until ip link show wan | grep -q LOWER_UP; do :; done'");
}

static void test_routes(void **unused)
{
	double best = 1;

	(void)unused;
	/* Used within 100 ms; the best of three, as others may have the CPU. */
	for (int i = 0; i < 3; i++) {
		double took;

		sh("ip route add blackhole 10.9.0.0/16");
		took = until_route("10.9.1.1", SL_ROUTE_KIND_BLACKHOLE, 1);
		best = took < best ? took : best;
		sh("ip route del blackhole 10.9.0.0/16");
		until_route("10.9.1.1", SL_ROUTE_KIND_GATEWAY, 1);
	}
	assert_true(best < 0.1);
	sh("ip route add 10.9.0.0/16 via 192.0.2.77 dev wan");
	for (double begin = now(); lookup("10.9.1.1")->gateway[3] != 77;)
		assert_true(now() - begin < 1);
	assert_memory_equal(lookup("10.9.1.1")->gateway, "\xc0\0\2\x4d", 4);
	/* The best of equals by metric; when it goes the other follows. */
	sh("ip route add 10.9.0.0/16 dev office metric 5");
	sh("ip route add blackhole 10.8.0.0/16");
	until_route("10.8.0.1", SL_ROUTE_KIND_BLACKHOLE, 1);
	assert_int_equal(lookup("10.9.1.1")->iface, 1);
	sh("ip route del 10.9.0.0/16 via 192.0.2.77");
	until_route("10.9.1.1", SL_ROUTE_KIND_CONNECTED, 1);
	assert_int_equal(lookup("10.9.1.1")->iface, 2);
	sh("ip route del 10.9.0.0/16");
	sh("ip route del blackhole 10.8.0.0/16");
	until_route("10.9.1.1", SL_ROUTE_KIND_GATEWAY, 1); /* the default route again */
	sh("ip -6 route add 2001:db8:5::/48 nexthop via 2001:db8::5 nexthop via 2001:db8::6");
	until_route("2001:db8:5::1", SL_ROUTE_KIND_GATEWAY, 1);
	sh("ip -6 route del 2001:db8:5::/48 via 2001:db8::5 dev wan");
	sh("ip route add unreachable 10.7.0.0/16");
	until_route("10.7.0.1", SL_ROUTE_KIND_BLACKHOLE, 1);
	for (double begin = now(); lookup("2001:db8:5::1")->gateway[15] != 6;)
		if (now() - begin > 2)
			fail_msg("the other next hop did not follow");
	sh("ip -6 route del 2001:db8:5::/48");
	sh("ip route del unreachable 10.7.0.0/16");
}

/* What the kernel does without a word. */
static void test_silence(void **unused)
{
	(void)unused;
	sh("ip nexthop add id 7 via 192.0.2.9 dev wan && ip route add 10.6.0.0/16 nhid 7");
	until_route("10.6.0.1", SL_ROUTE_KIND_GATEWAY, 1);
	for (double begin = now(); lookup("10.6.0.1")->gateway[3] != 9;)
		assert_true(now() - begin < 1);
	sh("ip nexthop del id 7");
	for (double begin = now(); lookup("10.6.0.1")->gateway[3] == 9;)
		assert_true(now() - begin < 2);
	/* A link that goes takes its routes along; ours come back with it. */
	sh("ip link set wan down");
	until_route("8.8.8.8", SL_ROUTE_KIND_NONE, 2);
	sh("ip link set wan up");
	until_route("8.8.8.8", SL_ROUTE_KIND_GATEWAY, 2);
	until_route("192.0.2.1", SL_ROUTE_KIND_LOCAL, 2);
}

/* A frame of the kernel's goes out, the answer in; the neighbour it made is ours too. */
static void test_frames(void **unused)
{
	const uint8_t address[4] = {192, 0, 2, 99};
	struct rte_mbuf *m;
	uint32_t id;

	(void)unused;
	sh("ping -c 1 -W 1 192.0.2.99 >/dev/null 2>&1 & exit 0");
	m = receive(is_icmp, address, 3);
	assert_non_null(m);
	assert_int_equal(sl_pkt(m)->out_iface, 1);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), peer_mac, 6);
	rte_pktmbuf_free(m);
	id = sl_adjacency_find(1, 4, address);
	assert_int_not_equal(id, 0);
	assert_int_equal(sl_adjacencies[id].state, SL_ADJ_READY);
	sh("ip neigh change 192.0.2.99 lladdr 02:00:00:00:00:64 dev wan nud permanent");
	for (double begin = now(); sl_adjacencies[id].mac[5] != 0x64;)
		assert_true(now() - begin < 1);
	sh("ip neigh del 192.0.2.99 dev wan");
	for (double begin = now(); sl_adjacencies[id].state != SL_ADJ_INCOMPLETE;)
		assert_true(now() - begin < 1);
}

static struct rte_mbuf *unresolved(uint32_t id)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp.pool);

	memset(sl_pkt(m), 0, sizeof(struct sl_pkt));
	sl_pkt(m)->adjacency = id;
	assert_int_equal(rte_ring_mp_enqueue(dp.unresolved, m), 0);
	wake();
	return m;
}

static void test_unresolved(void **unused)
{
	const uint8_t good[4] = {192, 0, 2, 50}, bad[4] = {192, 0, 2, 51};
	uint32_t id = sl_adjacency_get(1, 4, good);
	struct rte_mbuf *sent[6], *m;
	unsigned int pending = 0;

	(void)unused;
	for (unsigned int i = 0; i < 6; i++)
		sent[i] = unresolved(id);
	/* Of six waiting the oldest two make room, the rest go on in order. */
	for (unsigned int i = 0; i < 6; i++) {
		m = receive(is_returned, good, 3);
		assert_ptr_equal(m, sent[i]);
		pending += sl_pkt(m)->reason == SL_DROP_NEIGHBOR_PENDING;
		assert_int_equal(sl_pkt(m)->reason, i < 2 ? SL_DROP_NEIGHBOR_PENDING : SL_DROP_NONE);
		rte_pktmbuf_free(m);
	}
	assert_int_equal(pending, 2);
	assert_int_equal(sl_adjacencies[id].state, SL_ADJ_READY);
	/* Nobody answers: the kernel gives up after its probes. */
	id = sl_adjacency_get(1, 4, bad);
	unresolved(id);
	m = receive(is_returned, NULL, 8);
	assert_non_null(m);
	assert_int_equal(sl_pkt(m)->reason, SL_DROP_NEIGHBOR_FAILED);
	rte_pktmbuf_free(m);
}

static bool is_announcement(struct rte_mbuf *m)
{
	const uint8_t *f = rte_pktmbuf_mtod(m, const uint8_t *);

	return m->data_len == 42 && f[12] == 8 && f[13] == 6 && memcmp(f + 28, f + 38, 4) == 0;
}

/* The next announcement is for 192.0.2.`last` (RFC 5227 2.3). */
static void expect_announced(uint8_t last, double limit)
{
	uint8_t want[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, [12] = 8, [13] = 6, [15] = 1, 8, 0,
			    6, 4, 0, 1};
	struct rte_mbuf *m = receive(is_announcement, NULL, limit);

	assert_non_null(m);
	memcpy(want + 6, port_mac, 6);
	memcpy(want + 22, port_mac, 6);
	memcpy(want + 28, (uint8_t[]){192, 0, 2, last}, 4);
	memcpy(want + 38, (uint8_t[]){192, 0, 2, last}, 4);
	assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), want, sizeof(want));
	assert_int_equal(sl_pkt(m)->out_iface, 1);
	assert_int_equal(sl_pkt(m)->flags, SL_PKT_FROM_HOST);
	rte_pktmbuf_free(m);
}

static void test_announce(void **unused)
{
	double begin;

	(void)unused;
	ranges[0] = (struct sl_image_ranges4){0xc0000214, 0xc0000215};
	sets[0] = (struct sl_image_address_sets){.count4 = 1};
	proxies[0] = (struct sl_image_proxies){.iface = 1};
	tables.image.ranges4 = ranges;
	tables.image.address_sets = sets;
	tables.image.proxies = proxies;
	tables.image.count[SL_SECTION_PROXIES] = 1;
	assert_int_equal(sl_host_apply_tables(&tables), 0);
	expect_announced(20, 2);
	expect_announced(21, 2);
	begin = now();
	expect_announced(20, 4);
	assert_true(now() - begin > 1.5);
	expect_announced(21, 1);
	/* Those that stay need it no more. */
	ranges[0].hi++;
	assert_int_equal(sl_host_apply_tables(&tables), 0);
	expect_announced(22, 2);
	expect_announced(22, 4);
	/* Behind another link may be others. */
	port.link_up = false;
	sh("timeout 2 sh -c 'until ip link show wan | grep -q NO-CARRIER; do :; done'");
	port.link_up = true;
	for (uint8_t last = 20; last <= 22; last++)
		expect_announced(last, 2);
	tables.image.count[SL_SECTION_PROXIES] = 0;
	assert_int_equal(sl_host_apply_tables(&tables), 0);
	assert_null(receive(is_announcement, NULL, 3));
}

/* A new process finds what the old one left; what the new tables do not have goes. */
static void test_restart(void **unused)
{
	unsigned int index = if_nametoindex("wan"), office = if_nametoindex("office");

	(void)unused;
	sl_host_stop();
	assert_int_equal(if_nametoindex("wan"), index);
	sh("ip route show | grep -q '^default via 192.0.2.254 dev wan proto 83'");
	sh("ip address show dev wan | grep -q 192.0.2.1/24");
	sh("ip address add 192.0.2.200/24 dev wan"); /* another's: stays */
	start();
	assert_int_equal(if_nametoindex("wan"), index);
	assert_int_equal(if_nametoindex("office"), office);
	addresses[0].address[3] = 2;
	routes[0].via[3] = 253;
	tables.image.count[SL_SECTION_INTERFACES] = 1;
	tables.ifaces[2] = NULL;
	assert_int_equal(sl_host_apply_tables(&tables), 0);
	assert_int_equal(if_nametoindex("office"), 0);
	assert_int_equal(lookup("192.0.2.2")->kind, SL_ROUTE_KIND_LOCAL);
	assert_int_equal(lookup("192.0.2.1")->kind, SL_ROUTE_KIND_CONNECTED);
	assert_int_equal(lookup("192.0.2.200")->kind, SL_ROUTE_KIND_LOCAL);
	assert_memory_equal(lookup("8.8.8.8")->gateway, "\xc0\0\2\xfd", 4);
	sl_host_stop();
}

int main(void)
{
	char *eal[] = {"test_host", "--no-huge", "--no-shconf", "--no-pci",	    "-m", "64",
		       "-l",	    "0",	 "--no-telemetry", "--log-level=error"};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_apply),	   cmocka_unit_test(test_routes),
		cmocka_unit_test(test_silence),	   cmocka_unit_test(test_frames),
		cmocka_unit_test(test_unresolved), cmocka_unit_test(test_announce),
		cmocka_unit_test(test_restart),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0 || access("/dev/net/tun", W_OK) < 0) {
		puts("skipped: needs root, network namespaces and /dev/net/tun");
		return 77; /* meson: skipped */
	}
	if (rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) < 0)
		return 1;
	return cmocka_run_group_tests(tests, make_datapath, NULL);
}
