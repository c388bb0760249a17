/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <rte_eal.h>
#include <rte_malloc.h>
#include <rte_rcu_qsbr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "routing/fib.h"

#define BATCH 64

static uint64_t state = 0x9e3779b97f4a7c15;

static uint64_t rnd(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

struct prefix {
	uint8_t family, length, address[16];
	uint16_t iface; /* 0: not there */
};

static void cut(struct prefix *p)
{
	for (unsigned int bit = p->length; bit < 128; bit++)
		p->address[bit / 8] &= (uint8_t) ~(0x80u >> (bit % 8));
}

static bool covers(const struct prefix *p, const uint8_t *address)
{
	unsigned int whole = p->length / 8, rest = p->length % 8;

	if (memcmp(p->address, address, whole))
		return false;
	return !rest || !((p->address[whole] ^ address[whole]) >> (8 - rest));
}

/* Addresses of few distinct bytes, so that prefixes nest. */
static void random_address(uint8_t *address, uint8_t family)
{
	static const uint8_t bytes[] = {0, 1, 10, 127, 128, 254, 255, 200};

	memset(address, 0, 16);
	for (int i = 0; i < (family == 4 ? 4 : 16); i++)
		address[i] = bytes[rnd() % (i < 3 ? 4 : 8)];
}

static uint16_t naive(const struct prefix *list, unsigned int n, uint8_t family,
		      const uint8_t *address)
{
	const struct prefix *best = NULL;

	for (unsigned int i = 0; i < n; i++)
		if (list[i].iface && list[i].family == family && covers(&list[i], address) &&
		    (!best || list[i].length > best->length))
			best = &list[i];
	return best ? best->iface : 0;
}

static uint16_t lookup(const struct sl_fib *fib, uint8_t family, const uint8_t *address)
{
	uint32_t ip;

	memcpy(&ip, address, 4);
	return family == 4 ? sl_fib_lookup4(fib, ip)->iface : sl_fib_lookup6(fib, address)->iface;
}

static void compare(const struct sl_fib *fib, const struct prefix *list, unsigned int n)
{
	for (unsigned int i = 0; i < 300; i++) {
		uint8_t address[16], family = i % 2 ? 6 : 4;

		random_address(address, family);
		if (i % 3 == 0 && list[i % n].family == family) {
			memcpy(address, list[i % n].address, 16);
			address[family == 4 ? 3 : 15] ^= (uint8_t)(rnd() & 1);
		}
		assert_int_equal(lookup(fib, family, address), naive(list, n, family, address));
	}
}

/* Random adds, replacements and deletes against the naive longest match. */
static void churn(struct rte_rcu_qsbr *qsbr, unsigned int n, uint32_t max, unsigned int filler)
{
	struct prefix *list = calloc(n, sizeof(*list));
	char error[128];
	struct sl_fib *fib = sl_fib_create(max, qsbr, error, sizeof(error));
	struct sl_route route = {.kind = SL_ROUTE_KIND_CONNECTED, .family = 4};

	assert_non_null(fib);
	for (unsigned int i = 0; i < n; i++) {
		list[i].family = i % 2 ? 6 : 4;
		random_address(list[i].address, list[i].family);
		list[i].length = (uint8_t)(rnd() % (list[i].family == 4 ? 33 : 129));
		cut(&list[i]);
		for (unsigned int k = 0; k < i; k++)
			if (list[k].family == list[i].family && list[k].length == list[i].length &&
			    !memcmp(list[k].address, list[i].address, 16))
				list[i--].length = 0xff, k = n;
	}
	/* Routes outside what is asked for (240/4, f0::/8) that make the table a big one. */
	for (uint32_t i = 0; i < filler; i++) {
		uint8_t address[16] = {0xf0, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

		route.iface = (uint16_t)(1 + i % 500);
		assert_int_equal(sl_fib_add(fib, 4, address, 32, &route), 0);
		assert_int_equal(sl_fib_add(fib, 6, address, 32, &route), 0);
	}
	for (unsigned int round = 0; round < 300; round++) {
		for (unsigned int k = 0; k < BATCH; k++) {
			struct prefix *p = &list[rnd() % n];

			if (rnd() % 3) {
				p->iface = route.iface = (uint16_t)(1 + rnd() % 1000);
				assert_int_equal(sl_fib_add(fib, p->family, p->address, p->length,
							    &route),
						 0);
			} else {
				assert_int_equal(
					sl_fib_delete(fib, p->family, p->address, p->length),
					p->iface ? 0 : -ENOENT);
				p->iface = 0;
			}
		}
		assert_true(sl_fib_commit(fib) >= 0);
		compare(fib, list, n);
	}
	sl_fib_clear(fib);
	assert_int_equal(sl_fib_count(fib, 4), 0);
	assert_int_equal(sl_fib_commit(fib), 1);
	memset(list, 0, n * sizeof(*list));
	compare(fib, list, n);
	sl_fib_free(fib);
	free(list);
}

static struct rte_rcu_qsbr *qsbr_create(void)
{
	size_t size = rte_rcu_qsbr_get_memsize(8);
	struct rte_rcu_qsbr *qsbr = rte_zmalloc(NULL, size, RTE_CACHE_LINE_SIZE);

	assert_non_null(qsbr);
	rte_rcu_qsbr_init(qsbr, 8);
	return qsbr;
}

static void test_small(void **unused)
{
	(void)unused;
	churn(NULL, 200, 4096, 0);
}

static void test_big_pair(void **unused)
{
	struct rte_rcu_qsbr *qsbr = qsbr_create();

	(void)unused;
	churn(qsbr, 200, 16000, SL_FIB_SMALL);
	rte_free(qsbr);
}

static void test_big_alone(void **unused)
{
	(void)unused;
	churn(NULL, 200, 16000, SL_FIB_SMALL);
}

static void test_limit(void **unused)
{
	char error[128];
	struct sl_fib *fib = sl_fib_create(2, NULL, error, sizeof(error));
	struct sl_route route = {.kind = SL_ROUTE_KIND_BLACKHOLE, .family = 4, .iface = 1};
	const uint8_t a[4] = {10}, b[4] = {11}, c[4] = {12};

	(void)unused;
	assert_int_equal(sl_fib_add(fib, 4, a, 8, &route), 0);
	assert_int_equal(sl_fib_add(fib, 4, b, 8, &route), 0);
	assert_int_equal(sl_fib_add(fib, 4, c, 8, &route), -ENOSPC);
	assert_int_equal(sl_fib_add(fib, 4, a, 33, &route), -EINVAL);
	assert_int_equal(sl_fib_commit(fib), 1);
	assert_int_equal(sl_fib_commit(fib), 0);
	assert_int_equal(lookup(fib, 4, a), 1);
	assert_int_equal(lookup(fib, 4, c), 0);
	/* It grows, and does not shrink under what it has. */
	assert_true(sl_fib_limit(fib, 3));
	assert_int_equal(sl_fib_add(fib, 4, c, 8, &route), 0);
	assert_int_equal(sl_fib_commit(fib), 1);
	assert_int_equal(lookup(fib, 4, c), 1);
	assert_false(sl_fib_limit(fib, 1));
	assert_int_equal(sl_fib_delete(fib, 4, c, 8), 0);
	assert_int_equal(sl_fib_commit(fib), 1);
	assert_false(sl_fib_limit(fib, 2));
	/* A resync that brings the same routes is no change. */
	sl_fib_clear(fib);
	assert_int_equal(sl_fib_add(fib, 4, b, 8, &route), 0);
	assert_int_equal(sl_fib_add(fib, 4, a, 8, &route), 0);
	assert_int_equal(sl_fib_commit(fib), 0);
	assert_int_equal(sl_fib_delete(fib, 4, a, 8), 0);
	assert_int_equal(sl_fib_add(fib, 4, c, 8, &route), 0);
	assert_int_equal(sl_fib_commit(fib), 1);
	assert_int_equal(lookup(fib, 4, c), 1);
	assert_int_equal(lookup(fib, 4, a), 0);
	sl_fib_free(fib);
}

/* More different next hops than there are ids: refused, and given back when routes go. */
static void test_next_hops(void **unused)
{
	char error[128];
	struct sl_fib *fib = sl_fib_create(1u << 17, NULL, error, sizeof(error));
	struct sl_route route = {.kind = SL_ROUTE_KIND_GATEWAY, .family = 4, .iface = 1};

	(void)unused;
	for (unsigned int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i <= SL_FIB_NEXT_HOPS; i++) {
			uint8_t p[4] = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i};

			memcpy(route.gateway, p, 4);
			assert_int_equal(sl_fib_add(fib, 4, p, 32, &route),
					 i < SL_FIB_NEXT_HOPS ? 0 : -ENOSPC);
		}
		sl_fib_clear(fib);
	}
	sl_fib_free(fib);
}

int main(void)
{
	char *eal[] = {"test_fib", "--no-huge", "--no-shconf", "--no-pci",	"-m", "1024",
		       "-l",	   "0",		"--no-telemetry", "--log-level=error"};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small),	  cmocka_unit_test(test_big_pair),
		cmocka_unit_test(test_big_alone), cmocka_unit_test(test_limit),
		cmocka_unit_test(test_next_hops),
	};

	if (rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
