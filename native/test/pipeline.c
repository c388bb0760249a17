/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/pipeline.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/make.h"

struct sl_offline pipeline;
void (*pipeline_change)(struct image_builder *b);
static struct sl_datapath datapath;
static uint64_t now_ms = 1700000000000ull;
static uint8_t batch[sizeof(struct sl_batch) + sizeof(struct sl_packet) + sizeof(struct frame)];

static void set_address(uint8_t out[16], uint8_t *family, const char *text)
{
	memset(out, 0, 16);
	*family = strchr(text, ':') ? 6 : 4;
	if (inet_pton(*family == 6 ? AF_INET6 : AF_INET, text, out) != 1)
		abort();
}

static void iface(struct image_builder *b, struct sl_image_interfaces record, const char *name,
		  const char *const *addresses, const uint8_t *lengths)
{
	record.name = image_string(b, name);
	record.first_address = b->section[SL_SECTION_ADDRESSES].count;
	for (; *addresses; addresses++, record.addresses++) {
		struct sl_image_addresses a = {.length = *lengths++};

		set_address(a.address, &a.family, *addresses);
		image_add(b, SL_SECTION_ADDRESSES, &a);
	}
	image_add(b, SL_SECTION_INTERFACES, &record);
}

static void route(struct image_builder *b, const char *to, uint8_t length, uint16_t out,
		  const char *via)
{
	struct sl_image_routes r = {
		.iface = out, .length = length, .flags = SL_ROUTE_VIA, .distance = 1};

	set_address(r.address, &r.family, to);
	set_address(r.via, &r.family, via);
	image_add(b, SL_SECTION_ROUTES, &r);
}

static uint32_t service(struct image_builder *b, const struct sl_image_services *s, uint32_t count)
{
	struct sl_image_service_sets set = {.first = b->section[SL_SECTION_SERVICES].count,
					    .count = count};

	for (uint32_t i = 0; i < count; i++)
		image_add(b, SL_SECTION_SERVICES, &s[i]);
	return image_add(b, SL_SECTION_SERVICE_SETS, &set);
}

void *pipeline_image(bool without_out, size_t *size)
{
	const struct sl_image_services mail = {6, 0, 65535, 25, 25}, udp = {17, 0, 65535, 0, 65535};
	const struct sl_image_services box[] = {{1, 0, 65535, 0x800, 0x8ff}, {6, 0, 65535, 22, 22}};
	struct image_builder b;
	uint32_t rule;
	void *image;

	image_builder_init(&b);
	image_zone(&b, 2, "inside");
	image_zone(&b, 3, "internet");
	image_zone(&b, 4, "dmz");
	iface(&b, (struct sl_image_interfaces){.slot = INSIDE, .zone = 2, .mtu = 9000}, "inside",
	      (const char *[]){"10.1.0.1", "2001:db8:a::1", NULL}, (uint8_t[]){16, 64});
	iface(&b, (struct sl_image_interfaces){.slot = WAN, .zone = 3, .mtu = 1500}, "wan",
	      (const char *[]){"198.51.100.2", "2001:db8:1::2", NULL}, (uint8_t[]){28, 64});
	iface(&b,
	      (struct sl_image_interfaces){.slot = DMZ, .zone = 4, .mtu = 1500, .parent = INSIDE,
					   .vlan = 20, .flags = SL_IFACE_VLAN},
	      "dmz", (const char *[]){"10.20.0.1", "2001:db8:20::1", NULL}, (uint8_t[]){24, 64});
	iface(&b, (struct sl_image_interfaces){.slot = NARROW, .zone = 4, .mtu = 1280}, "narrow",
	      (const char *[]){"10.30.0.1", "2001:db8:30::1", NULL}, (uint8_t[]){24, 64});
	route(&b, "10.9.0.0", 16, INSIDE, "10.1.0.9");
	route(&b, "0.0.0.0", 0, WAN, "198.51.100.1");
	route(&b, "::", 0, WAN, "2001:db8:1::1");

	image_policy(&b, "out");
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, service(&b, &mail, 1), SL_ACTION_DENY);
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, SL_SET_ANY,
		   without_out ? SL_ACTION_DENY : SL_ACTION_ALLOW);
	image_policy(&b, "to-dmz");
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, SL_SET_ANY, SL_ACTION_ALLOW);
	image_policy(&b, "manage");
	image_rule(&b, SL_SET_ANY, SL_SET_ANY, service(&b, box, 2), SL_ACTION_ALLOW);
	image_policy(&b, "dmz-in");
	rule = image_rule(&b, SL_SET_ANY, SL_SET_ANY, service(&b, &udp, 1), SL_ACTION_ALLOW);
	((struct sl_image_rules *)(void *)b.section[SL_SECTION_RULES].data)[rule].flags = SL_RULE_LOG;
	/* Pairs are sorted, and the box is zone 1. */
	image_pair(&b, 3, 2, SL_ZONE_LOCAL, image_part(&b, 3, 2, 1));
	image_pair(&b, (uint8_t)(1 + without_out), 2, 3,
		   image_part(&b, (uint8_t)(1 + without_out), 0, 1));
	image_pair(&b, 4, 2, 4, image_part(&b, 4, 1, 1));
	image_pair(&b, 5, 4, 2, image_part(&b, 5, 3, 1));
	if (pipeline_change)
		pipeline_change(&b);
	image = image_finish(&b, size);
	image_builder_free(&b);
	return image;
}

