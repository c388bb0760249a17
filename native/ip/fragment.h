/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"

/*
 * Fragments, by virtual reassembly: nothing is put together, but every fragment of a datagram meets
 * the fate of the first one, the only one that says which flow it is of.
 *
 * The way of a fragment:
 *   fragment         where it arrived, hands it to the datagram's worker, a keyed hash of (zone,
 *                    source, destination, id, and protocol in IPv4) says whose; there
 *                    the hole map refuses what overlaps, repeats or contradicts. Those before the
 *                    first one are held. The first one is given its flow's worker; those held, and
 *                    from then on all others as they come, go the same way behind it.
 *   session_lookup…  the first one alone is looked up, judged and tracked, as any packet. Where it
 *                    reaches ip_output or drop, its verdict is written down.
 *   fragment_follow  the others take that verdict. One that overtook it waits for it, which is never
 *                    longer than this turn: the first one went into the same ring before it.
 *
 * So a datagram has one writer at a time for each of its parts: its own worker for what was seen,
 * the flow's worker for the verdict. It is used again once all that was sent was done with.
 */

/* Bounds. A datagram that is whole is forgotten at once, so these are of what is not. */
#define SL_FRAGMENT_DATAGRAMS 8192u	/* a worker has room for, if the first image asks for no more */
#define SL_FRAGMENT_HELD_BYTES (4u << 20) /* in a worker's held fragments */
#define SL_FRAGMENT_HELD_SHARE 8u	/* of all packet buffers, one in so many may be held */
#define SL_FRAGMENT_PIECES 128u		/* of one datagram: 64 KiB over a link of 576 bytes */

/*
 * Of one worker; all but the last two are settings. The time counts from the first fragment seen,
 * and anew once the first of the datagram went on. 30 s: long for a train that comes in one go, and
 * well within the 60 s its receiver waits (RFC 1122 3.3.2, RFC 8200 4.5).
 */
struct sl_fragment_limits {
	uint32_t timeout_ms;
	uint32_t datagrams;  /* at most what there is room for */
	uint32_t per_source; /* of these, by IPv4 address or IPv6 /64 */
	uint32_t held_bytes;
	uint32_t held_buffers;
};

struct sl_fragments;

/* A worker's table for its share of these settings; its room does not grow later. NULL: no memory. */
struct sl_fragments *sl_fragments_create(const struct sl_datapath *dp,
					 const struct sl_image_settings *settings);

/*
 * The settings of an image in force, each worker's share of what counts for all. Any time, control
 * thread: a worker goes by them from its next fragment on.
 */
void sl_fragments_configure(const struct sl_datapath *dp, struct sl_fragments *t,
			    const struct sl_image_settings *settings);

/* Once a turn: drops what is held of at most `budget` datagrams that waited too long. */
void sl_fragments_sweep(struct sl_worker *w, uint32_t budget);
/* Is there anything to sweep? */
bool sl_fragments_any(const struct sl_worker *w);

/* Fragments held now. */
uint32_t sl_fragments_held(const struct sl_worker *w);
/* The end of a run: what is held is dropped as fragment-settled, and every datagram forgotten. */
void sl_fragments_settle(struct sl_worker *w);

/*
 * The first fragment of a datagram is about to leave (reason 0) or to be dropped: its verdict is
 * written down, once. Gives those that waited for it, a list by sl_pkt.held, for
 * sl_fragment_follow() in order. Only for fragments that have a datagram.
 */
struct rte_mbuf *sl_fragment_verdict(struct sl_worker *w, struct sl_pkt *p, enum sl_drop reason);

enum sl_fragment_way {
	SL_FRAGMENT_WAITS,   /* taken; it comes with the verdict */
	SL_FRAGMENT_SESSION, /* sl_pkt.session is set: to session_hit */
	SL_FRAGMENT_OUT,     /* sl_pkt.adjacency is: to ip_output */
	SL_FRAGMENT_DROP,    /* sl_pkt.reason is */
};
/* Gives a fragment that is not the first its datagram's verdict. */
enum sl_fragment_way sl_fragment_follow(struct sl_worker *w, struct rte_mbuf *m);
