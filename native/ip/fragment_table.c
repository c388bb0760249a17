/* SPDX-License-Identifier: BSD-3-Clause */
#include "ip/fragment_table.h"

#include <rte_common.h>
#include <rte_malloc.h>

#include "core/drop_now.h"
#include "session/table.h"

/* Datagrams that may be forgotten for the sake of one fragment. */
#define MOST_EVICTED 8

/* Sources and datagrams fall to workers unevenly: to each its share, and as much again. */
static uint32_t share(uint32_t all, unsigned int workers)
{
	return workers == 1 ? all : RTE_MIN(all, 2 * (all / workers) + 8);
}

struct sl_fragments *sl_fragments_create(const struct sl_datapath *dp,
					 const struct sl_image_settings *settings)
{
	uint32_t room = rte_align32pow2(share(settings->fragment_datagrams, dp->workers));
	struct sl_fragments *t = rte_zmalloc("fragments", sizeof(*t), RTE_CACHE_LINE_SIZE);
	size_t buckets;

	if (!t)
		return NULL;
	room = RTE_MIN(RTE_MAX(room, SL_FRAGMENT_DATAGRAMS), 1u << 20);
	buckets = 2 * (size_t)room * sizeof(*t->bucket);
	/* Touched as datagrams come: mostly there are few. */
	if (sl_memory_create(&t->memory, "fragments", 2 * buckets + room * sizeof(*t->datagram), 0)) {
		rte_free(t);
		return NULL;
	}
	t->room = room;
	t->mask = 2 * room - 1;
	t->bucket = t->memory.base;
	t->source = t->bucket + 2 * room;
	t->datagram = (struct sl_datagram *)(void *)(t->source + 2 * room);
	t->free = SL_DATAGRAM_NONE;
	t->waiting = t->others = t->gone =
		(struct sl_datagram_list){SL_DATAGRAM_NONE, SL_DATAGRAM_NONE};
	sl_fragments_configure(dp, t, settings);
	return t;
}

static void set(uint32_t *limit, uint32_t to)
{
	__atomic_store_n(limit, to, __ATOMIC_RELAXED);
}

void sl_fragments_configure(const struct sl_datapath *dp, struct sl_fragments *t,
			    const struct sl_image_settings *settings)
{
	set(&t->limits.timeout_ms, settings->fragment_timeout * 1000);
	set(&t->limits.datagrams, RTE_MIN(share(settings->fragment_datagrams, dp->workers), t->room));
	set(&t->limits.per_source, share(settings->fragment_source, dp->workers));
	set(&t->limits.held_bytes, SL_FRAGMENT_HELD_BYTES);
	set(&t->limits.held_buffers, dp->pool->size / SL_FRAGMENT_HELD_SHARE / dp->workers);
}

void sl_datagram_key(const struct sl_pkt *p, struct sl_key6 *key)
{
	memset(key, 0, sizeof(*key));
	/*
	 * RFC 8200 4.5 leaves the protocol out, since only the first fragment's counts; RFC 791 3.2 has
	 * it. The zone is in it lest somebody elsewhere adds to what another zone may send.
	 */
	if (p->family == 4) {
		memcpy(key->src, &p->key4.src, 4);
		memcpy(key->dst, &p->key4.dst, 4);
		key->proto = p->key4.proto;
	} else {
		memcpy(key->src, p->key6.src, 32);
	}
	memcpy(&key->sport, &p->fragment_id, 4);
	key->flags = p->family;
	key->vrf = p->from;
}

static uint32_t *bucket(struct sl_fragments *t, uint64_t hash)
{
	return &t->bucket[hash & t->mask];
}

struct sl_datagram *sl_datagram_find(struct sl_fragments *t, const struct sl_key6 *key,
				     uint64_t hash)
{
	for (uint32_t i = *bucket(t, hash); i; i = t->datagram[i - 1].chain)
		if (memcmp(&t->datagram[i - 1].id, key, sizeof(*key)) == 0)
			return &t->datagram[i - 1];
	return NULL;
}

static void enter(struct sl_fragments *t, struct sl_datagram_list *list, struct sl_datagram *d,
		  uint32_t now_ms)
{
	uint32_t i = (uint32_t)(d - t->datagram);

	d->since_ms = now_ms;
	d->order = t->order++;
	d->older = list->newest;
	d->newer = SL_DATAGRAM_NONE;
	*(list->newest == SL_DATAGRAM_NONE ? &list->oldest : &t->datagram[list->newest].newer) = i;
	list->newest = i;
}