int pipeline_reset(void **state)
{
	char error[512];
	size_t size;
	void *image = pipeline_image(false, &size);
	int status = sl_offline_load(&pipeline, image, size, error, sizeof(error));

	(void)state;
	free(image);
	if (status)
		fprintf(stderr, "%s\n", error);
	return status;
}

int pipeline_start(void **state)
{
	struct sl_options options = {
		.workers = 1, .memory_mb = 64, .buffers = 4096, .no_huge = true, .offline = true};

	datapath.workers = 1;
	datapath.offline = true;
	sl_datapath = &datapath;
	pipeline.dp = &datapath;
	if (sl_eal_start(&options, &datapath) || sl_datapath_pool(&datapath, &options))
		return -1;
	return pipeline_reset(state);
}

const struct sl_result *pipeline_run(uint16_t mode, uint16_t in, const struct frame *f,
				     uint32_t after_ms)
{
	struct sl_batch head = {.mode = mode, .flags = SL_BATCH_LAST, .count = 1};
	struct sl_packet packet = {.length = f->length, .iface = in};
	uint32_t before = rte_mempool_avail_count(datapath.pool);
	char error[512] = "";

	now_ms += after_ms;
	packet.time = now_ms * 1000000;
	memcpy(batch, &head, sizeof(head));
	memcpy(batch + sizeof(head), &packet, sizeof(packet));
	memcpy(batch + sizeof(head) + sizeof(packet), f->bytes, f->length);
	if (sl_offline_run(&pipeline, batch,
			   sizeof(head) + sizeof(packet) + ((f->length + 7) & ~7u), error,
			   sizeof(error)))
		fail_msg("%s", error);
	/* Whatever happens, buffers go back where they came from. */
	assert_int_equal(rte_mempool_avail_count(datapath.pool), before);
	return pipeline.results;
}

const struct sl_result *pipeline_in(uint16_t in, const struct frame *f)
{
	return pipeline_run(SL_MODE_REPLAY, in, f, 1);
}

const uint8_t *pipeline_out(unsigned int i, struct sl_output *head)
{
	const uint8_t *at = pipeline.out;

	if (i >= pipeline.outputs)
		return NULL;
	for (;;) {
		memcpy(head, at, sizeof(*head));
		at += sizeof(*head);
		if (i-- == 0)
			return at;
		at += (head->length + 7) & ~7u;
	}
}

static const char *reason(unsigned int id)
{
	return id ? sl_drop_name(id) : "none";
}

void expect_dropped(uint16_t in, const struct frame *f, enum sl_drop why)
{
	const struct sl_result *r = pipeline_in(in, f);

	assert_string_equal(reason(r->reason), reason(why));
	assert_int_equal(r->fate, SL_FATE_DROPPED);
}

void expect_forwarded(uint16_t in, const struct frame *f, uint16_t out)
{
	const struct sl_result *r = pipeline_in(in, f);
	struct sl_output head;
	const uint8_t *bytes = pipeline_out(0, &head);

	assert_string_equal(reason(r->reason), "none");
	assert_int_equal(r->fate, SL_FATE_FORWARDED);
	assert_int_equal(r->out, out);
	assert_int_equal(pipeline.outputs, 1);
	assert_int_equal(head.input, r->input);
	assert_true(frame_sound(bytes, head.length));
}

void expect_local(uint16_t in, const struct frame *f)
{
	const struct sl_result *r = pipeline_in(in, f);

	assert_string_equal(reason(r->reason), "none");
	assert_int_equal(r->fate, SL_FATE_LOCAL);
}
