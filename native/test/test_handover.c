/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <netinet/in.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>
#include <stdlib.h>
#include <string.h>

#include "core/make.h"
#include "core/port.h"
#include "core/worker.h"
#include "routing/fib.h"
#include "tables/tables.h"
#include "test/image_builder.h"

/*
 * Two workers whose turns the test takes by hand. All packets arrive on queues of worker 0; the
 * sessions of about half the flows are worker 1's.
 */
#define FLOWS 200u
#define RING 4095u /* packets a hand-over ring holds */

struct __rte_aligned(2) frame {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_udp_hdr udp;
	uint32_t number;
} __attribute__((packed));

static struct sl_datapath dp = {.workers = 2, .offline = true};
static uint32_t now_ms;
/* What arrives: flows first, first + 1, … of one direction, each packet the next of its flow. */
static struct {
	bool reply;
	uint32_t left, flow;
	uint32_t number[2][FLOWS];
} arrivals;
/* What left: the next number of each flow, and its worker plus one. */
static struct {
	uint32_t packets, disorder, moved, by[2];
	uint32_t next[2][FLOWS];
	unsigned int worker[FLOWS];
} sent;

static uint16_t arrive(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		       uint16_t n)
{
	uint16_t got = 0;

	(void)queue;
	if (w->index != 0 || (p->iface == 2) != arrivals.reply)
		return 0;
	for (; got < n && arrivals.left > 0; got++, arrivals.left--) {
		uint32_t flow = arrivals.flow++ % FLOWS;
		uint32_t ends[2] = {RTE_IPV4(10, 0, 1, 1) + flow, RTE_IPV4(10, 0, 2, 1)};
		struct frame *f;

		m[got] = rte_pktmbuf_alloc(dp.pool);
		assert_non_null(m[got]);
		f = (struct frame *)rte_pktmbuf_append(m[got], sizeof(*f));
		memset(f, 0, sizeof(*f));
		f->ether.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
		f->ip.version_ihl = 0x45;
		f->ip.total_length = RTE_BE16(sizeof(*f) - sizeof(f->ether));
		f->ip.packet_id = rte_cpu_to_be_16((uint16_t)flow);
		f->ip.time_to_live = 64;
		f->ip.next_proto_id = IPPROTO_UDP;
		f->ip.src_addr = rte_cpu_to_be_32(ends[arrivals.reply]);
		f->ip.dst_addr = rte_cpu_to_be_32(ends[!arrivals.reply]);
		f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
		f->udp.src_port = f->udp.dst_port = RTE_BE16(1000);
		f->udp.dgram_len = RTE_BE16(sizeof(f->udp) + sizeof(f->number));
		f->number = arrivals.number[arrivals.reply][flow]++;
	}
	return got;
}

static uint16_t leave(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		      uint16_t n)
{
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		const struct frame *f = rte_pktmbuf_mtod(m[i], const struct frame *);
		uint32_t flow = rte_be_to_cpu_16(f->ip.packet_id);
		uint32_t *next = &sent.next[p->iface == 1][flow];

		sent.packets++;
		sent.by[w->index]++;
		sent.disorder += f->number < *next;
		*next = f->number + 1;
		sent.moved += sent.worker[flow] && sent.worker[flow] != w->index + 1;
		sent.worker[flow] = w->index + 1;
	}
	rte_pktmbuf_free_bulk(m, n);
	return n;
}

static struct sl_tables *tables(uint8_t action, const struct sl_tables *previous)
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
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, SL_SET_ANY, action);
	image_part(&b, (uint8_t)(1 + action), 0, 1);
	image_pair(&b, (uint8_t)(1 + action), 2, 3, 0);
	bytes = image_finish(&b, &size);
	image_builder_free(&b);
	built = sl_tables_build(bytes, size, previous, error, sizeof(error), NULL);
	assert_string_equal(error, "");
	free(bytes);
	return built;
}

static void add_port(unsigned int index, struct sl_port *p)
{
	p->index = (uint16_t)index;
	p->iface = (uint16_t)(index + 1);
	p->rx_queues = p->tx_queues = 2;
	p->promiscuous = true;
	p->link_up = true;
	p->rx = arrive;
	p->tx = leave;
	dp.port[index] = p;
	dp.ports = index + 1;
	dp.port_of_iface[p->iface] = p->index;
}

static int set_up(void **state)
{
	const struct sl_options options = {.buffers = 16384};
	struct sl_tables *allow = tables(SL_ACTION_ALLOW, NULL);
	static struct sl_port ports[2];
	char error[256] = "";

	(void)state;
	sl_datapath = &dp;
	assert_int_equal(sl_datapath_pool(&dp, &options), 0);
	assert_int_equal(sl_datapath_make(&dp, allow->image.settings, 7, NULL, error, sizeof(error)),
			 0);
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++)
		dp.port_of_iface[slot] = SL_NO_PORT;
	for (unsigned int i = 0; i < 2; i++) {
		add_port(i, &ports[i]);
		sl_port_map(&ports[i], allow);
		rte_rcu_qsbr_thread_register(dp.qsbr, i);
	}
	sl_port_deal(&dp);
	assert_int_equal(sl_fib_from_tables(dp.fib, allow), 0);
	for (unsigned int i = 0; i < 2; i++)
		rte_rcu_qsbr_thread_online(dp.qsbr, i);
	atomic_store(&dp.tables, allow);
	return 0;
}

