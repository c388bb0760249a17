/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <stdlib.h>
#include <string.h>

#include "core/make.h"
#include "core/port.h"
#include "core/worker.h"
#include "ip/fragment.h"
#include "routing/fib.h"
#include "tables/tables.h"
#include "test/image_builder.h"

/*
 * Fragments that arrive at any of three workers, whose turns the test takes in any order: where a
 * fragment arrives, where its datagram is kept and where its flow is at home are mostly three.
 */
#define WORKERS 3u
#define FLOWS 100u
#define ROUNDS 40u
#define DATAGRAMS (FLOWS * ROUNDS)
#define PIECES 4u
#define PIECE 64u

struct __rte_aligned(2) frame {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	union {
		struct rte_udp_hdr udp;
		uint8_t payload[PIECE];
		struct {
			uint8_t space[8];
			uint32_t datagram, piece;
		} mark;
	};
} __attribute__((packed));

static struct sl_datapath dp = {.workers = WORKERS, .offline = true};
static uint32_t seed = 1, now_ms;

/* What waits to arrive at each worker: datagram * PIECES + piece. */
static struct {
	uint32_t *next, *end;
	uint32_t list[DATAGRAMS * PIECES];
} arriving[WORKERS];

static struct {
	uint32_t packets, wrong;
	uint8_t seen[DATAGRAMS]; /* pieces */
	uint8_t worker[DATAGRAMS];
	uint32_t spread[WORKERS];
} left;

static uint32_t dice(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 17;
	seed ^= seed << 5;
	return seed;
}

/* Every seventh flow has nowhere to go. */
static uint32_t flow_destination(uint32_t flow)
{
	return flow % 7 == 0 ? RTE_IPV4(10, 0, 9, 1) : RTE_IPV4(10, 0, 2, 1);
}

static struct rte_mbuf *piece(uint32_t what)
{
	uint32_t datagram = what / PIECES, n = what % PIECES, flow = datagram % FLOWS;
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp.pool);
	struct frame *f;

	assert_non_null(m);
	f = (struct frame *)rte_pktmbuf_append(m, sizeof(*f));
	memset(f, 0, sizeof(*f));
	f->ether.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = 0x45;
	f->ip.total_length = RTE_BE16(sizeof(*f) - sizeof(f->ether));
	f->ip.packet_id = rte_cpu_to_be_16((uint16_t)datagram);
	f->ip.fragment_offset = rte_cpu_to_be_16((uint16_t)(n * PIECE / 8 |
							    (n + 1 < PIECES ? 0x2000 : 0)));
	f->ip.time_to_live = 64;
	f->ip.next_proto_id = IPPROTO_UDP;
	f->ip.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 0, 1, 1) + flow);
	f->ip.dst_addr = rte_cpu_to_be_32(flow_destination(flow));
	if (n == 0) {
		f->udp.src_port = f->udp.dst_port = RTE_BE16(1000);
		f->udp.dgram_len = RTE_BE16(PIECES * PIECE);
	}
	f->mark.datagram = datagram;
	f->mark.piece = n;
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	return m;
}

static uint16_t arrive(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		       uint16_t n)
{
	uint16_t got = 0, most = (uint16_t)(dice() % 32);

	(void)queue;
	if (p->iface != 1)
		return 0;
	while (got < n && got < most && arriving[w->index].next < arriving[w->index].end)
		m[got++] = piece(*arriving[w->index].next++);
	return got;
}

static uint16_t leave(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		      uint16_t n)
{
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		const struct frame *f = rte_pktmbuf_mtod(m[i], const struct frame *);
		uint32_t d = f->mark.datagram, bit = 1u << f->mark.piece;

		/* Once each, the first first, by one worker. */
		left.wrong += p->iface != 2 || left.seen[d] & bit;
		left.wrong += (left.seen[d] == 0) != (f->mark.piece == 0);
		left.wrong += left.seen[d] && left.worker[d] != w->index;
		left.seen[d] |= (uint8_t)bit;
		left.worker[d] = (uint8_t)w->index;
		left.spread[w->index]++;
		left.packets++;
	}
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

static struct sl_tables *tables(void)
{
	const struct sl_image_addresses address[] = {
		{.address = {10, 0, 1, 254}, .family = 4, .length = 24},
		{.address = {10, 0, 2, 254}, .family = 4, .length = 24}};
	struct sl_image_interfaces *ifaces;
	struct sl_tables *built;
	struct image_builder b;
	char error[256] = "";
	size_t size;
	void *bytes;

	image_builder_init(&b);
	image_zone(&b, 2, "inside");
	image_zone(&b, 3, "outside");
	image_iface(&b, 1, 2, "lan");
	image_iface(&b, 2, 3, "wan");
	ifaces = (struct sl_image_interfaces *)b.section[SL_SECTION_INTERFACES].data;
	for (unsigned int i = 0; i < 2; i++) {
		ifaces[i].first_address = image_add(&b, SL_SECTION_ADDRESSES, &address[i]);
		ifaces[i].addresses = 1;
	}
	image_policy(&b, "all");
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, SL_SET_ANY, SL_ACTION_ALLOW);
	image_part(&b, 1, 0, 1);
	image_pair(&b, 1, 2, 3, 0);
	bytes = image_finish(&b, &size);
	image_builder_free(&b);
	built = sl_tables_build(bytes, size, NULL, error, sizeof(error), NULL);
	assert_string_equal(error, "");
	free(bytes);
	return built;
}

