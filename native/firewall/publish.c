/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/publish.h"

#include <netinet/in.h>

#include "nat/blocks.h"
#include "session/table.h"

static inline struct sl_key4 turned4(const struct sl_key4 *k)
{
	return (struct sl_key4){k->dst, k->src, k->dport, k->sport, k->proto, k->flags, k->vrf};
}

static inline struct sl_key6 turned6(const struct sl_key6 *k)
{
	struct sl_key6 back = *k;

	memcpy(back.src, k->dst, sizeof(back.src));
	memcpy(back.dst, k->src, sizeof(back.dst));
	back.sport = k->dport;
	back.dport = k->sport;
	return back;
}

/* The key of the answer, from the server to the client as the server sees it. */
static struct sl_key4 answer4(const struct sl_pkt *p, const struct sl_nat *nat)
{
	struct sl_key4 k = turned4(&p->key4);

	if (likely(!sl_nat_any(nat)))
		return k;
	memcpy(&k.src, nat->server.address, 4);
	memcpy(&k.dst, nat->client.address, 4);
	k.sport = k.proto == IPPROTO_ICMP ? nat->client.port : nat->server.port;
	k.dport = nat->client.port;
	return k;
}

static struct sl_key6 answer6(const struct sl_pkt *p, const struct sl_nat *nat)
{
	struct sl_key6 k = turned6(&p->key6);

	if (likely(!sl_nat_any(nat)))
		return k;
	memcpy(k.src, nat->server.address, 16);
	memcpy(k.dst, nat->client.address, 16);
	k.sport = k.proto == IPPROTO_ICMPV6 ? nat->client.port : nat->server.port;
	k.dport = nat->client.port;
	return k;
}

/* The same of a client of IPv6 and a server of IPv4 (RFC 6146). */
static struct sl_key4 answer64(const struct sl_pkt *p, const struct sl_nat *nat)
{
	bool query = p->key6.proto == IPPROTO_ICMPV6;
	struct sl_key4 k = {
		.proto = query ? IPPROTO_ICMP : p->key6.proto,
		.sport = query ? nat->client.port : nat->server.port,
		.dport = nat->client.port,
		.vrf = p->key6.vrf,
	};

	memcpy(&k.src, nat->server.address, 4);
	memcpy(&k.dst, nat->client.address, 4);
	return k;
}

static void fill_answer(sl_session_ref ref, struct sl_session *s, const struct sl_pkt *p,
			const struct sl_nat *nat)
{
	if (p->family == 4) {
		sl_entry4(s)->key[1] = answer4(p, nat);
	} else if (unlikely(nat->nat64)) {
		s->flags |= SL_SESSION_KEY4_1;
		sl_entry6(s)->key[1].key4 = answer64(p, nat);
	} else
		sl_entry6(s)->key[1].key6 = answer6(p, nat);
	if (unlikely(nat->one_way)) {
		s->flags |= SL_SESSION_ONE_WAY | (nat->tunnel ? SL_SESSION_TUNNEL : 0);
		s->l3_delta = nat->tunnel;
		s->l4_delta = nat->tunnel_port;
	} else if (unlikely(sl_nat_any(nat))) {
		sl_nat_mark(ref, s);
		if (nat->nat64)
			s->l3_delta = nat->prefix;
	}
}

uint64_t sl_publish_hash(const struct sl_session_table *table, const struct sl_pkt *p,
			 const struct sl_nat *nat)
{
	if (nat->family == 4) {
		struct sl_key4 back = p->family == 4 ? answer4(p, nat) : answer64(p, nat);

		return sl_hash4(&table->secret, &back);
	}
	struct sl_key6 back = answer6(p, nat);

	return sl_hash6(&table->secret, &back);
}

/*
 * One way, the answer's key is asked for by nobody, but two services may share a backend: one client
 * port at both would clash. What no packet has in its key, its flags, tells them apart.
 */
static enum sl_drop publish_one_way(struct sl_worker *w, const struct sl_pkt *p, sl_session_ref ref,
				    struct sl_session *s)
{
	for (uint8_t other = 1;; other++) {
		unsigned int clash;
		enum sl_drop reason = sl_session_publish(w->sessions, ref, p->hash, &clash);

		if (reason != SL_DROP_SESSION_CLASH || clash == 0 || other == 0)
			return reason;
		if (p->family == 4)
			sl_entry4(s)->key[1].flags = other;
		else
			sl_entry6(s)->key[1].key6.flags = other;
	}
}

/* SL_DROP_NAT_POOL_FULL where every source that the search has is taken. */
static enum sl_drop publish_search(struct sl_worker *w, const struct sl_pkt *p,
				   const struct sl_opening *o, sl_session_ref ref,
				   struct sl_session *s)
{
	unsigned int clash;
	enum sl_drop reason;

	for (;;) {
		reason = sl_session_publish(w->sessions, ref, p->hash, &clash);
		if (reason != SL_DROP_SESSION_CLASH || clash == 0)
			return reason;
		if (!sl_nat_next(o->search, sl_random(w), &o->nat->client))
			return SL_DROP_NAT_POOL_FULL;
		s->flags &= (uint16_t)~SL_SESSION_NAT;
		fill_answer(ref, s, p, o->nat);
	}
}

/* The same block by block: those the client has, then one more. */
static enum sl_drop publish_block(struct sl_worker *w, const struct sl_pkt *p,
				  const struct sl_opening *o, sl_session_ref ref,
				  struct sl_session *s)
{
	struct sl_block_use use = {.ports = o->search->ports};
	struct sl_block_client client;
	enum sl_drop reason;

	sl_block_client(&client, p->family,
			p->family == 4 ? (const uint8_t *)&p->key4.src : p->key6.src);
	s->flags |= SL_SESSION_BLOCK;
	for (;;) {
		reason = sl_block_next(w, o->search->t, o->nat->departure, &client, &use);
		if (reason)
			return reason;
		sl_nat_search_block(o->search, use.address, use.lo, use.hi, sl_random(w),
				    &o->nat->client);
		s->flags &= (uint16_t)~SL_SESSION_NAT;
		fill_answer(ref, s, p, o->nat);
		reason = publish_search(w, p, o, ref, s);
		if (!reason)
			return reason;
		if (reason != SL_DROP_NAT_POOL_FULL) {
			sl_block_give(w, &client, &use);
			return reason;
		}
	}
}

enum sl_drop sl_publish(struct sl_worker *w, const struct sl_pkt *p, const struct sl_opening *o,
			sl_session_ref ref, struct sl_session *s)
{
	unsigned int clash;

	fill_answer(ref, s, p, o->nat);
	if (likely(!sl_nat_any(o->nat)))
		return sl_session_publish(w->sessions, ref, p->hash, &clash);
	if (o->nat->one_way)
		return publish_one_way(w, p, ref, s);
	if (!o->search->found)
		return (enum sl_drop)o->search->reason;
	if (unlikely(o->search->blocks))
		return publish_block(w, p, o, ref, s);
	return publish_search(w, p, o, ref, s);
}
