/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <kernel/kernel_ipsec.h>

#include "vpn/sa_message.h"

/* charon's objects as records of the protocol. Those that can fail give FALSE for what it has no
 * words for. */

void record_endpoint(struct sl_sa_endpoint *to, host_t *host, bool port);
host_t *host_of_endpoint(const struct sl_sa_endpoint *endpoint);

/* `spi` as charon has it, in network order */
void record_name(struct sl_sa_name *to, host_t *src, host_t *dst, uint32_t spi, bool inbound,
		 bool ports);

bool record_sa(struct sl_sa_add *to, const kernel_ipsec_sa_id_t *id,
	       const kernel_ipsec_add_sa_t *data);

bool record_policy(struct sl_sa_policy *to, const kernel_ipsec_policy_id_t *id,
		   const kernel_ipsec_manage_policy_t *data);

/* What names a policy without its SA; the rest is 0. */
bool record_policy_id(struct sl_sa_policy *to, const kernel_ipsec_policy_id_t *id);

/* NULL if it is none. */
traffic_selector_t *selector_of(const struct sl_sa_selector *selector);
