/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/* What the node `drop` does, for packets that are not in the graph: counts, reports and frees. */
void sl_drop_now(struct sl_worker *w, struct rte_mbuf **m, uint16_t n);
