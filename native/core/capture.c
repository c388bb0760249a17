/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/capture_filter.h"
#include "core/capture_record.h"
#include "core/clock.h"

#define RING_BYTES (4u << 20) /* of a capture, shared out among the workers */
#define LEAST_SLOTS 16u
#define MOST_TAKEN (1u << 20) /* bytes an answer gathers */
#define WINDOW_MS 100u	      /* the rate is kept in pieces of this long */
#define LEASE_MS 10000u	      /* nobody asked for so long: the reader is gone */

/* What a worker writes on, and the control thread reads from. */
struct ring {
	_Atomic uint64_t head __attribute__((aligned(64)));
	uint64_t lost;	  /* for a full ring */
	uint64_t limited; /* by the rate */
	uint32_t window, taken; /* since the window's start, which is its number */
	uint8_t *slots;
	_Atomic uint64_t tail __attribute__((aligned(64)));
};

struct sl_capture {
	struct sl_capture_filter filter;
	uint64_t id;
	uint32_t slot_bytes, slots, per_window;
	uint64_t asked_ms; /* of the reader's last question */
	_Atomic uint32_t left; /* until `most` is reached */
	struct ring *ring;     /* by worker */
};

static uint64_t now_ms(const struct sl_datapath *dp)
{
	return (rte_rdtsc() - dp->boot_tsc) / (rte_get_tsc_hz() / 1000);
}

static void destroy(struct sl_capture *c, unsigned int workers)
{
	for (unsigned int i = 0; c->ring && i < workers; i++)
		free(c->ring[i].slots);
	free(c->ring);
	free(c);
}

static struct sl_capture *create(const struct sl_datapath *dp, const struct sl_capture_filter *filter)
{
	struct sl_capture *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->filter = *filter;
	c->slot_bytes = (uint32_t)((SL_CAPTURE_FIXED + filter->snap + 7) & ~(size_t)7);
	c->slots = LEAST_SLOTS;
	while ((uint64_t)c->slots * 2 * c->slot_bytes * dp->workers <= RING_BYTES)
		c->slots *= 2;
	c->per_window = RTE_MAX(filter->rate * WINDOW_MS / 1000, 1u);
	c->asked_ms = now_ms(dp);
	c->left = filter->most;
	if (posix_memalign((void **)&c->ring, 64, dp->workers * sizeof(*c->ring)) != 0) {
		free(c);
		return NULL;
	}
	memset(c->ring, 0, dp->workers * sizeof(*c->ring));
	for (unsigned int i = 0; i < dp->workers; i++) {
		c->ring[i].slots = malloc((size_t)c->slots * c->slot_bytes);
		if (!c->ring[i].slots) {
			destroy(c, dp->workers);
			return NULL;
		}
	}
	return c;
}

int sl_capture_start(struct sl_datapath *dp, const struct sl_capture_filter *filter, uint64_t *id,
		     char *error, size_t error_size)
{
	static uint64_t serial;
	struct sl_capture *c;
	unsigned int slot = 0;

	if (!sl_capture_filter_valid(filter)) {
		snprintf(error, error_size, "not a capture filter");
		return -EINVAL;
	}
	while (slot < SL_CAPTURES && dp->capture[slot])
		slot++;
	if (slot == SL_CAPTURES) {
		snprintf(error, error_size, "%u captures run already", SL_CAPTURES);
		return -EBUSY;
	}
	c = create(dp, filter);
	if (!c) {
		snprintf(error, error_size, "out of memory");
		return -ENOMEM;
	}
	c->id = *id = ++serial * SL_CAPTURES + slot;
	atomic_store_explicit(&dp->capture[slot], c, memory_order_release);
	atomic_fetch_or(&dp->capturing, 1u << slot);
	return 0;
}

static struct sl_capture *find(struct sl_datapath *dp, uint64_t id)
{
	struct sl_capture *c = dp->capture[id % SL_CAPTURES];

	return c && c->id == id ? c : NULL;
}

int sl_capture_stop(struct sl_datapath *dp, uint64_t id)
{
	struct sl_capture *c = find(dp, id);
	unsigned int slot = id % SL_CAPTURES;

	if (!c)
		return -ENOENT;
	atomic_fetch_and(&dp->capturing, ~(1u << slot));
	atomic_store(&dp->capture[slot], NULL);
	rte_rcu_qsbr_synchronize(dp->qsbr, RTE_QSBR_THRID_INVALID);
	destroy(c, dp->workers);
	return 0;
}

