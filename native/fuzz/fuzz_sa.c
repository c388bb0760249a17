/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a plugin says on its socket, without the socket. Input: per record a length byte in units of
 * four bytes, then its bytes; the first byte of a record's head is its type where the input says
 * (high bit of the length byte), and the rest of the head is made good, so that mutation gets to the
 * records themselves. Every request has one answer, and what is told by itself is well-formed.
 */
#include <stdlib.h>
#include <string.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"
#include "vpn/sa_serve.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	pipeline_change = esp_network;
	return pipeline_start(NULL);
}

static bool tell(const void *record, size_t size)
{
	const struct sl_sa_head *head = record;

	if (head->length != size || head->sequence != 0 || head->status != 0 ||
	    head->type < SL_SA_ACQUIRE || head->type > SL_SA_MAPPING)
		abort();
	return true;
}

/* A packet each way, so that what was added is used. */
static void use(void)
{
	struct frame f;

	frame_udp(&f, "10.1.2.3", "10.50.1.2", 1000, 2000, 100);
	pipeline_in(INSIDE, &f);
	esp_frame(&f, esp_suites[0].plain, false, false);
	pipeline_in(WAN, &f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint32_t sequence;
	bool greeted = true;

	while (size > 1) {
		size_t n = (data[0] & 0x7fu) * 4;
		bool repair = data[0] & 0x80;
		uint8_t record[127 * 4];
		struct sl_sa_head head;
		union sl_sa_answer answer;
		size_t length;

		data++;
		size--;
		n = n < size ? n : size;
		memcpy(record, data, n);
		if (repair && n >= sizeof(head)) {
			head = (struct sl_sa_head){.version = SL_SA_VERSION,
						   .type = (uint16_t)(1 + record[0] % 11),
						   .sequence = ++sequence | 1,
						   .length = (uint32_t)n};
			memcpy(record, &head, sizeof(head));
		}
		length = sl_sa_serve(pipeline.dp, record, n, &greeted, &answer);
		if (n < sizeof(head) ? length != 0 : length != answer.head.length)
			abort();
		if (n >= sizeof(head) && memcmp(&answer.head.sequence, record + 4, 4) != 0)
			abort();
		data += n;
		size -= n;
	}
	use();
	sl_sa_events(pipeline.dp, tell);
	sl_sad_flush(pipeline.dp);
	sl_spd_flush(pipeline.dp);
	return 0;
}
