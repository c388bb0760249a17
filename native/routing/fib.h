/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

struct sl_tables;
struct sl_fib;
struct rte_rcu_qsbr;

enum sl_route_kind {
	SL_ROUTE_KIND_NONE,
	SL_ROUTE_KIND_LOCAL,	 /* an address of the box, or broadcast of its subnet */
	SL_ROUTE_KIND_CONNECTED, /* on-link: the destination is the next hop */
	SL_ROUTE_KIND_GATEWAY,
	SL_ROUTE_KIND_BLACKHOLE,
};

struct sl_route {
	uint8_t kind;
	uint8_t family; /* of the next hop (RFC 8950 allows v6 for v4) */
	uint16_t iface; /* egress slot */
	uint8_t gateway[16];
};
static_assert(sizeof(struct sl_route) == 20, "no padding: compared and hashed as bytes");

/* Up to this many routes of a family lie in sorted arrays, without memory of DPDK's. */
#define SL_FIB_SMALL 4096u
/* Different routes (kind, interface, gateway) of both families together. */
#define SL_FIB_NEXT_HOPS 32767u

/*
 * Longest prefix match over both families, for any number of readers and one writer. A table is
 * sorted arrays while it is small; beyond SL_FIB_SMALL routes it is a left-right pair of rte_fib or
 * rte_fib6, swapped under QSBR since 22.11's rte_fib reuses tbl8 groups under its readers. It holds
 * max_routes of each family. Without `qsbr` (offline, no reader in another thread) nothing waits
 * and one side is enough. NULL and `error` when memory is short.
 */
struct sl_fib *sl_fib_create(uint32_t max_routes, struct rte_rcu_qsbr *qsbr, char *error,
			     unsigned int error_size);
void sl_fib_free(struct sl_fib *fib);

/* Another max_routes, or what it holds if that is more; true when it has grown. The writer. */
bool sl_fib_limit(struct sl_fib *fib, uint32_t max_routes);

/*
 * Workers: longest prefix match, address in network order. Never NULL: SL_ROUTE_KIND_NONE when
 * nothing matches. The result is valid until quiescence.
 */
const struct sl_route *sl_fib_lookup4(const struct sl_fib *fib, uint32_t address);
const struct sl_route *sl_fib_lookup6(const struct sl_fib *fib, const uint8_t address[16]);

/*
 * One writer: changes gather until commit, which applies them to the idle side, swaps, waits for a
 * grace period and applies them to the other. Prefixes are 4 or 16 bytes in network order, bits
 * beyond the length are ignored; a second add of a prefix replaces the first. -ENOSPC beyond
 * max_routes or SL_FIB_NEXT_HOPS; nothing is changed then. Clearing and adding again what was there
 * costs no change.
 */
int sl_fib_add(struct sl_fib *fib, uint8_t family, const uint8_t *prefix, uint8_t length,
	       const struct sl_route *route);
/* -ENOENT when it is not there. */
int sl_fib_delete(struct sl_fib *fib, uint8_t family, const uint8_t *prefix, uint8_t length);
void sl_fib_clear(struct sl_fib *fib);
/*
 * 1 if anything changed, 0 if nothing. -ENOSPC when a lookup structure could not take some routes
 * (they stay out and are tried again with the next commit, all else is in force), -ENOMEM when one
 * could not be built (nothing of that family changed).
 */
int sl_fib_commit(struct sl_fib *fib);

/* Routes of a family in force after the next commit. */
uint32_t sl_fib_count(const struct sl_fib *fib, uint8_t family);
/* Writer: every route of a family, in no order, until `each` returns false. */
void sl_fib_walk(const struct sl_fib *fib, uint8_t family,
		 bool (*each)(void *arg, const uint8_t *prefix, uint8_t length,
			      const struct sl_route *route),
		 void *arg);

/*
 * Offline and bench: connected and static routes straight from the image, in place of all routes
 * there were; commits. Management interfaces have no part in it.
 */
int sl_fib_from_tables(struct sl_fib *fib, const struct sl_tables *tables);
