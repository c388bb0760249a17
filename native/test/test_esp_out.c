/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "routing/adjacency.h"
#include "test/esp_peer.h"
#include "test/pipeline.h"

/* Packets into the tunnel: what they look like outside, and that the other direction opens them. */

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
	if (pipeline_start(state))
		return -1;
	esp_at_once();
	return 0;
}

/* The one packet out of the last run, by WAN; its outer IP header. */
static const uint8_t *sealed(uint32_t *length)
{
	struct sl_output head;
	const uint8_t *bytes = pipeline_out(0, &head);

	assert_int_equal(pipeline.outputs, 1);
	assert_int_equal(head.iface, WAN);
	*length = head.length - 14;
	return bytes + 14;
}

/* Sends it back from the peer, MACs and outer addresses as they would come in. */
static void turn(struct frame *f, const uint8_t *ip, uint32_t length, bool encap, bool v6)
{
	uint32_t header = (v6 ? 40u : 20u) + (encap ? 8 : 0);
	uint8_t copy[4096];

	memcpy(copy, ip, length);
	esp_frame(f, "", encap, v6);
	frame_add(f, copy + header, length - header);
	frame_finish(f);
}

static void both_ways(const struct esp_suite *s, uint16_t flags, bool v6, bool inner6, uint32_t size)
{
	const struct sl_sa_add out = esp_sa(s, SL_SA_OUT, flags, v6);
	const struct sl_sa_add in = esp_sa(s, SL_SA_IN, flags, v6);
	const char *src = inner6 ? "2001:db8:a::5" : "10.1.2.3";
	const char *dst = inner6 ? "2001:db8:50::7" : "10.50.1.2";
	struct frame f, back;
	const uint8_t *ip;
	uint32_t length;
	struct sl_sa *opens, *seals;
	uint64_t bytes;

	reset(NULL);
	seals = esp_make(&out);
	opens = esp_make(&in);
	frame_udp(&f, src, dst, 1000, 2000, size);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	ip = sealed(&length);
	assert_int_equal(ip[0] >> 4, v6 ? 6 : 4);
	assert_int_equal(seals->packets, 1);
	bytes = seals->bytes;
	turn(&back, ip, length, flags & SL_SA_ENCAP, v6);
	/* Where it goes from there does not matter: it was opened. */
	pipeline_in(WAN, &back);
	assert_int_equal(opens->forged, 0);
	assert_int_equal(opens->packets, 1);
	assert_int_equal(opens->bytes, bytes);
}

static void each_suite(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++)
		for (unsigned int way = 0; way < 16; way++)
			for (uint32_t size = 0; size < 1300; size += size < 20 ? 1 : 97)
				both_ways(&esp_suites[i],
					  (uint16_t)((way & 1 ? SL_SA_ENCAP : 0) |
						     (way & 2 ? SL_SA_ESN : 0)),
					  way & 4, way & 8, size);
}

/* Where the number is the IV all of it is known: byte for byte what another implementation makes. */
static void as_others_do(void **state)
{
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		const struct esp_suite *s = &esp_suites[i];
		struct sl_sa_add add = esp_sa(s, SL_SA_OUT, 0, false);
		struct frame f, want;
		const uint8_t *ip;
		uint32_t length;

		if (!s->sealed)
			continue;
		reset(state);
		esp_make(&add);
		frame_ip(&f, 0, "10.1.2.3", "10.50.1.2", 17);
		frame_add(&f, "\3\xe8\7\xd0\0\25\0\0hello, sluice", 21);
		f.bytes[f.l3 + 4] = f.bytes[f.l3 + 5] = 0;
		f.bytes[f.l3 + 6] = 0x40;
		f.bytes[f.l3 + 8] = 65;
		frame_finish(&f);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		ip = sealed(&length);
		esp_frame(&want, s->sealed, false, false);
		assert_int_equal(length, want.length - want.l3);
		assert_memory_equal(ip + 20, want.bytes + want.l3 + 20, length - 20);
	}
}

