/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "host/plan.h"
#include "routing/adjacency.h"

#define SL_HELD_ADJACENCIES 512
#define SL_HELD_PACKETS 4

/* Packets whose adjacency is not resolved yet, and which neighbours the kernel shall look after. */
struct sl_neighbors {
	struct sl_datapath *dp;
	const struct sl_taps *taps;
	struct mnl_socket *socket;
	struct {
		struct rte_mbuf *packet[SL_HELD_PACKETS]; /* oldest first */
		uint32_t adjacency;
		uint32_t packets; /* 0: free */
		bool asked;	  /* the kernel, to resolve it */
		uint64_t since_ms;
	} held[SL_HELD_ADJACENCIES];
	uint32_t waiting;	      /* of held, in use */
	uint32_t used[SL_MAX_ADJACENCIES]; /* used_ms when last looked at */
	uint64_t swept_ms;
};

int sl_neighbors_open(struct sl_neighbors *neighbors, struct sl_datapath *dp,
		      const struct sl_taps *taps);
/* Frees what is held. */
void sl_neighbors_close(struct sl_neighbors *neighbors);

/* Takes packets from dp->unresolved; true when there may be more. */
bool sl_neighbors_take(struct sl_neighbors *neighbors, uint64_t now_ms);

/* Gives back what is resolved, failed or has waited too long; once a second the rest of the care. */
void sl_neighbors_turn(struct sl_neighbors *neighbors, uint64_t now_ms);
