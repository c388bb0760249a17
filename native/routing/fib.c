/* SPDX-License-Identifier: BSD-3-Clause */
#include "routing/fib.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <rte_common.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/dpdk_compat.h"
#include "routing/fib_family.h"

static struct sl_fib_family *family_of(const struct sl_fib *fib, uint8_t family)
{
	return (struct sl_fib_family *)(uintptr_t)(family == 4 ? &fib->v4 : &fib->v6);
}

struct sl_fib *sl_fib_create(uint32_t max_routes, struct rte_rcu_qsbr *qsbr, char *error,
			     unsigned int error_size)
{
	struct sl_fib *fib = calloc(1, sizeof(*fib));

	if (!fib)
		goto fail;
	fib->max_routes = max_routes;
	fib->qsbr = qsbr;
	fib->next_hops = sl_next_hops_create();
	if (!fib->next_hops || sl_rib_init(&fib->v4.rib, 4) < 0 || sl_rib_init(&fib->v6.rib, 16) < 0)
		goto fail;
	fib->v4.active = sl_fib_small(&fib->v4.rib);
	fib->v6.active = sl_fib_small(&fib->v6.rib);
	if (!fib->v4.active || !fib->v6.active)
		goto fail;
	return fib;
fail:
	snprintf(error, error_size, "out of memory for the routing tables");
	sl_fib_free(fib);
	return NULL;
}

bool sl_fib_limit(struct sl_fib *fib, uint32_t max_routes)
{
	uint32_t before = fib->max_routes;

	fib->max_routes = RTE_MAX(max_routes, RTE_MAX(fib->v4.rib.live, fib->v6.rib.live));
	return fib->max_routes > before;
}

void sl_fib_free(struct sl_fib *fib)
{
	if (!fib)
		return;
	sl_fib_side_free(fib->v4.active);
	sl_fib_side_free(fib->v4.idle);
	sl_fib_side_free(fib->v6.active);
	sl_fib_side_free(fib->v6.idle);
	sl_rib_fini(&fib->v4.rib);
	sl_rib_fini(&fib->v6.rib);
	free(fib->next_hops);
	free(fib);
}

const struct sl_route *sl_fib_lookup4(const struct sl_fib *fib, uint32_t address)
{
	const struct sl_fib_side *side =
		atomic_load_explicit(&fib->v4.active, memory_order_acquire);
	uint32_t ip = rte_be_to_cpu_32(address);
	uint64_t id;

	if (side->fib4)
		rte_fib_lookup_bulk(side->fib4, &ip, &id, 1);
	else
		id = sl_fib_small_lookup(side, (sl_fib_key)ip << 96);
	return &fib->next_hops->route[id];
}

const struct sl_route *sl_fib_lookup6(const struct sl_fib *fib, const uint8_t address[16])
{
	const struct sl_fib_side *side =
		atomic_load_explicit(&fib->v6.active, memory_order_acquire);
	uint64_t id, half[2];

	if (side->fib6) {
		rte_fib6_lookup_bulk(side->fib6, SL_IP6_BULK(address), &id, 1);
	} else {
		memcpy(half, address, 16);
		id = sl_fib_small_lookup(side, (sl_fib_key)rte_be_to_cpu_64(half[0]) << 64 |
						       rte_be_to_cpu_64(half[1]));
	}
	return &fib->next_hops->route[id];
}

int sl_fib_add(struct sl_fib *fib, uint8_t family, const uint8_t *prefix, uint8_t length,
	       const struct sl_route *route)
{
	struct sl_rib *rib = &family_of(fib, family)->rib;
	struct sl_rib_entry *e;
	uint16_t id;

	if (length > rib->bytes * 8 || route->kind == SL_ROUTE_KIND_NONE)
		return -EINVAL;
	e = sl_rib_get(rib, prefix, length, false);
	if (!(e && e->want) && rib->live >= fib->max_routes)
		return -ENOSPC;
	id = sl_next_hops_get(fib->next_hops, route);
	if (!id)
		return -ENOSPC;
	if (!e)
		e = sl_rib_get(rib, prefix, length, true);
	if (!e) {
		sl_next_hops_put(fib->next_hops, id);
		return -ENOMEM;
	}
	if (e->want == id) {
		sl_next_hops_put(fib->next_hops, id);
		return 0;
	}
	/* Readers know only what an entry has, so what it wanted can go at once. */
	sl_next_hops_put(fib->next_hops, e->want);
	sl_rib_want(rib, e, id);
	return 0;
}

static void unwant(struct sl_fib *fib, struct sl_rib *rib, struct sl_rib_entry *e)
{
	sl_next_hops_put(fib->next_hops, e->want);
	sl_rib_want(rib, e, 0);
}

int sl_fib_delete(struct sl_fib *fib, uint8_t family, const uint8_t *prefix, uint8_t length)
{
	struct sl_rib *rib = &family_of(fib, family)->rib;
	struct sl_rib_entry *e;

	if (length > rib->bytes * 8)
		return -EINVAL;
	e = sl_rib_get(rib, prefix, length, false);
	if (!e || !e->want)
		return -ENOENT;
	unwant(fib, rib, e);
	return 0;
}

void sl_fib_clear(struct sl_fib *fib)
{
	for (uint8_t family = 4; family <= 6; family += 2) {
		struct sl_rib *rib = &family_of(fib, family)->rib;

		for (uint32_t i = 0; i < rib->used; i++)
			if (rib->entry[i].want)
				unwant(fib, rib, &rib->entry[i]);
	}
}

uint32_t sl_fib_count(const struct sl_fib *fib, uint8_t family)
{
	return family_of(fib, family)->rib.live;
}

void sl_fib_walk(const struct sl_fib *fib, uint8_t family,
		 bool (*each)(void *arg, const uint8_t *prefix, uint8_t length,
			      const struct sl_route *route),
		 void *arg)
{
	const struct sl_rib *rib = &family_of(fib, family)->rib;

	for (uint32_t i = 0; i < rib->used; i++) {
		const struct sl_rib_entry *e = &rib->entry[i];

		if (e->want && !each(arg, e->prefix, e->length, &fib->next_hops->route[e->want]))
			return;
	}
}
