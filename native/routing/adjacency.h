/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * An adjacency: one next hop on one interface with the Ethernet header that reaches it. Sessions
 * and next hops hold its id, which is stable while anybody does; MAC and link changes edit it in
 * place (the header has two copies and an index, so that no reader sees half of one).
 */
#define SL_MAX_ADJACENCIES 65536u
#define SL_ADJ_NONE 0u	/* no route */
#define SL_ADJ_LOCAL 1u /* deliver to the kernel */
#define SL_ADJ_RAW 2u	/* from the kernel: the frame has its Ethernet header already */

enum sl_adjacency_state {
	SL_ADJ_FREE,
	SL_ADJ_INCOMPLETE, /* packets go to the host thread, which holds a few and asks the kernel */
	SL_ADJ_READY,
	SL_ADJ_FAILED,
};

struct sl_adjacency {
	_Atomic uint8_t state;
	_Atomic uint8_t active; /* which of the two headers */
	uint8_t header_length;	/* 14, 18 with a VLAN tag */
	uint8_t family;
	uint16_t iface; /* egress slot */
	uint16_t port;	/* index */
	uint16_t mtu;
	uint16_t zone;
	_Atomic uint32_t used_ms; /* last use by a worker, coarse: keeps the neighbour managed */
	uint8_t header[2][18];	  /* destination, source, [802.1Q], ethertype */
	uint8_t reserved[12];
	uint8_t address[16]; /* next hop; IPv4 in the first four bytes */
	uint8_t reserved2[32];
};
static_assert(sizeof(struct sl_adjacency) == 128, "two lines: what packets need lies in the first");

extern struct sl_adjacency *sl_adjacencies; /* [SL_MAX_ADJACENCIES] */

int sl_adjacency_init(void);

/*
 * The adjacency of a next hop, made (INCOMPLETE, or READY with a made-up MAC when offline) if it is
 * not there. Callable from workers (slow path, takes a spinlock). 0 when the table is full.
 * `address` is 4 or 16 bytes in network order.
 */
uint32_t sl_adjacency_get(uint16_t iface, uint8_t family, const uint8_t *address);

/* The kernel told of a neighbour: sets the MAC (READY) or FAILED when mac is NULL. Host thread. */
void sl_adjacency_resolve(uint16_t iface, uint8_t family, const uint8_t *address, const uint8_t *mac);