void sl_capture_expire(struct sl_datapath *dp)
{
	for (unsigned int slot = 0; slot < SL_CAPTURES; slot++) {
		const struct sl_capture *c = dp->capture[slot];

		if (c && now_ms(dp) - c->asked_ms > LEASE_MS)
			sl_capture_stop(dp, c->id);
	}
}

/* Copies a ring's records behind *at as long as they fit. */
static uint32_t drain(const struct sl_capture *c, struct ring *ring, uint8_t **at, const uint8_t *end)
{
	uint64_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_acquire);
	uint32_t packets = 0;

	for (; tail != head; tail++, packets++) {
		const uint8_t *slot = ring->slots + (tail % c->slots) * c->slot_bytes;
		const struct sl_captured *record = (const void *)slot;
		size_t size = SL_CAPTURE_FIXED + ((record->kept + 7u) & ~7u);

		if (size > (size_t)(end - *at))
			break;
		memcpy(*at, slot, size);
		*at += size;
	}
	atomic_store_explicit(&ring->tail, tail, memory_order_release);
	return packets;
}

int sl_capture_take(struct sl_datapath *dp, uint64_t id, void **bytes, size_t *size)
{
	struct sl_captured_head head = {0};
	struct sl_capture *c = find(dp, id);
	uint8_t *out, *at;

	if (!c)
		return -ENOENT;
	out = malloc(MOST_TAKEN);
	if (!out)
		return -ENOMEM;
	c->asked_ms = now_ms(dp);
	at = out + sizeof(head);
	for (unsigned int i = 0; i < dp->workers; i++) {
		head.packets += drain(c, &c->ring[i], &at, out + MOST_TAKEN);
		head.lost += __atomic_load_n(&c->ring[i].lost, __ATOMIC_RELAXED);
		head.limited += __atomic_load_n(&c->ring[i].limited, __ATOMIC_RELAXED);
	}
	memcpy(out, &head, sizeof(head));
	*bytes = out;
	*size = (size_t)(at - out);
	return 0;
}

/* May another one be taken, by the rate and by how many are wanted? */
static bool admitted(const struct sl_worker *w, struct sl_capture *c, struct ring *ring)
{
	uint32_t window = w->now_ms / WINDOW_MS, left;

	if (ring->window != window) {
		ring->window = window;
		ring->taken = 0;
	}
	if (ring->taken >= c->per_window) {
		__atomic_store_n(&ring->limited, ring->limited + 1, __ATOMIC_RELAXED);
		return false;
	}
	if (c->filter.most == 0)
		return true;
	left = atomic_load_explicit(&c->left, memory_order_relaxed);
	while (left > 0)
		if (atomic_compare_exchange_weak(&c->left, &left, left - 1))
			return true;
	return false;
}

static void take(const struct sl_worker *w, struct sl_capture *c, const struct rte_mbuf *m,
		 uint8_t fate)
{
	struct ring *ring = &c->ring[w->index];
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	/* First, so that what has no room is none of those that were wanted. */
	if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == c->slots) {
		__atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
		return;
	}
	if (!admitted(w, c, ring))
		return;
	ring->taken++;
	sl_capture_record(w, c->filter.snap, ring->slots + (head % c->slots) * c->slot_bytes, m, fate);
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

void sl_capture_packets(struct sl_worker *w, struct rte_mbuf *const *m, uint16_t n, uint8_t fate)
{
	for (uint32_t on = w->capturing; on; on &= on - 1) {
		struct sl_capture *c = atomic_load_explicit(&w->dp->capture[__builtin_ctz(on)],
							    memory_order_acquire);

		for (uint16_t i = 0; c && i < n; i++) {
			const struct sl_pkt *p = sl_pkt(m[i]);

			/* Of one that came before the capture only half is known. */
			if (p->flags & (SL_PKT_TRACED | SL_PKT_FROM_HOST) &&
			    !(p->flags & SL_PKT_GENERATED) &&
			    sl_capture_fits(&c->filter, p, fate))
				take(w, c, m[i], fate);
		}
	}
}

void sl_capture_arrive(struct rte_mbuf *const *m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct sl_pkt *p = sl_pkt(m[i]);

		memset(p, 0, sizeof(*p));
		p->flags = SL_PKT_TRACED;
		p->rule = SL_RULE_NOT_ASKED;
	}
}
