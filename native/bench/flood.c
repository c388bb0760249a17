/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/flood_report.h"
#include "bench/flows.h"
#include "core/file.h"
#include "session/table.h"

/*
 * What lives through a flood. Connections are opened and go on both ways; meanwhile a file's frames
 * come, FLOOD for each packet of a client, others try to connect, and datagrams come in two
 * fragments: those of kind 0 in a row, of kind 1 the last one first, the other GAP turns later. A
 * JSON line per step, counts of packets, so that what was lost is what was fed less what came out.
 */
#define FLOOD 10
#define CLIENTS 32 /* packets of live clients a turn; of their servers as many */
#define TURN_NS 320000u /* of the session clock: a million packets of the flood a second */
#define ROUND_TRIP 31   /* turns: 10 ms */
#define REST_NS 50000u
#define GAP 2
#define WHOLE 4 /* datagrams of a kind and turn */
#define DATAGRAMS 65536u

struct table {
	struct sl_rig_frame *frames;
	uint32_t count, next;
};

struct flood {
	struct bench *b;
	struct table live[2];  /* of clients, of servers */
	struct table fresh[3]; /* of connections that begin: SYN, SYN+ACK, ACK */
	struct table whole[2][2]; /* by kind: first fragments, last ones */
	struct table flood;
	struct sl_rig_frame turn[2][CLIENTS * (FLOOD + 5)];
};

static void put(struct sl_rig_frame *to, uint32_t *n, struct table *from)
{
	to[(*n)++] = from->frames[from->next++];
	if (from->next == from->count)
		from->next = 0;
}

/* Feeds both tables and waits until all of it went through. */
static void feed(struct flood *f, const uint32_t n[2])
{
	for (unsigned int side = 0; side < 2; side++) {
		f->b->rig[side].frames = f->turn[side];
		f->b->rig[side].count = n[side] ? n[side] : 1;
		f->b->rig[side].next = 0;
		f->b->rig[side].budget = n[side];
	}
	while (f->b->rig[0].budget || f->b->rig[1].budget)
		sl_bench_turn(f->b);
	sl_bench_turn(f->b);
}

/* What turn `t` of `turns` brings of the datagrams. */
static void put_whole(struct flood *f, uint32_t *n, struct sl_flood_fed *fed, uint32_t t,
		      uint32_t turns)
{
	for (unsigned int i = 0; i < WHOLE; i++) {
		if (t < turns) {
			put(f->turn[0], n, &f->whole[0][0]);
			put(f->turn[0], n, &f->whole[0][1]);
			put(f->turn[0], n, &f->whole[1][1]);
			fed->whole[0]++;
			fed->whole[1]++;
		}
		if (t >= GAP && t - GAP < turns)
			put(f->turn[0], n, &f->whole[1][0]);
	}
}

/*
 * `turns` of live packets both ways, beside the flood if there is one. Fresh connections, so many a
 * turn, send their SYN, get the answer ROUND_TRIP turns later and acknowledge it at once.
 */
static void step(struct flood *f, const char *name, uint32_t turns, uint32_t fresh_a_turn)
{
	uint32_t fresh = fresh_a_turn ? f->b->fresh : 0;
	struct sl_flood_seen before = sl_flood_look(f->b);
	struct sl_flood_fed fed = {0};

	for (uint32_t t = 0; t < turns + (f->flood.count ? GAP : 0) || fed.fresh[2] < fresh; t++) {
		uint32_t n[2] = {0, 0};

		for (unsigned int i = 0; i < CLIENTS && t < turns; i++) {
			for (unsigned int k = 0; k < FLOOD && f->flood.count; k++, fed.flood++)
				put(f->turn[0], &n[0], &f->flood);
			put(f->turn[0], &n[0], &f->live[0]);
			put(f->turn[1], &n[1], &f->live[1]);
			fed.live += 2;
		}
		if (f->flood.count)
			put_whole(f, &n[0], &fed, t, turns);
		for (unsigned int i = 0; i < fresh_a_turn && fed.fresh[0] < fresh; i++, fed.fresh[0]++)
			put(f->turn[0], &n[0], &f->fresh[0]);
		for (unsigned int i = 0; i < fresh_a_turn && t >= ROUND_TRIP && fed.fresh[1] < fresh;
		     i++, fed.fresh[1]++)
			put(f->turn[1], &n[1], &f->fresh[1]);
		feed(f, n);
		n[0] = n[1] = 0;
		while (fed.fresh[2] < fed.fresh[1]) {
			put(f->turn[0], &n[0], &f->fresh[2]);
			fed.fresh[2]++;
		}
		feed(f, n);
		f->b->skipped_ns += TURN_NS;
	}
	sl_flood_report(f->b, name, &before, &fed);
}

static bool make(struct table *t, uint32_t flows, uint32_t first, bool reply, uint8_t flags)
{
	if (!t->frames)
		t->frames = aligned_alloc(64, (size_t)flows * sizeof(*t->frames));
	t->count = flows;
	t->next = 0;
	if (t->frames)
		sl_flow_frames(t->frames, first, flows, reply, flags);
	return t->frames;
}

