/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "core/result.h"

/* Of a record, ahead of the packet's bytes. */
#define SL_CAPTURE_FIXED (sizeof(struct sl_captured) + sizeof(struct sl_result))

/* Writes what is known of a packet, and at most `snap` of its bytes padded to 8, to `slot`. */
void sl_capture_record(const struct sl_worker *w, uint32_t snap, uint8_t *slot,
		       const struct rte_mbuf *m, uint8_t fate);
