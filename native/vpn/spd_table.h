/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "vpn/sad.h"
#include "vpn/spd.h"

/*
 * The policies of one interface and direction as workers ask them. The far end's address tells most:
 * the space is cut where a policy begins or ends, and each piece lists those that hold there, in the
 * order in which they are asked. Built anew for each change, never changed.
 */
struct sl_spd_family {
	struct sl_policy *everything; /* the first of all fits every packet: no need to look */
	uint32_t pieces;
	sl_spd_address *from;	   /* by piece: where it begins, up to the next one */
	uint32_t *first;	   /* by piece, and one more: into `list` */
	struct sl_policy **list;
};

struct sl_spd_table {
	struct sl_spd_family family[2]; /* IPv4, IPv6 */
	/* once replaced */
	struct sl_spd_table *next;
	struct sl_policy *with; /* a policy that goes with it */
	uint64_t token;
};

/* The most that the lists of one family may have in all: many wide ones beside many narrow ones. */
#define SL_SPD_LISTED_MOST (1u << 18)

/* 0, -ENOMEM or -ENOSPC; without policies *table is NULL. */
int sl_spd_table_build(const struct sl_policy *policies, struct sl_spd_table **table);
void sl_spd_table_free(struct sl_spd_table *table);

/* Is `a` asked before `b`? */
bool sl_spd_before(const struct sl_policy *a, const struct sl_policy *b);
