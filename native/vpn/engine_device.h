/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "vpn/crypto.h"

/* The crypto devices of the machine, started with a queue per worker and one for us; how many. */
unsigned int sl_engine_devices(struct sl_datapath *dp, struct sl_engine_device *devices,
			       unsigned int most);
/* A session on an engine for these keys, or NULL; and its end. */
void *sl_engine_session(const struct sl_engine *e, const struct sl_sa_xforms *x);
void sl_engine_session_free(uint8_t device, void *session);
/* A pool of sessions for a device; NULL when out of memory. */
struct rte_mempool *sl_engine_pool(const struct sl_datapath *dp, uint8_t device);
/* Fills in `cycles` of what engine `index` does. */
void sl_engine_measure(struct sl_datapath *dp, unsigned int index);
