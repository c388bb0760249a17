/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/esp.h"

/*
 * The edges of what a peer that has the keys, or an attacker who has not, may send: each packet is
 * sealed by hand with the SA's own keys, and then a part of it is wrong.
 */
static struct sl_esp_batch batch;
static struct sl_sa *opens, *seals;

struct packet {
	uint32_t length;
	uint8_t bytes[4096]; /* from the SPI on */
};

static int reset(void **state)
{
	pipeline_change = esp_network;
	if (pipeline_reset(state))
		return -1;
	sl_sad_flush(pipeline.dp);
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

static void begin(const struct esp_suite *s, uint16_t flags)
{
	struct sl_sa_add in = esp_sa(s, SL_SA_IN, flags, false);
	struct sl_sa_add out = esp_sa(s, SL_SA_OUT, flags, false);

	reset(NULL);
	opens = esp_make(&in);
	seals = esp_make(&out);
}

/* `inside` up to and with the trailer, sealed under `number` and an IV of `iv` bytes. */
static void craft(struct packet *p, const uint8_t *inside, uint32_t length, uint64_t number,
		  uint8_t iv)
{
	uint32_t spi = rte_cpu_to_be_32(ESP_SPI), low = rte_cpu_to_be_32((uint32_t)number);
	uint32_t head = 8u + seals->iv;

	memcpy(p->bytes, &spi, 4);
	memcpy(p->bytes + 4, &low, 4);
	memset(p->bytes + 8, iv, seals->iv);
	memcpy(p->bytes + head, inside, length);
	batch.n = 1;
	sl_esp_describe(seals, &batch, 0, p->bytes, head + length, number);
	sl_esp_process_by(seals, atomic_load(&seals->using), &batch, 0);
	assert_int_equal(batch.status[0], 0);
	memcpy(p->bytes + head + length, batch.icv[0], seals->icv);
	p->length = head + length + seals->icv;
}

/* A UDP packet of `payload` bytes and a trailer of `pad` bytes and next header 4. */
static uint32_t inner(uint8_t *to, uint32_t payload, uint32_t pad)
{
	struct frame f;
	uint32_t length;

	frame_udp(&f, "10.50.1.2", "10.1.2.3", 1000, 2000, payload);
	length = f.length - f.l3;
	memcpy(to, f.bytes + f.l3, length);
	for (uint32_t i = 1; i <= pad; i++)
		to[length++] = (uint8_t)i;
	to[length++] = (uint8_t)pad;
	to[length++] = 4;
	return length;
}

/* The least padding, and the whole of it. */
static uint32_t fitting(uint8_t *to, uint32_t payload)
{
	uint32_t align = opens->align, pad = (align - (28 + payload + 2) % align) % align;

	return inner(to, payload, pad);
}

static void as_frame(struct frame *f, const struct packet *p)
{
	esp_frame(f, "", false, false);
	frame_add(f, p->bytes, p->length);
	frame_finish(f);
}

static void refuses(const struct packet *p, enum sl_drop reason)
{
	struct frame f;

	as_frame(&f, p);
	expect_dropped(WAN, &f, reason);
}

static void takes(const struct packet *p)
{
	struct frame f;

	as_frame(&f, p);
	expect_forwarded(WAN, &f, INSIDE);
}

/* Every bit of the tag counts, and so do all of them. */
static void tags(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		uint8_t inside[256], *tag, right[SL_ESP_ICV_MOST];
		struct packet p;

		begin(&esp_suites[i], 0);
		craft(&p, inside, fitting(inside, 13), 1, 0);
		tag = p.bytes + p.length - opens->icv;
		memcpy(right, tag, opens->icv);
		for (unsigned int bit = 0; bit < opens->icv * 8u; bit++) {
			tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
			refuses(&p, SL_DROP_ESP_AUTHENTICATION);
			tag[bit / 8] ^= (uint8_t)(1u << bit % 8);
		}
		for (unsigned int how = 0; how < 4; how++) {
			for (unsigned int k = 0; k < opens->icv; k++)
				tag[k] = how == 0 ? 0 :
					 how == 1 ? 0xff :
					 how == 2 ? right[k] ^ 0xff :
						    right[opens->icv - 1 - k];
			refuses(&p, SL_DROP_ESP_AUTHENTICATION);
		}
		assert_int_equal(opens->forged, opens->icv * 8u + 4);
		memcpy(tag, right, opens->icv);
		takes(&p);
	}
}

