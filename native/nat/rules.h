/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>

#include "nat/nat.h"

/* What rules say, for who asks them of new flows (rules.c) and of sessions (stays.c). */

static inline bool sl_nat_has_ports(uint8_t proto)
{
	return proto == IPPROTO_TCP || proto == IPPROTO_UDP;
}

/* Packets of its flows keep their destination. */
static inline bool sl_nat_one_way(const struct sl_image_balancers *b)
{
	return b->mode >= SL_BALANCE_DIRECT;
}

/* The balancer a rule leads to, if any. */
static inline const struct sl_image_balancers *
sl_nat_balancer_of(const struct sl_tables *tables, const struct sl_image_translations *t,
		   uint8_t family)
{
	return t && t->kind == SL_NAT_BALANCER && t->family == family ?
		       &tables->image.balancers[t->pool] :
		       NULL;
}

void sl_nat_set_destination(struct sl_flow *flow, const struct sl_nat_end *end);

/* The flow's destination by this record; false where there is none. */
bool sl_nat_send_to(const struct sl_image_translations *t, const struct sl_flow *flow,
		    struct sl_nat_end *end);

/* A backend as a destination. */
void sl_nat_send_to_backend(const struct sl_image_balancers *b,
			    const struct sl_image_backends *backend, const struct sl_flow *flow,
			    struct sl_nat_end *end);
