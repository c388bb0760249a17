/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* What differs between DPDK 22.11 and 24.11 lives here and nowhere else. */
#include <rte_version.h>

#define SL_DPDK_24_11 (RTE_VERSION >= RTE_VERSION_NUM(24, 11, 0, 0))

/* 16 bytes of an IPv6 address as rte_fib6 takes them. */
#if SL_DPDK_24_11
#include <rte_ip6.h>
#define SL_IP6(bytes) ((const struct rte_ipv6_addr *)(const void *)(bytes))
#define SL_IP6_BULK(bytes) SL_IP6(bytes)
#else
#include <stdint.h>
#define SL_IP6(bytes) ((const uint8_t *)(bytes))
#define SL_IP6_BULK(bytes) ((uint8_t(*)[16])(uintptr_t)(bytes))
#endif
