/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/capture.h"

#include <errno.h>
#include <rte_byteorder.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/capture_filter.h"
#include "core/clock.h"
#include "core/result.h"
#include "session/table.h"

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

static const size_t fixed = sizeof(struct sl_captured) + sizeof(struct sl_result);

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
	c->slot_bytes = (uint32_t)((fixed + filter->snap + 7) & ~(size_t)7);
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
		size_t size = fixed + ((record->kept + 7u) & ~7u);

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

/* The key as it came, in host order where it is a number. */
static void ends(const struct sl_pkt *p, struct sl_captured *c)
{
	uint8_t family = sl_pkt_key_family(p);

	if (family == 4) {
		memcpy(c->source, &p->key4.src, 4);
		memcpy(c->destination, &p->key4.dst, 4);
		c->source_port = rte_be_to_cpu_16(p->key4.sport);
		c->destination_port = rte_be_to_cpu_16(p->key4.dport);
	} else if (family == 6) {
		memcpy(c->source, p->key6.src, 16);
		memcpy(c->destination, p->key6.dst, 16);
		c->source_port = rte_be_to_cpu_16(p->key6.sport);
		c->destination_port = rte_be_to_cpu_16(p->key6.dport);
	}
}

/* That an end changes; by which rule, sessions do not remember. */
static uint32_t changed(const struct sl_pkt *p, const uint8_t *address, uint16_t port,
			bool destination)
{
	struct sl_captured c = {0};

	ends(p, &c);
	if (memcmp(destination ? c.destination : c.source, address, sizeof(c.source)) == 0 &&
	    (destination ? c.destination_port : c.source_port) == port)
		return SL_TRANSLATION_NONE;
	return SL_RULE_NOT_ASKED;
}

/* What its session changes in packets of this direction: the other direction's key, turned round. */
static void translated(const struct sl_worker *w, const struct sl_pkt *p, struct sl_result *r)
{
	const struct sl_session *s;
	const union sl_key *other;
	union sl_key narrow;
	unsigned int way = !p->direction;
	bool four;

	if (p->session == SL_SESSION_NO_REF || !(p->flags & SL_PKT_L4_WHOLE))
		return;
	s = sl_session_at(w->dp->sessions, p->session);
	if (!(s->flags & SL_SESSION_NAT) || s->flags & SL_SESSION_ONE_WAY)
		return;
	four = sl_session_family(p->session, s, way) == 4;
	if (p->session & SL_REF_WIDE) {
		other = &sl_entry6(s)->key[way];
	} else {
		narrow.key4 = sl_entry4(s)->key[way];
		other = &narrow;
	}
	memcpy(r->source, four ? (const void *)&other->key4.dst : other->key6.dst, four ? 4 : 16);
	memcpy(r->destination, four ? (const void *)&other->key4.src : other->key6.src,
	       four ? 4 : 16);
	r->source_port = rte_be_to_cpu_16(four ? other->key4.dport : other->key6.dport);
	r->destination_port = rte_be_to_cpu_16(four ? other->key4.sport : other->key6.sport);
	r->translated_family = four ? 4 : 6;
	r->source_rule = changed(p, r->source, r->source_port, false);
	r->destination_rule = changed(p, r->destination, r->destination_port, true);
}

static void write_record(const struct sl_worker *w, const struct sl_capture *c, uint8_t *slot,
			 const struct rte_mbuf *m, uint8_t fate)
{
	const struct sl_pkt *p = sl_pkt((struct rte_mbuf *)(uintptr_t)m);
	uint32_t length = rte_pktmbuf_pkt_len(m), kept = RTE_MIN(length, c->filter.snap), done = 0;
	struct sl_captured record = {
		.time = w->now_ns, .length = length, .kept = kept,
		.icmp = p->icmp, .tcp_flags = p->tcp_flags, .worker = (uint8_t)w->index,
		.flags = (uint8_t)((p->flags & SL_PKT_ICMP_ERROR ? SL_CAPTURED_ICMP_ERROR : 0) |
				   (p->flags & SL_PKT_FROM_HOST ? SL_CAPTURED_FROM_HOST : 0) |
				   (p->flags & SL_PKT_FRAGMENT ? SL_CAPTURED_FRAGMENT : 0))};
	struct sl_result result = {0};

	ends(p, &record);
	translated(w, p, &result);
	sl_result_fill(&result, p, fate);
	memcpy(slot, &record, sizeof(record));
	memcpy(slot + sizeof(record), &result, sizeof(result));
	for (slot += fixed; m && done < kept; m = m->next) {
		uint32_t part = RTE_MIN(kept - done, (uint32_t)rte_pktmbuf_data_len(m));

		memcpy(slot + done, rte_pktmbuf_mtod(m, const void *), part);
		done += part;
	}
	memset(slot + kept, 0, -kept & 7);
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

	if (!admitted(w, c, ring))
		return;
	ring->taken++;
	if (head - atomic_load_explicit(&ring->tail, memory_order_acquire) == c->slots) {
		__atomic_store_n(&ring->lost, ring->lost + 1, __ATOMIC_RELAXED);
		return;
	}
	write_record(w, c, ring->slots + (head % c->slots) * c->slot_bytes, m, fate);
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
