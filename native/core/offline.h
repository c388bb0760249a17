/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

struct sl_nat;

/*
 * The offline mode: packets come in frames on stdin and what became of each goes out on stdout, by
 * the nodes that forward live traffic. The nodes at the graph's ends report here.
 */

/* `sluice-datapath --offline`; returns the exit status. */
int sl_offline_main(int argc, char **argv);

struct sl_offline;

/* Packets given to the kernel, and dropped ones, their reason set: taken and freed. */
void sl_offline_local(struct sl_worker *w, struct rte_mbuf **m, uint16_t n);
void sl_offline_dropped(struct sl_worker *w, struct rte_mbuf **m, uint16_t n);

/* A packet the box answers by itself; it goes on as that answer. */
void sl_offline_answered(struct sl_worker *w, struct sl_pkt *p);

/* What is translated of a packet, as far as it is known. */
void sl_offline_translated(struct sl_worker *w, const struct sl_pkt *p, const struct sl_nat *nat);

/* Each packet stands alone, as the first of a new flow: no session is kept. */
bool sl_offline_stateless(const struct sl_worker *w);
