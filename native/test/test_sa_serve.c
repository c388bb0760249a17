/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/sa_serve.h"

/* What the plugin may ask of the datapath, record by record, and what it is told by itself. */

#define PLUGIN 0x1122334455667788

static bool greeted;
static uint32_t sequence;
static union sl_sa_answer answer;

static int ask_as(uint64_t plugin)
{
	struct sl_sa_hello hello = {.head = {SL_SA_VERSION, SL_SA_HELLO, ++sequence, 0, sizeof(hello)},
				    .boot = plugin};

	sl_sa_serve(pipeline.dp, &hello, sizeof(hello), &greeted, &answer);
	assert_int_equal(answer.head.length, answer.head.status ? sizeof(answer.head) : sizeof(hello));
	return answer.head.status;
}

static int reset(void **state)
{
	pipeline_change = esp_network;
	if (pipeline_reset(state))
		return -1;
	sl_sad_flush(pipeline.dp);
	sl_spd_flush(pipeline.dp);
	greeted = false;
	return ask_as(PLUGIN);
}

static int start(void **state)
{
	pipeline_change = esp_network;
	return pipeline_start(state);
}

/* The status of the answer, which must be one to this. */
static int ask(enum sl_sa_type type, void *record, size_t size)
{
	struct sl_sa_head *head = record;
	size_t length;

	*head = (struct sl_sa_head){SL_SA_VERSION, (uint16_t)type, ++sequence, 0, (uint32_t)size};
	length = sl_sa_serve(pipeline.dp, record, size, &greeted, &answer);
	assert_int_equal(length, answer.head.length);
	assert_int_equal(answer.head.version, SL_SA_VERSION);
	assert_int_equal(answer.head.type, type);
	assert_int_equal(answer.head.sequence, sequence);
	if (answer.head.status)
		assert_int_equal(length, sizeof(struct sl_sa_head));
	return answer.head.status;
}
#define ASK(type, record) ask(SL_SA_##type, &(record), sizeof(record))

static void boots(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa_policy policy = esp_policy(&add, 4);
	uint64_t ours = answer.hello.boot;

	(void)state;
	assert_int_not_equal(ours, 0);
	assert_int_equal(ASK(ADD, add), 0);
	assert_int_equal(ASK(ADD_POLICY, policy), 0);
	/* Another connection of the same plugin: all is as it was. */
	greeted = false;
	assert_int_equal(ASK(QUERY, add.name), -EINVAL);
	assert_int_equal(ask_as(PLUGIN), 0);
	assert_int_equal(answer.hello.boot, ours);
	assert_int_equal(answer.hello.sas, 1);
	assert_int_equal(answer.hello.policies, 1);
	assert_int_equal(ASK(QUERY, add.name), 0);
	/* Another plugin. */
	assert_int_equal(ask_as(PLUGIN + 1), 0);
	assert_int_equal(answer.hello.boot, ours);
	assert_int_equal(answer.hello.sas, 0);
	assert_int_equal(answer.hello.policies, 0);
	assert_int_equal(ASK(QUERY, add.name), -ENOENT);
	assert_int_equal(ask_as(0), -EINVAL);
}

static void heads(void **state)
{
	const struct sl_sa_head good = {SL_SA_VERSION, SL_SA_FLUSH, 7, 0, sizeof(good)};
	struct {
		struct sl_sa_head head;
		uint8_t more[512];
	} r = {.head = good};
	size_t n = sizeof(good);

	(void)state;
	assert_int_equal(sl_sa_serve(pipeline.dp, &r, n, &greeted, &answer), n);
	assert_int_equal(answer.head.status, 0);
#define REFUSED(change, size, why)                                                                 \
	do {                                                                                       \
		r.head = good;                                                                     \
		change;                                                                            \
		assert_int_equal(sl_sa_serve(pipeline.dp, &r, size, &greeted, &answer), n);        \
		assert_int_equal(answer.head.status, why);                                         \
		assert_int_equal(answer.head.sequence, r.head.sequence);                           \
	} while (0)
	REFUSED(r.head.version++, n, -EPROTO);
	REFUSED(r.head.type = 0, n, -EINVAL);
	REFUSED(r.head.type = SL_SA_FLUSH_POLICIES + 1, n, -EINVAL);
	REFUSED(r.head.type = SL_SA_ACQUIRE, n, -EINVAL);
	REFUSED(r.head.sequence = 0, n, -EINVAL);
	REFUSED(r.head.status = -1, n, -EINVAL);
	REFUSED(r.head.length++, n, -EINVAL);
	REFUSED(r.head.length++, n + 1, -EINVAL);
	REFUSED(r.head.length = sizeof(r), sizeof(r), -EINVAL);
	for (uint16_t type = SL_SA_HELLO; type <= SL_SA_FLUSH_POLICIES; type++)
		REFUSED(r.head.type = type; r.head.length = 24, 24, -EINVAL);
	for (size_t size = 0; size < n; size++)
		assert_int_equal(sl_sa_serve(pipeline.dp, &r, size, &greeted, &answer), 0);
}

