/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_rcu_qsbr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "balancer/balance.h"
#include "core/make.h"
#include "core/offline_state.h"
#include "core/port.h"
#include "core/session_end.h"
#include "firewall/limit.h"
#include "helpers/helper.h"
#include "ip/fragment.h"
#include "nat/blocks.h"
#include "routing/adjacency.h"
#include "routing/fib.h"
#include "session/table.h"
#include "tables/tables.h"

/* More at once than any capture we take holds; a session's memory is touched when it comes. */
#define MAX_SESSIONS (1u << 20)
#define SEED 0x736c75696365ull /* runs are to be repeatable */

static bool is_port(const struct sl_image_interfaces *iface)
{
	return iface && iface->parent == SL_IFACE_NONE && 
	       !(iface->flags & (SL_IFACE_MANAGEMENT | SL_IFACE_TUNNEL));
}

static int check_ports(const struct sl_tables *tables, char *error, size_t error_size)
{
	unsigned int ports = 0;

	for (unsigned int slot = 1; slot < SL_MAX_IFACES; slot++)
		ports += is_port(tables->ifaces[slot]);
	if (ports <= SL_MAX_PORTS)
		return 0;
	snprintf(error, error_size, "%u ports; at most %u", ports, SL_MAX_PORTS);
	return -ENOSPC;
}

/* A port in memory for each interface that is one, whatever device it names. */
static int make_ports(struct sl_datapath *dp, const struct sl_tables *tables)
{
	for (unsigned int i = 0; i < dp->ports; i++) {
		free(dp->port[i]);
		dp->port[i] = NULL;
	}
	dp->ports = 0;
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++)
		dp->port_of_iface[slot] = SL_NO_PORT;
	for (unsigned int slot = 1; slot < SL_MAX_IFACES; slot++) {
		struct sl_port *p;

		if (!is_port(tables->ifaces[slot]))
			continue;
		p = calloc(1, sizeof(*p));
		if (!p)
			return -ENOMEM;
		p->index = (uint16_t)dp->ports;
		p->iface = (uint16_t)slot;
		p->rx_queues = p->tx_queues = 1;
		p->promiscuous = true;
		p->link_up = true;
		p->mac[0] = 0x02; /* locally administered, the slot at its end */
		p->mac[4] = (uint8_t)(slot >> 8);
		p->mac[5] = (uint8_t)slot;
		p->rx = sl_offline_rx;
		p->tx = sl_offline_tx;
		sl_port_map(p, tables);
		dp->port[dp->ports++] = p;
		dp->port_of_iface[slot] = p->index;
		for (unsigned int vlan = 1; vlan < RTE_DIM(p->vlan_iface); vlan++)
			if (p->vlan_iface[vlan])
				dp->port_of_iface[p->vlan_iface[vlan]] = p->index;
	}
	sl_port_deal(dp);
	return 0;
}

static int fresh_sessions(struct sl_datapath *dp, const struct sl_image_settings *settings)
{
	const struct sl_session_options options = {
		.max_sessions = settings->max_sessions,
		.workers = 1,
		.qsbr = dp->qsbr,
		.seed = SEED,
	};
	struct sl_session_table *table;
	int status = sl_session_table_create(&table, &options);

	if (status)
		return status;
	sl_session_table_destroy(dp->sessions);
	dp->sessions = table;
	sl_limits_free(dp->limits);
	dp->limits = sl_limits_create(settings->max_sessions, SEED);
	sl_balancers_free(dp->balancers);
	dp->balancers = sl_balancers_make();
	sl_blocks_free(dp->blocks);
	dp->blocks = sl_blocks_create(SEED);
	sl_helpers_free(dp->helpers);
	dp->helpers = sl_helpers_create(SEED);
	if (!dp->limits || !dp->balancers || !dp->blocks || !dp->helpers)
		return -ENOMEM;
	sl_session_table_configure(table, settings);
	sl_fragments_configure(dp, dp->worker[0]->fragments, settings);
	dp->worker[0]->sessions =
		sl_session_worker_create(table, 0, sl_session_end_count, dp->worker[0]);
	return dp->worker[0]->sessions ? 0 : -ENOMEM;
}

/* The parts that outlive an image, made when the first one says how large. */
static int make(struct sl_offline *o, const struct sl_image_settings *settings, char *error,
		size_t error_size)
{
	int status = sl_datapath_make(o->dp, settings, SEED, NULL, error, error_size);

	if (status)
		return status;
	rte_rcu_qsbr_thread_register(o->dp->qsbr, 0);
	o->worker = o->dp->worker[0];
	o->worker->offline = o;
	o->made = true;
	return 0;
}

int sl_offline_load(struct sl_offline *o, const void *image, size_t size, char *error,
		    size_t error_size)
{
	struct sl_datapath *dp = o->dp;
	struct sl_tables *before = dp->tables;
	struct sl_tables *tables = sl_tables_build(image, size, before, error, error_size, NULL);
	struct sl_image_settings settings;
	int status;

	if (!tables)
		return -EINVAL;
	status = check_ports(tables, error, error_size);
	if (status) {
		sl_tables_free(tables);
		return status;
	}
	settings = *tables->image.settings;
	settings.max_sessions = RTE_MIN(settings.max_sessions, MAX_SESSIONS);
	if (o->made) {
		/* No batch is under way: nobody asks any more for what is held. */
		o->late_most = o->late = 0;
		o->first = UINT32_MAX;
		sl_fragments_settle(o->worker);
		/* The worker stands here: nothing may wait for it. */
		rte_rcu_qsbr_thread_offline(dp->qsbr, 0);
		status = fresh_sessions(dp, &settings);
		if (!status)
			status = sl_adjacency_init();
	} else {
		status = make(o, &settings, error, error_size);
	}
	if (!status) {
		dp->tables = tables;
		status = make_ports(dp, tables);
	}
	if (!status)
		status = sl_fib_from_tables(dp->fib, tables);
	if (status < 0) {
		/* Half way between two images nothing can be judged: the process ends. */
		snprintf(error, error_size, "out of memory for these tables: %s", strerror(-status));
		return -ENOMEM;
	}
	o->worker->tables = tables;
	o->worker->routing_epoch = dp->routing_epoch;
	sl_tables_free(before);
	o->first = 0;
	o->asked_s = 0;
	o->started = false;
	return 0;
}
