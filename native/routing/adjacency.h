/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct sl_datapath;

/*
 * An adjacency: one next hop on one interface with the Ethernet header that reaches it. Sessions
 * and next hops hold its id together with the routing epoch they took it under: while the epoch is
 * the same the id is good. MAC and link changes edit it in place (the header has two copies and an
 * index, so that no reader sees half of one).
 */
#define SL_MAX_ADJACENCIES 65536u
#define SL_ADJ_NONE 0u	/* no route */
#define SL_ADJ_LOCAL 1u /* deliver to the kernel */
#define SL_ADJ_RAW 2u	/* from the kernel: the frame has its Ethernet header already */
#define SL_ADJ_FIRST 3u

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
	uint16_t port;	/* index, or SL_NO_PORT */
	uint16_t mtu;
	uint16_t zone;
	_Atomic uint32_t used_ms; /* last use by a worker, coarse: keeps the neighbour managed */
	uint8_t header[2][18];	  /* destination, source, [802.1Q], ethertype */
	uint8_t reserved[12];
	uint8_t address[16]; /* next hop; IPv4 in the first four bytes */
	_Atomic uint32_t chain; /* next with the same hash */
	uint8_t mac[6];		/* of the next hop, while READY */
	uint16_t path_mtu;	/* of a tunnel: what routers on the way have room for; 0: nobody said */
	uint32_t path_ms;	/* when they did, on the workers' clock */
	uint8_t reserved2[32];
};
static_assert(sizeof(struct sl_adjacency) == 128, "two lines: what packets need lies in the first");

extern struct sl_adjacency *sl_adjacencies; /* [SL_MAX_ADJACENCIES] */

/* Makes the table, or empties it if there is one (no reader may be there then). 0 or -ENOMEM. */
int sl_adjacency_init(void);

/*
 * The adjacency of a next hop, made (INCOMPLETE, or READY with a made-up MAC when offline) if it is
 * not there. Callable from workers: finding takes no lock, making one takes a spinlock. 0 when the
 * table is full or the interface is not there. `address` is 4 or 16 bytes in network order.
 */
uint32_t sl_adjacency_get(uint16_t iface, uint8_t family, const uint8_t *address);

/* The same, but 0 if it is not there. */
uint32_t sl_adjacency_find(uint16_t iface, uint8_t family, const uint8_t *address);

/*
 * The kernel told of a neighbour: sets the MAC (READY; made if it is not there) or FAILED when mac
 * is NULL and it is there. Host thread.
 */
void sl_adjacency_resolve(uint16_t iface, uint8_t family, const uint8_t *address,
			  const uint8_t *mac);

/*
 * No more than this fits on the way into the tunnel. Outlives new tables, but not once it is ten
 * minutes old (RFC 1191 6.3). Any worker.
 */
void sl_adjacency_path_mtu(uint16_t iface, uint8_t family, uint16_t mtu, uint32_t now_ms);

/* The kernel forgot a neighbour, or a failed one may be tried again: INCOMPLETE. Host thread. */
void sl_adjacency_forget(uint32_t id);

/*
 * New tables are in force or a port has changed: writes ports, MTUs, zones and headers anew.
 * Adjacencies of interfaces that are gone become FAILED. Host thread.
 */
void sl_adjacency_refresh(struct sl_datapath *dp);

/*
 * When the table is three quarters full: takes away those unused for `idle_ms` (at now_ms of the
 * workers' clock), raises the routing epoch, waits for a grace period and frees their ids. Returns
 * how many. Host thread.
 */
unsigned int sl_adjacency_collect(struct sl_datapath *dp, uint32_t now_ms, uint32_t idle_ms);

/* Ids in use lie below this. */
uint32_t sl_adjacency_end(void);
