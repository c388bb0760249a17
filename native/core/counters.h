/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/*
 * Makes the counters file of `dp->workers` workers (sparse, made beside `path` and renamed over it,
 * so that a reader of an old one keeps it) or, with a NULL path, the same in plain memory. 0 or
 * -errno.
 */
int sl_counters_create(struct sl_datapath *dp, const char *path);

/* Points a worker at its own arrays. */
void sl_counters_attach(struct sl_datapath *dp, struct sl_worker *w);
