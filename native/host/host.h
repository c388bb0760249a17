/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

struct sl_json;

/*
 * The host plane: a TAP twin for each interface, whose addresses and static routes are put into the
 * kernel, and the mirror of the kernel's links, addresses, routes and neighbours. One thread does
 * all of it. Stopping (or dying) leaves TAPs, addresses and routes as they are; the next start finds
 * them again.
 *
 * Rings: `to_host` frames are written to the TAP of sl_pkt.iface; what a TAP gives goes to
 * from_host[slot % workers] with SL_PKT_FROM_HOST and out_iface set. Packets on `unresolved`
 * (sl_pkt.adjacency INCOMPLETE) come back without that flag once their adjacency is READY or FAILED,
 * or with a reason to be dropped for. Workers that put something on these rings set host_kicked.
 */

/* Starts the thread, on the CPUs of the caller. Makes dp->host_wake if it is not there. */
int sl_host_start(struct sl_datapath *dp, char *error, size_t error_size);

/*
 * The running tables changed (dp->tables holds them already): TAPs, addresses and routes follow.
 * Returns once the FIB has what the kernel then has. The thread keeps no pointer into them. Does
 * nothing when the thread does not run. 0, or -errno when something could not be put into the
 * kernel, which is logged and tried again with the next change.
 */
int sl_host_apply_tables(const struct sl_tables *tables);

void sl_host_stop(void);

/* Runs fn(arg) on the thread between two turns (here, when it does not run) and waits for it. */
void sl_host_run(void (*fn)(void *arg), void *arg);

/* JSON for the control socket; any thread but the host's. At most `limit` routes, 0 for all. */
void sl_host_routes_json(struct sl_json *json, uint64_t limit);
void sl_host_neighbors_json(struct sl_json *json);
