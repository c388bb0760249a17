/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

struct sl_tables_stats;
struct sl_swap_result;

/* What requests that change something do; stage runs on a thread of its own, the rest here. */
struct sl_control_ops {
	int (*stage)(const void *image, size_t size, struct sl_tables_stats *stats, char *error,
		     size_t error_size);
	int (*activate)(uint64_t generation, struct sl_swap_result *result, char *error,
			size_t error_size);
	void (*discard)(void);
	void (*tick)(void); /* about ten times a second */
};

/* Before any thread starts: all inherit that SIGTERM and SIGINT are for sl_control_run alone. */
void sl_control_signals(void);

/*
 * The control socket RUN_DIR/control.sock (SOCK_SEQPACKET, root and group only): one request at a time per
 * connection, see src/tables/messages.ts. 0 or -errno with `error`.
 */
int sl_control_open(struct sl_datapath *dp, const char *run_dir, const struct sl_control_ops *ops,
		    char *error, size_t error_size);

/* Serves until SIGTERM, SIGINT or dp->stop. */
void sl_control_run(void);
void sl_control_close(void);

/* A request's descriptor and bytes, as the socket gave them: the answer goes to `peer`. Fuzzed. */
void sl_control_handle(int peer, const void *bytes, size_t size, int body);
