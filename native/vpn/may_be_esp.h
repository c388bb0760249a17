/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <stdbool.h>
#include <stdint.h>

/* RFC 4303 2, RFC 3948 2.1; `port` is the destination's as it lies in the packet. */
static inline bool sl_may_be_esp(uint8_t proto, uint16_t port)
{
	return unlikely(proto == IPPROTO_ESP || (proto == IPPROTO_UDP && port == RTE_BE16(4500)));
}
