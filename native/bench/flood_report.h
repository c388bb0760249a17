/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "bench/bench.h"
#include "core/drop.h"

/* What was fed in a step. */
struct sl_flood_fed {
	uint64_t live, flood, whole[2];
	uint32_t fresh[3];
};

/* What had come out, and why not, by a moment. */
struct sl_flood_seen {
	uint64_t fed, sent, tcp[3], whole[2], evicted, full, cpu_ns, drops[SL_DROP_REASONS];
};

struct sl_flood_seen sl_flood_look(const struct bench *b);
/* Prints the JSON line of a step that began at `before`. */
void sl_flood_report(const struct bench *b, const char *name, const struct sl_flood_seen *before,
		     const struct sl_flood_fed *fed);
