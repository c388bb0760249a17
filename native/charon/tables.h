/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "records.h"

/*
 * What charon has given to the datapath, without keys: to name an SA's direction, which charon does
 * not, to count who holds a policy, to let SAs expire by time, and to begin again with a new datapath.
 */
typedef struct tables_t tables_t;

tables_t *tables_create(void);
void tables_destroy(tables_t *tables);

/* Also starts the clock of its lifetime. `boot` is the datapath that has it. */
void tables_add_sa(tables_t *tables, const kernel_ipsec_sa_id_t *id,
		   const kernel_ipsec_add_sa_t *data, uint64_t boot);
bool tables_find_sa(tables_t *tables, const kernel_ipsec_sa_id_t *id, bool *inbound,
		    uint64_t *boot);
void tables_move_sa(tables_t *tables, const kernel_ipsec_sa_id_t *id, host_t *src, host_t *dst);
void tables_remove_sa(tables_t *tables, const kernel_ipsec_sa_id_t *id);
void tables_flush_sas(tables_t *tables);
/* Asks charon for new keys of all CHILD_SAs that another datapath had. */
void tables_rekey_lost(tables_t *tables, uint64_t boot);

/* TRUE if it stood already: one more holds it now. */
bool tables_add_policy(tables_t *tables, const struct sl_sa_policy *policy);
/* SUCCESS: the last holder went, `policy` is now as it was added; NEED_MORE; NOT_FOUND. */
status_t tables_remove_policy(tables_t *tables, struct sl_sa_policy *policy);
/* The one added last with these selectors. */
bool tables_find_policy(tables_t *tables, const kernel_ipsec_policy_id_t *id,
			struct sl_sa_policy *policy);
/* All, in the order they came; the caller frees them. */
int tables_policies(tables_t *tables, struct sl_sa_policy **policies);
void tables_flush_policies(tables_t *tables);

/* charon's time of a use, 0 for never */
time_t tables_used(const struct sl_sa_use *use);
