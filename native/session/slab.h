/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_rcu_qsbr.h>

#include "session/entry.h"
#include "session/pool.h"

/*
 * A worker's entries of one pool. What ended waits in two chains, one gathering, one until every
 * reader has been quiescent since its token; from there new sessions take them first.
 */

struct sl_chain {
	sl_session_ref head, tail;
	uint32_t count;
};

struct sl_slab {
	struct sl_pool *pool;
	uint8_t owner;
	sl_session_ref wide; /* SL_REF_WIDE or 0, of this pool's references */
	uint32_t hand;	     /* chunk of the circle the sweep visited last; SL_NO_CHUNK: no chunks */
	uint32_t evict;	     /* the same of the search for opening sessions, */
	uint64_t unseen;     /* and entries of it that this is still to look at */
	uint32_t owned;	     /* chunks */
	uint32_t partly;     /* list of chunks with free entries */
	uint64_t free;	     /* entries free in owned chunks */
	struct sl_chain gathering, waiting, ready;
	uint64_t token;
};

void sl_slab_init(struct sl_slab *slab, struct sl_pool *pool, uint8_t owner, sl_session_ref wide);

/* A zeroed entry, or NULL when the pool is empty. */
struct sl_session *sl_slab_take(struct sl_slab *slab, sl_session_ref *ref);

/* Readers may still look at it. */
void sl_slab_retire(struct sl_slab *slab, sl_session_ref ref);

/* Never published: at once. */
void sl_slab_untake(struct sl_slab *slab, sl_session_ref ref);

/* Moves on what no reader can hold any more; a few loads when there is nothing. */
void sl_slab_reclaim(struct sl_slab *slab, struct rte_rcu_qsbr *qsbr);

/* Puts some ready entries back into their chunks, so that these can be given back. */
void sl_slab_settle(struct sl_slab *slab);

/* The chunk after `*hand`, which moves to it; one that is empty is given back on the way. */
uint32_t sl_slab_next(struct sl_slab *slab, uint32_t *hand);

static inline void *sl_slab_entry(const struct sl_slab *slab, uint32_t index)
{
	return (uint8_t *)slab->pool->base + (size_t)index * slab->pool->entry;
}

static inline struct sl_session *sl_slab_session(const struct sl_slab *slab, uint32_t index)
{
	return slab->wide ? &((struct sl_entry6 *)slab->pool->base)[index].session :
			    &((struct sl_entry4 *)slab->pool->base)[index].session;
}
