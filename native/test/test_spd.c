/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/spd_table.h"

/* Which SA the policies of one tunnel interface give a packet, and which they let one come out of. */

static int reset(void **state)
{
	pipeline_change = esp_network;
	if (pipeline_reset(state))
		return -1;
	sl_sad_flush(pipeline.dp);
	sl_spd_flush(pipeline.dp);
	return 0;
}

static int start(void **state)
{
	pipeline_change = esp_network;
	return pipeline_start(state);
}

static void range(struct sl_sa_selector *s, const char *from, const char *to)
{
	assert_int_equal(inet_pton(s->family == 4 ? AF_INET : AF_INET6, from, s->from), 1);
	assert_int_equal(inet_pton(s->family == 4 ? AF_INET : AF_INET6, to, s->to), 1);
}

/* An SA of its own SPI and request, and a policy that leads from anywhere to `from`-`to` by it. */
static struct sl_sa_policy client(uint32_t n, const char *from, const char *to)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa_policy p;

	add.name.spi += n;
	add.reqid += n;
	assert_int_equal(sl_sad_add(pipeline.dp, &add), 0);
	p = esp_policy(&add, 4);
	range(&p.destination, from, to);
	return p;
}

/* The SPI, less the first one, that a packet to `dst` goes out by. */
static int spi_to(const char *dst, uint16_t port)
{
	struct sl_output head;
	struct frame f;

	frame_udp(&f, "10.1.2.3", dst, 1000, port, 100);
	if (pipeline_in(INSIDE, &f)->reason)
		return -(int)pipeline.results[0].reason;
	return (int)(frame_get(pipeline_out(0, &head) + 34, 4) - ESP_SPI);
}

static void add(struct sl_sa_policy p)
{
	assert_int_equal(sl_spd_add(pipeline.dp, &p), 0);
}

static void many_clients(void **state)
{
	(void)state;
	add(client(0, "10.50.1.0", "10.50.1.255"));
	add(client(1, "10.50.2.7", "10.50.2.7"));
	add(client(2, "10.50.2.8", "10.50.2.8"));
	assert_int_equal(spi_to("10.50.1.2", 53), 0);
	assert_int_equal(spi_to("10.50.2.7", 53), 1);
	assert_int_equal(spi_to("10.50.2.8", 53), 2);
	assert_int_equal(spi_to("10.50.2.9", 53), -SL_DROP_ESP_SELECTOR);
	assert_int_equal(spi_to("10.50.0.255", 53), -SL_DROP_ESP_SELECTOR);
}

/* Classes first, then the order given, then the narrower one, then the later one. */
static void order(void **state)
{
	struct sl_sa_policy wide, narrow, ports;

	(void)state;
	wide = client(0, "10.50.0.0", "10.50.255.255");
	narrow = client(1, "10.50.2.0", "10.50.2.255");
	ports = client(2, "10.50.2.0", "10.50.2.255");
	ports.source.protocol = ports.destination.protocol = 17;
	ports.destination.port_from = ports.destination.port_to = 53;
	add(narrow);
	add(ports);
	add(wide);
	assert_int_equal(spi_to("10.50.1.2", 53), 0);
	assert_int_equal(spi_to("10.50.2.2", 53), 2);
	assert_int_equal(spi_to("10.50.2.2", 54), 1);
	wide.manual = 7;
	add(wide);
	assert_int_equal(spi_to("10.50.2.2", 53), 0);
	narrow.manual = 6;
	add(narrow);
	assert_int_equal(spi_to("10.50.2.2", 53), 1);
	narrow = client(3, "10.50.2.0", "10.50.2.255");
	narrow.manual = 6;
	add(narrow);
	assert_int_equal(spi_to("10.50.2.2", 53), 3);
	wide = client(4, "10.50.0.0", "10.50.255.255");
	wide.priority = SL_SA_PRIORITY_TRAP;
	wide.manual = 1;
	add(wide);
	assert_int_equal(spi_to("10.50.2.2", 53), 3);
	wide.priority = SL_SA_PRIORITY_PASS;
	add(wide);
	assert_int_equal(spi_to("10.50.2.2", 53), 4);
	wide.type = SL_SA_DROP;
	wide.manual = 0;
	assert_int_equal(sl_spd_add(pipeline.dp, &wide), 0);
	assert_int_equal(spi_to("10.50.2.2", 53), 4);
}

