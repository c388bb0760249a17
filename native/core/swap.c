/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/swap.h"

#include <errno.h>
#include <rte_ethdev.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/port.h"
#include "core/worker.h"
#include "firewall/edit.h"
#include "firewall/judge.h"
#include "host/host.h"
#include "ip/fragment.h"
#include "session/walk.h"
#include "tables/selectors.h"
#include "tables/tables.h"

#define WALK_BUDGET 4096

static struct sl_tables *staged;

static bool is_port(const struct sl_image_interfaces *record)
{
	return record && !(record->flags & (SL_IFACE_VLAN | SL_IFACE_MANAGEMENT | SL_IFACE_TUNNEL));
}

static const char *device(const struct sl_tables *tables, const struct sl_image_interfaces *record)
{
	return sl_image_string(&tables->image, record->port);
}

static struct sl_port *port_of(const struct sl_datapath *dp, uint16_t slot)
{
	uint16_t index = dp->port_of_iface[slot];

	return index == SL_NO_PORT ? NULL : dp->port[index];
}

int sl_swap_stage(struct sl_datapath *dp, const void *image, size_t size,
		  struct sl_tables_stats *stats, char *error, size_t error_size)
{
	const struct sl_tables *running = atomic_load(&dp->tables);
	struct sl_tables *tables = sl_tables_build(image, size, running, error, error_size, stats);

	if (!tables)
		return -EINVAL;
	for (unsigned int slot = 1; slot < SL_MAX_IFACES; slot++) {
		const struct sl_image_interfaces *record = tables->ifaces[slot];

		if (!is_port(record) || record->port_kind != SL_PORT_NONE)
			continue;
		snprintf(error, error_size, "interface %s has no port",
			 sl_image_string(&tables->image, record->name));
		sl_tables_free(tables);
		return -EINVAL;
	}
	sl_swap_discard(dp);
	staged = tables;
	return 0;
}

const struct sl_tables *sl_swap_staged(uint64_t generation)
{
	return staged && staged->generation == generation ? staged : NULL;
}

void sl_swap_discard(struct sl_datapath *dp)
{
	(void)dp;
	if (staged)
		sl_tables_free(staged);
	staged = NULL;
}

/* Opens what the tables name and is not open yet, into opened[] by slot. */
static int open_ports(struct sl_datapath *dp, const struct sl_tables *tables,
		      struct sl_port **opened, char *error, size_t error_size)
{
	for (unsigned int slot = 1; slot < SL_MAX_IFACES; slot++) {
		const struct sl_image_interfaces *record = tables->ifaces[slot];
		struct sl_port *have;

		if (!is_port(record))
			continue;
		have = port_of(dp, (uint16_t)slot);
		if (have && strcmp(have->name, device(tables, record)) == 0)
			continue;
		opened[slot] = sl_port_open(dp, record, device(tables, record), error,
					    (unsigned int)error_size);
		if (!opened[slot])
			return -ENODEV;
	}
	return 0;
}

static unsigned int free_index(const struct sl_datapath *dp)
{
	unsigned int index = 0;

	while (index < SL_MAX_PORTS && dp->port[index])
		index++;
	return index;
}

/* Workers stand still: ports come and go, slots map to ports anew. Gone ports land in closed[]. */
static unsigned int place_ports(struct sl_datapath *dp, const struct sl_tables *tables,
				struct sl_port **opened, struct sl_port **closed)
{
	unsigned int gone = 0;

	for (unsigned int i = 0; i < SL_MAX_PORTS; i++) {
		struct sl_port *p = dp->port[i];

		if (!p || (is_port(tables->ifaces[p->iface]) && !opened[p->iface]))
			continue;
		closed[gone++] = p;
		dp->port[i] = NULL;
	}
	for (unsigned int slot = 1; slot < SL_MAX_IFACES; slot++) {
		unsigned int index;

		if (!opened[slot])
			continue;
		index = free_index(dp);
		opened[slot]->index = (uint16_t)index;
		dp->port[index] = opened[slot];
		if (index >= dp->ports)
			dp->ports = index + 1;
	}
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++)
		dp->port_of_iface[slot] = SL_NO_PORT;
	for (unsigned int i = 0; i < dp->ports; i++) {
		struct sl_port *p = dp->port[i];

		if (!p)
			continue;
		sl_port_map(p, tables);
		dp->port_of_iface[p->iface] = p->index;
		for (unsigned int vlan = 1; vlan < RTE_DIM(p->vlan_iface); vlan++)
			if (p->vlan_iface[vlan])
				dp->port_of_iface[p->vlan_iface[vlan]] = p->index;
	}
	sl_port_deal(dp);
	return gone;
}

struct judging {
	struct sl_datapath *dp;
	const struct sl_tables *tables;
	uint64_t now_s;
};

