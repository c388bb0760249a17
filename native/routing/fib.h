/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

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

/*
 * Two FIBs (left-right) per family over rte_fib and rte_fib6, swapped under QSBR since 22.11's
 * rte_fib reuses tbl8 groups under its readers. Sized for max_routes of each family.
 */
struct sl_fib *sl_fib_create(uint32_t max_routes, struct rte_rcu_qsbr *qsbr, char *error,
			     unsigned int error_size);
void sl_fib_free(struct sl_fib *fib);

/* Workers: longest prefix match, address in network order. The result is valid until quiescence. */
const struct sl_route *sl_fib_lookup4(const struct sl_fib *fib, uint32_t address);
const struct sl_route *sl_fib_lookup6(const struct sl_fib *fib, const uint8_t address[16]);

/*
 * One writer: changes gather until commit, which applies them to the idle side, swaps, waits for a
 * grace period and applies them to the other. -ENOSPC beyond max_routes; nothing is changed then.
 */
int sl_fib_add(struct sl_fib *fib, uint8_t family, const uint8_t *prefix, uint8_t length,
	       const struct sl_route *route);
int sl_fib_delete(struct sl_fib *fib, uint8_t family, const uint8_t *prefix, uint8_t length);
void sl_fib_clear(struct sl_fib *fib);
int sl_fib_commit(struct sl_fib *fib);

/* Offline and bench: connected and static routes straight from the image. */
int sl_fib_from_tables(struct sl_fib *fib, const struct sl_tables *tables);
