/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/kernel_routes.h"

#include <errno.h>
#include <rte_jhash.h>
#include <stdlib.h>
#include <string.h>

#define NONE UINT32_MAX

struct sl_kernel_routes {
	struct sl_fib *fib;
	struct sl_kernel_route *route;
	uint32_t *head;
	uint32_t mask, capacity, used, free;
	uint8_t stamp; /* 1 or 2 */
};

static uint32_t *chain(const struct sl_kernel_routes *r, const struct sl_kernel_route *k)
{
	return &r->head[rte_jhash(k->prefix, 16, (uint32_t)k->family << 8 | k->length) & r->mask];
}

static int grow(struct sl_kernel_routes *r)
{
	uint32_t capacity = r->capacity ? r->capacity * 2 : 256;
	uint32_t *head = malloc(capacity * sizeof(*head));
	struct sl_kernel_route *route = realloc(r->route, capacity * sizeof(*route));

	if (route)
		r->route = route;
	if (!head || !route) {
		free(head);
		return -ENOMEM;
	}
	memset(head, 0xff, capacity * sizeof(*head));
	free(r->head);
	r->head = head;
	r->mask = capacity - 1;
	r->capacity = capacity;
	/* Only called when all places are taken, so all are in a chain. */
	for (uint32_t i = 0; i < r->used; i++) {
		uint32_t *link = chain(r, &route[i]);

		route[i].chain = *link;
		*link = i;
	}
	return 0;
}

struct sl_kernel_routes *sl_kernel_routes_create(struct sl_fib *fib)
{
	struct sl_kernel_routes *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->fib = fib;
	r->free = NONE;
	r->stamp = 1;
	if (grow(r) == 0)
		return r;
	sl_kernel_routes_free(r);
	return NULL;
}

void sl_kernel_routes_free(struct sl_kernel_routes *r)
{
	if (!r)
		return;
	free(r->route);
	free(r->head);
	free(r);
}

static bool same_prefix(const struct sl_kernel_route *a, const struct sl_kernel_route *b)
{
	return a->family == b->family && a->length == b->length &&
	       !memcmp(a->prefix, b->prefix, sizeof(a->prefix));
}

static bool better(const struct sl_kernel_route *a, const struct sl_kernel_route *b)
{
	return a->main != b->main ? a->main < b->main : a->metric < b->metric;
}

/* The best route to the prefix of `of`, or NULL. */
static const struct sl_kernel_route *best(const struct sl_kernel_routes *r,
					  const struct sl_kernel_route *of)
{
	const struct sl_kernel_route *found = NULL;

	for (uint32_t i = *chain(r, of); i != NONE; i = r->route[i].chain) {
		const struct sl_kernel_route *k = &r->route[i];

		if (same_prefix(k, of) && (!found || better(k, found)))
			found = k;
	}
	return found;
}

static int publish(const struct sl_kernel_routes *r, const struct sl_kernel_route *of)
{
	const struct sl_kernel_route *k = best(r, of);

	if (k)
		return sl_fib_add(r->fib, k->family, k->prefix, k->length, &k->route);
	sl_fib_delete(r->fib, of->family, of->prefix, of->length);
	return 0;
}

static uint32_t *find(const struct sl_kernel_routes *r, const struct sl_kernel_route *of)
{
	uint32_t *link;

	for (link = chain(r, of); *link != NONE; link = &r->route[*link].chain) {
		const struct sl_kernel_route *k = &r->route[*link];

		if (same_prefix(k, of) && k->main == of->main && k->metric == of->metric)
			break;
	}
	return link;
}

int sl_kernel_routes_put(struct sl_kernel_routes *r, const struct sl_kernel_route *route,
			 bool beside)
{
	uint32_t i = *find(r, route), next, *link;

	if (i != NONE && beside && r->route[i].stamp == r->stamp) {
		r->route[i].several = 1;
		return 0;
	}
	if (i != NONE) {
		next = r->route[i].chain;
	} else {
		if (r->free == NONE && r->used == r->capacity && grow(r) < 0)
			return -ENOMEM;
		i = r->free != NONE ? r->free : r->used++;
		if (i == r->free)
			r->free = r->route[i].chain;
		link = chain(r, route);
		next = *link;
		*link = i;
	}
	r->route[i] = *route;
	r->route[i].chain = next;
	r->route[i].stamp = r->stamp;
	return publish(r, route);
}

static void take(struct sl_kernel_routes *r, uint32_t *link)
{
	uint32_t i = *link;

	*link = r->route[i].chain;
	r->route[i].chain = r->free;
	r->route[i].stamp = 0;
	r->free = i;
	publish(r, &r->route[i]);
}

int sl_kernel_routes_take(struct sl_kernel_routes *r, const struct sl_kernel_route *route)
{
	uint32_t *link = find(r, route);
	int several;

	if (*link == NONE)
		return 0;
	several = r->route[*link].several;
	take(r, link);
	return several;
}

void sl_kernel_routes_dump_begin(struct sl_kernel_routes *r)
{
	r->stamp = r->stamp == 1 ? 2 : 1;
}

void sl_kernel_routes_dump_end(struct sl_kernel_routes *r)
{
	for (uint32_t i = 0; i < r->used; i++)
		if (r->route[i].stamp && r->route[i].stamp != r->stamp)
			take(r, find(r, &r->route[i]));
}

void sl_kernel_routes_walk(const struct sl_kernel_routes *r,
			   bool (*each)(void *arg, const struct sl_kernel_route *route), void *arg)
{
	for (uint32_t i = 0; i < r->used; i++) {
		const struct sl_kernel_route *k = &r->route[i];

		if (k->stamp && best(r, k) == k && !each(arg, k))
			return;
	}
}
