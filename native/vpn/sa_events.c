/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_byteorder.h>
#include <string.h>

#include "vpn/sa_serve.h"
#include "vpn/sad.h"
#include "vpn/spd.h"

/* Workers leave words in SAs and policies; this reads them and tells the key exchange. */

/* The same is not said again sooner, ms. */
#define AGAIN_MS 1000

struct round {
	bool (*send)(const void *record, size_t size);
	uint64_t now_ms;
};

static struct sl_sa_head head_of(enum sl_sa_type type, size_t size)
{
	return (struct sl_sa_head){
		.version = SL_SA_VERSION, .type = (uint16_t)type, .length = (uint32_t)size};
}

/* Once at the soft limit, once at the hard one; the latter alone where both came at once. */
static void expired(struct sl_sa *sa, const struct round *r)
{
	uint8_t now = atomic_load_explicit(&sa->expired, memory_order_relaxed);
	struct sl_sa_expire event = {.hard = now == 2};

	if (now <= sa->told)
		return;
	sl_sa_name(sa, &event.name);
	event.name.head = head_of(SL_SA_EXPIRE, sizeof(event));
	if (r->send(&event, sizeof(event)))
		sa->told = now;
}

static void moved(struct sl_sa *sa, const struct round *r)
{
	struct sl_sa_mapping event = {0};

	if (!atomic_load_explicit(&sa->moved, memory_order_acquire) ||
	    r->now_ms - sa->moved_ms < AGAIN_MS)
		return;
	sl_sa_name(sa, &event.name);
	event.name.head = head_of(SL_SA_MAPPING, sizeof(event));
	event.remote = sa->remote;
	if (!r->send(&event, sizeof(event)))
		return;
	sa->moved_ms = r->now_ms;
	atomic_store_explicit(&sa->moved, 0, memory_order_release);
}

static void see_sa(struct sl_sa *sa, void *context)
{
	expired(sa, context);
	moved(sa, context);
}

static void see_policy(struct sl_policy *p, void *context)
{
	const struct round *r = context;
	struct sl_sa_acquire event;

	if (atomic_load_explicit(&p->asked, memory_order_acquire) != 2 ||
	    r->now_ms - p->asked_ms < AGAIN_MS)
		return;
	event = (struct sl_sa_acquire){
		.head = head_of(SL_SA_ACQUIRE, sizeof(event)),
		.reqid = p->record.reqid,
		.if_id = p->record.if_id,
		.source = p->packet[0],
		.destination = p->packet[1],
	};
	if (!r->send(&event, sizeof(event)))
		return;
	p->asked_ms = r->now_ms;
	atomic_store_explicit(&p->asked, 0, memory_order_release);
}

void sl_sa_events(struct sl_datapath *dp, bool (*send)(const void *record, size_t size))
{
	struct round r = {.send = send, .now_ms = sl_sad_now_ms()};

	sl_sad_each(dp, see_sa, &r);
	sl_spd_each(dp, see_policy, &r);
}
