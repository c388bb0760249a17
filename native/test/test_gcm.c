/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/engine_device.h"
#include "vpn/esp.h"
#include "vpn/gcm.h"

/*
 * Our AES-GCM against libipsec-mb's, of every length that takes another way through it, with every
 * key and both lengths of what is authenticated beside.
 */
#define MOST 1700
#define SLACK 16

static struct {
	uint8_t bytes[MOST + SLACK], icv[16];
} ours, theirs, clear;

static int start(void **state)
{
	pipeline_change = esp_network;
	return pipeline_start(state) || sl_engines_start(pipeline.dp) ? -1 : 0;
}

static const struct sl_engine *libipsec_mb(void)
{
	for (unsigned int i = 0; i < sl_engine_count; i++)
		if (strcmp(sl_engines[i].name, "aesni_mb") == 0)
			return &sl_engines[i];
	fail_msg("no engine aesni_mb");
	return NULL;
}

/* Status of one packet of `length` bytes by this engine, in place. */
static int32_t by(const struct sl_sa *sa, const struct sl_sa_session *use, uint8_t *bytes,
		  uint32_t length, uint8_t *icv)
{
	static struct sl_esp_batch b;
	static uint8_t esp[SL_ESP_HEADER + 8 + MOST + SLACK];

	for (uint32_t i = 0; i < SL_ESP_HEADER + 8; i++)
		esp[i] = (uint8_t)(0x40 + i);
	memcpy(esp + SL_ESP_HEADER + 8, bytes, length + SLACK);
	b.n = 1;
	sl_esp_describe(sa, &b, 0, esp, SL_ESP_HEADER + 8 + length, 0x1122334455667788);
	b.digest[0].va = icv;
	sl_esp_process_by(sa, use, &b, 0);
	memcpy(bytes, esp + SL_ESP_HEADER + 8, length + SLACK);
	return b.status[0];
}

static void lengths(uint8_t key, uint16_t flags)
{
	struct sl_sa_add add = {.cipher = SL_SA_AES_GCM_16, .cipher_key_length = (uint8_t)(key + 4)};
	struct sl_sa_session use[2][2] = {0};
	struct sl_sa sa[2] = {0};
	static struct sl_engine own = {.device = SL_ENGINE_OWN};
	const struct sl_engine *engines[2] = {&own, libipsec_mb()};

	for (uint8_t i = 0; i < add.cipher_key_length; i++)
		add.cipher_key[i] = (uint8_t)(i * 29 + key);
	for (unsigned int way = 0; way < 2; way++) {
		struct sl_sa_xforms x;

		sa[way].direction = way ? SL_SA_IN : SL_SA_OUT;
		sa[way].flags = flags;
		assert_int_equal(sl_sa_transforms(&sa[way], &add, &x), 0);
		for (unsigned int e = 0; e < 2; e++) {
			use[way][e].device = engines[e]->device;
			use[way][e].session = sl_engine_session(engines[e], &x);
			assert_non_null(use[way][e].session);
		}
	}
	for (uint32_t length = 1; length <= MOST; length += length < 600 ? 1 : 37) {
		for (uint32_t i = 0; i < length + SLACK; i++)
			clear.bytes[i] = (uint8_t)(i * 7 + length);
		ours = theirs = clear;
		assert_int_equal(by(&sa[0], &use[0][0], ours.bytes, length, ours.icv), 0);
		assert_int_equal(by(&sa[0], &use[0][1], theirs.bytes, length, theirs.icv), 0);
		assert_memory_equal(ours.bytes, theirs.bytes, length + SLACK);
		assert_memory_equal(ours.icv, theirs.icv, 16);
		assert_int_equal(by(&sa[1], &use[1][0], ours.bytes, length, ours.icv), 0);
		assert_memory_equal(ours.bytes, clear.bytes, length + SLACK);
		ours = theirs;
		ours.bytes[length - 1] ^= 0x80;
		assert_int_equal(by(&sa[1], &use[1][0], ours.bytes, length, ours.icv), EBADMSG);
		ours = theirs;
		ours.icv[length % 16] ^= 1;
		assert_int_equal(by(&sa[1], &use[1][0], ours.bytes, length, ours.icv), EBADMSG);
	}
	for (unsigned int i = 0; i < 4; i++)
		sl_engine_session_free(use[i / 2][i % 2].device, use[i / 2][i % 2].session);
}

static void same_as_another(void **state)
{
	(void)state;
	if (!sl_gcm_here())
		skip();
	for (uint8_t key = 16; key <= 32; key = (uint8_t)(key + 8)) {
		lengths(key, 0);
		lengths(key, SL_SA_ESN);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_as_another),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
