/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/*
 * libsluice: the control socket and the shared counters of a running datapath, without DPDK. Every
 * call is bounded by what it is given; a hostile peer or file gives an error, never a crash.
 * Functions return 0 or -errno unless they say otherwise; handles are for one thread at a time.
 */

struct sluice_control;
struct sluice_counters;

/* Connects to RUN_DIR/control.sock. */
int sluice_control_open(const char *run_dir, struct sluice_control **control);
void sluice_control_close(struct sluice_control *control);

/*
 * Sends a request with `size` bytes of body (0: none) and waits for its response. 0: *answer holds
 * *answer_size bytes; above 0: the datapath refused with this errno and *answer is its text; below:
 * the connection failed (-ETIMEDOUT after `timeout_ms`), close it. *answer is freed by sluice_free.
 */
int sluice_control_request(struct sluice_control *control, uint32_t op, uint64_t argument,
			   const void *body, uint64_t size, uint32_t timeout_ms, void **answer,
			   uint64_t *answer_size);
void sluice_free(void *answer);

/* Maps RUN_DIR/counters and checks its directory. -EPROTO: of another version. */
int sluice_counters_open(const char *run_dir, struct sluice_counters **counters);
void sluice_counters_close(struct sluice_counters *counters);

/* 1 when the datapath has made a new file since (it restarted), 0 when not, or -errno. */
int sluice_counters_stale(const struct sluice_counters *counters);

/* Copies the head record (struct sl_counters_head) as it is now. */
void sluice_counters_head(const struct sluice_counters *counters, void *head);

/*
 * Copies records first..first+count-1 of a worker's array; of an array without workers, `worker` is
 * 0. The bytes copied, or -ENOENT for no such array or range.
 */
int64_t sluice_counters_read(const struct sluice_counters *counters, const char *array,
			     uint32_t worker, uint32_t first, uint32_t count, void *records);

/*
 * Takes up to `most` log records of a worker out of its ring; since the datapath started *lost were
 * lost for a full ring and *limited left out by their rules' limits. The number taken. One reader at
 * a time over all processes.
 */
int64_t sluice_log_take(struct sluice_counters *counters, uint32_t worker, void *records,
			uint32_t most, uint64_t *lost, uint64_t *limited);
