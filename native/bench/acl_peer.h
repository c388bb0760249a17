/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "bench/classbench.h"

/* DPDK's rte_acl over the same rules, as the peer to beat. Needs the EAL. */
struct rte_acl_ctx;

/* NULL if it cannot build. Rule numbers are userdata, from 1. */
struct rte_acl_ctx *acl_build(const struct cb_set *set);

/* Keys in network order, one of `count` for each flow; free() both. */
const uint8_t **acl_keys(const struct cb_set *set, uint8_t **memory);