static int set_up(void **state)
{
	const struct sl_options options = {.buffers = 32768};
	struct sl_tables *image = tables();
	static struct sl_port ports[2];
	char error[256] = "";

	(void)state;
	sl_datapath = &dp;
	assert_int_equal(sl_datapath_pool(&dp, &options), 0);
	assert_int_equal(sl_datapath_make(&dp, image->image.settings, 7, NULL, error, sizeof(error)),
			 0);
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++)
		dp.port_of_iface[slot] = SL_NO_PORT;
	for (unsigned int i = 0; i < 2; i++) {
		struct sl_port *p = &ports[i];

		p->index = (uint16_t)i;
		p->iface = (uint16_t)(i + 1);
		p->rx_queues = p->tx_queues = WORKERS;
		p->promiscuous = true;
		p->link_up = true;
		p->rx = arrive;
		p->tx = leave;
		dp.port[i] = p;
		dp.ports = i + 1;
		dp.port_of_iface[p->iface] = p->index;
		sl_port_map(p, image);
	}
	sl_port_deal(&dp);
	assert_int_equal(sl_fib_from_tables(dp.fib, image), 0);
	for (unsigned int i = 0; i < WORKERS; i++) {
		rte_rcu_qsbr_thread_register(dp.qsbr, i);
		rte_rcu_qsbr_thread_online(dp.qsbr, i);
	}
	atomic_store(&dp.tables, image);
	return 0;
}

static uint64_t drops(enum sl_drop reason)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < WORKERS; i++)
		sum += dp.worker[i]->drops[reason].packets;
	return sum;
}

/* The pieces of all datagrams, those near each other well mixed, to so many workers at random. */
static void deal(unsigned int workers)
{
	static uint32_t all[DATAGRAMS * PIECES];
	const uint32_t n = DATAGRAMS * PIECES;

	for (uint32_t i = 0; i < n; i++)
		all[i] = i;
	for (uint32_t i = 0; i < n; i++) {
		uint32_t other = i + dice() % RTE_MIN(64u, n - i), swap = all[i];

		all[i] = all[other];
		all[other] = swap;
	}
	for (unsigned int w = 0; w < WORKERS; w++)
		arriving[w].next = arriving[w].end = arriving[w].list;
	for (uint32_t i = 0; i < n; i++)
		*arriving[dice() % workers].end++ = all[i];
	memset(&left, 0, sizeof(left));
}

static bool busy(void)
{
	for (unsigned int i = 0; i < WORKERS; i++) {
		if (arriving[i].next < arriving[i].end)
			return true;
		for (unsigned int j = 0; j < WORKERS; j++)
			if (i != j && rte_ring_count(dp.handover[i][j]) > 0)
				return true;
	}
	return false;
}

static void run(void)
{
	while (busy())
		sl_worker_turn(dp.worker[dice() % WORKERS], 0, now_ms);
}

static void none_is_lost(void **state)
{
	uint32_t lost = 0;

	(void)state;
	deal(WORKERS);
	run();
	for (uint32_t d = 0; d < DATAGRAMS; d++)
		lost += flow_destination(d % FLOWS) == RTE_IPV4(10, 0, 9, 1) ? 1 : 0;
	assert_int_equal(left.wrong, 0);
	assert_int_equal(left.packets + drops(SL_DROP_NO_ROUTE) + drops(SL_DROP_POLICY_DEFAULT),
			 DATAGRAMS * PIECES);
	assert_int_equal(left.packets, (DATAGRAMS - lost) * PIECES);
	for (unsigned int i = 0; i < WORKERS; i++) {
		assert_true(left.spread[i] > left.packets / 8);
		assert_int_equal(sl_fragments_held(dp.worker[i]), 0);
		assert_false(sl_fragments_any(dp.worker[i]));
	}
}

/* A ring that is full: the datagram is dropped by that name, or fragments of it; none is left over. */
static void full_rings(void **state)
{
	uint64_t before = drops(SL_DROP_HANDOVER_FULL), route = drops(SL_DROP_NO_ROUTE);
	uint64_t full, policy = drops(SL_DROP_POLICY_DEFAULT);

	(void)state;
	deal(1);
	/* Only one takes turns until what it gives to the others is too much. */
	while (arriving[0].next < arriving[0].end)
		sl_worker_turn(dp.worker[0], 0, now_ms);
	run();
	full = drops(SL_DROP_HANDOVER_FULL) - before;
	assert_true(full > 0);
	/* Those whose first one was lost wait in vain. */
	for (unsigned int i = 0; i < WORKERS; i++)
		while (sl_fragments_any(dp.worker[i]))
			sl_worker_turn(dp.worker[i], 0, now_ms + 60000);
	now_ms += 60000;
	assert_int_equal(left.wrong, 0);
	assert_int_equal(left.packets + full + drops(SL_DROP_NO_ROUTE) - route +
				 drops(SL_DROP_POLICY_DEFAULT) - policy +
				 drops(SL_DROP_FRAGMENT_TIMEOUT) +
				 drops(SL_DROP_FRAGMENT_TABLE_FULL),
			 DATAGRAMS * PIECES);
	assert_int_equal(rte_mempool_avail_count(dp.pool), dp.pool->size);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_is_lost),
		cmocka_unit_test(full_rings),
	};
	char *argv[] = {(char *)"test",	    (char *)"--no-huge", (char *)"--no-shconf",
			(char *)"--no-pci", (char *)"-m",	 (char *)"256",
			(char *)"--lcores", (char *)"0@0",	 (char *)"--no-telemetry",
			(char *)"--log-level=*:error"};
	int failed;

	if (rte_eal_init((int)RTE_DIM(argv), argv) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, set_up, NULL);
	rte_eal_cleanup();
	return failed;
}
