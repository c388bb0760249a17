/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/log.h"

#include <netinet/in.h>
#include <rte_byteorder.h>

#include "core/count.h"
#include "firewall/limit.h"
#include "firewall/rate.h"

static void put_address(uint8_t out[16], const struct sl_flow *flow, bool dst)
{
	if (flow->family == 4) {
		uint32_t a = rte_cpu_to_be_32(dst ? flow->v4.dst : flow->v4.src);

		memcpy(out, &a, 4);
	} else {
		const uint64_t *a = dst ? flow->v6.dst : flow->v6.src;
		uint64_t words[2] = {rte_cpu_to_be_64(a[0]), rte_cpu_to_be_64(a[1])};

		memcpy(out, words, 16);
	}
}

/* One bucket for all workers, by slot: it outlives a change of tables. */
static bool within_limit(struct sl_worker *w, uint32_t rule)
{
	const struct sl_image_rules *record = w->tables ? sl_tables_rule(w->tables, rule) : NULL;
	const struct sl_image_rule_extras *extra;
	struct sl_rate rate;

	if (!record || record->extra == SL_EXTRA_NONE || record->action == SL_ACTION_TRANSLATE)
		return true;
	extra = &w->tables->image.rule_extras[record->extra];
	if (extra->log_ns == 0)
		return true;
	rate = sl_rate_make(extra->log_ns, extra->log_burst);
	return sl_rate_take(&rate, &w->dp->limits->rule[rule % SL_MAX_RULES].log_full_at, w->now_ns);
}

struct sl_log_record *sl_log_begin(struct sl_worker *w, uint32_t rule)
{
	struct sl_log_record *r;

	if (!within_limit(w, rule)) {
		w->log->limited++;
		return NULL;
	}
	r = sl_log_record(w);
	if (r)
		r->rule = rule;
	return r;
}

/* The destination as it was on the wire; rules see it translated. */
static void put_asked(struct sl_log_record *r, const struct sl_pkt *p, const struct sl_flow *flow)
{
	bool ports = flow->proto == IPPROTO_TCP || flow->proto == IPPROTO_UDP;

	put_address(r->destination, flow, true);
	r->destination_port = flow->dport;
	if (p->flags & SL_PKT_ICMP_ERROR)
		return;
	if (flow->family == 4)
		memcpy(r->destination, &p->key4.dst, 4);
	else
		memcpy(r->destination, p->key6.dst, 16);
	if (ports)
		r->destination_port =
			rte_be_to_cpu_16(flow->family == 4 ? p->key4.dport : p->key6.dport);
}

static void fill(struct sl_log_record *r, const struct sl_pkt *p, const struct sl_flow *flow)
{
	put_address(r->source, flow, false);
	put_asked(r, p, flow);
	r->source_port = flow->sport;
	r->in = p->iface;
	r->out = p->out_iface;
	r->from = p->from;
	r->to = p->to;
	r->family = flow->family;
	r->protocol = flow->proto;
}

void sl_log_far(struct sl_log_record *r, sl_session_ref ref, const struct sl_session *s)
{
	if (!(s->flags & (SL_SESSION_NAT | SL_SESSION_ONE_WAY)))
		return;
	r->far_family = (uint8_t)sl_session_family(ref, s, 1);
	if (r->far_family == 6) {
		const struct sl_key6 *k = &sl_entry6(s)->key[1].key6;

		memcpy(r->far_source, k->dst, sizeof(k->dst));
		memcpy(r->far_destination, k->src, sizeof(k->src));
		r->far_source_port = rte_be_to_cpu_16(k->dport);
		r->far_destination_port = rte_be_to_cpu_16(k->sport);
	} else {
		const struct sl_key4 *k = ref & SL_REF_WIDE ? &sl_entry6(s)->key[1].key4 :
							      &sl_entry4(s)->key[1];

		memcpy(r->far_source, &k->dst, sizeof(k->dst));
		memcpy(r->far_destination, &k->src, sizeof(k->src));
		r->far_source_port = rte_be_to_cpu_16(k->dport);
		r->far_destination_port = rte_be_to_cpu_16(k->sport);
	}
}

void sl_log_decision(struct sl_worker *w, uint8_t type, const struct sl_pkt *p,
		     const struct sl_flow *flow, const struct sl_decision *decision)
{
	struct sl_log_record *r = sl_log_begin(w, decision->rule);

	if (!r)
		return;
	fill(r, p, flow);
	r->type = type;
	r->reason = decision->reason;
	if (type == SL_LOG_SESSION_START && p->session)
		sl_log_far(r, p->session, sl_session_at(w->dp->sessions, p->session));
	sl_log_commit(w);
}

void sl_log_pool_full(struct sl_worker *w, const struct sl_pkt *p, const struct sl_flow *flow,
		      uint32_t rule)
{
	struct sl_log_record *r;

	if (w->nat_full_s == sl_now_s(w))
		return;
	w->nat_full_s = sl_now_s(w);
	r = sl_log_begin(w, rule);
	if (!r)
		return;
	fill(r, p, flow);
	r->type = SL_LOG_NAT_FULL;
	r->reason = p->reason;
	sl_log_commit(w);
}