static void down(void **state)
{
	const struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa_add next = add;
	struct frame f;
	uint32_t length;

	(void)state;
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
	esp_make(&add);
	assert_int_equal(sl_sad_add(pipeline.dp, &add), -EEXIST);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	assert_int_equal(frame_get(sealed(&length) + 20, 4), ESP_SPI);
	/* A rekey: the session stays, its packets have the new SPI. */
	next.name.spi++;
	esp_make(&next);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	assert_int_equal(frame_get(sealed(&length) + 20, 4), ESP_SPI + 1);
	assert_int_equal(frame_get(sealed(&length) + 24, 4), 1);
	/* A policy without its SA drops what fits it; without the policy, it is the old one again. */
	assert_int_equal(sl_sad_delete(pipeline.dp, &next.name), 0);
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
	for (uint8_t family = 4; family <= 6; family += 2) {
		const struct sl_sa_policy p = esp_policy(&next, family);

		assert_int_equal(sl_spd_delete(pipeline.dp, &p), 0);
	}
	pipeline_in(INSIDE, &f);
	assert_int_equal(frame_get(sealed(&length) + 20, 4), ESP_SPI);
	assert_int_equal(frame_get(sealed(&length) + 24, 4), 2);
	assert_int_equal(sl_sad_delete(pipeline.dp, &add.name), 0);
	expect_dropped(INSIDE, &f, SL_DROP_TUNNEL_DOWN);
}

static void limits(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa *sa;
	struct frame f;

	(void)state;
	add.limit = (struct sl_sa_limit){.soft_packets = 2, .hard_packets = 3};
	sa = esp_make(&add);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		assert_int_equal(sa->expired, i > 0);
	}
	expect_dropped(INSIDE, &f, SL_DROP_ESP_EXPIRED);
	assert_int_equal(sa->expired, 2);
	/* RFC 4303 3.3.3: without ESN the numbers end. */
	sl_sad_flush(pipeline.dp);
	add.limit = (struct sl_sa_limit){0};
	sa = esp_make(&add);
	sa->sequence = 0xfffffffe;
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	expect_dropped(INSIDE, &f, SL_DROP_ESP_EXPIRED);
}

/* RFC 4301 8.2.1: already the first that does not fit is answered, and teaches the tunnel its MTU. */
static void too_big(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct frame f;
	struct sl_output head;
	const uint8_t *answer;
	struct sl_sa *sa;
	uint32_t length;

	(void)state;
	sa = esp_make(&add);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 1480 - 8);
	for (unsigned int i = 0; i < 2; i++) {
		expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
		assert_int_equal(pipeline.outputs, 1);
		answer = pipeline_out(0, &head);
		assert_int_equal(head.iface, INSIDE);
		assert_true(frame_sound(answer, head.length));
		/* The neighbour's, by the route: sealing took those that it came with. */
		assert_memory_equal(answer, "\2\4\x0a\1\2\3", 6);
		assert_memory_equal(answer + 34, "\3\4", 2);
		assert_int_equal(frame_get(answer + 40, 2), 1446);
	}
	assert_int_equal(sa->sequence, 0);
	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 1446 - 28);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	sealed(&length);
	assert_int_equal(length, 1500);
}

/* RFC 4443 3.2: an inner IPv6 packet, which nobody may fragment. */
static void too_big6(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct frame f;
	struct sl_output head;
	const uint8_t *answer;

	(void)state;
	esp_make(&add);
	frame_udp(&f, "2001:db8:a::3", "2001:db8:50::2", 1000, 2000, 1480 - 48);
	expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
	assert_int_equal(pipeline.outputs, 1);
	answer = pipeline_out(0, &head);
	assert_int_equal(head.iface, INSIDE);
	assert_memory_equal(answer + 54, "\2\0", 2);
	assert_int_equal(frame_get(answer + 58, 4), 1446);
}

