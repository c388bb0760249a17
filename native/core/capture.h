/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/*
 * Live packets shown to people: a copy of each that fits, made where its way through the graph ends,
 * with what became of it. Off, it costs a look at a word of the worker per burst; on, it is bounded
 * by a rate and by rings that count what they have no room for.
 */

/* Starts one that takes what fits `filter`, which the socket brought: 0 and its id, or -errno and a text. */
int sl_capture_start(struct sl_datapath *dp, const struct sl_capture_filter *filter, uint64_t *id,
		     char *error, size_t error_size);

/*
 * Takes records out: a captured_head, then for each packet a captured, its result and its bytes, both
 * padded to 8. 0 and *bytes, which the caller frees, or -ENOENT, -ENOMEM.
 */
int sl_capture_take(struct sl_datapath *dp, uint64_t id, void **bytes, size_t *size);

/* 0 or -ENOENT. */
int sl_capture_stop(struct sl_datapath *dp, uint64_t id);

/* Ends those whose reader went away. From time to time; control thread, as all of the above. */
void sl_capture_expire(struct sl_datapath *dp);

/* Packets at the end of their way: `fate` is SL_FATE_*. Only while w->capturing. */
void sl_capture_packets(struct sl_worker *w, struct rte_mbuf *const *m, uint16_t n, uint8_t fate);

/* Packets that came in while w->capturing: what is known of them starts empty. */
void sl_capture_arrive(struct rte_mbuf *const *m, uint16_t n);
