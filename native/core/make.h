/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "core/eal.h"

/* Buffers for all ports. 0 or -errno. */
int sl_datapath_pool(struct sl_datapath *dp, const struct sl_options *options);

/*
 * What every mode of the process has, for dp->workers workers: counters (in a file with `counters`),
 * QSBR, sessions and FIB sized by `settings`, adjacencies, rings, workers with their graphs. `seed`
 * 0 is random. 0 or -errno with `error`; the process is of no use after a failure.
 */
int sl_datapath_make(struct sl_datapath *dp, const struct sl_image_settings *settings, uint64_t seed,
		     const char *counters, char *error, size_t error_size);
