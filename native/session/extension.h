/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "session/pool.h"

/*
 * How numbers of one side of a TCP session look to the other, see sequence.h: those from `at` on
 * differ by `after`, those before it by `before`.
 */
struct sl_sequence {
	uint32_t at;
	uint32_t before, after;
	uint32_t replaced; /* what acknowledges part of the bytes between acknowledges this */
};

/*
 * What few sessions have: a record beside the entry, sl_session.extension being its index. The owner
 * alone reads and writes it, so it goes back with the session at once, waiting for no reader.
 */
struct sl_extension {
	/* what firewall/limit.h counted for the session; 0 where nothing is to be given back */
	uint32_t limit_rule;   /* slot */
	uint32_t limit_source; /* entry of the table of sources */
	uint32_t backend;      /* slot, see balancer/balance.h; 0 for none */
	/* a connection that began with a cookie, firewall/syn_proxy.h */
	uint32_t cookie;
	uint16_t window; /* the client's latest before the server answered */
	uint16_t mss;	 /* what it offered */
	int8_t scale;
	bool sack;
	bool waiting; /* for the server's SYN */
	bool proxied;
	/* balancer/proxy_header.h */
	uint8_t proxy; /* bytes of the header; 0 for none */
	bool proxy_waits; /* for the server to acknowledge it */
	/* helpers/helper.h */
	uint8_t helper;	 /* SL_HELPER_* */
	bool child;	 /* announced in another session; set before it is published */
	uint32_t helped; /* its record */
	struct sl_sequence sequence[2]; /* by side; with SL_SESSION_SEQUENCE */
};
static_assert(sizeof(struct sl_extension) == 64, "a cache line");

/* A worker's records: chunks of the pool that all workers share. */
struct sl_extensions {
	struct sl_pool *pool;
	uint8_t owner;
	uint32_t partly; /* list of chunks with free records */
	uint32_t empty;	 /* of these, chunks with nothing but free ones */
	uint32_t used;	 /* records */
};

void sl_extensions_init(struct sl_extensions *x, struct sl_pool *pool, uint8_t owner);

/* A zeroed record's index, or 0 when the pool is empty. */
uint32_t sl_extension_take(struct sl_extensions *x);
void sl_extension_give(struct sl_extensions *x, uint32_t index);

static inline struct sl_extension *sl_extension_at(const struct sl_pool *pool, uint32_t index)
{
	return &((struct sl_extension *)pool->base)[index];
}
