/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/train.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ip/fragment.h"

static struct {
	uint32_t count;
	size_t length, room;
	uint8_t *bytes;
	uint64_t ms;
	uint32_t first; /* number of the first packet of the last run */
	struct frame *frame[TRAIN_MOST];
} train = {.ms = 1800000000000ull};

static void put(uint8_t *at, unsigned int bytes, uint32_t value)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

void train_piece(const struct frame *whole, struct frame *out, uint32_t id, uint32_t offset,
		 uint32_t length, bool more)
{
	const uint8_t *ip = whole->bytes + whole->l3;
	bool v6 = ip[0] >> 4 == 6;
	uint8_t header[8] = {ip[6]};

	memcpy(out, whole, offsetof(struct frame, bytes) + whole->l4);
	out->length = whole->l4;
	if (v6) {
		put(header + 2, 2, offset | more);
		put(header + 4, 4, id);
		frame_add(out, header, sizeof(header));
		out->bytes[out->l3 + 6] = 44;
	} else {
		put(out->bytes + out->l3 + 4, 2, id);
		put(out->bytes + out->l3 + 6, 2, offset / 8 | (more ? 0x2000 : 0));
	}
	frame_add(out, whole->bytes + whole->l4 + offset, length);
	if (v6) {
		put(out->bytes + out->l3 + 4, 2, out->length - out->l3 - 40);
	} else {
		put(out->bytes + out->l3 + 2, 2, out->length - out->l3);
		frame_fix_ip(out);
	}
}

void train_cut(const struct frame *whole, struct frame *out, uint32_t id, uint32_t offset,
	       uint32_t length)
{
	uint32_t rest = whole->length - whole->l4 - offset;

	train_piece(whole, out, id, offset, length ? length : rest, length && length < rest);
}

void train_add(uint16_t in, const struct frame *f, uint32_t after_ms)
{
	struct sl_packet packet = {.length = f->length, .iface = in};
	size_t need = sizeof(struct sl_batch) + train.length + sizeof(packet) + sizeof(*f);
	uint8_t *at;

	assert_true(train.count < TRAIN_MOST);
	if (need > train.room) {
		train.room = need * 2;
		train.bytes = realloc(train.bytes, train.room);
	}
	if (!train.frame[train.count])
		train.frame[train.count] = malloc(sizeof(*f));
	*train.frame[train.count++] = *f;
	train.ms += after_ms;
	packet.time = train.ms * 1000000;
	at = train.bytes + sizeof(struct sl_batch) + train.length;
	memcpy(at, &packet, sizeof(packet));
	memcpy(at + sizeof(packet), f->bytes, f->length);
	train.length += sizeof(packet) + ((f->length + 7) & ~7u);
}

void train_run(bool last)
{
	struct sl_batch head = {
		.mode = SL_MODE_REPLAY, .flags = last ? SL_BATCH_LAST : 0, .count = train.count};
	struct rte_mempool *pool = pipeline.dp->pool;
	char error[512] = "";

	memcpy(train.bytes, &head, sizeof(head));
	train.first = pipeline.first;
	if (sl_offline_run(&pipeline, train.bytes, sizeof(head) + train.length, error, sizeof(error)))
		fail_msg("%s", error);
	if (last) {
		/* Whatever happens, buffers go back where they came from. */
		assert_int_equal(rte_mempool_avail_count(pool), pool->size);
		assert_int_equal(sl_fragments_held(pipeline.worker), 0);
	}
	train.count = 0;
	train.length = 0;
}

static const struct sl_result *result(unsigned int i)
{
	for (uint32_t k = 0; k < pipeline.reported; k++)
		if (pipeline.results[k].input == train.first + i)
			return &pipeline.results[k];
	fail_msg("packet %u has no result", i);
	return NULL;
}

void train_went(unsigned int i, uint16_t out)
{
	const struct sl_result *r = result(i);

	if (r->reason)
		fail_msg("packet %u: %s", i, sl_drop_name(r->reason));
	assert_int_equal(r->fate, out ? SL_FATE_FORWARDED : SL_FATE_LOCAL);
	assert_int_equal(r->out, out);
}

void train_dropped(unsigned int i, enum sl_drop reason)
{
	const struct sl_result *r = result(i);

	if (r->reason != reason)
		fail_msg("packet %u: %s, not %s", i, r->reason ? sl_drop_name(r->reason) : "taken",
			 sl_drop_name(reason));
	assert_int_equal(r->fate, SL_FATE_DROPPED);
}

void train_out(unsigned int k, unsigned int i)
{
	struct frame want = *train.frame[i];
	struct sl_output head;
	const uint8_t *bytes = pipeline_out(k, &head);
	uint8_t *ip = want.bytes + want.l3;

	assert_non_null(bytes);
	assert_int_equal(head.input, train.first + i);
	if (ip[0] >> 4 == 4) {
		ip[8]--;
		frame_fix_ip(&want);
	} else {
		ip[7]--;
	}
	assert_int_equal(head.length, want.length);
	assert_memory_equal(bytes + 14, want.bytes + 14, want.length - 14);
}
