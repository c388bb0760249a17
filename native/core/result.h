/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/* What became of a packet as people are told it; what is translated is left as it is in `r`. */
void sl_result_fill(struct sl_result *r, const struct sl_pkt *p, uint8_t fate);