/* Fresh connections from number `first` on. */
static bool fresh(struct flood *f, uint32_t first)
{
	return make(&f->fresh[0], f->b->fresh, first, false, SL_FLOW_SYN) &&
	       make(&f->fresh[1], f->b->fresh, first, true, SL_FLOW_SYN_ACK) &&
	       make(&f->fresh[2], f->b->fresh, first, false, SL_FLOW_ACK);
}

static bool make_whole(struct flood *f)
{
	for (unsigned int i = 0; i < 4; i++) {
		struct table *t = &f->whole[i / 2][i % 2];

		t->count = DATAGRAMS;
		t->frames = aligned_alloc(64, DATAGRAMS * sizeof(*t->frames));
		if (!t->frames)
			return false;
		sl_flow_fragments(t->frames, DATAGRAMS, i / 2, i % 2);
	}
	return true;
}

/* One packet of each of the flows from `first` on, from one side. */
static void talk(struct flood *f, unsigned int side, uint32_t first, uint32_t flows, uint8_t flags)
{
	uint32_t n[2] = {0, 0};

	n[side] = flows;
	sl_flow_frames(f->turn[side], first, flows, side, flags);
	feed(f, n);
}

/* The live connections, a handshake each, at a pace that no limit minds. */
static bool open_live(struct flood *f)
{
	for (uint32_t first = 0; first < f->b->flows; first += CLIENTS) {
		uint32_t n = RTE_MIN(f->b->flows - first, (uint32_t)CLIENTS);

		talk(f, 0, first, n, SL_FLOW_SYN);
		talk(f, 1, first, n, SL_FLOW_SYN_ACK);
		talk(f, 0, first, n, SL_FLOW_ACK);
		f->b->skipped_ns += 10 * TURN_NS;
	}
	return make(&f->live[0], f->b->flows, 0, false, SL_FLOW_ACK) &&
	       make(&f->live[1], f->b->flows, 0, true, SL_FLOW_ACK);
}

/* Lets the session clock run ahead, so that what is idle ends. */
static void rest(struct bench *b, uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds * (1000000000u / REST_NS); i++) {
		b->skipped_ns += REST_NS;
		sl_bench_turn(b);
	}
}

static int run(struct flood *f)
{
	struct bench *b = f->b;
	uint32_t once = (b->flows + CLIENTS - 1) / CLIENTS;
	uint32_t turns = f->flood.count ? (uint32_t)(b->packets / (CLIENTS * (FLOOD + 2))) : once;
	uint64_t before;

	b->rig[0].check = b->rig[1].check = true;
	b->rig[0].length = b->rig[1].length = sizeof(struct sl_rig_frame);
	/* The tables of frames are not the sessions'. */
	if (!make(&f->live[0], b->flows, 0, false, SL_FLOW_SYN) ||
	    !make(&f->live[1], b->flows, 0, true, SL_FLOW_SYN))
		return -ENOMEM;
	before = sl_bench_resident();
	if (!open_live(f))
		return -ENOMEM;
	printf("{\"step\":\"open\",\"sessions\":%llu,\"bytes_per_session\":%.0f}\n",
	       (unsigned long long)sl_session_stats(b->w->sessions)->live[0],
	       (double)(sl_bench_resident() - before) / b->flows);
	if (!fresh(f, b->flows) || (f->flood.count && !make_whole(f)))
		return -ENOMEM;
	step(f, "flood", turns, RTE_MIN((b->fresh + turns - 1) / turns, (uint32_t)CLIENTS));
	f->flood.count = 0;
	rest(b, 35);
	step(f, "after", once, 0);
	if (!fresh(f, b->flows + b->fresh))
		return -ENOMEM;
	step(f, "again", 0, CLIENTS);
	/* As many live ones end as tried last. */
	for (uint32_t first = 0; first < b->fresh; first += CLIENTS)
		talk(f, 0, first, RTE_MIN(b->fresh - first, (uint32_t)CLIENTS), SL_FLOW_RST);
	rest(b, 15);
	if (!fresh(f, b->flows + 2 * b->fresh))
		return -ENOMEM;
	step(f, "freed", 0, CLIENTS);
	return 0;
}

int sl_bench_flood(struct bench *b, const char *path)
{
	struct flood *f = calloc(1, sizeof(*f));
	void *bytes = NULL;
	size_t size = 0;
	int status = f ? 0 : -ENOMEM;

	if (b->fresh == 0 || b->fresh > b->flows || b->packets < CLIENTS * (FLOOD + 2))
		status = -EINVAL;
	if (!status && path)
		status = sl_file_read(path, &bytes, &size);
	if (!status && size % sizeof(struct sl_rig_frame))
		status = -EINVAL;
	if (!status) {
		f->b = b;
		f->flood = (struct table){bytes, (uint32_t)(size / sizeof(struct sl_rig_frame)), 0};
		status = run(f);
	}
	for (unsigned int i = 0; f && i < 3; i++) {
		free(f->fresh[i].frames);
		if (i == 2)
			continue;
		free(f->live[i].frames);
		free(f->whole[i][0].frames);
		free(f->whole[i][1].frames);
	}
	free(bytes);
	free(f);
	return status;
}
