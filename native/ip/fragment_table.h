/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ip/fragment.h"
#include "session/hash.h"
#include "session/memory.h"

/* What ip/fragment*.c keep of datagrams. */

#define SL_DATAGRAM_NONE 0xffffffffu

enum sl_datagram_state {
	SL_DATAGRAM_FREE,
	SL_DATAGRAM_WAITING, /* the first fragment is not here: others are held */
	SL_DATAGRAM_SENT,    /* it went on, and others follow at once */
	SL_DATAGRAM_DEAD,    /* all are dropped for `reason` */
};

/* The verdict; written by the flow's worker alone once the first fragment was sent there. */
struct sl_fragment_train {
	struct rte_mbuf *first, *last; /* what came ahead of it */
	_Atomic uint32_t seen;	       /* fragments done with; the datagram's worker reads it */
	bool decided;
	bool session; /* it has one: followers look it up */
	bool stateless;
	uint8_t policy_verdict, route_how;
	uint16_t reason;
	uint16_t iface, to, out_iface;
	uint32_t rule;
	uint32_t adjacency; /* where there is no session, good for this epoch */
	uint32_t epoch;
};

struct sl_datagram {
	struct sl_key6 id; /* see sl_datagram_key() */
	uint32_t chain;	   /* next of the same hash */
	uint32_t older, newer;
	uint32_t since_ms; /* when it entered the list it is in, */
	uint32_t order;	   /* and which of all that entered one it was */
	uint32_t source;   /* where it is counted */
	uint8_t state;
	uint8_t to; /* SENT: the flow's worker */
	uint16_t reason;
	uint16_t pieces;
	uint32_t bytes; /* seen, and */
	uint32_t total; /* of all, once the last is here */
	uint32_t end;	/* furthest */
	struct rte_mbuf *first, *last; /* held, as they came */
	uint32_t sent; /* fragments on their way to `to` */
	/* of the first one, for those that follow */
	union {
		struct sl_key4 key4;
		struct sl_key6 key6;
	};
	uint64_t hash;
	uint32_t tcp_start; /* sequence number at the datagram's first byte, had it no headers */
	struct {
		uint16_t start, end;
	} piece[SL_FRAGMENT_PIECES];
	struct sl_fragment_train train __attribute__((aligned(64)));
} __attribute__((aligned(64)));

/* Datagrams by the time they entered, oldest first. */
struct sl_datagram_list {
	uint32_t oldest, newest;
};

struct sl_fragments {
	struct sl_fragment_limits limits;
	uint32_t live; /* neither free nor gone */
	uint32_t held, held_bytes, held_buffers;
	struct sl_datagram_list waiting, others;
	struct sl_datagram_list gone; /* forgotten, but not all that was sent was seen */
	uint32_t order;		      /* of the next that enters a list */
	uint32_t free;		      /* list by `chain` of what was used before */
	uint32_t fresh;		      /* from here on no entry was ever touched */
	uint32_t room;		      /* entries, a power of 2 */
	uint32_t mask;		      /* of both that follow */
	uint32_t *bucket;	      /* index plus one, 0 for none */
	uint32_t *source;	      /* how many datagrams, by hash of the source */
	struct sl_datagram *datagram;
	struct sl_memory memory;
};

/* How a datagram is told from others; hash by sl_hash6. */
void sl_datagram_key(const struct sl_pkt *p, struct sl_key6 *key);

/* Finds it, or NULL; `hash` is of the key. */
struct sl_datagram *sl_datagram_find(struct sl_fragments *t, const struct sl_key6 *key,
				     uint64_t hash);
/* Makes it, WAITING; an older one makes room if it must. NULL with the reason. */
struct sl_datagram *sl_datagram_new(struct sl_worker *w, const struct sl_pkt *p,
				    const struct sl_key6 *key, uint64_t hash, enum sl_drop *reason);
/* Forgets it; what it holds is dropped for `reason`. */
void sl_datagram_forget(struct sl_worker *w, struct sl_datagram *d, enum sl_drop reason);
/* Drops what it holds, and from now on whatever comes of it. */
void sl_datagram_kill(struct sl_worker *w, struct sl_datagram *d, enum sl_drop reason);
/* The first one is here. */
void sl_datagram_sent(struct sl_worker *w, struct sl_datagram *d);
/* Holds a fragment; false where there is no room for it. */
bool sl_datagram_hold(struct sl_worker *w, struct sl_datagram *d, struct rte_mbuf *m);
/* Takes the oldest that is held, or NULL. */
struct rte_mbuf *sl_datagram_take(struct sl_fragments *t, struct sl_datagram *d);

static inline uint32_t sl_datagram_ref(const struct sl_worker *w, const struct sl_datagram *d)
{
	return (w->index << 24 | (uint32_t)(d - w->fragments->datagram)) + 1;
}

static inline struct sl_datagram *sl_datagram_at(const struct sl_datapath *dp, uint32_t ref)
{
	return &dp->worker[(ref - 1) >> 24]->fragments->datagram[(ref - 1) & 0xffffff];
}
