/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_vectors.h"
#include "test/pipeline.h"
#include "vpn/esp.h"

/*
 * Published vectors through SAs as the key exchange makes them, in both directions, byte for byte;
 * those that are whole tunnel packets through the pipeline, too.
 */
static struct sl_esp_batch batch;

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

static const uint16_t integrities[] = {SL_SA_SHA2_256_128, SL_SA_SHA2_384_192, SL_SA_SHA2_512_256};
static const uint8_t integrity_keys[] = {32, 48, 64};

/* The SA of a vector; `turn` says which integrity where the cipher has none of its own. */
static struct sl_sa *make(const struct esp_vector *v, unsigned int turn,
			  enum sl_sa_direction direction)
{
	bool cbc = v->cipher == SL_SA_AES_CBC;
	const struct esp_suite suite = {
		.name = v->name,
		.cipher = v->cipher,
		.key = (uint8_t)(strlen(v->key) / 2),
		.integrity = cbc ? integrities[turn] : SL_SA_NONE,
		.integrity_key = cbc ? integrity_keys[turn] : 0,
	};
	struct sl_sa_add add = esp_sa(&suite, direction, v->high ? SL_SA_ESN : 0, false);
	uint32_t length = 0;

	add.name.spi = 0;
	for (unsigned int i = 0; i < 8; i++)
		add.name.spi = add.name.spi << 4 |
			       (uint32_t)(v->packet[i] - (v->packet[i] > '9' ? 'a' - 10 : '0'));
	esp_hex(add.cipher_key, &length, v->key);
	return esp_make(&add);
}

/* What the engine makes of `length` bytes up to the ICV, of the number `v` says. */
static void process(struct sl_sa *sa, const struct esp_vector *v, uint8_t *esp,
		    uint32_t length, const uint8_t *icv)
{
	uint64_t number = (uint64_t)v->high << 32 | frame_get(esp + 4, 4);

	batch.n = 1;
	if (icv)
		memcpy(batch.icv[0], icv, sa->icv);
	sl_esp_describe(sa, &batch, 0, esp, length, number);
	sl_esp_process_by(sa, atomic_load(&sa->using), &batch, 0);
}

static void one(const struct esp_vector *v, unsigned int turn)
{
	uint8_t packet[512], plain[512];
	uint32_t whole = 0, body = 0, head, length;
	struct sl_sa *sa;

	esp_hex(packet, &whole, v->packet);
	if (v->icv[turn])
		esp_hex(packet, &whole, v->icv[turn]);
	sa = make(v, turn, SL_SA_OUT);
	head = 8u + sa->iv;
	length = whole - sa->icv;
	memcpy(plain, packet, head);
	body = head;
	esp_hex(plain, &body, v->plain);
	assert_int_equal(body, length);
	process(sa, v, plain, length, NULL);
	assert_int_equal(batch.status[0], 0);
	assert_memory_equal(plain, packet, length);
	assert_memory_equal(batch.icv[0], packet + length, sa->icv);

	sa = make(v, turn, SL_SA_IN);
	memcpy(plain, packet, whole);
	process(sa, v, plain, length, packet + length);
	assert_int_equal(batch.status[0], 0);
	body = head;
	memset(packet, 0, length);
	esp_hex(packet, &body, v->plain);
	assert_memory_equal(plain + head, packet + head, length - head);
}

static void both_ways(void **state)
{
	for (unsigned int i = 0; i < esp_vector_count; i++)
		for (unsigned int turn = 0; turn < (esp_vectors[i].icv[0] ? 3 : 1); turn++) {
			reset(state);
			one(&esp_vectors[i], turn);
		}
}

/* As a packet from the peer: opened, and counted with the length of what was in it. */
static void from_the_peer(void **state)
{
	for (unsigned int i = 0; i < esp_vector_count; i++) {
		const struct esp_vector *v = &esp_vectors[i];
		char hex[1024];
		struct frame f;
		struct sl_sa *sa;

		reset(state);
		sa = make(v, 0, SL_SA_IN);
		sa->replay.top = v->high ? ((uint64_t)v->high << 32) - 1 : 0;
		snprintf(hex, sizeof(hex), "%s%s", v->packet, v->icv[0] ? v->icv[0] : "");
		esp_frame(&f, hex, false, false);
		pipeline_in(WAN, &f);
		assert_int_equal(sa->forged, 0);
		assert_int_equal(sa->packets, v->tunnel);
		if (v->tunnel)
			assert_int_equal(sa->bytes, 84);
		else
			assert_int_equal(pipeline.results[0].fate, SL_FATE_DROPPED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(both_ways, reset),
		cmocka_unit_test_setup(from_the_peer, reset),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