/* A tag is never taken shorter or longer than agreed (RFC 4106 6: 16 bytes; RFC 4868 2.3). */
static void tag_lengths(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		uint8_t inside[256];
		struct packet p;
		uint32_t whole;

		begin(&esp_suites[i], 0);
		craft(&p, inside, fitting(inside, 13), 1, 0);
		whole = p.length;
		memset(p.bytes + whole, 0, 64);
		for (uint32_t length = whole - opens->icv; length <= whole + 32; length++) {
			bool aligned = (length - 8 - opens->iv - opens->icv) % opens->align == 0;

			if (length == whole)
				continue;
			p.length = length;
			refuses(&p, aligned ? SL_DROP_ESP_AUTHENTICATION : SL_DROP_ESP_TRUNCATED);
		}
		p.length = whole;
		takes(&p);
	}
}

/* The IV is the sender's: any will do, and all of it counts. */
static void ivs(void **state)
{
	static const uint8_t fills[] = {0, 1, 0x7f, 0x80, 0xff};

	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		uint8_t inside[256];
		uint32_t length;
		struct packet p;

		begin(&esp_suites[i], 0);
		length = fitting(inside, 13);
		for (unsigned int k = 0; k < sizeof(fills); k++) {
			craft(&p, inside, length, 10 + k, fills[k]);
			for (unsigned int bit = 0; bit < opens->iv * 8u; bit++) {
				p.bytes[8 + bit / 8] ^= (uint8_t)(1u << bit % 8);
				refuses(&p, SL_DROP_ESP_AUTHENTICATION);
				p.bytes[8 + bit / 8] ^= (uint8_t)(1u << bit % 8);
			}
			takes(&p);
		}
	}
}

/* Every length of what is inside around the blocks of cipher and hash, and one that fills a frame. */
static void lengths(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		uint8_t inside[4096];
		uint64_t number = 1;
		struct packet p;

		begin(&esp_suites[i], 0);
		for (uint32_t payload = 0; payload < 300; payload++) {
			craft(&p, inside, fitting(inside, payload), number++, 0x55);
			takes(&p);
		}
		for (uint32_t payload = 1360; payload < 1420; payload += 7) {
			craft(&p, inside, fitting(inside, payload), number++, 0xaa);
			takes(&p);
		}
		assert_int_equal(opens->forged, 0);
	}
}

/* RFC 4303 2.4, 2.6, 2.7: what authentic packets may have in them, and what not. */
static void insides(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++) {
		uint8_t inside[512];
		uint64_t number = 1;
		struct packet p;
		uint32_t length, step;

		begin(&esp_suites[i], 0);
		/* Up to 255 bytes of padding hide how long it is. */
		step = opens->align;
		for (uint32_t pad = (step - (28 + 13 + 2) % step) % step; pad <= 255; pad += step) {
			craft(&p, inside, inner(inside, 13, pad), number++, 0);
			takes(&p);
		}
		/* Padding that is not 1, 2, 3, …, or is more than there is. */
		length = fitting(inside, 13);
		inside[length - 3] ^= 1;
		craft(&p, inside, length, number++, 0);
		if (inside[length - 2])
			refuses(&p, SL_DROP_ESP_BAD_INNER);
		length = fitting(inside, 13);
		inside[length - 2] = 255;
		craft(&p, inside, length, number++, 0);
		refuses(&p, SL_DROP_ESP_BAD_INNER);
		/* Nothing in it but a trailer, of each kind. */
		for (unsigned int next = 0; next < 3; next++) {
			for (uint32_t k = 0; k < step - 2; k++)
				inside[k] = (uint8_t)(k + 1);
			inside[step - 2] = (uint8_t)(step - 2);
			inside[step - 1] = (uint8_t[]){4, 41, 59}[next];
			craft(&p, inside, step, number++, 0);
			refuses(&p, next == 2 ? SL_DROP_ESP_DUMMY : SL_DROP_ESP_BAD_INNER);
		}
		/* Neither IPv4 nor IPv6, or not what the next header says. */
		length = fitting(inside, 13);
		inside[length - 1] = 6;
		craft(&p, inside, length, number++, 0);
		refuses(&p, SL_DROP_ESP_BAD_INNER);
		inside[length - 1] = 41;
		craft(&p, inside, length, number++, 0);
		refuses(&p, SL_DROP_ESP_BAD_INNER);
		inside[length - 1] = 4;
		inside[0] = 0x65;
		craft(&p, inside, length, number++, 0);
		refuses(&p, SL_DROP_ESP_BAD_INNER);
		/* The number was used all the same: it was authentic. */
		refuses(&p, SL_DROP_ESP_REPLAY);
		assert_int_equal(opens->forged, 0);
	}
}

