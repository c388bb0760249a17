/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "core/datapath.h"

/* What the process was asked for on its command line. */
struct sl_options {
	const char *run_dir;
	const char *image;	 /* first image; default RUN_DIR/image if it is there */
	unsigned int workers;	 /* 1..SL_MAX_WORKERS */
	const char *cpus;	 /* list of CPUs for the workers in turn, e.g. "1,2,4-6"; NULL: all but the first */
	unsigned int memory_mb;	 /* DPDK memory */
	const char *memory;	 /* the same by NUMA node, "0,64"; NULL: DPDK chooses */
	unsigned int buffers;	 /* mbufs */
	unsigned int mbuf_size;	 /* data room without headroom, bytes */
	bool no_huge;
	bool offline;		/* quiet, no PCI, one worker on the calling thread */
};

/* rte_eal_init with a command line of our own; lcore 0 controls, 1..workers work. 0 or -errno. */
int sl_eal_start(struct sl_options *options, struct sl_datapath *dp);