static void leave(struct sl_fragments *t, struct sl_datagram_list *list, struct sl_datagram *d)
{
	*(d->older == SL_DATAGRAM_NONE ? &list->oldest : &t->datagram[d->older].newer) = d->newer;
	*(d->newer == SL_DATAGRAM_NONE ? &list->newest : &t->datagram[d->newer].older) = d->older;
}

static struct sl_datagram_list *list_of(struct sl_fragments *t, const struct sl_datagram *d)
{
	return d->state == SL_DATAGRAM_WAITING ? &t->waiting : &t->others;
}

struct rte_mbuf *sl_datagram_take(struct sl_fragments *t, struct sl_datagram *d)
{
	struct rte_mbuf *m = d->first;

	if (!m)
		return NULL;
	d->first = sl_pkt(m)->held;
	t->held_bytes -= rte_pktmbuf_pkt_len(m);
	t->held_buffers -= m->nb_segs;
	t->held--;
	return m;
}

static void drop_held(struct sl_worker *w, struct sl_datagram *d, enum sl_drop reason)
{
	for (struct rte_mbuf *m; (m = sl_datagram_take(w->fragments, d));) {
		sl_pkt(m)->reason = reason;
		sl_drop_now(w, &m, 1);
	}
}

static bool done(const struct sl_datagram *d)
{
	return d->sent == atomic_load_explicit(&d->train.seen, memory_order_acquire);
}

static void put_free(struct sl_fragments *t, struct sl_datagram *d)
{
	d->state = SL_DATAGRAM_FREE;
	d->chain = t->free;
	t->free = (uint32_t)(d - t->datagram);
}

void sl_datagram_forget(struct sl_worker *w, struct sl_datagram *d, enum sl_drop reason)
{
	struct sl_fragments *t = w->fragments;
	uint32_t *link = bucket(t, sl_hash6(&w->dp->sessions->secret, &d->id));
	uint32_t i = (uint32_t)(d - t->datagram) + 1;

	drop_held(w, d, reason);
	while (*link != i)
		link = &t->datagram[*link - 1].chain;
	*link = d->chain;
	t->source[d->source]--;
	t->live--;
	leave(t, list_of(t, d), d);
	if (done(d))
		put_free(t, d);
	else
		enter(t, &t->gone, d, w->now_ms);
}

/* What was forgotten while others were at it, and they are through by now. */
static void gather(struct sl_fragments *t)
{
	while (t->gone.oldest != SL_DATAGRAM_NONE) {
		struct sl_datagram *d = &t->datagram[t->gone.oldest];

		if (!done(d))
			return;
		leave(t, &t->gone, d);
		put_free(t, d);
	}
}

/* Forgets the oldest, within a millisecond too, but `spared`. False if there is none. */
static bool evict(struct sl_worker *w, const struct sl_datagram *spared)
{
	struct sl_fragments *t = w->fragments;
	uint32_t a = t->waiting.oldest, b = t->others.oldest;
	struct sl_datagram *d;

	if (a == SL_DATAGRAM_NONE && b == SL_DATAGRAM_NONE)
		return false;
	if (a == SL_DATAGRAM_NONE || (b != SL_DATAGRAM_NONE &&
				      (int32_t)(t->datagram[b].order - t->datagram[a].order) < 0))
		a = b;
	d = &t->datagram[a];
	if (d == spared)
		return false;
	sl_datagram_forget(w, d, SL_DROP_FRAGMENT_TABLE_FULL);
	return true;
}

/* Takes an entry, or NULL. */
static struct sl_datagram *empty(struct sl_fragments *t)
{
	struct sl_datagram *d;

	if (t->live >= t->limits.datagrams)
		return NULL;
	if (t->free == SL_DATAGRAM_NONE)
		return t->fresh < t->room ? &t->datagram[t->fresh++] : NULL;
	d = &t->datagram[t->free];
	t->free = d->chain;
	return d;
}

static uint32_t source_of(const struct sl_worker *w, const struct sl_pkt *p)
{
	struct sl_key4 key = {.flags = p->family};

	memcpy(&key.src, p->family == 4 ? (const uint8_t *)&p->key4.src : p->key6.src,
	       p->family == 4 ? 4 : 8);
	return (uint32_t)sl_hash4(&w->dp->sessions->secret, &key) & w->fragments->mask;
}

