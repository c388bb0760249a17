/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/pipeline.h"

/* Fragments of datagrams for tests, and several frames through the pipeline in one go. */

#define TRAIN_MOST 2048

/*
 * `length` bytes of the datagram in `whole` from `offset` on, headers left out, as a fragment with
 * this id; 0 for all the rest, and then it is the last. IPv6 ones get their header behind the fixed
 * one.
 */
void train_cut(const struct frame *whole, struct frame *out, uint32_t id, uint32_t offset,
	       uint32_t length);
/* The same, with the MF bit as said. */
void train_piece(const struct frame *whole, struct frame *out, uint32_t id, uint32_t offset,
		 uint32_t length, bool more);

/* Gathers a frame to enter by `in`, `after_ms` after the one before. */
void train_add(uint16_t in, const struct frame *f, uint32_t after_ms);
/* Runs what was gathered as one replay batch; `last` settles. Results lie in pipeline.results. */
void train_run(bool last);

/* Asserts what became of the packet number `i` of the last run. */
void train_went(unsigned int i, uint16_t out);
void train_dropped(unsigned int i, enum sl_drop reason);
/* The packet out number `k` is input `i` of the last run, whole but for one hop less. */
void train_out(unsigned int k, unsigned int i);
