/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "bench/rig.h"

/*
 * Frames of one packet of each of `flows` TCP connections, beginning with number `first`, between
 * 10.0.0.0/8 and 198.18.0.0/15 (RFC 2544): the client's where `reply` is false, else the server's.
 * Each connection differs in its addresses and ports. `flags` as in the TCP header; sequence numbers
 * follow from them (SYN: the initial one; else the next).
 */
void sl_flow_frames(struct sl_rig_frame *frames, uint32_t first, uint32_t flows, bool reply,
		    uint8_t flags);

/* Sends them all to one address, in network order. */
void sl_flow_aim(struct sl_rig_frame *frames, uint32_t flows, uint32_t server);

/* The server's frame that answers each of these clients' SYNs, as it saw them. */
void sl_flow_answers(struct sl_rig_frame *answers, const struct sl_rig_frame *syns, uint32_t flows,
		     uint8_t flags);

/*
 * Of each of `count` UDP datagrams in two fragments the first one, or the last. They are of 64 hosts
 * of 10.64.0.0/16 to one of the servers, whose address tells `kind` 0 from 1; of one kind 65,536
 * have an identification of their own.
 */
void sl_flow_fragments(struct sl_rig_frame *frames, uint32_t count, unsigned int kind, bool last);

#define SL_FLOW_SYN 0x02
#define SL_FLOW_SYN_ACK 0x12
#define SL_FLOW_ACK 0x10
#define SL_FLOW_RST 0x14
