/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_graph.h>
#include <rte_graph_worker.h>
#include <rte_mempool.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/drop.h"
#include "core/packet.h"
#include "layout.h"

/* The whole of one datapath process and what a worker sees of it. One instance lives in a process. */

#define SL_MAX_WORKERS 64
#define SL_MAX_PORTS 64
#define SL_BURST 64
#define SL_CAPTURES 4 /* at once */
#define SL_NO_PORT 0xffff
#define SL_NO_QUEUE 0xffff
/* Thread ids in the QSBR variable: workers are 0..workers-1. */
#define SL_QSBR_CONTROL(dp) ((dp)->workers)
#define SL_QSBR_HOST(dp) ((dp)->workers + 1)
#define SL_QSBR_THREADS(dp) ((dp)->workers + 2)

struct sl_tables;
struct sl_session_table;
struct sl_session_worker;
struct sl_limits;
struct sl_balancers;
struct sl_blocks;
struct sl_helpers;
struct sl_fragments;
struct sl_fib;
struct sl_sad;
struct sl_worker;
struct sl_capture;

/*
 * A port: an ethdev, or offline a list in memory. `rx` and `tx` are called by workers only; tx takes
 * what it can and returns how many, the caller drops the rest as tx-full.
 */
struct sl_port {
	uint16_t index; /* into sl_datapath.ports */
	uint16_t iface; /* slot of the interface the port itself is */
	uint16_t ethdev;
	uint16_t rx_queues, tx_queues;
	uint16_t vlan_children;	      /* 0: no tag is looked for */
	uint16_t vlan_iface[4096];    /* tag -> slot of the child, 0 for none */
	uint8_t mac[6];
	bool promiscuous; /* take any destination MAC: offline */
	atomic_bool link_up;
	uint16_t (*rx)(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		       uint16_t n);
	uint16_t (*tx)(struct sl_worker *w, struct sl_port *p, uint16_t queue, struct rte_mbuf **m,
		       uint16_t n);
	struct rte_ring *tx_ring; /* MPSC, where queues are fewer than workers; queue 0's owner drains it */
	char name[64];		  /* of the device, as the user wrote it */
};

struct sl_datapath {
	struct sl_tables *_Atomic tables; /* the running image; NULL before the first */
	struct sl_fib *fib;
	struct sl_session_table *sessions;
	struct sl_limits *limits; /* what rules' limits and flood limits have counted */
	struct sl_balancers *balancers; /* tables and counts of balancers; NULL where there are none */
	struct sl_blocks *blocks; /* port blocks of CGNAT */
	struct sl_helpers *helpers; /* what helpers know of sessions, and flows they expect */
	struct sl_sad *sad; /* security associations of IPsec */
	atomic_uint capturing; /* bits: which of `capture` run, core/capture.h */
	struct sl_capture *_Atomic capture[SL_CAPTURES];
	struct rte_rcu_qsbr *qsbr; /* workers are threads 0..workers-1, control threads above */
	struct rte_mempool *pool;
	unsigned int workers;
	struct sl_worker *worker[SL_MAX_WORKERS];
	struct sl_port *port[SL_MAX_PORTS]; /* by index; NULL for none */
	unsigned int ports;
	uint16_t port_of_iface[SL_MAX_IFACES];	 /* slot -> port index or SL_NO_PORT */
	atomic_uint routing_epoch;		 /* raised once per batch of route changes */
	/* [from][to] SPSC hand-over; [w][w] is NULL */
	struct rte_ring *handover[SL_MAX_WORKERS][SL_MAX_WORKERS];
	struct rte_ring *to_host;		      /* workers -> host thread, MPSC */
	struct rte_ring *from_host[SL_MAX_WORKERS];   /* host thread -> worker, SPSC */
	struct rte_ring *unresolved;		      /* workers -> host thread: packets that wait for a MAC */
	atomic_bool host_asleep;		      /* the host thread wants a write to host_wake */
	int host_wake;				      /* eventfd */
	bool offline;
	bool shared_cpu; /* workers sleep when idle: fewer CPUs than threads that spin */
	uint64_t boot_tsc;	   /* where the session clock starts */
	atomic_bool stop;
	atomic_bool pause;	   /* workers park at the loop's top; sl_workers_pause() */
	atomic_uint parked;
	void *counters; /* the mapped counters file */
	struct sl_counters_head *counters_head;
};

