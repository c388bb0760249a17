/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What differs between DPDK 22.11 and 24.11 lives here and nowhere else. */
#include <rte_version.h>

#define SL_DPDK_24_11 (RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0))
