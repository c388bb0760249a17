/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "bench/rig.h"
#include "core/datapath.h"

/* What the kinds of `--bench` share: one worker on the rig. */
struct bench {
	struct sl_datapath *dp;
	struct sl_worker *w;
	struct sl_rig_port rig[2];
	uint64_t now_ns;
	uint64_t tsc;
	uint64_t skipped_ns; /* the session clock is so far ahead */
	uint32_t flows;
	uint32_t fresh;
	uint32_t server; /* all connections go there, network order; 0: to many */
	unsigned int helpers; /* workers without ports, for the crypto of ESP */
	bool one_way;	 /* their answers go past the datapath */
	uint64_t packets;
	uint64_t seed;
	struct sl_rig_frame *frames[2];
};

/* CPU time of this thread, ns. */
uint64_t sl_bench_cpu_ns(void);
/* Bytes of memory this process has touched; 0 where nobody tells. */
uint64_t sl_bench_resident(void);
/* One turn of the worker's loop. */
void sl_bench_turn(struct bench *b);

/* The same of a MAC swap: what rx, tx and the rig itself cost. */
void sl_bench_floor_turn(struct bench *b);
/* Feeds so many of each side's frames, the sides in turn, and prints the phase. -EIO: some left wrong. */
int sl_bench_phase(struct bench *b, const char *name, uint64_t first, uint64_t second, bool check,
		   void (*step)(struct bench *b));

/* `--bench flood`; `path` may be NULL for no flood: the table is to be full by itself. */
int sl_bench_flood(struct bench *b, const char *path);

/* `--bench syn-flood`: SYNs of a file, and clients that connect meanwhile. */
int sl_bench_syn_flood(struct bench *b, const char *path);

/* `--bench esp-out|esp-in`: packets into a tunnel, or out of it. `bytes`: "imix", or of each inner packet. */
int sl_bench_esp(struct bench *b, bool in, const char *suite, const char *bytes);
