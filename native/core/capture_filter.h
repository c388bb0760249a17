/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/* Which packets a capture takes; the record came over the socket. */
bool sl_capture_filter_valid(const struct sl_capture_filter *filter);

/* All parts that are given fit what is known of the packet at its end. */
bool sl_capture_fits(const struct sl_capture_filter *filter, const struct sl_pkt *p, uint8_t fate);
