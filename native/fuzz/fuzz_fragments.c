/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fragments through the whole graph on the offline network of test/pipeline.h. Input: per fragment
 * seven bytes: control, id and how time moves on, offset (two), length in units of eight bytes and
 * in odd ones, protocol and how many bytes of payload follow; the rest of it is zeroes. Each must end somewhere, at the latest with the input, and no buffer is
 * lost.
 */
#include <rte_ip.h>
#include <stdlib.h>
#include <string.h>

#include "core/drop.h"
#include "core/offline_state.h"
#include "ip/fragment.h"
#include "test/pipeline.h"

#define MOST_FRAGMENTS 24
#define MOST_PAYLOAD 600

#define FROM_WAN 0x01
#define IPV6 0x02
#define MORE 0x04
#define OTHER_SOURCE 0x08
#define TO_BOX 0x10
#define OPTIONS 0x20 /* another header before what is cut */
#define DONT_FRAGMENT 0x40
#define BATCH_ENDS 0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static uint8_t batch[sizeof(struct sl_batch) +
		     MOST_FRAGMENTS * (sizeof(struct sl_packet) + 128 + MOST_PAYLOAD)];
static uint64_t ms;
static uint32_t inputs;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	return pipeline_start(NULL);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t header4(uint8_t *ip, uint8_t control, uint8_t id, uint16_t offset, uint8_t proto,
			uint32_t payload)
{
	static const uint8_t option[4] = {0x82, 3, 1, 0};
	uint32_t length = control & OPTIONS ? 24 : 20;
	uint32_t inside = 0x0a010203 + !!(control & OTHER_SOURCE);
	uint32_t far = control & TO_BOX ? 0x0a010001 : 0xcb007150;
	uint32_t ends[2] = {rte_cpu_to_be_32(control & FROM_WAN ? far : inside),
			    rte_cpu_to_be_32(control & FROM_WAN ? inside : far)};
	uint16_t sum;

	memset(ip, 0, 20);
	ip[0] = (uint8_t)(0x40 | length / 4);
	put16(ip + 2, length + payload);
	ip[5] = id;
	put16(ip + 6, (uint32_t)(offset & 0x1fff) | (control & MORE ? 0x2000 : 0) |
			      (control & DONT_FRAGMENT ? 0x4000 : 0));
	ip[8] = 64;
	ip[9] = proto;
	memcpy(ip + 12, ends, 8);
	memcpy(ip + 20, option, length - 20);
	sum = (uint16_t)~rte_raw_cksum(ip, length);
	memcpy(ip + 10, &sum, 2);
	return length;
}

static uint32_t header6(uint8_t *ip, uint8_t control, uint8_t id, uint16_t offset, uint8_t proto,
			uint32_t payload)
{
	static const uint8_t ends[2][16] = {{0x20, 1, 0xd, 0xb8, 0, 0xa, [15] = 5},
					    {0x20, 1, 0xd, 0xb8, 0, 0x99, [15] = 1}};
	static const uint8_t option[8] = {44, 0, 1, 4};
	bool back = control & FROM_WAN;
	uint32_t at = 40;

	memset(ip, 0, 56);
	ip[0] = 0x60;
	ip[6] = control & OPTIONS ? 60 : 44;
	ip[7] = 64;
	memcpy(ip + 8, ends[back], 16);
	memcpy(ip + 24, ends[!back], 16);
	ip[15] = control & OTHER_SOURCE ? 1 : 0;
	if (control & OPTIONS) {
		memcpy(ip + at, option, sizeof(option));
		at += 8;
	}
	ip[at] = proto;
	put16(ip + at + 2, (uint32_t)(offset << 3) | (control & MORE ? 1 : 0));
	ip[at + 7] = id;
	at += 8;
	put16(ip + 4, at - 40 + payload);
	return at;
}

static size_t put(uint8_t *at, const uint8_t *head, const uint8_t *bytes, size_t n)
{
	static const uint8_t protocols[] = {17, 6, 1, 58, 50, 60, 132, 17};
	uint8_t control = head[0], proto = protocols[head[6] & 7];
	uint16_t offset = (uint16_t)(head[2] << 8 | head[3]);
	uint32_t payload = RTE_MIN((uint32_t)head[4] * 8 + (head[5] & 7), (uint32_t)MOST_PAYLOAD);
	struct sl_packet record = {.iface = control & FROM_WAN ? WAN : INSIDE};
	uint8_t *frame = at + sizeof(record);

	/* Mostly near the start, where others are. */
	if (!(head[5] & 0x80))
		offset &= 0x7f;
	if (head[1] & 0x80)
		ms += (head[1] & 0x40) ? 31000 : 500;
	record.time = 1000000 * ms;
	memset(frame, 0, 12);
	frame[5] = 2;
	memcpy(frame + 12, control & IPV6 ? "\x86\xdd" : "\x08\0", 2);
	record.length = 14 + (control & IPV6 ? header6 : header4)(frame + 14, control, head[1] & 3,
								  offset, proto, payload);
	memset(frame + record.length, 0, payload);
	memcpy(frame + record.length, bytes, RTE_MIN(n, (size_t)payload));
	record.length += payload;
	memcpy(at, &record, sizeof(record));
	return sizeof(record) + ((record.length + 7) & ~7u);
}

static void run(struct sl_batch *head, size_t length, bool last)
{
	char error[256];

	head->flags = last ? SL_BATCH_LAST : 0;
	memcpy(batch, head, sizeof(*head));
	if (sl_offline_run(&pipeline, batch, length, error, sizeof(error)) < 0)
		abort();
	for (uint32_t i = 0; i < pipeline.reported; i++) {
		const struct sl_result *r = &pipeline.results[i];

		if (r->fate > SL_FATE_DROPPED || (r->fate == SL_FATE_DROPPED) != (r->reason != 0) ||
		    r->reason >= SL_DROP_REASONS)
			abort();
	}
	head->count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_batch head = {.mode = SL_MODE_REPLAY};
	size_t length = sizeof(head);
	uint32_t before = 0, reported = 0;

	while (size >= 7 && before < MOST_FRAGMENTS) {
		const uint8_t *fragment = data;
		size_t n = RTE_MIN((size_t)fragment[6] >> 3, size - 7);

		length += put(batch + length, fragment, fragment + 7, n);
		head.count++;
		before++;
		data += 7 + n;
		size -= 7 + n;
		if (fragment[0] & BATCH_ENDS) {
			run(&head, length, false);
			reported += pipeline.reported;
			length = sizeof(head);
		}
	}
	run(&head, length, true);
	reported += pipeline.reported;
	if (reported != before || sl_fragments_held(pipeline.worker) ||
	    rte_mempool_avail_count(pipeline.dp->pool) != pipeline.dp->pool->size)
		abort();
	/* Sessions live from input to input, else few would ever see a second packet; not for long. */
	if (++inputs % 256 == 0)
		pipeline_reset(NULL);
	return 0;
}