static void spis(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_IN, 0, false);
	struct sl_sa_name name = add.name;
	uint32_t first;

	(void)state;
	name.spi = 0;
	assert_int_equal(ASK(GET_SPI, name), 0);
	first = answer.name.spi;
	assert_true(first >= 256);
	assert_int_equal(ASK(GET_SPI, name), 0);
	assert_int_not_equal(answer.name.spi, first);
	name.spi = first;
	assert_int_equal(ASK(GET_SPI, name), -EINVAL);
	assert_int_equal(ASK(DELETE, name), 0);
	assert_int_equal(ASK(DELETE, name), -ENOENT);
	/* Held only until its SA comes; that is taken away alone. */
	name.spi = 0;
	assert_int_equal(ASK(GET_SPI, name), 0);
	add.name.spi = name.spi = answer.name.spi;
	assert_int_equal(ASK(ADD, add), 0);
	assert_int_equal(ASK(DELETE, name), 0);
	assert_int_equal(ASK(DELETE, name), -ENOENT);
	/* So many and no more are spoken for, until they are flushed. */
	name.spi = 0;
	for (unsigned int i = 0; i < 4095; i++)
		assert_int_equal(ASK(GET_SPI, name), 0);
	assert_int_equal(ASK(GET_SPI, name), -ENOSPC);
	assert_int_equal(ASK(FLUSH, answer.head), 0);
	assert_int_equal(ASK(GET_SPI, name), 0);
	name.direction = SL_SA_OUT;
	assert_int_equal(ASK(GET_SPI, name), -EINVAL);
}

static void use(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa_policy policy = esp_policy(&add, 4);
	struct frame f;

	(void)state;
	assert_int_equal(ASK(ADD, add), 0);
	assert_int_equal(ASK(ADD, add), -EEXIST);
	assert_int_equal(ASK(ADD_POLICY, policy), 0);
	assert_int_equal(ASK(ADD_POLICY, policy), -EEXIST);
	assert_int_equal(ASK(QUERY, add.name), 0);
	assert_int_equal(answer.use.packets, 0);
	assert_true(answer.use.idle == UINT64_MAX);
	assert_int_equal(ASK(QUERY_POLICY, policy), 0);
	assert_true(answer.use.idle == UINT64_MAX);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	assert_int_equal(ASK(QUERY, add.name), 0);
	assert_int_equal(answer.use.packets, 1);
	assert_int_equal(answer.use.bytes, 128);
	assert_true(answer.use.idle != UINT64_MAX);
	assert_int_equal(ASK(QUERY_POLICY, policy), 0);
	assert_true(answer.use.idle != UINT64_MAX);
	assert_int_equal(answer.use.packets, 0);
	add.name.zero[0] = 1;
	assert_int_equal(ASK(QUERY, add.name), -EINVAL);
	assert_int_equal(ASK(DELETE, add.name), -EINVAL);
	policy.reqid++;
	assert_int_equal(ASK(QUERY_POLICY, policy), -ENOENT);
	assert_int_equal(ASK(DELETE_POLICY, policy), -ENOENT);
	assert_int_equal(ASK(FLUSH_POLICIES, answer.head), 0);
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
}

/* RFC 4555: other addresses, and a NAT in between since; the numbers go on. */
static void update(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa_update to = {.name = add.name, .source = add.name.source,
				  .destination = {.address = {203, 0, 113, 77}, .port = 4501, .family = 4},
				  .flags = SL_SA_ENCAP};
	struct sl_output head;
	const uint8_t *out;
	struct frame f;

	(void)state;
	to.source.port = 4500;
	esp_make(&add);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	assert_int_equal(ASK(UPDATE, to), 0);
	assert_int_equal(ASK(UPDATE, to), -ENOENT); /* it has another name now */
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	out = pipeline_out(0, &head) + 14;
	assert_int_equal(out[9], 17);
	assert_memory_equal(out + 16, "\xcb\0\x71\x4d", 4);
	assert_int_equal(frame_get(out + 20, 2), 4500);
	assert_int_equal(frame_get(out + 22, 2), 4501);
	assert_int_equal(frame_get(out + 28, 4), ESP_SPI);
	assert_int_equal(frame_get(out + 32, 4), 2);
	to.name.destination = to.destination;
	to.name.source = to.source;
	to.flags = 0;
	assert_int_equal(ASK(UPDATE, to), -EINVAL); /* ports without encapsulation */
	to.source.port = to.destination.port = 0;
	assert_int_equal(ASK(UPDATE, to), 0);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	out = pipeline_out(0, &head) + 14;
	assert_int_equal(out[9], 50);
	assert_int_equal(frame_get(out + 24, 4), 3);
}

static uint8_t told[4][SL_SA_MESSAGE_MAX];
static unsigned int tells, deaf;

static bool tell(const void *record, size_t size)
{
	if (deaf)
		return false;
	assert_true(tells < 4 && size <= sizeof(told[0]));
	assert_int_equal(((const struct sl_sa_head *)record)->length, size);
	memcpy(told[tells++], record, size);
	return true;
}

