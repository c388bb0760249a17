/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/make.h"

#include <errno.h>
#include <rte_cycles.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "balancer/balance.h"
#include "core/counters.h"
#include "core/worker.h"
#include "firewall/limit.h"
#include "helpers/helper.h"
#include "nat/blocks.h"
#include "routing/adjacency.h"
#include "routing/fib.h"
#include "session/table.h"
#include "vpn/sa.h"

int sl_datapath_pool(struct sl_datapath *dp, const struct sl_options *options)
{
	uint16_t room = RTE_PKTMBUF_HEADROOM + (options->mbuf_size ? options->mbuf_size : 2048);

	dp->pool = rte_pktmbuf_pool_create("packets", options->buffers, 256, SL_PKT_PRIV_SIZE, room,
					   SOCKET_ID_ANY);
	return dp->pool ? 0 : -ENOMEM;
}

static int make_qsbr(struct sl_datapath *dp)
{
	dp->qsbr = rte_zmalloc("qsbr", rte_rcu_qsbr_get_memsize(SL_QSBR_THREADS(dp)), 64);
	if (!dp->qsbr)
		return -ENOMEM;
	if (rte_rcu_qsbr_init(dp->qsbr, SL_QSBR_THREADS(dp)) < 0)
		return -EINVAL;
	rte_rcu_qsbr_thread_register(dp->qsbr, SL_QSBR_CONTROL(dp));
	rte_rcu_qsbr_thread_register(dp->qsbr, SL_QSBR_HOST(dp));
	return 0;
}

int sl_datapath_make(struct sl_datapath *dp, const struct sl_image_settings *settings, uint64_t seed,
		     const char *counters, char *error, size_t error_size)
{
	struct sl_session_options sessions = {
		.max_sessions = settings->max_sessions,
		.workers = dp->workers,
		.seed = seed,
	};
	const char *what = "counters";
	int status = sl_counters_create(dp, counters);

	dp->boot_tsc = rte_rdtsc();

	if (!status) {
		what = "QSBR";
		status = make_qsbr(dp);
	}
	if (!status) {
		what = "adjacencies";
		status = sl_adjacency_init();
	}
	if (!status) {
		what = "sessions";
		sessions.qsbr = dp->qsbr;
		status = sl_session_table_create(&dp->sessions, &sessions);
	}
	if (!status) {
		sl_session_table_configure(dp->sessions, settings);
		dp->fib = sl_fib_create(settings->max_routes, dp->qsbr, error,
					(unsigned int)error_size);
		if (!dp->fib)
			return -ENOMEM;
		what = "limits";
		dp->limits = sl_limits_create(settings->max_sessions, seed);
		dp->balancers = sl_balancers_make();
		dp->helpers = sl_helpers_create(seed);
		dp->sad = sl_sad_create();
		dp->blocks = sl_blocks_create(seed);
		status = dp->limits && dp->balancers && dp->sad && dp->blocks &&
					 dp->helpers ? 0 : -ENOMEM;
	}
	if (!status) {
		what = "rings";
		status = sl_workers_rings(dp);
	}
	if (!status && !seed && getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		status = -EIO;
	for (unsigned int i = 0; !status && i < dp->workers; i++) {
		what = "worker";
		if (!sl_worker_create(dp, i, settings, seed))
			status = -ENOMEM;
	}
	if (status)
		snprintf(error, error_size, "%s: %s", what, strerror(-status));
	return status;
}
