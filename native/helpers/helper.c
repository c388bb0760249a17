// SPDX-License-Identifier: BSD-3-Clause
#include "helpers/helper.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "helpers/helping.h"
#include "nat/nat.h"
#include "session/tcp.h"

static const struct sl_helper_ops *const helpers[][2] = {
	[SL_HELPER_FTP] = {&sl_helper_ftp},
	[SL_HELPER_SIP] = {&sl_helper_sip, &sl_helper_sip_stream},
};

/* What reads sessions of the protocol; NULL: nothing does. */
static const struct sl_helper_ops *ops_of(uint8_t kind, uint8_t protocol)
{
	for (unsigned int i = 0; kind < RTE_DIM(helpers) && i < RTE_DIM(helpers[0]); i++)
		if (helpers[kind][i] && helpers[kind][i]->protocol == protocol)
			return helpers[kind][i];
	return NULL;
}

struct sl_helpers *sl_helpers_create(uint64_t seed)
{
	struct sl_helpers *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	rte_spinlock_init(&h->lock);
	h->fresh = 1;
	if (sl_memory_create(&h->memory, "sluice-helped", SL_HELPED_MOST * sizeof(*h->record), 0) < 0)
		goto free_it;
	h->record = h->memory.base;
	if (sl_expect_create(&h->expectations, seed) < 0)
		goto destroy_memory;
	return h;
destroy_memory:
	sl_memory_destroy(&h->memory);
free_it:
	free(h);
	return NULL;
}

void sl_helpers_free(struct sl_helpers *h)
{
	if (!h)
		return;
	sl_expect_destroy(&h->expectations);
	sl_memory_destroy(&h->memory);
	free(h);
}

/* A record's index, 0 when there is none left. */
static uint32_t take_record(struct sl_helpers *h)
{
	uint32_t index = 0;

	rte_spinlock_lock(&h->lock);
	if (h->free) {
		index = h->free;
		h->free = h->record[index].next_free;
	} else if (h->fresh < SL_HELPED_MOST) {
		index = h->fresh++;
	}
	rte_spinlock_unlock(&h->lock);
	if (index) {
		memset(&h->record[index], 0, sizeof(h->record[index]));
		atomic_store(&h->record[index].refs, 1);
	}
	return index;
}

static void drop_record(struct sl_helpers *h, uint32_t index)
{
	struct sl_helped *r = &h->record[index];

	if (atomic_fetch_sub(&r->refs, 1) > 1)
		return;
	rte_spinlock_lock(&h->lock);
	r->next_free = h->free;
	h->free = index;
	rte_spinlock_unlock(&h->lock);
}

/*
 * Media goes both ways between the same ports: what comes from a port that was announced too comes
 * from the one that was told for it, so that both ways are one session.
 */
static void keep_port(const struct sl_datapath *dp, const struct sl_pkt *p, struct sl_expected *e)
{
	const struct sl_helped *r = &dp->helpers->record[e->parent];
	uint16_t port = p->family == 4 ? p->key4.sport : p->key6.sport;

	if (memcmp(e->client, e->source, sizeof(e->client)) == 0)
		return;
	for (unsigned int i = 0; i < SL_HELPER_EXPECTS; i++)
		if (r->expected[i].given && r->expected[i].port == port &&
		    r->expected[i].side != e->side)
			e->lo = e->hi = rte_be_to_cpu_16(r->expected[i].given);
}

bool sl_helper_expected_slow(const struct sl_worker *w, const struct sl_pkt *p,
			     struct sl_expected *e)
{
	if (p->flags & SL_PKT_ICMP_ERROR || p->family == 0 ||
	    !sl_expect_find(&w->dp->helpers->expectations, p, w->now_ms, e))
		return false;
	if (sl_tables_helper(w->tables, e->rule) != e->kind)
		return false;
	if (e->any_source) {
		memset(e->source, 0, sizeof(e->source));
		memcpy(e->source, p->family == 4 ? (const void *)&p->key4.src : p->key6.src,
		       p->family == 4 ? 4 : 16);
		memcpy(e->client, e->source, sizeof(e->client));
	}
	if (e->kind == SL_HELPER_SIP)
		keep_port(w->dp, p, e);
	return true;
}

/* Ports that the rule which gives the source may give out. */
static void note_ports(const struct sl_tables *tables, const struct sl_nat *nat,
		       struct sl_helped *r)
{
	const struct sl_image_translations *t =
		nat->departure ? sl_tables_translation(tables, nat->departure) : NULL;

	r->lo = 1024;
	r->hi = UINT16_MAX;
	if (t && t->kind != SL_NAT_PREFIX && t->port_lo && t->port_hi >= t->port_lo) {
		r->lo = t->port_lo;
		r->hi = t->port_hi;
		r->block = t->blocks ? t->match_lo : 0;
	}
}