static unsigned int events(void)
{
	tells = 0;
	sl_sa_events(pipeline.dp, tell);
	return tells;
}

static void expires(void **state)
{
	struct sl_sa_add out = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	const struct sl_sa_expire *event = (const void *)told[0];
	struct frame f;

	(void)state;
	out.limit = (struct sl_sa_limit){.soft_packets = 2, .hard_packets = 3};
	esp_make(&out);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	pipeline_in(INSIDE, &f);
	assert_int_equal(events(), 0);
	pipeline_in(INSIDE, &f);
	/* Not lost where nobody could take it. */
	deaf = 1;
	assert_int_equal(events(), 0);
	deaf = 0;
	assert_int_equal(events(), 1);
	assert_int_equal(event->name.head.type, SL_SA_EXPIRE);
	assert_int_equal(event->name.head.sequence, 0);
	assert_int_equal(event->name.spi, ESP_SPI);
	assert_int_equal(event->name.direction, SL_SA_OUT);
	assert_memory_equal(&event->name.destination, &out.name.destination, sizeof(out.name.destination));
	assert_int_equal(event->hard, 0);
	assert_int_equal(events(), 0);
	pipeline_in(INSIDE, &f);
	assert_int_equal(events(), 0);
	expect_dropped(INSIDE, &f, SL_DROP_ESP_EXPIRED);
	assert_int_equal(events(), 1);
	assert_int_equal(event->hard, 1);
	assert_int_equal(events(), 0);
}

static void expires_inbound(void **state)
{
	struct sl_sa_add in = esp_sa(&esp_suites[0], SL_SA_IN, 0, false);
	const struct sl_sa_expire *event = (const void *)told[0];
	struct frame f;

	(void)state;
	in.limit = (struct sl_sa_limit){.soft_bytes = 1, .hard_bytes = 10};
	esp_make(&in);
	esp_frame(&f, esp_suites[0].plain, false, false);
	expect_dropped(WAN, &f, SL_DROP_ESP_EXPIRED);
	assert_int_equal(events(), 1);
	assert_int_equal(event->name.direction, SL_SA_IN);
	assert_int_equal(event->hard, 1);
}

static void acquires(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa_policy trap = esp_policy(&add, 4);
	const struct sl_sa_acquire *event = (const void *)told[0];
	struct frame f;

	(void)state;
	trap.spi = 0;
	trap.priority = SL_SA_PRIORITY_TRAP;
	assert_int_equal(ASK(ADD_POLICY, trap), 0);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
	frame_udp(&f, "10.1.2.4", "10.50.1.2", 1001, 2000, 100);
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
	assert_int_equal(events(), 1);
	assert_int_equal(event->head.type, SL_SA_ACQUIRE);
	assert_int_equal(event->reqid, 1);
	assert_int_equal(event->if_id, TUNNEL);
	assert_int_equal(event->source.family, 4);
	assert_int_equal(event->source.protocol, 17);
	assert_memory_equal(event->source.from, "\n\1\2\3", 4);
	assert_memory_equal(event->source.to, "\n\1\2\3", 4);
	assert_int_equal(event->source.port_from, 1000);
	assert_int_equal(event->destination.port_to, 2000);
	assert_memory_equal(event->destination.from, "\n\x32\1\2", 4);
	/* At most one a second. */
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
	assert_int_equal(events(), 0);
	/* The policies of the SA it led to go before it. */
	esp_make(&add);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
}

static void mappings(void **state)
{
	const struct esp_suite *s = &esp_suites[0];
	struct sl_sa_add in = esp_sa(s, SL_SA_IN, SL_SA_ENCAP, false);
	const struct sl_sa_mapping *event = (const void *)told[0];
	struct frame f;

	(void)state;
	esp_make(&in);
	esp_frame(&f, s->plain, true, false);
	f.bytes[f.l3 + 12] = 192;
	f.bytes[f.l3 + 20] = 0x20;
	frame_fix_ip(&f);
	/* Somebody who has no key moves nobody. */
	f.bytes[f.length - 1] ^= 1;
	expect_dropped(WAN, &f, SL_DROP_ESP_AUTHENTICATION);
	assert_int_equal(events(), 0);
	f.bytes[f.length - 1] ^= 1;
	pipeline_in(WAN, &f);
	assert_int_equal(events(), 1);
	assert_int_equal(event->name.head.type, SL_SA_MAPPING);
	assert_int_equal(event->name.spi, ESP_SPI);
	assert_int_equal(event->remote.family, 4);
	assert_memory_equal(event->remote.address, "\xc0\0\x71\x09", 4);
	assert_int_equal(event->remote.port, 0x2094);
	assert_int_equal(events(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(boots, reset),
		cmocka_unit_test_setup(heads, reset),
		cmocka_unit_test_setup(spis, reset),
		cmocka_unit_test_setup(use, reset),
		cmocka_unit_test_setup(update, reset),
		cmocka_unit_test_setup(expires, reset),
		cmocka_unit_test_setup(expires_inbound, reset),
		cmocka_unit_test_setup(acquires, reset),
		cmocka_unit_test_setup(mappings, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