/* Is the session still right under the running tables? Asks its owner for what must change. */
static bool judge(const struct sl_session_view *view, void *argument)
{
	struct judging *j = argument;
	struct sl_session_table *sessions = j->dp->sessions;
	struct sl_judgement judgement;
	bool stays;
	int error;

	sl_judge_session(j->tables, j->dp->fib, view->ref, view->session, j->now_s, &judgement);
	stays = judgement.stays;
	if (stays && judgement.generation == view->session->generation)
		return true;
	/* How its packets are changed is another now: the owner judges it again with the next one. */
	if (stays && sl_edit_always(j->tables, judgement.decision.rule) !=
			     !!(view->session->flags & SL_SESSION_EDIT))
		return true;
	do {
		error = stays ? sl_session_request_judged(sessions, view, judgement.generation,
							  judgement.decision.rule) :
				sl_session_request_end(sessions, view, SL_END_POLICY);
		/* The owner empties its ring once a turn, whatever we hold. */
		if (error)
			usleep(50);
	} while (error == -EAGAIN && !atomic_load(&j->dp->stop));
	return true;
}

static void judge_sessions(struct sl_datapath *dp, const struct sl_tables *tables)
{
	struct judging j = {.dp = dp, .tables = tables, .now_s = (uint64_t)time(NULL)};
	struct sl_session_walk walk = {0};
	unsigned int id = SL_QSBR_CONTROL(dp);
	bool more = true;

	rte_rcu_qsbr_thread_online(dp->qsbr, id);
	while (more) {
		more = sl_session_walk(dp->sessions, &walk, WALK_BUDGET, NULL, judge, &j);
		rte_rcu_qsbr_quiescent(dp->qsbr, id);
	}
	rte_rcu_qsbr_thread_offline(dp->qsbr, id);
	while (sl_session_requests_pending(dp->sessions) && !atomic_load(&dp->stop))
		usleep(50);
}

/*
 * Workers follow the clock once a second and each by itself: when this has passed a moment, none of
 * them judges by what was before it.
 */
static uint64_t schedule_time(void)
{
	return (uint64_t)time(NULL) - 2;
}

void sl_swap_schedules(struct sl_datapath *dp)
{
	static uint64_t asked;
	struct sl_tables *tables = atomic_load(&dp->tables);
	uint64_t now_s = schedule_time();

	if (!tables || now_s == asked)
		return;
	asked = now_s;
	if (sl_tables_schedules(tables, now_s) > 0)
		judge_sessions(dp, tables);
}

/* Has an interface gone to another zone? The generations of two zone pairs say nothing of that. */
static bool zones_moved(const struct sl_tables *old, const struct sl_tables *tables)
{
	for (unsigned int slot = 1; old && slot < SL_MAX_IFACES; slot++)
		if (old->ifaces[slot] && tables->ifaces[slot] &&
		    old->ifaces[slot]->zone != tables->ifaces[slot]->zone)
			return true;
	return false;
}

int sl_swap_activate(struct sl_datapath *dp, uint64_t generation, const char *path,
		     struct sl_swap_result *result, char *error, size_t error_size)
{
	struct sl_port *opened[SL_MAX_IFACES] = {0}, *closed[SL_MAX_PORTS] = {0};
	struct sl_tables *tables = staged, *old;
	struct sl_session_census before, after;
	unsigned int gone;
	int status;

	if (!tables || tables->generation != generation) {
		snprintf(error, error_size, "generation %llu is not staged",
			 (unsigned long long)generation);
		return -ENOENT;
	}
	if (open_ports(dp, tables, opened, error, error_size) < 0) {
		for (unsigned int slot = 1; slot < SL_MAX_IFACES; slot++)
			if (opened[slot])
				sl_port_close(opened[slot]);
		return -ENODEV;
	}
	staged = NULL;
	sl_workers_pause(dp);
	gone = place_ports(dp, tables, opened, closed);
	sl_tables_follow(tables, atomic_load(&dp->tables), schedule_time());
	old = atomic_exchange(&dp->tables, tables);
	if (zones_moved(old, tables) ||
	    !sl_selectors_same(old ? old->selectors : NULL, tables->selectors))
		atomic_fetch_add(&dp->routing_epoch, 1);
	sl_session_census(dp->sessions, &before);
	sl_workers_resume(dp);
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	dp->counters_head->generation = generation;
	for (unsigned int i = 0; i < gone; i++)
		sl_port_close(closed[i]);
	sl_session_table_configure(dp->sessions, tables->image.settings);
	for (unsigned int i = 0; i < dp->workers; i++)
		sl_fragments_configure(dp, dp->worker[i]->fragments, tables->image.settings);
	sl_host_apply_tables(tables);
	judge_sessions(dp, tables);
	/* Packets that came before the walk ended sessions too; those opened since are none of ours. */
	sl_session_census(dp->sessions, &after);
	result->ended = after.ended_by_policy - before.ended_by_policy;
	result->kept = before.live - result->ended;
	result->generation = generation;
	if (old)
		sl_tables_free(old);
	status = path ? sl_file_replace(path, tables->image.header, tables->image.header->total) : 0;
	if (status)
		snprintf(error, error_size, "in force, but not kept for the next start: %s: %s", path,
			 strerror(-status));
	return status;
}
