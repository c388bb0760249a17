/* SPDX-License-Identifier: BSD-3-Clause */
#include "routing/next_hops.h"

#include <rte_jhash.h>
#include <stdlib.h>
#include <string.h>

struct sl_next_hops *sl_next_hops_create(void)
{
	struct sl_next_hops *t = calloc(1, sizeof(*t)); /* pages untouched until used */

	if (t)
		t->fresh = 1;
	return t;
}

static uint16_t *chain(struct sl_next_hops *t, const struct sl_route *route)
{
	return &t->head[rte_jhash(route, sizeof(*route), 0) % 4096];
}

uint16_t sl_next_hops_get(struct sl_next_hops *t, const struct sl_route *route)
{
	uint16_t *head = chain(t, route);
	uint16_t id;

	for (id = *head; id; id = t->next[id])
		if (!memcmp(&t->route[id], route, sizeof(*route)))
			goto found;
	if (t->free) {
		id = t->free;
		t->free = t->next[id];
	} else if (t->fresh <= SL_FIB_NEXT_HOPS) {
		id = (uint16_t)t->fresh++;
	} else {
		return 0;
	}
	t->route[id] = *route;
	t->next[id] = *head;
	*head = id;
found:
	t->uses[id]++;
	return id;
}

void sl_next_hops_use(struct sl_next_hops *t, uint16_t id)
{
	if (id)
		t->uses[id]++;
}

void sl_next_hops_put(struct sl_next_hops *t, uint16_t id)
{
	uint16_t *link;

	if (!id || --t->uses[id])
		return;
	for (link = chain(t, &t->route[id]); *link != id; link = &t->next[*link])
		;
	*link = t->next[id];
	t->next[id] = t->free;
	t->free = id;
}
