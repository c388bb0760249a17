/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define SL_RIB_NONE UINT32_MAX

/* One prefix: the next hop id it shall have and the one the lookup structures have; 0 is none. */
struct sl_rib_entry {
	uint8_t prefix[16];
	uint32_t chain; /* next with the same hash, or of the free list */
	uint16_t want, have;
	uint8_t length;
	bool dirty;    /* listed in `changed` */
	bool left_out; /* a lookup structure had no room for it */
	uint8_t spare;
};

/* The writer's record of one family: what was asked for, and what changed since the last commit. */
struct sl_rib {
	struct sl_rib_entry *entry;
	uint32_t *head; /* [mask + 1] */
	uint32_t *changed;
	uint32_t mask;
	uint32_t capacity, used; /* of entry; changed has the same capacity */
	uint32_t free;
	uint32_t changes;
	uint32_t live; /* entries with a want */
	uint8_t bytes; /* 4 or 16 */
};

int sl_rib_init(struct sl_rib *rib, uint8_t bytes);
void sl_rib_fini(struct sl_rib *rib);

/* The entry of a prefix, or NULL. `create` makes one with want and have zero (NULL: no memory). */
struct sl_rib_entry *sl_rib_get(struct sl_rib *rib, const uint8_t *prefix, uint8_t length,
				bool create);

/* Sets what a prefix shall have and remembers that it changed. */
void sl_rib_want(struct sl_rib *rib, struct sl_rib_entry *entry, uint16_t id);

/* After a commit: forgets the changes and the entries that neither want nor have anything. */
void sl_rib_settle(struct sl_rib *rib);