struct sl_datagram *sl_datagram_new(struct sl_worker *w, const struct sl_pkt *p,
				    const struct sl_key6 *key, uint64_t hash, enum sl_drop *reason)
{
	struct sl_fragments *t = w->fragments;
	uint32_t source = source_of(w, p);
	struct sl_datagram *d = NULL;

	if (t->source[source] >= t->limits.per_source) {
		*reason = SL_DROP_FRAGMENT_SOURCE_FLOOD;
		return NULL;
	}
	/* Fragments of one datagram come close together: under a flood the oldest is the one to go. */
	gather(t);
	for (unsigned int i = 0; i < MOST_EVICTED && !(d = empty(t)); i++)
		if (!evict(w, NULL))
			break;
	if (!d) {
		*reason = SL_DROP_FRAGMENT_TABLE_FULL;
		return NULL;
	}
	memset(d, 0, offsetof(struct sl_datagram, piece));
	memset(&d->train, 0, sizeof(d->train));
	d->id = *key;
	d->source = source;
	d->state = SL_DATAGRAM_WAITING;
	d->chain = *bucket(t, hash);
	*bucket(t, hash) = (uint32_t)(d - t->datagram) + 1;
	t->source[source]++;
	t->live++;
	enter(t, &t->waiting, d, w->now_ms);
	return d;
}

static void move(struct sl_worker *w, struct sl_datagram *d, uint8_t state)
{
	struct sl_fragments *t = w->fragments;

	leave(t, list_of(t, d), d);
	d->state = state;
	enter(t, list_of(t, d), d, w->now_ms);
}

void sl_datagram_kill(struct sl_worker *w, struct sl_datagram *d, enum sl_drop reason)
{
	drop_held(w, d, reason);
	d->reason = reason;
	move(w, d, SL_DATAGRAM_DEAD);
}

void sl_datagram_sent(struct sl_worker *w, struct sl_datagram *d)
{
	move(w, d, SL_DATAGRAM_SENT);
}

bool sl_datagram_hold(struct sl_worker *w, struct sl_datagram *d, struct rte_mbuf *m)
{
	struct sl_fragments *t = w->fragments;
	uint32_t bytes = rte_pktmbuf_pkt_len(m), buffers = m->nb_segs;

	for (unsigned int i = 0; t->held_bytes + bytes > t->limits.held_bytes ||
				 t->held_buffers + buffers > t->limits.held_buffers;
	     i++)
		if (i == MOST_EVICTED || !evict(w, d))
			return false;
	sl_pkt(m)->held = NULL;
	*(d->first ? &sl_pkt(d->last)->held : &d->first) = m;
	d->last = m;
	t->held_bytes += bytes;
	t->held_buffers += buffers;
	t->held++;
	return true;
}

/* Forgets datagrams of a list that waited too long. */
static uint32_t sweep(struct sl_worker *w, const struct sl_datagram_list *list, uint32_t budget)
{
	struct sl_fragments *t = w->fragments;

	while (budget && list->oldest != SL_DATAGRAM_NONE) {
		struct sl_datagram *d = &t->datagram[list->oldest];

		if (w->now_ms - d->since_ms < t->limits.timeout_ms)
			break;
		sl_datagram_forget(w, d, SL_DROP_FRAGMENT_TIMEOUT);
		budget--;
	}
	return budget;
}

bool sl_fragments_any(const struct sl_worker *w)
{
	return w->fragments->live > 0;
}

void sl_fragments_sweep(struct sl_worker *w, uint32_t budget)
{
	sweep(w, &w->fragments->others, sweep(w, &w->fragments->waiting, budget));
}

uint32_t sl_fragments_held(const struct sl_worker *w)
{
	return w->fragments->held;
}

void sl_fragments_settle(struct sl_worker *w)
{
	struct sl_fragments *t = w->fragments;

	while (t->waiting.oldest != SL_DATAGRAM_NONE)
		sl_datagram_forget(w, &t->datagram[t->waiting.oldest], SL_DROP_FRAGMENT_SETTLED);
	while (t->others.oldest != SL_DATAGRAM_NONE)
		sl_datagram_forget(w, &t->datagram[t->others.oldest], SL_DROP_FRAGMENT_SETTLED);
}
