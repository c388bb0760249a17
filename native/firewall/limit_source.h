/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_spinlock.h>

#include "firewall/rate.h"
#include "session/hash.h"
#include "session/memory.h"

/*
 * What limits know of single sources: one table of fixed size for all workers, in shards with a lock
 * each. An entry with no session and a full bucket says no more than none at all, so whoever needs
 * room takes its place: nothing is aged, and nothing is lost before its time. The hash is keyed.
 */

struct sl_source_key {
	uint64_t address[2]; /* masked, host order; IPv4 as ::ffff:a.b.c.d */
	uint32_t slot;	     /* whose limit: a rule's, or a zone's by SL_SOURCE_ZONE */
};
#define SL_SOURCE_ZONE(zone) (SL_MAX_RULES + (zone))

/* What is to be kept; a rate without step and 0 sessions have no limit. */
struct sl_source_limit {
	struct sl_rate rate;
	uint32_t sessions;
	bool count; /* a session comes of it */
};

enum sl_source_answer {
	SL_SOURCE_WITHIN,
	SL_SOURCE_RATE,	    /* too many in a time */
	SL_SOURCE_SESSIONS, /* too many at once */
	SL_SOURCE_FULL,	    /* the table is */
};

struct sl_source {
	uint64_t address[2];
	uint64_t full_at;
	uint32_t slot; /* 0: unused */
	uint32_t sessions;
};
static_assert(sizeof(struct sl_source) == 32, "two a line");

#define SL_SOURCE_BUCKET 8u /* entries: four lines */
#define SL_SOURCE_SHARD 64u /* buckets; a source lies in one of two of them */

struct sl_source_lock {
	rte_spinlock_t lock;
} __attribute__((aligned(64)));

struct sl_sources {
	struct sl_source *entry; /* 0 is never given out */
	struct sl_source_lock *lock;
	uint32_t shards;
	struct sl_memory memory;
	struct sl_hash_secret secret;
};

/* Room for `sources` and a quarter more. 0 or -errno. */
int sl_sources_create(struct sl_sources *t, uint32_t sources, uint64_t seed);
void sl_sources_destroy(struct sl_sources *t);

/* The key of an address: its first `length4` or `length6` bits. */
void sl_source_key4(struct sl_source_key *key, uint32_t slot, uint32_t address, unsigned int length);
void sl_source_key6(struct sl_source_key *key, uint32_t slot, const uint64_t address[2],
		    unsigned int length);

/* Takes a token and counts a session, both or nothing; *entry is to give them back by. */
enum sl_source_answer sl_source_take(struct sl_sources *t, const struct sl_source_key *key,
				     const struct sl_source_limit *limit, uint64_t now,
				     uint32_t *entry);

/* What was taken was not needed. */
void sl_source_undo(struct sl_sources *t, uint32_t entry, const struct sl_source_key *key,
		    const struct sl_source_limit *limit);

/* The session has ended. */
void sl_source_release(struct sl_sources *t, uint32_t entry);
