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

/* `--bench flood`; `path` may be NULL for no flood: the table is to be full by itself. */
int sl_bench_flood(struct bench *b, const char *path);

/* `--bench syn-flood`: SYNs of a file, and clients that connect meanwhile. */
int sl_bench_syn_flood(struct bench *b, const char *path);
