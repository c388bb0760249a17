/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "host/kernel_routes.h"
#include "host/plan.h"

/*
 * Mirrors the kernel's routes and neighbours into FIB and adjacencies. Two sockets: one gets
 * events, which wait in it while a dump is read from the other, so that what is older never
 * overwrites what is newer. A dump is read a piece at a time between turns of the host thread.
 */
struct sl_mirror {
	struct sl_datapath *dp;
	const struct sl_taps *taps;
	struct sl_kernel_routes *routes;
	struct mnl_socket *events, *dumps;
	uint32_t sequence;
	unsigned int phase; /* of the dump running; 0: none */
	bool interrupted;   /* it was not of one state */
	bool wanted;	    /* a dump, as soon as may be */
	bool link_up;	    /* a link of ours came up: its static routes may be gone */
	bool changed;	    /* since the last commit */
	uint64_t dumped_ms; /* when the last one ended */
	int fib_error;	    /* last said */
	uint8_t stamp;	    /* of neighbours, by adjacency */
	uint8_t *seen;
	char buffer[65536];
};

int sl_mirror_open(struct sl_mirror *mirror, struct sl_datapath *dp, const struct sl_taps *taps);
void sl_mirror_close(struct sl_mirror *mirror);

/* Reads what is there, up to a bound; now_ms is monotonic. True when there may be more at once. */
bool sl_mirror_turn(struct sl_mirror *mirror, uint64_t now_ms);

/* Nothing is outstanding: no dump wanted or running. */
static inline bool sl_mirror_settled(const struct sl_mirror *mirror)
{
	return !mirror->wanted && !mirror->phase;
}