/* RFC 4301 5.2, step 4: what comes out must be what its SA was agreed on for. */
static void inbound(void **state)
{
	const struct esp_suite *s = &esp_suites[0];
	const struct sl_sa_add in = esp_sa(s, SL_SA_IN, 0, false);
	struct sl_sa_policy p = esp_policy(&in, 4);
	struct frame f;

	(void)state;
	/* The packet in it is UDP 10.50.1.2:1000 > 10.1.2.3:2000. */
	esp_frame(&f, s->plain, false, false);
	assert_int_equal(sl_sad_add(pipeline.dp, &in), 0);
	expect_dropped(WAN, &f, SL_DROP_ESP_SELECTOR);
#define COMES_OUT(change, reason_)                                                                 \
	do {                                                                                       \
		reset(state);                                                                      \
		p = esp_policy(&in, 4);                                                            \
		change;                                                                            \
		assert_int_equal(sl_sad_add(pipeline.dp, &in), 0);                                 \
		assert_int_equal(sl_spd_add(pipeline.dp, &p), 0);                                  \
		assert_int_equal(pipeline_in(WAN, &f)->reason == SL_DROP_ESP_SELECTOR, reason_);   \
	} while (0)
	COMES_OUT(, 0);
	COMES_OUT(p.reqid++, 1);
	COMES_OUT(p.type = SL_SA_DROP, 1);
	COMES_OUT(range(&p.source, "10.50.1.2", "10.50.1.2"), 0);
	COMES_OUT(range(&p.source, "10.50.1.0", "10.50.1.1"), 1);
	COMES_OUT(range(&p.source, "10.50.1.3", "10.50.1.4"), 1);
	COMES_OUT(range(&p.destination, "10.1.2.3", "10.1.2.3"), 0);
	COMES_OUT(range(&p.destination, "10.1.2.4", "10.1.2.5"), 1);
	COMES_OUT(p.source.protocol = p.destination.protocol = 17, 0);
	COMES_OUT(p.source.protocol = p.destination.protocol = 6, 1);
	COMES_OUT(p.source.port_from = p.source.port_to = 1000, 0);
	COMES_OUT(p.source.port_from = p.source.port_to = 1001, 1);
	COMES_OUT(p.destination.port_from = 2000, 0);
	COMES_OUT(p.destination.port_to = 1999, 1);
	COMES_OUT(p = esp_policy(&in, 6), 1);
	COMES_OUT(p.source.port_from = 65535; p.source.port_to = 0, 1); /* fragments alone */
}

static void refused(void **state)
{
	const struct sl_sa_add sa = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	const struct sl_sa_policy good = esp_policy(&sa, 4);
	struct sl_sa_policy p;

	(void)state;
#define REFUSED(change, status)                                                                    \
	do {                                                                                       \
		p = good;                                                                          \
		change;                                                                            \
		assert_int_equal(sl_spd_add(pipeline.dp, &p), status);                             \
	} while (0)
	REFUSED(p.direction = 2, -EINVAL);
	REFUSED(p.type = 0, -EINVAL);
	REFUSED(p.type = 4, -EINVAL);
	REFUSED(p.type = SL_SA_PASS, -EOPNOTSUPP);
	REFUSED(p.priority = 4, -EINVAL);
	REFUSED(p.mode = SL_SA_TRANSPORT, -EOPNOTSUPP);
	REFUSED(p.mode = 0, -EINVAL);
	REFUSED(p.mark = 1, -EOPNOTSUPP);
	REFUSED(p.zero = 1, -EINVAL);
	REFUSED(p.spi = 255, -EINVAL);
	REFUSED(p.if_id = 0, -ENODEV);
	REFUSED(p.if_id = WAN, -ENODEV);
	REFUSED(p.if_id = 0xffffffff, -ENODEV);
	REFUSED(p.source.family = 5, -EINVAL);
	REFUSED(p.source.family = 6, -EINVAL);
	REFUSED(p.source.from[4] = 1, -EINVAL);
	REFUSED(p.source.zero[1] = 1, -EINVAL);
	REFUSED(p.source.protocol = 6, -EINVAL);
	REFUSED(range(&p.destination, "10.0.0.2", "10.0.0.1"), -EINVAL);
	REFUSED(p.destination.port_from = 9; p.destination.port_to = 8, -EINVAL);
	REFUSED(p.outer_source.family = 0, -EINVAL);
	assert_int_equal(sl_spd_count(pipeline.dp), 0);
}

/* The table against the plain list: random policies, random packets. */
static void as_a_list(void **state)
{
	struct sl_sa_policy some[40];

	(void)state;
	srandom(7);
	for (unsigned int round = 0; round < 30; round++) {
		unsigned int n = 1 + (unsigned int)random() % 40;

		reset(state);
		for (unsigned int i = 0; i < n; i++) {
			char from[32], to[32];
			unsigned int a = (unsigned int)random() % 64, b = a + (unsigned int)random() % 16;

			snprintf(from, sizeof(from), "10.50.0.%u", a);
			snprintf(to, sizeof(to), "10.50.0.%u", b);
			some[i] = client(i, from, to);
			some[i].manual = 1 + i;
			add(some[i]);
		}
		for (unsigned int i = 0; i < 80; i++) {
			char dst[32];
			int want = -SL_DROP_ESP_SELECTOR;

			snprintf(dst, sizeof(dst), "10.50.0.%u", i);
			for (unsigned int k = n; k-- > 0;)
				if (some[k].destination.from[3] <= i && i <= some[k].destination.to[3])
					want = (int)k;
			assert_int_equal(spi_to(dst, 53), want);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(many_clients, reset),
		cmocka_unit_test_setup(order, reset),
		cmocka_unit_test_setup(inbound, reset),
		cmocka_unit_test_setup(refused, reset),
		cmocka_unit_test_setup(as_a_list, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
