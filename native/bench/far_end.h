/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "bench/bench.h"
#include "vpn/sa.h"

/*
 * Both ends of a tunnel with the same keys each way: the box's SAs, which the datapath uses, and the
 * far end's, which seal and open here, outside of the graph.
 */
#define SL_FAR_PACKETS 1024
#define SL_FAR_ROOM 1536

struct sl_far_end {
	struct sl_worker *w;
	const char *engine; /* of the box's outbound SA */
	struct sl_sa *box_out, *box_in, *out, *in;
	/* Of a flow each: frames as the clients send them, and their answers as the far end does. */
	struct sl_rig_packet clear[SL_FAR_PACKETS], answer[SL_FAR_PACKETS], sealed[SL_FAR_PACKETS];
	uint8_t room[3][SL_FAR_PACKETS][SL_FAR_ROOM];
};

/*
 * Makes SAs of a suite, its policies and the packets; `bytes` as sl_bench_esp(). -EINVAL: no such
 * suite or size, -EOPNOTSUPP: no engine does it.
 */
int sl_far_end_make(struct sl_far_end *far, struct bench *b, const char *suite, const char *bytes);

/* Seals the answers. 0 or -errno. */
int sl_far_end_seal(struct sl_far_end *far);

/* What is wrong with a frame that left, if it is not clear[i] sealed; NULL: nothing. */
const char *sl_far_end_open(struct sl_far_end *far, const struct rte_mbuf *m, uint32_t i);

/* What is wrong with a frame that left, if it is not `sent` one hop further; NULL: nothing. */
const char *sl_far_end_same(const struct sl_rig_packet *sent, const uint8_t *frame, uint32_t length);
