/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_ethdev.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The template rig: net_null ports whose rx callback copies 64-byte frames from a table into the
 * mbufs, and a tx callback that looks at what leaves. One process, any number of flows, nothing but
 * the datapath between the two.
 */
struct sl_rig_frame {
	uint8_t bytes[64];
};

/* A frame of any length. */
struct sl_rig_packet {
	uint8_t *bytes;
	uint16_t length;
};

struct sl_rig_port {
	uint16_t ethdev;
	const struct sl_rig_frame *frames;
	const struct sl_rig_packet *packets; /* where not NULL, in place of the frames */
	/* Asked before the first of them is fed once more: may it be? */
	bool (*again)(struct sl_rig_port *port);
	/* Sees each that leaves. */
	void (*see)(struct sl_rig_port *port, const struct rte_mbuf *m);
	void *context; /* theirs */
	uint32_t count; /* of frames, or packets */
	uint32_t next;
	uint16_t length; /* bytes fed of each: SL_RIG_FRAME unless set, 64 at most */
	uint64_t budget; /* frames still to feed; the rest of a burst is freed */
	uint64_t fed;
	uint64_t sent;
	uint64_t tcp[3];    /* of these, of the rig's own connections: SYNs, SYN+ACKs, all else */
	struct sl_rig_frame *record; /* where not NULL: what leaves, in order, `record_most` at most */
	uint32_t record_most;
	uint32_t recorded;
	uint64_t datagrams[2]; /* last fragments of the rig's own, see sl_flow_fragments() */
	bool check;	    /* look at each packet that leaves */
	uint64_t wrong;	    /* packets that left as they should not */
	const char *what;   /* the first of these */
};

#define SL_RIG_FRAME 60 /* bytes of a frame on the wire without FCS: a minimal one */

/* Hangs the callbacks on a started net_null device. 0 or -errno. */
int sl_rig_attach(struct sl_rig_port *port, uint16_t ethdev);

/* `--bench`: see the usage text it prints. Exit status. */
int sl_bench_main(int argc, char **argv);
