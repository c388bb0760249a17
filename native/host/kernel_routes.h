/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "routing/fib.h"

/*
 * All routes of the kernel's tables local and main that the datapath can use. Of routes to one
 * prefix the best is in the FIB; when it goes the next best follows without asking the kernel.
 */
struct sl_kernel_route {
	uint8_t prefix[16];
	uint32_t metric;
	uint32_t chain;
	struct sl_route route;
	uint8_t family, length;
	uint8_t main;	  /* 0: table local, which goes first */
	uint8_t protocol; /* RTPROT_* */
	uint8_t several;  /* the kernel may hold more like this one */
	uint8_t stamp;	  /* of the dump that saw it; 0 is free */
	uint8_t spare[2];
};

struct sl_kernel_routes;

struct sl_kernel_routes *sl_kernel_routes_create(struct sl_fib *fib);
void sl_kernel_routes_free(struct sl_kernel_routes *routes);

/*
 * Puts `route` in, in place of one of the same prefix, table and metric; with `beside` that one
 * goes on being used if it is of this dump or came since. 0 or what the FIB says.
 */
int sl_kernel_routes_put(struct sl_kernel_routes *routes, const struct sl_kernel_route *route,
			 bool beside);
/* Takes it out; 1 when the kernel may hold more like it, so that only a dump can tell. */
int sl_kernel_routes_take(struct sl_kernel_routes *routes, const struct sl_kernel_route *route);

/* Between these two, all the kernel has is put; the rest is taken out. Nothing is committed. */
void sl_kernel_routes_dump_begin(struct sl_kernel_routes *routes);
void sl_kernel_routes_dump_end(struct sl_kernel_routes *routes);

/* Every route that is the best of its prefix, in no order, until `each` returns false. */
void sl_kernel_routes_walk(const struct sl_kernel_routes *routes,
			   bool (*each)(void *arg, const struct sl_kernel_route *route), void *arg);
