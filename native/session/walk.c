// SPDX-License-Identifier: BSD-3-Clause
#include "session/walk.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "session/worker.h"

static void view_make(struct sl_session_view *view, sl_session_ref ref, unsigned int owner,
		      const struct sl_session *s)
{
	view->ref = ref;
	view->owner = owner;
	view->session = s;
	for (unsigned int d = 0; d < 2; d++) {
		view->family[d] = (uint8_t)sl_session_family(ref, s, d);
		if (ref & SL_REF_WIDE)
			view->key[d] = sl_entry6(s)->key[d];
		else
			view->key[d].key4 = sl_entry4(s)->key[d];
	}
}

/* One chunk; false when `seen` wants no more. */
static bool walk_chunk(const struct sl_session_table *t, unsigned int pool, uint32_t chunk,
		       const struct sl_session_filter *filter, sl_session_seen seen, void *arg)
{
	uint8_t owner = atomic_load_explicit(&t->pool[pool].chunks[chunk].owner,
					     memory_order_acquire);
	struct sl_session_view view;

	if (owner == SL_NO_OWNER)
		return true;
	for (uint32_t i = 0; i < SL_CHUNK; i++) {
		sl_session_ref ref = (chunk * SL_CHUNK + i) | (pool ? SL_REF_WIDE : 0);
		const struct sl_session *s = sl_session_at(t, ref);

		if (!sl_session_alive(s))
			continue;
		view_make(&view, ref, owner, s);
		if ((!filter || sl_session_fits(&view, filter)) && !seen(&view, arg))
			return false;
	}
	return true;
}

bool sl_session_walk(const struct sl_session_table *t, struct sl_session_walk *walk,
		     unsigned int budget, const struct sl_session_filter *filter,
		     sl_session_seen seen, void *arg)
{
	for (; walk->pool < RTE_DIM(t->pool); walk->pool++, walk->next = 0) {
		uint32_t end = atomic_load_explicit(&t->pool[walk->pool].fresh,
						    memory_order_acquire);

		for (; walk->next < end; walk->next++) {
			if (budget < SL_CHUNK)
				return true;
			budget -= SL_CHUNK;
			if (!walk_chunk(t, walk->pool, walk->next, filter, seen, arg)) {
				walk->pool = RTE_DIM(t->pool);
				return false;
			}
		}
	}
	return false;
}

static bool prefix_fits(const uint8_t *address, const uint8_t *prefix, unsigned int length,
			unsigned int bits)
{
	unsigned int bytes = length / 8, rest = length % 8;

	if (length > bits)
		return false;
	return memcmp(address, prefix, bytes) == 0 &&
	       (!rest || ((address[bytes] ^ prefix[bytes]) & (0xff00 >> rest & 0xff)) == 0);
}

/* The keys of ICMP have an identifier in their place. */
static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

bool sl_session_fits(const struct sl_session_view *view, const struct sl_session_filter *f)
{
	const struct sl_session *s = view->session;
	bool server = f->flags & SL_FILTER_SERVER, narrow = view->family[0] == 4;
	/* The source of the answer is the real destination, with NAT64 of another family. */
	bool narrow_end = view->family[server] == 4;
	const struct sl_key4 *k4 = &view->key[0].key4, *d4 = &view->key[server].key4;
	const struct sl_key6 *k6 = &view->key[0].key6, *d6 = &view->key[server].key6;
	uint16_t port = narrow_end ? (server ? d4->sport : d4->dport) :
				     (server ? d6->sport : d6->dport);
	const uint8_t *dst = narrow_end ? (const uint8_t *)(server ? &d4->src : &d4->dst) :
					  (server ? d6->src : d6->dst);

	return (!(f->flags & SL_FILTER_NAT) || (s->flags & (SL_SESSION_NAT | SL_SESSION_ONE_WAY))) &&
	       (!f->family || f->family == view->family[server]) &&
	       (f->rule == SL_RULE_NOT_ASKED || f->rule == s->rule) &&
	       (f->protocol == SL_PROTO_ANY || f->protocol == s->protocol) &&
	       (!f->from || f->from == s->from) && (!f->to || f->to == s->to) &&
	       (!f->port || (has_ports(s->protocol) &&
			     f->port == ntohs(port))) &&
	       prefix_fits(narrow ? (const uint8_t *)&k4->src : k6->src, f->source,
			   f->source_length, narrow ? 32 : 128) &&
	       prefix_fits(dst, f->destination, f->destination_length, narrow_end ? 32 : 128);
}

static int request(struct sl_session_table *t, const struct sl_session_view *view,
		   struct sl_request_message *r)
{
	struct sl_session_worker *w = t->worker[view->owner];

	r->ref = view->ref;
	r->created = view->session->created;
	r->hash = view->family[0] == 4 ? sl_hash4(&t->secret, &view->key[0].key4) :
					 sl_hash6(&t->secret, &view->key[0].key6);
	/* counted first, or the owner might be seen to have served more than was asked */
	atomic_fetch_add_explicit(&w->requested, 1, memory_order_relaxed);
	if (rte_ring_sp_enqueue_elem(w->requests, r, sizeof(*r)) == 0)
		return 0;
	atomic_fetch_sub_explicit(&w->requested, 1, memory_order_relaxed);
	return -EAGAIN;
}

int sl_session_request_end(struct sl_session_table *t, const struct sl_session_view *view,
			   enum sl_session_end why)
{
	return request(t, view, &(struct sl_request_message){.kind = SL_REQUEST_END, .why = why});
}

int sl_session_request_judged(struct sl_session_table *t, const struct sl_session_view *view,
			      uint32_t generation, uint32_t rule)
{
	return request(t, view,
		       &(struct sl_request_message){
			       .kind = SL_REQUEST_JUDGED, .generation = generation, .rule = rule});
}

bool sl_session_request_next(struct sl_session_worker *w, struct sl_request_message *r)
{
	return rte_ring_sc_dequeue_elem(w->requests, r, sizeof(*r)) == 0;
}

unsigned int sl_session_requests_pending(const struct sl_session_table *t)
{
	uint64_t pending = 0;

	for (unsigned int i = 0; i < t->workers; i++)
		if (t->worker[i])
			pending += atomic_load(&t->worker[i]->requested) -
				   atomic_load(&t->worker[i]->served);
	return (unsigned int)pending;
}

void sl_session_census(const struct sl_session_table *t, struct sl_session_census *census)
{
	*census = (struct sl_session_census){0};
	for (unsigned int i = 0; i < t->workers; i++) {
		const struct sl_session_stats *s = t->worker[i] ? &t->worker[i]->stats : NULL;

		if (!s)
			continue;
		census->live += __atomic_load_n(&s->live[0], __ATOMIC_RELAXED) +
				__atomic_load_n(&s->live[1], __ATOMIC_RELAXED);
		census->ended_by_policy += __atomic_load_n(&s->ended_by_policy, __ATOMIC_RELAXED);
	}
}
