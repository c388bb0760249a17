/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_prefetch.h>

#include "core/datapath.h"
#include "session/table.h"

/* Which worker a flow without session belongs to: the same for both of its directions. */
static inline unsigned int sl_home(const struct sl_datapath *dp, const struct sl_pkt *p)
{
	const struct sl_hash_secret *secret = &dp->sessions->secret;

	if (dp->workers == 1)
		return 0;
	return sl_hash_home(p->family == 4 ? sl_hash4_symmetric(secret, &p->key4)
					   : sl_hash6_symmetric(secret, &p->key6),
			    dp->workers);
}

/* Packets between the parsing of one and its hash: by then the key's stores are through. */
#define SL_ANNOUNCE_LAG 8

/* Hashes the key of a packet on its way to session_lookup, and sends for the bucket it will ask. */
static inline void sl_announce4(const struct sl_session_table *table, struct sl_pkt *p)
{
	p->hash = sl_hash4(&table->secret, &p->key4);
	rte_prefetch0(sl_index_primary(&table->index, p->hash));
}

static inline void sl_announce6(const struct sl_session_table *table, struct sl_pkt *p)
{
	p->hash = sl_hash6(&table->secret, &p->key6);
	rte_prefetch0(sl_index_primary(&table->index, p->hash));
}
