/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdatomic.h>

#include "core/datapath.h"
#include "core/json.h"
#include "session/extension.h"
#include "tables/tables.h"

/*
 * The balancer: a rule of destination NAT whose destination is one of several backends. Which one
 * is a table's business (Maglev: Eisenbud et al., NSDI 2016), made by the management plane; the
 * image has the one with every backend up, a later one comes by itself.
 */

/* A table that came after the image; immutable. */
struct sl_balance_table {
	uint8_t hash[16]; /* of the backends it is for */
	uint32_t entries;
	uint16_t entry[];
};

/* What a backend has to do; by backend slot, kept across images. */
struct sl_backend_use {
	_Atomic uint32_t sessions; /* live */
	uint32_t reserved;
	_Atomic uint64_t opened;
	_Atomic uint64_t packets, bytes; /* of sessions that ended */
};

struct sl_balancers {
	struct sl_balance_table *_Atomic table[SL_MAX_BALANCERS]; /* by slot; NULL: the image's */
	struct sl_backend_use use[SL_MAX_BACKENDS];
};

/* NULL: no memory. */
struct sl_balancers *sl_balancers_make(void);
void sl_balancers_free(struct sl_balancers *b);

/*
 * The backend for a new flow from `client` (network order), whose ports and protocol are in `flow`;
 * NULL when none is up. The same on every appliance with the same backends where the scheduler is
 * Maglev: nothing random goes into it.
 */
const struct sl_image_backends *sl_balance_choose(struct sl_worker *w,
						  const struct sl_image_balancers *balancer,
						  const struct sl_flow *flow);

/* A session with this backend began, its record being `x`; and ended. */
void sl_balance_begin(struct sl_balancers *b, struct sl_extension *x, uint32_t backend);
void sl_balance_end(struct sl_balancers *b, const struct sl_extension *x, uint64_t packets,
		    uint64_t bytes);

/*
 * Takes the body of OP_BALANCE into force. Control thread; returns once no worker uses the table
 * before. 0, or -errno and `error`.
 */
int sl_balance_set(struct sl_datapath *dp, const void *bytes, size_t size, char *error,
		   size_t error_size);

/* {backends: [{backend, sessions, opened, packets, bytes}]} of those ever used. */
void sl_balance_show(const struct sl_datapath *dp, struct sl_json *json);
