/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <time.h>

#include "tables/tables.h"
#include "vpn/sa.h"

/* What the files of the SAs and of the policies have in common; nobody else includes it. */

#define SL_SAD_BUCKETS 4096u /* a power of two */
#define SL_SAD_MOST 8192u
#define SL_SPI_HELD_MOST 4096u

struct sl_policy;
struct sl_spd_table;

struct sl_sad {
	struct sl_sa *_Atomic bucket[2][SL_SAD_BUCKETS]; /* by direction */
	uint32_t count;
	/* Inbound SPIs whose SA is being agreed on; `until_ms` 0: none. */
	struct {
		uint64_t until_ms;
		uint32_t spi;
	} held[SL_SPI_HELD_MOST];
	/* By direction and tunnel interface: what was added, and what workers ask. */
	struct sl_policy *policies[2][SL_MAX_IFACES];
	struct sl_spd_table *_Atomic spd[2][SL_MAX_IFACES];
	struct sl_spd_table *retired; /* until no worker has it any more */
	uint32_t policy_count;
	uint64_t policy_serial;
};

/* The first headers of what an SA sends, from its addresses and these ports. */
void sl_sa_outer_write(struct sl_sa *sa, uint16_t source_port, uint16_t destination_port);

static inline uint64_t sl_sad_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* SAs and policies are of tunnel interfaces that the image in force has. Control thread. */
static inline bool sl_sad_has_iface(const struct sl_datapath *dp, uint32_t slot)
{
	const struct sl_tables *tables = atomic_load_explicit(&dp->tables, memory_order_relaxed);

	return slot != SL_IFACE_NONE && slot < SL_MAX_IFACES && tables && tables->ifaces[slot] &&
	       tables->ifaces[slot]->flags & SL_IFACE_TUNNEL;
}
