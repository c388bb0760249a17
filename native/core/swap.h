/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>

#include "core/datapath.h"

struct sl_tables_stats;

/* What an activation did to the sessions that lived at the swap. */
struct sl_swap_result {
	uint64_t generation;
	uint64_t ended; /* no longer allowed: by their own next packet or by the control thread */
	uint64_t kept;	/* the others */
};

/*
 * Stage: builds tables from an image beside the running ones; an earlier staged image is discarded.
 * Any one thread. 0 or -errno with `error` for the user.
 */
int sl_swap_stage(struct sl_datapath *dp, const void *image, size_t size,
		  struct sl_tables_stats *stats, char *error, size_t error_size);

/*
 * Activate what is staged if it is of this generation: new ports are opened first (a failure leaves
 * all as it was), then one pointer changes, and after the grace period each live session whose zone
 * pair's policy changed is judged again. Control thread. With `path` the image is kept there for
 * the next start.
 */
int sl_swap_activate(struct sl_datapath *dp, uint64_t generation, const char *path,
		     struct sl_swap_result *result, char *error, size_t error_size);

/* What is staged if it is of this generation, else NULL; until it is activated or discarded. */
const struct sl_tables *sl_swap_staged(uint64_t generation);

void sl_swap_discard(struct sl_datapath *dp);

/*
 * Ends the sessions whose rule's time is over, and judges those of rules whose time came: once a
 * second, control thread.
 */
void sl_swap_schedules(struct sl_datapath *dp);
