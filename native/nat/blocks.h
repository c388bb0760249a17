/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "core/json.h"
#include "session/entry.h"

/*
 * Port blocks of CGNAT (RFC 6888 REQ-7, RFC 7422 2): a client is lent a range of ports of one public
 * address at a time, and what is logged is the loan, not its sessions. All its blocks are of one
 * address (RFC 6888 REQ-2). A client is an IPv4 address or, with NAT64, an IPv6 /64.
 *
 * One table for all workers: clients in buckets with a lock each, public addresses with a lock each
 * and a bit a port, so that pools may overlap and change their block size. Blocks outlive the tables
 * they were lent by; one that no session has used for SL_BLOCK_HOLD_MS goes back.
 */

#define SL_BLOCK_CLIENTS (1u << 18)
#define SL_BLOCK_ADDRESSES 16384u
#define SL_BLOCK_HOLD_MS 60000u

struct sl_blocks;

/* Memory is reserved, and touched as clients come. NULL: there is none. */
struct sl_blocks *sl_blocks_create(uint64_t seed);
void sl_blocks_free(struct sl_blocks *b);

struct sl_block_client {
	uint8_t address[16];
	uint8_t family;
};

void sl_block_client(struct sl_block_client *client, uint8_t family, const uint8_t *address);

/* What a session is given. */
struct sl_block_use {
	uint8_t address[4];
	uint16_t lo, hi;
	bool held;
	bool ports; /* to be set: the session has some */
};

/*
 * The client's next block that serves `t`: those it has first, then a new one, which is logged as of
 * `rule`. The one it held before is given back. 0, SL_DROP_NAT_CLIENT_FULL or SL_DROP_NAT_POOL_FULL;
 * then nothing is held.
 */
enum sl_drop sl_block_next(struct sl_worker *w, const struct sl_image_translations *t, uint32_t rule,
			   const struct sl_block_client *client, struct sl_block_use *use);

/* It was not needed. */
void sl_block_give(struct sl_worker *w, const struct sl_block_client *client,
		   const struct sl_block_use *use);

/* A session with SL_SESSION_BLOCK has ended. */
void sl_block_end(struct sl_worker *w, sl_session_ref ref, const struct sl_session *s);

/* Once a turn: the worker's share of clients, a pass a second; idle blocks go back, and are logged. */
void sl_blocks_sweep_some(struct sl_worker *w);
/* A whole pass at once, for time that jumps. */
void sl_blocks_sweep_all(struct sl_worker *w);

/* Are there any? */
bool sl_blocks_any(const struct sl_blocks *b);

static inline void sl_blocks_sweep(struct sl_worker *w)
{
	if (unlikely(sl_blocks_any(w->dp->blocks)))
		sl_blocks_sweep_some(w);
}

/*
 * {blocks: [{client, address, low, high, sessions, age_ms, rule}], more, addresses: [{address,
 * blocks}]}; of blocks the first 10,000. Control thread.
 */
void sl_blocks_show(struct sl_datapath *dp, struct sl_json *json);
