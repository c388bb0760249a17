/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ESP into the box, over SAs that are there: bare and in UDP, combined modes and CBC with HMAC, with
 * ESN and without. Input: a byte that says which SA and how, then bytes. Either they are the packet
 * from the SPI on, or (high bit) what is inside, trailer and all, and are sealed by the key first, so
 * that padding, next header and the inner packet are reached.
 */
#include <stdlib.h>
#include <string.h>

#include "ip/l4_parse.h"
#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/esp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define SAS 8
#define MOST 1400u

static struct sl_sa *seals[SAS];

static struct sl_sa_add one(unsigned int i, enum sl_sa_direction direction)
{
	static const unsigned int suites[4] = {0, 3, 4, 7};
	struct sl_sa_add add = esp_sa(&esp_suites[suites[i % 4]], direction,
				      (uint16_t)((i & 1 ? SL_SA_ENCAP : 0) | (i & 4 ? SL_SA_ESN : 0) |
						 SL_SA_COPY_ECN | SL_SA_DSCP_IN),
				      false);

	add.name.spi += i;
	add.reqid += i;
	return add;
}

static void start(void)
{
	pipeline_reset(NULL);
	sl_sad_flush(pipeline.dp);
	sl_spd_flush(pipeline.dp);
	for (unsigned int i = 0; i < SAS; i++) {
		struct sl_sa_add out = one(i, SL_SA_OUT), in = one(i, SL_SA_IN);

		esp_make(&in);
		seals[i] = esp_make(&out);
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	pipeline_change = esp_network;
	if (pipeline_start(NULL))
		return -1;
	esp_at_once();
	start();
	return 0;
}

/* What is inside, sealed as number `sequence`, from the SPI on. */
static size_t seal(struct sl_sa *sa, const uint8_t *data, size_t size, uint64_t sequence, uint8_t *to)
{
	static struct sl_esp_batch b;
	uint32_t low = rte_cpu_to_be_32((uint32_t)sequence);
	size_t length = SL_ESP_HEADER + sa->iv + size / sa->align * sa->align;

	memset(to, 0, SL_ESP_HEADER + sa->iv);
	memcpy(to, &sa->spi, 4);
	memcpy(to + 4, &low, 4);
	memcpy(to + SL_ESP_HEADER + sa->iv, data, length - SL_ESP_HEADER - sa->iv);
	b.n = 1;
	sl_esp_describe(sa, &b, 0, to, (uint32_t)length, sequence);
	sl_esp_process_by(sa, atomic_load(&sa->using), &b, 0);
	memcpy(to + length, b.icv[0], sa->icv);
	return length + sa->icv;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t sequence;
	const struct sl_result *r;
	uint8_t packet[MOST + 128];
	struct sl_sa *sa;
	struct frame f;

	if (size < 2)
		return 0;
	if (++sequence % 256 == 0)
		start();
	sa = seals[data[0] % SAS];
	if (size > MOST)
		size = MOST;
	if (data[0] & 0x80) {
		size = seal(sa, data + 1, size - 1, sequence, packet);
	} else {
		memcpy(packet, data + 1, size - 1);
		size--;
	}
	esp_frame(&f, "", data[0] & 0x40 ? !(sa->flags & SL_SA_ENCAP) : sa->flags & SL_SA_ENCAP, false);
	frame_add(&f, packet, (unsigned int)size);
	frame_finish(&f);
	r = pipeline_in(WAN, &f);
	if (r->fate > SL_FATE_DROPPED || (r->fate == SL_FATE_DROPPED) != (r->reason != 0) ||
	    r->reason >= SL_DROP_REASONS)
		abort();
	if (data[0] & 0x80 && r->reason == SL_DROP_ESP_AUTHENTICATION)
		abort();
	return 0;
}
