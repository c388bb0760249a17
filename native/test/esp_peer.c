/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/esp_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/pipeline.h"
#include "vpn/engine.h"

const struct esp_suite esp_suites[] = {
	{"AES-128-GCM", SL_SA_AES_GCM_16, 20, SL_SA_NONE, 0,
	 "000010010000000100000000000000010e682911f1eb3c237a255668e3a47e3a0d2c425a3bb4ce5ff90ef0418f82fd5f6921e6cddcacf9c7389eef6bc394b161bae2d16f0add2dd3c354fbcd",
	 "00001001000000010000000100000001512c6a8a9713c7571f558e0ce45548ccbdfc295ffe38f447fb4922084c708154ff7f9e76850435a26860a341c46d328af8f2a7f2bc0728faa09c29d5",
	 "000010010000000100000000000000010e682911f1eb3c237a255668e3977d3b0d1f415b3bb4ce5ff90ef0418f82fd5f6921e6cddcacf9c7389eef6bcf379bdc22340e80aaaaedff92a0de79"},
	{"AES-192-GCM", SL_SA_AES_GCM_16, 28, SL_SA_NONE, 0,
	 "00001001000000010000000000000001e5eb083cb2432ab740bf174b184f97c02751c7ab4c111035009df069440802a8c6a35123b933207d8e7fe52990b557d8eb2e1feb15767246fe3d3e58",
	 "0000100100000001000000010000000114240dca1f5033c03ae3f32d7cffd6eeebf1a46c744ae6687e290dea5e4597003ea5ad19626e8ccaab3ed4df62106918ef8d415f643546ad21d5a8b0",
	 "00001001000000010000000000000001e5eb083cb2432ab740bf174b187c94c12762c4aa4c111035009df069440802a8c6a35123b933207d8e7fe52917cdac98798c3bd831687e1d242c021b"},
	{"AES-256-GCM", SL_SA_AES_GCM_16, 36, SL_SA_NONE, 0,
	 "0000100100000001000000000000000193b34986ddecb92b79ac3a1a649d0de76078b2b3bf664b07fc7aeb8d2d246470e5c9638cbaca40bc339a7fd317134cec4864df1ebbf9081fc7e5c901",
	 "000010010000000100000001000000014fd5f96a55e818285be76a2c107c6892a5f1e3b4640e96a430b7e429f4f1ff738843820a0fe07a9137696f068584d1e3f7434f131f9082bc5d8082e1",
	 "0000100100000001000000000000000193b34986ddecb92b79ac3a1a64ae0ee6604bb1b2bf664b07fc7aeb8d2d246470e5c9638cbaca40bc339a7fd3704bc6d4914c9afdc9c320245237be78"},
	{"ChaCha20-Poly1305", SL_SA_CHACHA20, 36, SL_SA_NONE, 0,
	 "0000100100000001000000000000000102b671b50697eb871fac5c536d3c13a05e0da00140ecda898564ffc15ce1940c6e6081a6107bd7f1696801e87f9d2a0b54d01b5b2aeba03c01fa8252",
	 "00001001000000010000000100000001bcd646353383280fcaaea431082709ce5fbb6cb7becf8891fbc58aeab2b10bf29501ae1c7e759d556562f2d126cdb65ac2a1c4aac6aad57acbb43dde",
	 "0000100100000001000000000000000102b671b50697eb871fac5c536d0f10a15e3ea30040ecda898564ffc15ce1940c6e6081a6107bd7f1696801e8ffccb267e889803a89954f63c17c09ef"},
	{"AES-128-CBC SHA2-256", SL_SA_AES_CBC, 16, SL_SA_SHA2_256_128, 32,
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeaf446099b5ff9b0ffc29776feacbff005a74ab6e31730d434ea067311dbca4eb0d50fc474471772187233fd78a4cc47cc52e627060a35db65cb9290417f52fd46c",
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeaf446099b5ff9b0ffc29776feacbff005a74ab6e31730d434ea067311dbca4eb0d50fc474471772187233fd78a4cc47cc5e0c7b6ca352e642c03ab8fd83771bd80",
	 NULL},
	{"AES-192-CBC SHA2-384", SL_SA_AES_CBC, 24, SL_SA_SHA2_384_192, 48,
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeaf8df55bed4f54af17b356be896d98c838bb4ec11e58e31efb24ff2c643fee0e48e284d973db2972e28ae0a2c052f154ec7b2cb5e8d4dad7dca67917e5230d87cc75ffd67560eff84f",
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeaf8df55bed4f54af17b356be896d98c838bb4ec11e58e31efb24ff2c643fee0e48e284d973db2972e28ae0a2c052f154ec00e58fe05b1e4fa21bc2bd47abae561fdd8fbf2e7e3aa8a3",
	 NULL},
	{"AES-256-CBC SHA2-512", SL_SA_AES_CBC, 32, SL_SA_SHA2_512_256, 64,
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeafe0907d6043808e314aaab657a548fd9cc071905138c1622038566aa485c63f4a09ebd6e7eb86e7e81efc3e23d21a60761eb110005523b51d4b9310656803aaf33107b1a8c43aca055b6f3d8fe9ea204d",
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeafe0907d6043808e314aaab657a548fd9cc071905138c1622038566aa485c63f4a09ebd6e7eb86e7e81efc3e23d21a60761db37fdc52114da10fc22c7ad420e539a91de536902ec38e3699b992d7ffce37",
	 NULL},
	{"AES-128-CBC SHA1", SL_SA_AES_CBC, 16, SL_SA_SHA1_96, 20,
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeaf446099b5ff9b0ffc29776feacbff005a74ab6e31730d434ea067311dbca4eb0d50fc474471772187233fd78a4cc47cc567713af2802951aea934b9f0",
	 "0000100100000001a0a1a2a3a4a5a6a7a8a9aaabacadaeaf446099b5ff9b0ffc29776feacbff005a74ab6e31730d434ea067311dbca4eb0d50fc474471772187233fd78a4cc47cc599ccc3d75b3480887f494fea",
	 NULL},
};
const unsigned int esp_suite_count = sizeof(esp_suites) / sizeof(esp_suites[0]);

