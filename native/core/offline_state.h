/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/offline.h"

/* One record is at most this long: the largest snap length tcpdump knows. */
#define SL_OFFLINE_MAX_PACKET 262144u

/* The offline process: its one worker and the batch at hand. */
struct sl_offline {
	struct sl_datapath *dp;
	struct sl_worker *worker;
	bool made; /* sessions, FIB, worker and graph are there */
	/* the batch */
	uint16_t mode;
	const uint8_t *next, *end; /* packet records not yet taken */
	uint32_t count, taken;
	uint32_t segments; /* of mbufs in this turn */
	uint32_t turn;	   /* packets that may still enter in this turn */
	/*
	 * Of the batch's packets, then of `late` ones of earlier batches that were held. Once the batch
	 * was run there are `reported`: those still held are not among them.
	 */
	struct sl_result *results;
	uint32_t late, late_most, reported;
	/* growing buffer of outputs, MODE_REPLAY only */
	uint8_t *out;
	size_t out_length, out_room;
	uint32_t outputs;
	bool out_failed;
	/* over all batches of an image */
	uint32_t first; /* number of the batch's first packet */
	bool started;
	uint64_t start_ns, now_ns, swept_ns;
	uint64_t asked_s; /* when schedules were asked last */
};

/* Builds all that an image needs; what was there stays on failure. 0 or -errno and a text. */
int sl_offline_load(struct sl_offline *o, const void *image, size_t size, char *error,
		    size_t error_size);

/*
 * Runs a FRAME_BATCH payload; results and outputs then lie in `o`. 0 or -errno and a text: nothing
 * was run if the frame is malformed.
 */
int sl_offline_run(struct sl_offline *o, const uint8_t *payload, size_t size, char *error,
		   size_t error_size);

/* A port's ends, see struct sl_port. */
uint16_t sl_offline_rx(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		       uint16_t n);
uint16_t sl_offline_tx(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		       uint16_t n);
