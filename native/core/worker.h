/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/* Rings between workers and, unless offline, between them and the host thread. 0 or -errno. */
int sl_workers_rings(struct sl_datapath *dp);

/* Makes worker `index` with its counters, sessions and graph. NULL when out of memory. */
struct sl_worker *sl_worker_create(struct sl_datapath *dp, unsigned int index,
				   const struct sl_image_settings *settings, uint64_t seed);

/* Starts one on each worker lcore; and waits for their end once dp->stop is set. */
int sl_workers_launch(struct sl_datapath *dp);
void sl_workers_join(struct sl_datapath *dp);

/*
 * One turn of the loop: what is known anew, the graph, sessions' ageing, queues owned for others.
 * `now_ns` is wall-clock time for logs, `now_ms` the session clock, which never goes back.
 */
void sl_worker_turn(struct sl_worker *w, uint64_t now_ns, uint32_t now_ms);

/* All workers stand still between turns from pause until resume. Control thread only. */
void sl_workers_pause(struct sl_datapath *dp);
void sl_workers_resume(struct sl_datapath *dp);