/* RFC 4301 8.2.1: a router on the way to the peer has no room; what it quotes has to be ours. */
static void path_mtu(void **state)
{
	for (unsigned int way = 0; way < 4; way++) {
		bool encap = way & 1, v6 = way & 2;
		struct sl_sa_add add =
			esp_sa(&esp_suites[0], SL_SA_OUT, encap ? SL_SA_ENCAP : 0, v6);
		uint32_t outer = (v6 ? 40 : 20) + (encap ? 8 : 0), length, most;
		struct frame f, about, error;
		struct sl_output head;
		const uint8_t *ip;

		reset(state);
		esp_make(&add);
		frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 1300);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		ip = sealed(&length);
		memset(&about, 0, sizeof(about));
		about.l3 = 14;
		memcpy(about.bytes + 14, ip, length);
		/* Forged: of an SA that is none. */
		about.bytes[14 + outer] ^= 1;
		for (unsigned int i = 0; i < 2; i++) {
			if (v6)
				frame_error(&error, "2001:db8:99::1", &about, 2, 0, 1300, outer + 8);
			else
				frame_error(&error, "203.0.113.1", &about, 3, 4, 1300, outer + 8);
			pipeline_in(WAN, &error);
			if (i == 0) {
				assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
				sealed(&length);
			}
			about.bytes[14 + outer] ^= 1;
		}
		expect_dropped(INSIDE, &f, SL_DROP_TOO_BIG);
		most = (uint32_t)frame_get(pipeline_out(0, &head) + 40, 2);
		assert_int_equal(head.iface, INSIDE);
		/* A trailer of two that ends on a word, ESP's header and IV, and the ICV. */
		assert_int_equal(most, ((1300 - outer - 16 - 16) & ~3u) - 2);
		frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, most - 28);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		sealed(&length);
		assert_true(length <= 1300 && length > 1300 - 4);
		/* A commit leaves it, for ten minutes: then the way may have become wider. */
		for (unsigned int old = 0; old < 2; old++) {
			sl_adjacency_refresh(pipeline.dp);
			frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, most - 28 + 1);
			pipeline_run(SL_MODE_REPLAY, INSIDE, &f, old ? 1 : 300000);
			assert_non_null(pipeline_out(0, &head));
			assert_int_equal(head.iface, old ? WAN : INSIDE);
			pipeline_run(SL_MODE_REPLAY, INSIDE, &f, 301000);
		}
	}
}

/*
 * What may be fragmented is: after it is sealed where the outer header may say so (RFC 4301 8.1),
 * before it else, the first packet too.
 */
static void fragments(void **state)
{
	for (unsigned int after = 0; after < 2; after++) {
		struct sl_sa_add add =
			esp_sa(&esp_suites[0], SL_SA_OUT, after ? SL_SA_COPY_DF : 0, false);
		struct frame f;
		struct sl_sa *sa;

		reset(state);
		sa = esp_make(&add);
		frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 1480 - 8);
		f.bytes[f.l3 + 6] = 0;
		frame_fix_ip(&f);
		for (unsigned int i = 1; i < 3; i++) {
			assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
			assert_int_equal(pipeline.outputs, 2);
			assert_int_equal(sa->sequence, after ? i : 2 * i);
			for (unsigned int k = 0; k < 2; k++) {
				struct sl_output head;
				const uint8_t *out = pipeline_out(k, &head);

				assert_int_equal(head.iface, WAN);
				assert_true(head.length <= 1514);
				assert_int_equal(frame_get(out + 14 + 6, 2),
						 !after ? 0x4000 : k ? 1480 / 8 : 0x2000);
				if (!after)
					assert_int_equal(frame_get(out + 34 + 4, 4), 2 * i - 1 + k);
			}
		}
	}
}

/* By a VLAN, whose header is longer than what a tunnel's packets come with. */
static void vlan_network(struct image_builder *b)
{
	esp_network(b);
	image_pair(b, 9, 4, 4, image_part(b, 9, 1, 1));
}

static void by_a_vlan(void **state)
{
	struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct frame f;
	uint32_t length;

	(void)state;
	pipeline_change = vlan_network;
	assert_int_equal(pipeline_reset(NULL), 0);
	esp_make(&add);
	frame_ip(&f, 20, "10.20.0.7", "10.50.1.2", 17);
	frame_add(&f, "\x3\xe8\x7\xd0\0\0\0\0hello", 13);
	frame_finish(&f);
	assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
	sealed(&length);
	/* Outer IP, ESP, IV; IP, UDP, five bytes, one to fill, trailer; ICV. */
	assert_int_equal(length, 20 + 8 + 8 + 20 + 8 + 5 + 1 + 2 + 16);
}