/* RFC 4303 2.2.1, A2: the upper half that is not sent, as the lower one comes round. */
static void high_half(void **state)
{
	static const uint64_t starts[] = {0, 1, 0xfffffffe, UINT32_MAX - 1};

	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++)
		for (unsigned int k = 0; k < sizeof(starts) / sizeof(starts[0]); k++) {
			uint64_t edge = (starts[k] << 32) + 0xffffffff;
			uint8_t inside[256];
			uint32_t length;
			struct packet p, late;

			begin(&esp_suites[i], SL_SA_ESN);
			length = fitting(inside, 13);
			opens->replay.top = edge - 3;
			craft(&late, inside, length, edge - 1, 0);
			craft(&p, inside, length, edge, 0);
			takes(&p);
			/* The next one is number 0 of the next upper half: that is authenticated. */
			craft(&p, inside, length, (edge & ~(uint64_t)UINT32_MAX) | 0, 0);
			refuses(&p, SL_DROP_ESP_AUTHENTICATION);
			craft(&p, inside, length, edge + 1, 0);
			takes(&p);
			assert_true(opens->replay.top == edge + 1);
			/* One from before is still in the window, once. */
			takes(&late);
			refuses(&late, SL_DROP_ESP_REPLAY);
			refuses(&p, SL_DROP_ESP_REPLAY);
			craft(&p, inside, length, edge - 62, 0);
			takes(&p);
			/* Before the window: taken for one of 2^32 later, whose tag is another. */
			craft(&p, inside, length, edge - 63, 0);
			refuses(&p, SL_DROP_ESP_AUTHENTICATION);
		}
}

/* Outbound: the upper half goes into tag and IV, and at the end of all numbers it is over. */
static void sealed_high_half(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < esp_suite_count; i++)
		for (unsigned int k = 0; k < 2; k++) {
			uint64_t number = k ? UINT64_MAX - 1 : 0xfffffffe;
			struct sl_output head;
			struct frame f, back;
			const uint8_t *ip;

			begin(&esp_suites[i], SL_SA_ESN);
			seals->sequence = number;
			opens->replay.top = number;
			frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
			for (unsigned int n = 0; n < (k ? 1 : 3); n++) {
				assert_int_equal(pipeline_in(INSIDE, &f)->reason, 0);
				/* What comes back is of the same session and is sealed once more. */
				assert_true(seals->sequence == number + 1 + 2 * n);
				ip = pipeline_out(0, &head) + 14;
				assert_int_equal(frame_get(ip + 24, 4), (uint32_t)seals->sequence);
				if (seals->counter_iv) {
					assert_int_equal(frame_get(ip + 28, 4), seals->sequence >> 32);
					assert_int_equal(frame_get(ip + 32, 4),
							 (uint32_t)seals->sequence);
				}
				esp_frame(&back, "", false, false);
				frame_add(&back, ip + 20, head.length - 34);
				frame_finish(&back);
				pipeline_in(WAN, &back);
				assert_int_equal(opens->packets, n + 1);
			}
			if (k)
				expect_dropped(INSIDE, &f, SL_DROP_ESP_EXPIRED);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tags),	      cmocka_unit_test(tag_lengths),
		cmocka_unit_test(ivs),	      cmocka_unit_test(lengths),
		cmocka_unit_test(insides),    cmocka_unit_test(high_half),
		cmocka_unit_test(sealed_high_half),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
