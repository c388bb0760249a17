/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "core/offline_state.h"
#include "core/result.h"
#include "firewall/judge.h"
#include "firewall/open.h"
#include "helpers/expect.h"
#include "nat/nat.h"

bool sl_offline_stateless(const struct sl_worker *w)
{
	return ((const struct sl_offline *)w->offline)->mode == SL_MODE_TRACE;
}

static uint8_t *out_room(struct sl_offline *o, size_t length)
{
	uint8_t *at;

	if (o->out_length + length > o->out_room) {
		size_t room = 2 * (o->out_length + length);
		uint8_t *grown = realloc(o->out, room);

		if (!grown) {
			o->out_failed = true;
			return NULL;
		}
		o->out = grown;
		o->out_room = room;
	}
	at = o->out + o->out_length;
	o->out_length += length;
	return at;
}

/* A packet out, in a replay. */
static void put_output(struct sl_offline *o, const struct rte_mbuf *m, uint32_t input,
		       uint16_t iface)
{
	uint32_t length = rte_pktmbuf_pkt_len(m), room = (length + 7) & ~7u, done = 0;
	struct sl_output head = {.time = o->now_ns, .input = input, .length = length, .iface = iface};
	uint8_t *at;

	if (o->mode != SL_MODE_REPLAY)
		return;
	at = out_room(o, sizeof(head) + room);
	if (!at)
		return;
	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	memset(at + length, 0, room - length);
	for (; m && done < length; m = m->next) {
		memcpy(at + done, rte_pktmbuf_mtod(m, void *), rte_pktmbuf_data_len(m));
		done += rte_pktmbuf_data_len(m);
	}
	o->outputs++;
}

/*
 * A trace asks the policy of every packet that parses, though something before it had the last
 * word; `m` is as it came then.
 */
static void ask_policy(struct sl_worker *w, const struct rte_mbuf *m, struct sl_pkt *p)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	struct sl_decision decision;
	struct sl_flow flow;
	struct sl_seen seen;
	struct sl_way way;
	struct sl_nat nat;

	if (p->rule != SL_RULE_NOT_ASKED || p->session != SL_SESSION_NO_REF ||
	    !(p->flags & SL_PKT_L4_WHOLE) || p->family == 0)
		return;
	sl_flow_of_packet(m, &flow);
	sl_nat_arrive(w, sl_tables_ask(w->tables, sl_tables_arrivals(w->tables, p->from), &flow, NULL,
				       &(struct sl_cursor){0}), &flow, p->family == 4 ? p->key4.dport : p->key6.dport, &nat);
	sl_offline_translated(w, p, &nat);
	sl_way_find(w->tables, w->dp->fib, nat.family, ip + (p->family == 4 ? 12 : 8),
		    nat.server.address, &way);
	sl_open_select(w, p, &flow, &nat, &way);
	sl_seen_packet(m, way.out, sl_now_s(w), &seen);
	seen.translation = nat.arrival;
	sl_decide(w->tables, p->from, way.to, &flow, &seen, &decision);
	p->rule = decision.rule;
	p->policy_verdict = decision.verdict;
	p->to = way.to;
	p->out_iface = way.out;
	p->route_how = way.how;
}

void sl_offline_translated(struct sl_worker *w, const struct sl_pkt *p, const struct sl_nat *nat)
{
	struct sl_offline *o = w->offline;
	struct sl_result *r;

	if (p->input < o->first || !sl_nat_any(nat))
		return;
	r = &o->results[p->input - o->first];
	if (nat->departure || nat->hairpin || nat->expected) {
		memcpy(r->source, nat->client.address, sizeof(r->source));
		r->source_port = rte_be_to_cpu_16(nat->client.port);
	} else {
		memcpy(r->source, p->family == 4 ? (const void *)&p->key4.src : p->key6.src,
		       p->family == 4 ? 4 : 16);
		r->source_port = rte_be_to_cpu_16(p->family == 4 ? p->key4.sport : p->key6.sport);
	}
	memcpy(r->destination, nat->server.address, sizeof(r->destination));
	r->destination_port = rte_be_to_cpu_16(nat->server.port);
	r->source_rule = nat->departure ? nat->departure : nat->hairpin ? nat->arrival : 0;
	r->destination_rule = nat->arrival;
	/* Only what changes. */
	if (nat->expected) {
		const struct sl_expected *e = nat->expected;

		if (memcmp(e->client, e->source, sizeof(e->client)) != 0)
			r->source_rule = e->rule;
		if (memcmp(e->server, e->destination, sizeof(e->server)) != 0)
			r->destination_rule = e->rule;
	}
	r->translated_family = nat->family;
	r->backend = nat->backend;
}

static void finish(struct sl_offline *o, const struct sl_pkt *p, uint8_t fate)
{
	struct sl_result *r;

	if (p->input >= o->first)
		r = &o->results[p->input - o->first];
	else if (o->late < o->late_most)
		r = &o->results[o->count + o->late++];
	else
		return; /* its tables are being replaced */
	r->input = p->input;
	sl_result_fill(r, p, fate);
}

void sl_offline_local(struct sl_worker *w, struct rte_mbuf **m, uint16_t n)
{
	for (uint16_t i = 0; i < n; i++) {
		struct sl_pkt *p = sl_pkt(m[i]);

		p->to = SL_ZONE_LOCAL;
		finish(w->offline, p, SL_FATE_LOCAL);
		put_output(w->offline, m[i], p->input, SL_IFACE_NONE);
	}
	rte_pktmbuf_free_bulk(m, n);
}

void sl_offline_answered(struct sl_worker *w, struct sl_pkt *p)
{
	p->to = SL_ZONE_LOCAL;
	finish(w->offline, p, SL_FATE_LOCAL);
}

void sl_offline_dropped(struct sl_worker *w, struct rte_mbuf **m, uint16_t n)
{
	struct sl_offline *o = w->offline;

	for (uint16_t i = 0; i < n; i++) {
		struct sl_pkt *p = sl_pkt(m[i]);

		if (p->flags & SL_PKT_GENERATED)
			continue;
		if (o->mode != SL_MODE_REPLAY)
			ask_policy(w, m[i], p);
		/* No key exchange runs beside a trace: that it goes into the tunnel is the answer. */
		finish(o, p, o->mode != SL_MODE_REPLAY && p->reason == SL_DROP_TUNNEL_DOWN ?
				     SL_FATE_FORWARDED : SL_FATE_DROPPED);
	}
	rte_pktmbuf_free_bulk(m, n);
}

uint16_t sl_offline_tx(struct sl_worker *w, struct sl_port *port, uint16_t queue,
		       struct rte_mbuf **m, uint16_t n)
{
	(void)queue;
	for (uint16_t i = 0; i < n; i++) {
		const struct sl_pkt *p = sl_pkt(m[i]);
		bool generated = p->flags & SL_PKT_GENERATED;

		if (!generated)
			finish(w->offline, p, SL_FATE_FORWARDED);
		put_output(w->offline, m[i], generated ? SL_INPUT_GENERATED : p->input, port->iface);
	}
	rte_pktmbuf_free_bulk(m, n);
	return n;
}
