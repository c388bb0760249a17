/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <pthread.h>

#include "host/mirror.h"
#include "host/neighbors.h"
#include "host/plan.h"

/* The host thread's own; others reach it through requests only. */
struct sl_host {
	struct sl_datapath *dp;
	struct sl_plan plan;
	struct sl_taps taps;
	struct sl_rtnl rtnl;
	struct sl_mirror mirror;
	struct sl_neighbors neighbors;
	pthread_t thread;
	atomic_bool stop;
	int epoll;
	unsigned int refused; /* by the kernel, when it was last made to follow the plan */
	unsigned int lost;    /* frames of TAPs without an mbuf for them */
	/* one request at a time, under `lock` */
	pthread_mutex_t lock;
	pthread_cond_t answered;
	void (*request)(void *arg);
	void *argument;
	uint64_t asked, served;	 /* requests so far */
	uint64_t settle_by_ms;	 /* the answer waits for the mirror until then; 0: not at all */
	bool accepted;
	bool wait_settled;
};

struct sl_host *sl_host_running(void);

/* Runs fn(arg) on the thread and waits for it, and if `settled` until the mirror has caught up. */
void sl_host_request(struct sl_host *host, void (*fn)(void *arg), void *arg, bool settled);
