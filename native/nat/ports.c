/* SPDX-License-Identifier: BSD-3-Clause */
#include "nat/ports.h"

#include <rte_spinlock.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "nat/reserve.h"

#define HEADS 4096u

struct address {
	uint8_t address[4];
	uint32_t next; /* of the same hash; SL_PORTS_NONE ends it */
	uint32_t blocks;
	rte_spinlock_t lock;
	uint64_t taken[65536 / 64];
};

struct sl_ports {
	_Atomic uint32_t head[HEADS];
	struct address *all;
	_Atomic uint32_t count;
	uint32_t most;
	rte_spinlock_t lock; /* who adds one */
};

struct sl_ports *sl_ports_create(uint32_t most)
{
	struct sl_ports *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->most = most;
	p->all = sl_reserve(most * sizeof(*p->all));
	if (!p->all) {
		free(p);
		return NULL;
	}
	for (uint32_t i = 0; i < HEADS; i++)
		p->head[i] = SL_PORTS_NONE;
	return p;
}

void sl_ports_free(struct sl_ports *p)
{
	if (!p)
		return;
	sl_unreserve(p->all, p->most * sizeof(*p->all));
	free(p);
}

const uint8_t *sl_ports_address(const struct sl_ports *p, uint32_t id)
{
	return p->all[id].address;
}

/* Nobody outside chooses public addresses: the hash needs no key. */
static uint32_t slot(const uint8_t address[4])
{
	uint32_t a;

	memcpy(&a, address, 4);
	return (a * 0x9e3779b1u) >> 20;
}

static uint32_t search(struct sl_ports *p, const uint8_t address[4])
{
	uint32_t id = atomic_load_explicit(&p->head[slot(address)], memory_order_acquire);

	while (id != SL_PORTS_NONE && memcmp(p->all[id].address, address, 4) != 0)
		id = p->all[id].next;
	return id;
}

uint32_t sl_ports_find(struct sl_ports *p, const uint8_t address[4])
{
	uint32_t id = search(p, address), count;

	if (id != SL_PORTS_NONE)
		return id;
	rte_spinlock_lock(&p->lock);
	id = search(p, address);
	count = atomic_load_explicit(&p->count, memory_order_relaxed);
	if (id == SL_PORTS_NONE && count < p->most) {
		id = count;
		memcpy(p->all[id].address, address, 4);
		p->all[id].next = p->head[slot(address)];
		atomic_store_explicit(&p->count, count + 1, memory_order_release);
		atomic_store_explicit(&p->head[slot(address)], id, memory_order_release);
	}
	rte_spinlock_unlock(&p->lock);
	return id;
}

/* Are all of them free? */
static bool all_free(const struct address *a, uint32_t lo, uint32_t hi)
{
	for (uint32_t port = lo; port <= hi;) {
		uint32_t first = port & 63, n = RTE_MIN(64 - first, hi - port + 1);
		uint64_t mask = (n == 64 ? ~0ull : (1ull << n) - 1) << first;

		if (a->taken[port / 64] & mask)
			return false;
		port += n;
	}
	return true;
}

static void flip(struct address *a, uint32_t lo, uint32_t hi)
{
	for (uint32_t port = lo; port <= hi;) {
		uint32_t first = port & 63, n = RTE_MIN(64 - first, hi - port + 1);

		a->taken[port / 64] ^= (n == 64 ? ~0ull : (1ull << n) - 1) << first;
		port += n;
	}
}

bool sl_ports_take(struct sl_ports *p, uint32_t id, const struct sl_image_translations *t,
		   uint64_t random, uint16_t *lo, uint16_t *hi)
{
	uint32_t size = t->match_lo, count = ((uint32_t)t->port_hi - t->port_lo + 1) / size;
	uint32_t first = (uint32_t)(((random & 0xffffffff) * count) >> 32);
	struct address *a = &p->all[id];
	bool found = false;

	rte_spinlock_lock(&a->lock);
	/* RFC 6056 3.3: which one is not to be foretold. */
	for (uint32_t i = 0; i < count && !found; i++) {
		uint32_t from = t->port_lo + (first + i < count ? first + i : first + i - count) * size;

		if (!all_free(a, from, from + size - 1))
			continue;
		flip(a, from, from + size - 1);
		a->blocks++;
		*lo = (uint16_t)from;
		*hi = (uint16_t)(from + size - 1);
		found = true;
	}
	rte_spinlock_unlock(&a->lock);
	return found;
}

void sl_ports_give(struct sl_ports *p, uint32_t id, uint16_t lo, uint16_t hi)
{
	struct address *a = &p->all[id];

	rte_spinlock_lock(&a->lock);
	flip(a, lo, hi);
	a->blocks--;
	rte_spinlock_unlock(&a->lock);
}

void sl_ports_show(struct sl_ports *p, struct sl_json *json)
{
	uint32_t count = atomic_load_explicit(&p->count, memory_order_acquire);

	sl_json_array(json, "addresses");
	for (uint32_t i = 0; i < count; i++) {
		if (p->all[i].blocks == 0)
			continue;
		sl_json_object(json, NULL);
		sl_json_address(json, "address", 4, p->all[i].address);
		sl_json_number(json, "blocks", p->all[i].blocks);
		sl_json_object_end(json);
	}
	sl_json_array_end(json);
}
