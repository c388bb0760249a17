/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "tables/atoms.h"
#include "tables/map.h"

/*
 * The service dimension: one entry by protocol over destination ports (ICMP: type and code).
 * Protocols no service names share one.
 */
bool sl_service_sweep(const struct sl_image *image, const struct sl_specs *specs,
		      const struct sl_uses *uses, struct sl_sweep *sweep, struct sl_lines *lines,
		      uint32_t entries[256]);
