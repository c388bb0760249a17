/* SPDX-License-Identifier: BSD-3-Clause */
#include "balancer/balance.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sl_balancers *sl_balancers_make(void)
{
	return calloc(1, sizeof(struct sl_balancers));
}

void sl_balancers_free(struct sl_balancers *b)
{
	for (unsigned int i = 0; b && i < SL_MAX_BALANCERS; i++)
		free(atomic_load(&b->table[i]));
	free(b);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	h ^= h >> 32;
	return h * 0xd6e8feb86659fd93ull ^ h >> 29;
}

static uint32_t mask4(uint32_t address, uint32_t length)
{
	return length == 0 ? 0 : address & (uint32_t)(~0ull << (32 - length));
}

/*
 * Of the client's prefix where it is to stay with one backend, else of all that tells flows apart.
 * No key: another appliance must come to the same.
 */
static uint64_t hash(const struct sl_image_balancers *b, const struct sl_flow *flow)
{
	uint32_t prefix = flow->family == 4 ? b->prefix4 : b->prefix6;
	uint64_t h = 0x736c7569636500ull;

	if (flow->family == 4) {
		h = mix(h, mask4(flow->v4.src, prefix ? prefix : 32));
	} else {
		uint32_t length = prefix ? prefix : 128;
		uint64_t high = flow->v6.src[0], low = flow->v6.src[1];

		h = mix(h, length >= 64 ? high : high & ~(~0ull >> length));
		h = mix(h, length >= 128 ? low : length <= 64 ? 0 : low & ~(~0ull >> (length - 64)));
	}
	if (prefix)
		return mix(h, 0);
	if (flow->family == 4)
		h = mix(h, flow->v4.dst);
	else
		h = mix(mix(h, flow->v6.dst[0]), flow->v6.dst[1]);
	return mix(h, (uint64_t)flow->proto << 32 | (uint64_t)flow->sport << 16 | flow->dport);
}

struct table {
	const uint16_t *entry;
	uint32_t entries;
};

static struct table table_of(const struct sl_worker *w, const struct sl_image_balancers *b)
{
	const struct sl_balance_table *later =
		w->dp->balancers ? atomic_load_explicit(&w->dp->balancers->table[b->slot],
							memory_order_acquire) :
				   NULL;

	if (later && later->entries == b->entries && memcmp(later->hash, b->hash, 16) == 0)
		return (struct table){later->entry, later->entries};
	return (struct table){&w->tables->image.maglev[b->first_entry].backend, b->entries};
}

static const struct sl_image_backends *backend_at(const struct sl_worker *w,
						  const struct sl_image_balancers *b, uint16_t entry)
{
	return entry < b->backends ? &w->tables->image.backends[b->first_backend + entry] : NULL;
}

/* Sessions per weight, in a common measure. */
static uint64_t load_of(const struct sl_worker *w, const struct sl_image_backends *backend)
{
	uint64_t sessions = w->dp->balancers ?
				    atomic_load_explicit(&w->dp->balancers->use[backend->slot].sessions,
							 memory_order_relaxed) :
				    0;

	return (sessions << 16) / backend->weight;
}

/* Those that are up are those in the table. */
static const struct sl_image_backends *least(struct sl_worker *w,
					     const struct sl_image_balancers *b,
					     const struct table *t)
{
	const struct sl_image_backends *best = NULL;
	uint64_t lowest = UINT64_MAX;

	/* As many samples as find every backend of a few, and a good one of many (power of choices). */
	for (uint32_t i = 0; i < 8 * b->backends && i < 64; i++) {
		uint32_t at = (uint32_t)(((sl_random(w) >> 32) * t->entries) >> 32);
		const struct sl_image_backends *one = backend_at(w, b, t->entry[at]);
		uint64_t load = one ? load_of(w, one) : UINT64_MAX;

		if (load < lowest) {
			lowest = load;
			best = one;
		}
	}
	return best;
}

