/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/pipeline.h"

/*
 * Tables of packets: whole frames in, whole frames out, byte for byte, over the network of
 * pipeline.h. Rows tell a story in order; one with `what` begins a new one, on a network without
 * sessions. After each row every counter of drops, rules and interfaces must have moved as the row
 * says, and no other.
 */
struct packet_row {
	const char *what; /* NULL: the story goes on */
	uint16_t in;	  /* port */
	const char *packet; /* frame_text() */
	/* What becomes of it: leaves by `out`, is given to the box, or is dropped. */
	uint16_t out; /* interface, BOX or ANSWERED */
	enum sl_drop drop;
	uint32_t rule;	    /* whose hits rise by one, or 0: none's */
	uint32_t nat;	    /* the same of a rule of NAT */
	const char *becomes; /* as what it leaves, but for the hop; NULL: as it came */
	const char *answer; /* what the box sends back by itself, frame_text(); NULL: nothing */
	uint32_t after;	    /* ms since the row before, 1 unless given */
};

#define BOX 0xffff
#define ANSWERED 0xfffe /* ends as `answer`; the kernel does not see it */
/* Of rule slot 0, the default: 0 in a row says that nothing was asked. */
#define RULE_DEFAULT 0xffffffffu

/* Runs them all, then fails naming each row that went otherwise. */
void packet_rows(const struct packet_row *rows, unsigned int count);
#define PACKET_ROWS(rows) packet_rows((rows), sizeof(rows) / sizeof((rows)[0]))