/* RFC 4301 5.1.2.1, RFC 6040 4.1, RFC 2983 */
static void outer_header(void **state)
{
	static const struct {
		uint16_t flags;
		uint8_t tos, want;
		bool inner_df, want_df;
	} rows[] = {
		{0, 0xbb, 0, true, true},
		{SL_SA_COPY_ECN, 0xbb, 3, true, true},
		{SL_SA_DSCP_OUT, 0xbb, 0xb8, true, true},
		{SL_SA_DSCP_OUT | SL_SA_COPY_ECN | SL_SA_COPY_DF, 0xbb, 0xbb, true, true},
		{SL_SA_COPY_DF, 0, 0, false, false},
		{0, 0, 0, false, true},
	};

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct sl_sa_add add = esp_sa(&esp_suites[0], SL_SA_OUT, rows[i].flags, false);
		const uint8_t *ip;
		uint32_t length;
		struct frame f;

		reset(state);
		esp_make(&add);
		frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
		f.bytes[f.l3 + 1] = rows[i].tos;
		f.bytes[f.l3 + 6] = rows[i].inner_df ? 0x40 : 0;
		frame_fix_ip(&f);
		assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
		ip = sealed(&length);
		assert_int_equal(ip[1], rows[i].want);
		assert_int_equal(ip[6], rows[i].want_df ? 0x40 : 0);
		assert_int_equal(ip[8], 64);
		assert_memory_equal(ip + 12, "\xc6\x33\x64\2\xcb\0\x71\x09", 8);
	}
}

static void refused(void **state)
{
	const struct sl_sa_add good = esp_sa(&esp_suites[0], SL_SA_OUT, 0, false);
	struct sl_sa_add add;

	(void)state;
#define REFUSED(change, status)                                                                    \
	do {                                                                                       \
		add = good;                                                                        \
		change;                                                                            \
		assert_int_equal(sl_sad_add(pipeline.dp, &add), status);                           \
	} while (0)
	REFUSED(add.name.spi = 255, -EINVAL);
	REFUSED(add.name.direction = 2, -EINVAL);
	REFUSED(add.name.zero[1] = 1, -EINVAL);
	REFUSED(add.name.source.family = 6, -EINVAL);
	REFUSED(add.name.destination.address[5] = 1, -EINVAL);
	REFUSED(add.name.source.port = 4500, -EINVAL);
	REFUSED(add.if_id = SL_MAX_IFACES, -ENODEV);
	REFUSED(add.if_id = 0, -ENODEV);
	REFUSED(add.if_id = WAN, -ENODEV);
	REFUSED(add.cipher_key[20] = 1, -EINVAL);
	REFUSED(add.integrity_key[0] = 1, -EINVAL);
	REFUSED(add.replay_window = SL_REPLAY_MAX + 1, -EINVAL);
	REFUSED(add.cipher_key_length = 21, -EINVAL);
	REFUSED(add.cipher_key_length = 255, -EINVAL);
	REFUSED(add.integrity = SL_SA_SHA2_256_128, -EINVAL);
	REFUSED(add.cipher = SL_SA_NULL, -EOPNOTSUPP);
	REFUSED(add.mode = SL_SA_TRANSPORT, -EOPNOTSUPP);
	REFUSED(add.cipher = SL_SA_AES_CBC; add.cipher_key_length = 16;
		memset(add.cipher_key + 16, 0, 4), -EOPNOTSUPP);
	assert_int_equal(sl_sad_count(pipeline.dp), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_suite, reset),
		cmocka_unit_test_setup(as_others_do, reset),
		cmocka_unit_test_setup(down, reset),
		cmocka_unit_test_setup(limits, reset),
		cmocka_unit_test_setup(too_big, reset),
		cmocka_unit_test_setup(too_big6, reset),
		cmocka_unit_test_setup(path_mtu, reset),
		cmocka_unit_test_setup(fragments, reset),
		cmocka_unit_test_setup(by_a_vlan, reset),
		cmocka_unit_test_setup(outer_header, reset),
		cmocka_unit_test_setup(refused, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