const struct sl_image_backends *sl_balance_choose(struct sl_worker *w,
						  const struct sl_image_balancers *b,
						  const struct sl_flow *flow)
{
	struct table t = table_of(w, b);
	uint32_t at;

	switch (b->scheduler) {
	case SL_SCHEDULER_LEAST:
		return least(w, b, &t);
	case SL_SCHEDULER_ROUND_ROBIN:
		/* Maglev's table has each backend as often as its weight says, well mixed. */
		at = w->round_robin[b->slot] + 1 < t.entries ? w->round_robin[b->slot] + 1 : 0;
		w->round_robin[b->slot] = at;
		break;
	default:
		at = (uint32_t)(((hash(b, flow) >> 32) * t.entries) >> 32);
	}
	return backend_at(w, b, t.entry[at]);
}

void sl_balance_begin(struct sl_balancers *b, struct sl_extension *x, uint32_t backend)
{
	x->backend = backend;
	atomic_fetch_add_explicit(&b->use[backend].sessions, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&b->use[backend].opened, 1, memory_order_relaxed);
}

void sl_balance_end(struct sl_balancers *b, const struct sl_extension *x, uint64_t packets,
		    uint64_t bytes)
{
	struct sl_backend_use *use;

	if (!x->backend)
		return;
	use = &b->use[x->backend % SL_MAX_BACKENDS];
	atomic_fetch_sub_explicit(&use->sessions, 1, memory_order_relaxed);
	atomic_fetch_add_explicit(&use->packets, packets, memory_order_relaxed);
	atomic_fetch_add_explicit(&use->bytes, bytes, memory_order_relaxed);
}

int sl_balance_set(struct sl_datapath *dp, const void *bytes, size_t size, char *error,
		   size_t error_size)
{
	struct sl_balance_table *table, *before;
	struct sl_balance head;

	if (!dp->balancers || size < sizeof(head)) {
		snprintf(error, error_size, "a table of %zu bytes", size);
		return -EINVAL;
	}
	memcpy(&head, bytes, sizeof(head));
	if (head.slot < SL_BALANCER_FIRST || head.slot >= SL_MAX_BALANCERS || head.reserved != 0 ||
	    head.entries == 0 || head.entries > SL_MAGLEV_MAX ||
	    size - sizeof(head) != (size_t)head.entries * sizeof(uint16_t)) {
		snprintf(error, error_size, "balancer %u with %u entries in %zu bytes", head.slot,
			 head.entries, size);
		return -EINVAL;
	}
	table = malloc(sizeof(*table) + head.entries * sizeof(uint16_t));
	if (!table) {
		snprintf(error, error_size, "out of memory");
		return -ENOMEM;
	}
	memcpy(table->hash, head.hash, sizeof(table->hash));
	table->entries = head.entries;
	memcpy(table->entry, (const uint8_t *)bytes + sizeof(head),
	       head.entries * sizeof(uint16_t));
	before = atomic_exchange(&dp->balancers->table[head.slot], table);
	if (before) {
		rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
		free(before);
	}
	return 0;
}

void sl_balance_show(const struct sl_datapath *dp, struct sl_json *json)
{
	sl_json_object(json, NULL);
	sl_json_array(json, "backends");
	for (unsigned int i = SL_BACKEND_FIRST; dp->balancers && i < SL_MAX_BACKENDS; i++) {
		const struct sl_backend_use *use = &dp->balancers->use[i];
		uint64_t opened = atomic_load_explicit(&use->opened, memory_order_relaxed);

		if (opened == 0)
			continue;
		sl_json_object(json, NULL);
		sl_json_number(json, "backend", i);
		sl_json_number(json, "sessions",
			       atomic_load_explicit(&use->sessions, memory_order_relaxed));
		sl_json_number(json, "opened", opened);
		sl_json_number(json, "packets",
			       atomic_load_explicit(&use->packets, memory_order_relaxed));
		sl_json_number(json, "bytes",
			       atomic_load_explicit(&use->bytes, memory_order_relaxed));
		sl_json_object_end(json);
	}
	sl_json_array_end(json);
	sl_json_object_end(json);
}
