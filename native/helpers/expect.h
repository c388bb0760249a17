/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/packet.h"
#include "session/hash.h"
#include "session/memory.h"

/*
 * Flows that are to come because a session said so: the data of an FTP transfer, the media of a
 * call. Each opens one session, once, from where and to where it was said, whatever the policy says:
 * the rule of the session that spoke of it has allowed it. Asked on a session miss alone, and only
 * while there are any; a miss compares tags, and locks a bucket where one fits.
 */
#define SL_EXPECT_MOST 16384u /* at once */

struct sl_expected {
	/* the flow as it arrives, network order, IPv4 in the first four bytes */
	uint8_t source[16];
	uint8_t destination[16];
	/* and what becomes of it: the real destination, and the source that one sees */
	uint8_t server[16];
	uint8_t client[16];
	uint16_t port, server_port; /* network order */
	uint16_t lo, hi;	    /* ports of a translated source; 0: it keeps its own */
	uint32_t rule;		    /* slot, of the session that spoke of it */
	uint32_t parent;	    /* record of that session, helper.h */
	uint32_t until_ms;	    /* of the session clock */
	/* which it is; set by sl_expect_add() */
	struct sl_expect_ref {
		uint32_t index, serial; /* 0: none */
	} ref;
	uint8_t family, protocol, kind;
	uint8_t side; /* of its parent: who is the destination's opposite, see sl_helper_expect() */
	bool any_source; /* `source` says nothing */
};

#define SL_EXPECT_WAYS 7
struct sl_expect_bucket {
	rte_spinlock_t lock;
	uint32_t tag[SL_EXPECT_WAYS]; /* 0: free */
};
static_assert(sizeof(struct sl_expect_bucket) == 32, "half a line");

struct sl_expectations {
	struct sl_memory memory;
	struct sl_expect_bucket *bucket;
	struct sl_expected *entry; /* [bucket * SL_EXPECT_WAYS + way] */
	uint32_t buckets;	   /* a power of two */
	struct sl_hash_secret secret;
	_Atomic uint32_t live; /* those whose time has passed unnoticed too */
	_Atomic uint32_t serials;
	_Atomic uint32_t hand; /* the bucket that is looked through next for what is over */
	/* since the start */
	_Atomic uint64_t opened, taken, expired, ended, refused;
};

/* 0 or -errno. */
int sl_expect_create(struct sl_expectations *t, uint64_t seed);
void sl_expect_destroy(struct sl_expectations *t);

/* Expects a flow: -EEXIST when one is expected so already, -ENOSPC when there is no room. */
int sl_expect_add(struct sl_expectations *t, struct sl_expected *e, uint32_t now_ms);

/* No longer; nothing where it was taken or its time had passed. */
void sl_expect_end(struct sl_expectations *t, struct sl_expect_ref ref);

/* Is the flow of this packet expected? A copy of what was said of it. */
bool sl_expect_find(const struct sl_expectations *t, const struct sl_pkt *p, uint32_t now_ms,
		    struct sl_expected *e);

/*
 * Takes it for a session: false when it is gone. `held` is called before others may see that it is,
 * with the parent.
 */
bool sl_expect_take(struct sl_expectations *t, struct sl_expect_ref ref,
		    void (*held)(void *arg, uint32_t parent), void *arg);

static inline bool sl_expect_any(const struct sl_expectations *t)
{
	return atomic_load_explicit(&t->live, memory_order_relaxed) != 0;
}
