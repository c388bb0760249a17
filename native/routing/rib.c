/* SPDX-License-Identifier: BSD-3-Clause */
#include "routing/rib.h"

#include <errno.h>
#include <rte_jhash.h>
#include <stdlib.h>
#include <string.h>

static uint32_t *chain(const struct sl_rib *rib, const uint8_t *prefix, uint8_t length)
{
	return &rib->head[rte_jhash(prefix, 16, length) & rib->mask];
}

static int grow(struct sl_rib *rib)
{
	uint32_t capacity = rib->capacity ? rib->capacity * 2 : 256;
	uint32_t *head = malloc(capacity * sizeof(*head));
	uint32_t *changed = realloc(rib->changed, capacity * sizeof(*changed));
	struct sl_rib_entry *entry;

	if (changed)
		rib->changed = changed;
	entry = realloc(rib->entry, capacity * sizeof(*entry));
	if (entry)
		rib->entry = entry;
	if (!head || !changed || !entry) {
		free(head);
		return -ENOMEM;
	}
	memset(head, 0xff, capacity * sizeof(*head));
	free(rib->head);
	rib->head = head;
	rib->mask = capacity - 1;
	rib->capacity = capacity;
	/* Only called without free entries, so every used one is in a chain. */
	for (uint32_t i = 0; i < rib->used; i++) {
		uint32_t *link = chain(rib, entry[i].prefix, entry[i].length);

		entry[i].chain = *link;
		*link = i;
	}
	return 0;
}

int sl_rib_init(struct sl_rib *rib, uint8_t bytes)
{
	memset(rib, 0, sizeof(*rib));
	rib->bytes = bytes;
	rib->free = SL_RIB_NONE;
	return grow(rib);
}

void sl_rib_fini(struct sl_rib *rib)
{
	free(rib->entry);
	free(rib->head);
	free(rib->changed);
}

struct sl_rib_entry *sl_rib_get(struct sl_rib *rib, const uint8_t *prefix, uint8_t length,
				bool create)
{
	uint8_t key[16] = {0};
	struct sl_rib_entry *e;
	uint32_t *link, i;

	memcpy(key, prefix, (length + 7u) / 8);
	if (length % 8)
		key[length / 8] &= (uint8_t)(0xff00u >> (length % 8));
	for (i = *chain(rib, key, length); i != SL_RIB_NONE; i = rib->entry[i].chain)
		if (rib->entry[i].length == length && !memcmp(rib->entry[i].prefix, key, 16))
			return &rib->entry[i];
	if (!create)
		return NULL;
	if (rib->free == SL_RIB_NONE && rib->used == rib->capacity && grow(rib) < 0)
		return NULL;
	if (rib->free != SL_RIB_NONE) {
		i = rib->free;
		rib->free = rib->entry[i].chain;
	} else {
		i = rib->used++;
	}
	e = &rib->entry[i];
	memset(e, 0, sizeof(*e));
	memcpy(e->prefix, key, 16);
	e->length = length;
	link = chain(rib, key, length);
	e->chain = *link;
	*link = i;
	/* Listed at once: an entry nobody comes to want is gone with the next settling. */
	e->dirty = true;
	rib->changed[rib->changes++] = i;
	return e;
}

void sl_rib_want(struct sl_rib *rib, struct sl_rib_entry *e, uint16_t id)
{
	rib->live += (id != 0) - (e->want != 0);
	e->want = id;
	if (!e->dirty) {
		e->dirty = true;
		rib->changed[rib->changes++] = (uint32_t)(e - rib->entry);
	}
}

void sl_rib_settle(struct sl_rib *rib)
{
	uint32_t kept = 0;

	for (uint32_t n = 0; n < rib->changes; n++) {
		uint32_t i = rib->changed[n];
		struct sl_rib_entry *e = &rib->entry[i];

		e->dirty = false;
		if (e->want != e->have) {
			/* Did not fit: another try with the next commit. */
			e->dirty = true;
			rib->changed[kept++] = i;
		} else if (!e->want) {
			uint32_t *link = chain(rib, e->prefix, e->length);

			while (*link != i)
				link = &rib->entry[*link].chain;
			*link = e->chain;
			e->chain = rib->free;
			rib->free = i;
		}
	}
	rib->changes = kept;
}
