/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_common.h>
#include <rte_memory.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dpdk_compat.h"
#include "routing/fib_side.h"

/* Two-byte entries hold 15 bits: next hop ids and tbl8 groups. Beyond, entries have four bytes. */
#define GROUPS_OF_TWO_BYTES 32767u
/*
 * A route needs a tbl8 group of its own in the worst case: IPv4 only for more than 24 bits, IPv6 a
 * group for each byte beyond the third that it shares with no other. Full tables of the Internet
 * want none to speak of for IPv4 and 2^18 for 160k IPv6 routes; a group has 256 entries.
 */
#define MAX_GROUPS4 (1u << 16)
#define MAX_GROUPS6 (1u << 18)

static struct rte_fib *create4(const char *name, uint32_t capacity)
{
	bool two = capacity <= GROUPS_OF_TWO_BYTES;
	struct rte_fib_conf conf = {
		.type = RTE_FIB_DIR24_8,
		.default_nh = 0,
		.max_routes = (int)capacity,
		.dir24_8 = {
			.nh_sz = two ? RTE_FIB_DIR24_8_2B : RTE_FIB_DIR24_8_4B,
			.num_tbl8 = RTE_MIN(capacity, MAX_GROUPS4),
		},
	};

	return rte_fib_create(name, SOCKET_ID_ANY, &conf);
}

static struct rte_fib6 *create6(const char *name, uint32_t capacity)
{
	bool two = capacity <= GROUPS_OF_TWO_BYTES;
	struct rte_fib6_conf conf = {
		.type = RTE_FIB6_TRIE,
		.default_nh = 0,
		.max_routes = (int)capacity,
		.trie = {
			.nh_sz = two ? RTE_FIB6_TRIE_2B : RTE_FIB6_TRIE_4B,
			.num_tbl8 = two ? GROUPS_OF_TWO_BYTES :
					  RTE_MIN(2 * capacity, MAX_GROUPS6),
		},
	};

	return rte_fib6_create(name, SOCKET_ID_ANY, &conf);
}

struct sl_fib_side *sl_fib_big(const struct sl_rib *rib, uint32_t capacity)
{
	static unsigned int serial; /* one writer; DPDK wants names */
	struct sl_fib_side *side = calloc(1, sizeof(*side));
	char name[24];

	if (!side)
		return NULL;
	snprintf(name, sizeof(name), "sl%u_%u", rib->bytes == 4 ? 4 : 6, ++serial);
	side->capacity = capacity;
	if (rib->bytes == 4)
		side->fib4 = create4(name, capacity);
	else
		side->fib6 = create6(name, capacity);
	if (!side->fib4 && !side->fib6) {
		free(side);
		return NULL;
	}
	return side;
}

int sl_fib_side_set(struct sl_fib_side *side, const struct sl_rib_entry *e, uint16_t id)
{
	int rc;

	if (side->fib4) {
		uint32_t ip = (uint32_t)e->prefix[0] << 24 | (uint32_t)e->prefix[1] << 16 |
			      (uint32_t)e->prefix[2] << 8 | e->prefix[3];

		rc = id ? rte_fib_add(side->fib4, ip, e->length, id) :
			  rte_fib_delete(side->fib4, ip, e->length);
	} else {
		rc = id ? rte_fib6_add(side->fib6, SL_IP6(e->prefix), e->length, id) :
			  rte_fib6_delete(side->fib6, SL_IP6(e->prefix), e->length);
	}
	if (!rc)
		return 0;
	return id ? -ENOSPC : -ENOENT;
}

void sl_fib_side_free(struct sl_fib_side *side)
{
	if (!side)
		return;
	if (side->fib4)
		rte_fib_free(side->fib4);
	if (side->fib6)
		rte_fib6_free(side->fib6);
	free(side->start);
	free(side->id);
	free(side);
}
