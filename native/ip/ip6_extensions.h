/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_branch_prediction.h>

#include "core/drop.h"
#include "core/packet.h"
#include "layout.h"

/* The extension headers that settings let through. Those that no node may send are dropped before. */
enum sl_drop sl_ip6_extensions_slow(const struct sl_image_settings *settings, const uint8_t *ip,
				    const struct sl_pkt *p);

/* Of a packet that was parsed without fault; `ip` is its header. Nearly none has any. */
static inline enum sl_drop sl_ip6_extensions(const struct sl_image_settings *settings,
					     const uint8_t *ip, const struct sl_pkt *p)
{
	/* Mobility is the lowest of those that are judged as a protocol. */
	if (likely(p->l3_length == 40 && p->key6.proto < 135))
		return SL_DROP_NONE;
	return sl_ip6_extensions_slow(settings, ip, p);
}
