/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_mbuf.h>
#include <stdbool.h>

/* Segments of TCP without data, which the box says in a side's name. */
struct sl_segment {
	uint32_t seq, ack;
	uint16_t window;
	uint8_t flags;
	uint8_t options_length; /* a multiple of four */
	uint8_t options[12];
};

/*
 * Writes into the empty `to` a whole frame with the segment, in answer to the TCP packet `m`: MACs,
 * addresses and ports changed about. False without room.
 */
bool sl_tcp_answer(struct rte_mbuf *to, const struct rte_mbuf *m, uint8_t ttl,
		   const struct sl_segment *segment);

/* Puts the segment in place of the one in `m`; sl_pkt follows. False without room. */
bool sl_tcp_replace(struct rte_mbuf *m, const struct sl_segment *segment);
