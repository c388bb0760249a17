/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_ethdev.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * TCP connections through a running datapath: clients behind the first port, servers behind the
 * second, both played by the callbacks of net_null's queues, at a rate. An end answers only what it
 * was given, as real ends do, and the sequence number of a segment says which of its flow it is: at
 * the other port each must be there once and in order. A full hand-over ring may lose some: ends say
 * the steps of their handshake again, data is not repeated.
 *
 * Each direction of a flow arrives on one queue, as RSS would have it, and the two directions on
 * queues of different workers.
 */
#define SOAK_QUEUES 8	   /* a port at most */
#define SOAK_RING 1024	   /* packets a real queue holds while nobody looks */
#define SOAK_MAX_FLOWS 65536u /* the IP identification names the flow */

enum soak_state {
	SOAK_QUIET, /* its ends say nothing */
	SOAK_SYN,   /* the client is to open */
	SOAK_SYN_SENT,
	SOAK_SYN_ACK, /* the server is to answer */
	SOAK_SYN_ACK_SENT,
	SOAK_ACK, /* the client is to confirm */
	SOAK_ACK_SENT,
	SOAK_ESTABLISHED,
};

struct soak_flow {
	_Atomic uint8_t state;
	bool deniable; /* its source is the one that the second image denies */
	/* by direction, 0 from the client: segments fed, and the next one its receiver waits for */
	_Atomic uint32_t fed[2];
	_Atomic uint32_t due[2];
} __attribute__((aligned(64)));

/* One rx and one tx queue of a port; each has one worker, that alone writes here. */
struct soak_queue {
	struct soak *soak;
	unsigned int direction; /* of what it feeds */
	uint32_t first, step, next;
	uint64_t since;	   /* TSC up to which packets are due */
	uint64_t fed[2];   /* of flows that stay allowed, of deniable ones */
	uint64_t late;	   /* packets beyond SOAK_RING that a real queue would have lost; not fed */
	uint64_t waited;   /* the most that were due at once */
} __attribute__((aligned(64)));

struct soak_exit {
	struct soak *soak;
	unsigned int direction; /* of what leaves here */
	uint64_t left[2];
	uint64_t disorder;  /* segments that came after a later one, or twice */
	uint64_t forbidden; /* packets of deniable flows that left while they were denied */
	uint64_t malformed;
} __attribute__((aligned(64)));

struct soak {
	struct soak_flow *flow;
	uint32_t flows, deniable;
	uint8_t mac[2][6];
	uint64_t cycles_per_packet; /* TSC cycles, of each queue */
	_Atomic bool feeding;
	_Atomic bool denied; /* no packet of a deniable flow may leave now */
	struct soak_queue queue[2][SOAK_QUEUES];
	struct soak_exit exit[2][SOAK_QUEUES];
};

/* Every `one_in`-th of the flows is deniable. 0 or -ENOMEM. */
int soak_make(struct soak *soak, uint32_t flows, uint32_t one_in);

/* Hangs the callbacks on all queues of a side's device; `rate` is packets a second in all. */
int soak_attach(struct soak *soak, unsigned int side, uint16_t ethdev, unsigned int queues,
		uint64_t rate);

/* Sets the state of all flows or of the deniable ones. */
void soak_set(struct soak *soak, bool deniable_only, enum soak_state state);

/* Whose step of the handshake got no answer takes it again, as after a loss. */
void soak_retry(struct soak *soak);

/* How many flows are in this state. */
uint32_t soak_count(const struct soak *soak, enum soak_state state);

/* Sums over all queues; may be asked while packets flow, and is exact once none is on its way. */
struct soak_sum {
	uint64_t fed[2], left[2], disorder, forbidden, malformed, late, waited;
};
void soak_sum(const struct soak *soak, struct soak_sum *sum);