extern struct sl_datapath *sl_datapath; /* the process's own */

/* What one worker's nodes need; written by its own thread only. */
struct sl_worker {
	struct sl_datapath *dp;
	unsigned int index;
	unsigned int lcore;
	struct rte_graph *graph;
	/* as of this turn of the loop */
	const struct sl_tables *tables;
	uint64_t now_ns;  /* since the epoch; from captures in replay */
	uint32_t now_ms;  /* of the session clock: ms since the datapath started, wraps */
	uint32_t routing_epoch;
	uint32_t capturing; /* of the datapath's captures; nodes look at it once a burst */
	struct sl_syn_meter *syn; /* by zone, then by balancer; firewall/syn_proxy.h */
	uint32_t syn_until_ms;	  /* of the session clock: no cookie is good for longer */
	bool syn_cookies;	  /* some may be acknowledged yet */
	struct rte_mbuf *aside;	  /* what a node says beside the packets it was given, by sl_pkt.held */
	uint16_t tunnel_id; /* identification of the next packet that is made around one */
	uint64_t random; /* xorshift state, seeded per worker; sl_random() */
	struct sl_session_worker *sessions;
	struct sl_fragments *fragments; /* datagrams this worker keeps, ip/fragment.h */
	/* counters, this worker's arrays in shared memory */
	struct sl_drop_counter *drops;
	struct sl_rule_counter *rules;
	struct sl_iface_counter *ifaces;
	struct sl_worker_counter *self;
	struct sl_log_ring *log;
	/* queues this worker polls */
	struct {
		struct sl_port *port;
		uint16_t queue;
	} rx[SL_MAX_PORTS];
	unsigned int rx_count;
	uint16_t tx_queue[SL_MAX_PORTS]; /* by port index; SL_NO_QUEUE: owned by another worker */
	uint64_t received; /* packets the source nodes took since the start */
	uint64_t crypto;   /* and those done by engines, or for other workers (vpn/spread.h) */
	atomic_bool pressed; /* the last turn brought many */
	bool settled;	 /* the grace time after the start is over: TCP opens with its SYN */
	bool host_kicked; /* something went to the host rings this turn */
	uint64_t icmp_tokens; /* rate limit of generated ICMP errors */
	uint64_t icmp_refill_ns;
	uint32_t round_robin[SL_MAX_BALANCERS]; /* by slot: the entry that was last */
	uint32_t block_sweep; /* nat/blocks.h: the next bucket of this worker */
	uint64_t nat_full_s; /* when it was last said that a pool is full */
	void *offline; /* offline only: struct sl_offline * */
};

/* Node context: `struct rte_node.ctx` holds these two pointers. */
struct sl_node_ctx {
	struct sl_worker *worker;
	void *state;
};
static_assert(sizeof(struct sl_node_ctx) == 16, "fits rte_node.ctx");

static inline struct sl_node_ctx *sl_ctx(struct rte_node *node)
{
	return (struct sl_node_ctx *)(void *)node->ctx;
}

static inline struct sl_worker *sl_node_worker(struct rte_node *node)
{
	return sl_ctx(node)->worker;
}

/* The worker whose graph is being created on this thread: node init functions take it from here. */
extern _Thread_local struct sl_worker *sl_graph_worker;

/* Seconds since 1970 UTC, as schedules see them. */
static inline uint64_t sl_now_s(const struct sl_worker *w)
{
	return w->now_ns / 1000000000;
}

static inline uint64_t sl_random(struct sl_worker *w)
{
	uint64_t x = w->random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return w->random = x;
}
