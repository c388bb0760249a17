/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "core/datapath.h"
#include "routing/adjacency.h"
#include "tables/tables.h"

static struct sl_datapath dp;
static struct sl_port port = {.mac = {2, 0, 0, 0, 0, 9}};
static struct sl_tables tables;
static struct sl_image_interfaces wan = {.slot = 1, .zone = 2, .mtu = 1500};
static struct sl_image_interfaces child = {
	.slot = 2, .zone = 3, .mtu = 1400, .parent = 1, .vlan = 20, .flags = SL_IFACE_VLAN};
static const uint8_t mac[6] = {2, 1, 1, 1, 1, 1};

static int setup(void **unused)
{
	(void)unused;
	memset(&dp, 0, sizeof(dp));
	memset(&tables, 0, sizeof(tables));
	tables.ifaces[1] = &wan;
	tables.ifaces[2] = &child;
	for (unsigned int i = 0; i < SL_MAX_IFACES; i++)
		dp.port_of_iface[i] = SL_NO_PORT;
	dp.port_of_iface[1] = 0;
	dp.port[0] = &port;
	dp.ports = 1;
	dp.tables = &tables;
	sl_datapath = &dp;
	return sl_adjacency_init();
}

static void test_life(void **unused)
{
	const uint8_t address[4] = {192, 0, 2, 1}, other[4] = {192, 0, 2, 2};
	uint32_t id = sl_adjacency_get(1, 4, address);
	struct sl_adjacency *a = &sl_adjacencies[id];

	(void)unused;
	assert_true(id >= SL_ADJ_FIRST);
	assert_int_equal(a->state, SL_ADJ_INCOMPLETE);
	assert_int_equal(sl_adjacency_get(1, 4, address), id);
	assert_int_not_equal(sl_adjacency_get(1, 4, other), id);
	assert_int_equal(sl_adjacency_find(2, 4, address), 0);
	sl_adjacency_resolve(1, 4, address, mac);
	assert_int_equal(a->state, SL_ADJ_READY);
	assert_int_equal(a->header_length, 14);
	assert_memory_equal(a->header[a->active], "\2\1\1\1\1\1\2\0\0\0\0\x9\x8\0", 14);
	assert_int_equal(a->mtu, 1500);
	assert_int_equal(a->zone, 2);
	sl_adjacency_resolve(1, 4, address, NULL);
	assert_int_equal(a->state, SL_ADJ_FAILED);
	sl_adjacency_forget(id);
	assert_int_equal(a->state, SL_ADJ_INCOMPLETE);
}

/* A VLAN child uses its parent's port and tags; another MAC lands in the idle copy. */
static void test_child(void **unused)
{
	const uint8_t address[16] = {0x20, 1, 0xd, 0xb8, [15] = 1}, mac2[6] = {6, 6, 6, 6, 6, 6};
	uint32_t id = sl_adjacency_get(2, 6, address);
	struct sl_adjacency *a = &sl_adjacencies[id];
	uint8_t before;

	(void)unused;
	sl_adjacency_resolve(2, 6, address, mac);
	assert_int_equal(a->header_length, 18);
	before = a->active;
	assert_memory_equal(a->header[before],
			    "\2\1\1\1\1\1\2\0\0\0\0\x9\x81\0\0\x14\x86\xdd", 18);
	sl_adjacency_resolve(2, 6, address, mac2);
	assert_int_equal(a->active, !before);
	assert_memory_equal(a->header[a->active], mac2, 6);
	assert_memory_equal(a->header[before], mac, 6);
	tables.ifaces[2] = NULL;
	sl_adjacency_refresh(&dp);
	assert_int_equal(a->state, SL_ADJ_FAILED);
	assert_int_equal(sl_adjacency_get(2, 6, (const uint8_t[16]){1}), 0);
}

static void test_offline(void **unused)
{
	uint32_t id;

	(void)unused;
	dp.offline = true;
	id = sl_adjacency_get(1, 4, (const uint8_t[4]){10, 0, 0, 7});
	assert_int_equal(sl_adjacencies[id].state, SL_ADJ_READY);
	assert_memory_equal(sl_adjacencies[id].mac, "\2\4\xa\0\0\7", 6);
}

/* A full table refuses; collecting frees what was not used, and raises the epoch for holders. */
static void test_full(void **unused)
{
	uint32_t address = 0, id, kept;

	(void)unused;
	kept = sl_adjacency_get(1, 4, (const uint8_t *)&address);
	while ((id = sl_adjacency_get(1, 4, (const uint8_t *)&address)))
		address++;
	assert_int_equal(address, SL_MAX_ADJACENCIES - SL_ADJ_FIRST);
	sl_adjacencies[kept].used_ms = 100000;
	assert_int_equal(sl_adjacency_collect(&dp, 100001, 60000),
			 SL_MAX_ADJACENCIES - SL_ADJ_FIRST - 1);
	assert_int_equal(dp.routing_epoch, 1);
	assert_int_equal(sl_adjacency_collect(&dp, 200000, 60000), 0);
	assert_int_equal(sl_adjacency_find(1, 4, (const uint8_t[4]){0}), kept);
	address = 5;
	assert_int_equal(sl_adjacency_find(1, 4, (const uint8_t *)&address), 0);
	assert_true(sl_adjacency_get(1, 4, (const uint8_t *)&address) >= SL_ADJ_FIRST);
}

static void *make_many(void *ids)
{
	for (uint32_t n = 0; n < 20000; n++)
		((uint32_t *)ids)[n] = sl_adjacency_get(1, 4, (const uint8_t *)&n);
	return NULL;
}

/* Two threads that make the same ones get the same ids. */
static void test_threads(void **unused)
{
	static uint32_t ids[2][20000];
	pthread_t thread;

	(void)unused;
	assert_int_equal(pthread_create(&thread, NULL, make_many, ids[0]), 0);
	make_many(ids[1]);
	pthread_join(thread, NULL);
	assert_memory_equal(ids[0], ids[1], sizeof(ids[0]));
	assert_int_equal(sl_adjacency_end(), SL_ADJ_FIRST + 20000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_life, setup),    cmocka_unit_test_setup(test_child, setup),
		cmocka_unit_test_setup(test_offline, setup), cmocka_unit_test_setup(test_full, setup),
		cmocka_unit_test_setup(test_threads, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