static void feed(uint32_t packets, bool reply)
{
	arrivals.left = packets;
	arrivals.flow = 0;
	arrivals.reply = reply;
	memset(arrivals.number, 0, sizeof(arrivals.number));
	memset(&sent, 0, sizeof(sent));
}

/* Turns of worker 0 until all has arrived, worker 1 taking one after each `every` of them. */
static void turn_all(unsigned int every)
{
	unsigned int n = 0;

	while (arrivals.left > 0) {
		sl_worker_turn(dp.worker[0], 0, now_ms);
		if (every && ++n % every == 0)
			sl_worker_turn(dp.worker[1], 0, now_ms);
	}
}

static void drain(void)
{
	while (rte_ring_count(dp.handover[0][1]) > 0)
		sl_worker_turn(dp.worker[1], 0, now_ms);
}

static uint64_t drops(unsigned int reason)
{
	return dp.worker[0]->drops[reason].packets + dp.worker[1]->drops[reason].packets;
}

static void assert_all_left(uint32_t packets)
{
	assert_int_equal(sent.packets, packets);
	assert_int_equal(sent.disorder, 0);
	assert_int_equal(sent.moved, 0);
	assert_true(sent.by[0] > packets / 4 && sent.by[1] > packets / 4);
}

static void test_order(void **state)
{
	(void)state;
	/* The first packets open the sessions; worker 1 keeps up, lags a little, lags much. */
	for (unsigned int every = 1; every <= 16; every *= 4) {
		feed(FLOWS * 16, false);
		turn_all(every);
		drain();
		assert_all_left(FLOWS * 16);
	}
	assert_true(dp.worker[0]->self->handed_over > FLOWS * 16 / 4 * 3);
	assert_int_equal(dp.worker[1]->self->handed_over, 0);
}

static void test_replies(void **state)
{
	unsigned int owner[FLOWS];

	(void)state;
	feed(FLOWS, false);
	turn_all(1);
	drain();
	memcpy(owner, sent.worker, sizeof(owner));
	/* The way back arrives at worker 0 too, and leaves by the worker whose session it is. */
	feed(FLOWS * 4, true);
	turn_all(3);
	drain();
	assert_all_left(FLOWS * 4);
	assert_memory_equal(owner, sent.worker, sizeof(owner));
}

static void test_full_ring(void **state)
{
	uint64_t before = drops(SL_DROP_HANDOVER_FULL);
	uint32_t theirs;

	(void)state;
	feed(RING * 4, false);
	turn_all(0);
	theirs = RING * 4 - sent.by[0];
	assert_true(theirs > RING);
	assert_int_equal(rte_ring_count(dp.handover[0][1]), RING);
	assert_int_equal(drops(SL_DROP_HANDOVER_FULL) - before, theirs - RING);
	drain();
	assert_int_equal(sent.by[1], RING);
	assert_int_equal(sent.disorder, 0);
}

/* What lies in the ring at a swap is judged by the rules of the worker that takes it out. */
static void test_swap(void **state)
{
	struct sl_tables *allow = atomic_load(&dp.tables), *deny = tables(SL_ACTION_DENY, allow);
	uint64_t changed = drops(SL_DROP_POLICY_CHANGED), refused = drops(SL_DROP_POLICY_DENY);
	uint32_t waiting;

	(void)state;
	feed(FLOWS * 2, false);
	turn_all(0);
	waiting = rte_ring_count(dp.handover[0][1]);
	assert_int_equal(waiting + sent.by[0], FLOWS * 2);
	atomic_store(&dp.tables, deny);
	drain();
	assert_int_equal(sent.by[1], 0);
	/* The first of each flow ends its session, the second finds none. */
	assert_int_equal(drops(SL_DROP_POLICY_CHANGED) - changed, waiting / 2);
	assert_int_equal(drops(SL_DROP_POLICY_DENY) - refused, waiting / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_replies),
		cmocka_unit_test(test_full_ring),
		cmocka_unit_test(test_swap),
	};
	char *argv[] = {(char *)"test",	    (char *)"--no-huge", (char *)"--no-shconf",
			(char *)"--no-pci", (char *)"-m",	 (char *)"128",
			(char *)"--lcores", (char *)"0@0",	 (char *)"--no-telemetry",
			(char *)"--log-level=*:error"};
	int failed;

	if (rte_eal_init((int)RTE_DIM(argv), argv) < 0)
		return 1;
	failed = cmocka_run_group_tests(tests, set_up, NULL);
	rte_eal_cleanup();
	return failed;
}