enum sl_drop sl_helper_begin(struct sl_worker *w, struct sl_session *s, const struct sl_pkt *p,
			     const struct sl_nat *nat, uint8_t kind)
{
	struct sl_helpers *h = w->dp->helpers;
	struct sl_extension *x;
	struct sl_helped *r;

	/* Sessions of two families, or of which only one side is seen, are none's. */
	if (!ops_of(kind, s->protocol) || nat->one_way || nat->nat64 ||
	    (nat->balancer && nat->balancer->flags & SL_BALANCER_PROXY))
		return SL_DROP_NONE;
	x = sl_session_extend(w->sessions, s);
	if (!x)
		return SL_DROP_SESSION_TABLE_FULL;
	x->helped = take_record(h);
	if (!x->helped) {
		atomic_fetch_add(&h->refused, 1);
		return SL_DROP_HELPER_FULL;
	}
	x->helper = kind;
	s->flags |= SL_SESSION_HELPER;
	r = &h->record[x->helped];
	note_ports(w->tables, nat, r);
	if (p->tcp_flags & SL_TH_SYN && p->l4_length == p->tcp_header)
		r->side[0] = (struct sl_helper_side){
			.next = p->tcp_seq + 1, .acked = p->tcp_seq + 1, .known = true};
	atomic_fetch_add(&h->sessions, 1);
	return SL_DROP_NONE;
}

static void hold(void *arg, uint32_t parent)
{
	atomic_fetch_add(&((struct sl_helpers *)arg)->record[parent].refs, 1);
}

bool sl_helper_adopt(struct sl_worker *w, struct sl_session *s, const struct sl_expected *e)
{
	struct sl_helpers *h = w->dp->helpers;
	struct sl_extension *x = sl_session_extend(w->sessions, s);

	if (!x || !sl_expect_take(&h->expectations, e->ref, hold, h))
		return false;
	x->helped = e->parent;
	x->helper = e->kind;
	x->child = true;
	s->flags |= SL_SESSION_HELPER;
	atomic_fetch_add(&h->children, 1);
	return true;
}

static void ends_of(sl_session_ref ref, const struct sl_session *s, struct sl_helper_ends *e)
{
	*e = (struct sl_helper_ends){.family = (uint8_t)sl_session_family(ref, s, 0)};
	if (!(ref & SL_REF_WIDE)) {
		const struct sl_key4 *k = sl_entry4(s)->key;

		memcpy(e->client, &k[0].src, 4);
		memcpy(e->asked, &k[0].dst, 4);
		memcpy(e->server, &k[1].src, 4);
		memcpy(e->seen, &k[1].dst, 4);
		e->client_port = k[0].sport;
		e->asked_port = k[0].dport;
		e->server_port = k[1].sport;
		e->seen_port = k[1].dport;
	} else {
		const struct sl_key6 *k[2] = {&sl_entry6(s)->key[0].key6,
					      &sl_entry6(s)->key[1].key6};

		memcpy(e->client, k[0]->src, 16);
		memcpy(e->asked, k[0]->dst, 16);
		memcpy(e->server, k[1]->src, 16);
		memcpy(e->seen, k[1]->dst, 16);
		e->client_port = k[0]->sport;
		e->asked_port = k[0]->dport;
		e->server_port = k[1]->sport;
		e->seen_port = k[1]->dport;
	}
}

enum sl_drop sl_helper_follow(struct sl_worker *w, struct rte_mbuf *m, struct sl_session *s,
			      struct sl_extension *x)
{
	const struct sl_helper_ops *ops;
	struct sl_helping h = {.w = w, .m = m, .p = sl_pkt(m), .s = s, .x = x,
			       .r = sl_helper_record(w->dp, x)};

	if (x->child) {
		if (likely(!atomic_load_explicit(&h.r->cut_off, memory_order_relaxed)))
			return SL_DROP_NONE;
		sl_session_end(w->sessions, h.p->session, SL_END_POLICY, w->now_ms);
		return SL_DROP_POLICY_CHANGED;
	}
	ends_of(h.p->session, s, &h.ends);
	ops = ops_of(x->helper, s->protocol);
	if (!ops->datagram)
		return sl_helper_stream(&h, ops);
	/* Datagrams in fragments cannot be read: they pass as they are, and announce nothing. */
	return h.p->flags & SL_PKT_FRAGMENT ? SL_DROP_NONE : ops->datagram(&h);
}

void sl_helper_end(struct sl_datapath *dp, struct sl_session *s, struct sl_extension *x,
		   bool cut_off)
{
	struct sl_helpers *h = dp->helpers;
	struct sl_helped *r = &h->record[x->helped];

	if (x->child) {
		atomic_fetch_sub(&h->children, 1);
	} else {
		if (cut_off)
			atomic_store(&r->cut_off, true);
		for (unsigned int i = 0; i < SL_HELPER_EXPECTS; i++)
			if (r->expected[i].ref.serial)
				sl_expect_end(&h->expectations, r->expected[i].ref);
		atomic_fetch_sub(&h->sessions, 1);
	}
	drop_record(h, x->helped);
	x->helped = 0;
	s->flags &= (uint16_t)~SL_SESSION_HELPER;
}

void sl_helper_show(const struct sl_datapath *dp, struct sl_json *json)
{
	const struct sl_helpers *h = dp->helpers;
	const struct sl_expectations *t = &h->expectations;

	sl_json_object(json, NULL);
	sl_json_number(json, "sessions", atomic_load(&h->sessions));
	sl_json_number(json, "children", atomic_load(&h->children));
	sl_json_number(json, "rewritten", atomic_load(&h->rewritten));
	sl_json_number(json, "expected", atomic_load(&t->live));
	sl_json_number(json, "most", SL_EXPECT_MOST);
	sl_json_number(json, "opened", atomic_load(&t->opened));
	sl_json_number(json, "taken", atomic_load(&t->taken));
	sl_json_number(json, "expired", atomic_load(&t->expired));
	sl_json_number(json, "withdrawn", atomic_load(&t->ended));
	sl_json_number(json, "refused", atomic_load(&t->refused) + atomic_load(&h->refused));
	sl_json_object_end(json);
}