static void count_up(uint8_t *to, unsigned int n, uint8_t from)
{
	while (n--)
		*to++ = from++;
}

static void end(struct sl_sa_endpoint *e, bool v6, bool ours, bool encap)
{
	const char *text = ours ? v6 ? "2001:db8:1::2" : "198.51.100.2" :
			   v6	? "2001:db8:99::9" :
				  "203.0.113.9";

	e->family = v6 ? 6 : 4;
	e->port = encap ? 4500 : 0;
	inet_pton(v6 ? AF_INET6 : AF_INET, text, e->address);
}

struct sl_sa_add esp_sa(const struct esp_suite *suite, enum sl_sa_direction direction,
			uint16_t flags, bool v6)
{
	struct sl_sa_add add = {
		.name = {.spi = ESP_SPI, .direction = (uint8_t)direction},
		.if_id = TUNNEL,
		.reqid = 1,
		.replay_window = 64,
		.flags = flags,
		.mode = SL_SA_TUNNEL,
		.cipher = suite->cipher,
		.integrity = suite->integrity,
		.cipher_key_length = suite->key,
		.integrity_key_length = suite->integrity_key,
	};
	bool salted = suite->cipher != SL_SA_AES_CBC;

	end(&add.name.source, v6, direction == SL_SA_OUT, flags & SL_SA_ENCAP);
	end(&add.name.destination, v6, direction == SL_SA_IN, flags & SL_SA_ENCAP);
	count_up(add.cipher_key, suite->key, 0x10);
	if (salted)
		count_up(add.cipher_key + suite->key - 4, 4, 0xf0);
	count_up(add.integrity_key, suite->integrity_key, 0x80);
	return add;
}

void esp_at_once(void)
{
	assert_int_equal(sl_engines_start(pipeline.dp), 0);
	for (unsigned int i = 0; i < sl_engine_count; i++)
		if (sl_engines[i].lookaside)
			assert_int_equal(sl_engine_switch(pipeline.dp, sl_engines[i].name, false), 0);
}

struct sl_sa_policy esp_policy(const struct sl_sa_add *add, uint8_t family)
{
	struct sl_sa_policy p = {
		.direction = add->name.direction,
		.type = SL_SA_PROTECT,
		.priority = SL_SA_PRIORITY_SA,
		.mode = SL_SA_TUNNEL,
		.reqid = add->reqid,
		.spi = add->name.spi,
		.if_id = add->if_id,
		.outer_source = add->name.source,
		.outer_destination = add->name.destination,
		.source = {.family = family, .port_to = 65535},
	};

	p.outer_source.port = p.outer_destination.port = 0;
	memset(p.source.to, 0xff, family == 4 ? 4 : 16);
	p.destination = p.source;
	return p;
}

int esp_add(const struct sl_sa_add *add)
{
	int status = sl_sad_add(pipeline.dp, add);

	for (uint8_t family = 4; !status && family <= 6; family += 2) {
		const struct sl_sa_policy p = esp_policy(add, family);

		status = sl_spd_add(pipeline.dp, &p);
		if (status == -EEXIST)
			status = 0;
	}
	return status;
}

struct sl_sa *esp_make(const struct sl_sa_add *add)
{
	int status = esp_add(add);

	if (status)
		fail_msg("cipher %u, integrity %u: %s", add->cipher, add->integrity,
			 strerror(-status));
	return sl_sad_named(pipeline.dp, &add->name);
}

void esp_frame(struct frame *f, const char *hex, bool encap, bool v6)
{
	uint8_t head[8] = {0x11, 0x94, 0x11, 0x94};

	frame_ip(f, 0, v6 ? "2001:db8:99::9" : "203.0.113.9", v6 ? "2001:db8:1::2" : "198.51.100.2",
		 encap ? 17 : 50);
	if (encap)
		frame_add(f, head, sizeof(head));
	for (; hex[0]; hex += 2) {
		unsigned int byte;

		sscanf(hex, "%2x", &byte);
		head[0] = (uint8_t)byte;
		frame_add(f, head, 1);
	}
	frame_finish(f);
}

void esp_network(struct image_builder *b)
{
	const struct sl_image_interfaces iface = {.name = image_string(b, "hq"),
						  .slot = TUNNEL,
						  .zone = 4,
						  .mtu = 1500,
						  .flags = SL_IFACE_TUNNEL,
						  .first_address = b->section[SL_SECTION_ADDRESSES].count};
	const struct sl_image_routes routes[] = {
		{.address = {10, 50}, .iface = TUNNEL, .family = 4, .length = 16, .distance = 1},
		{.address = {0x20, 1, 0x0d, 0xb8, 0, 0x50}, .iface = TUNNEL, .family = 6, .length = 48,
		 .distance = 1},
	};

	image_add(b, SL_SECTION_INTERFACES, &iface);
	image_add(b, SL_SECTION_ROUTES, &routes[0]);
	image_add(b, SL_SECTION_ROUTES, &routes[1]);
}
