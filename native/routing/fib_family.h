/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_rcu_qsbr.h>
#include <stdatomic.h>

#include "routing/fib.h"
#include "routing/fib_side.h"
#include "routing/next_hops.h"

struct sl_fib_family {
	struct sl_fib_side *_Atomic active; /* what readers use */
	struct sl_fib_side *idle;	    /* the other of a big pair; else NULL */
	struct sl_rib rib;
};

struct sl_fib {
	struct sl_fib_family v4, v6;
	struct sl_next_hops *next_hops;
	struct rte_rcu_qsbr *qsbr; /* NULL: no reader in another thread */
	uint32_t max_routes;
};
