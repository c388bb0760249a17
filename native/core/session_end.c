/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/session_end.h"

#include <rte_byteorder.h>
#include <string.h>

#include "balancer/balance.h"
#include "core/count.h"
#include "firewall/limit.h"
#include "firewall/log.h"
#include "helpers/helper.h"
#include "nat/blocks.h"

static void log_end(struct sl_worker *w, sl_session_ref ref, const struct sl_session *s,
		    enum sl_session_end why, uint32_t now_ms)
{
	struct sl_log_record *r = sl_log_begin(w, s->rule);

	if (!r)
		return;
	if (ref & SL_REF_WIDE) {
		const struct sl_key6 *k = &sl_entry6(s)->key[0].key6;

		memcpy(r->source, k->src, sizeof(k->src));
		memcpy(r->destination, k->dst, sizeof(k->dst));
		r->source_port = rte_be_to_cpu_16(k->sport);
		r->destination_port = rte_be_to_cpu_16(k->dport);
	} else {
		const struct sl_key4 *k = &sl_entry4(s)->key[0];

		memcpy(r->source, &k->src, sizeof(k->src));
		memcpy(r->destination, &k->dst, sizeof(k->dst));
		r->source_port = rte_be_to_cpu_16(k->sport);
		r->destination_port = rte_be_to_cpu_16(k->dport);
	}
	r->type = SL_LOG_SESSION_END;
	r->family = ref & SL_REF_WIDE ? 6 : 4;
	r->protocol = s->protocol;
	r->packets_forward = sl_session_packets(s, 0);
	r->packets_reply = sl_session_packets(s, 1);
	r->bytes_forward = s->bytes[0];
	r->bytes_reply = s->bytes[1];
	r->duration = now_ms - s->created;
	r->in = s->in;
	r->out = s->out;
	r->from = s->from;
	r->to = s->to;
	r->reason = (uint16_t)why;
	sl_log_far(r, ref, s);
	sl_log_commit(w);
}

/* What ends it from outside ends what it announced too. */
static void release(struct sl_worker *w, struct sl_session *s, struct sl_extension *x,
		    enum sl_session_end why)
{
	if (s->flags & SL_SESSION_HELPER)
		sl_helper_end(w->dp, s, x, why == SL_END_POLICY || why == SL_END_CLEARED);
	sl_limit_release(w->dp->limits, x);
	if (x->backend)
		sl_balance_end(w->dp->balancers, x,
			       sl_session_packets(s, 0) + sl_session_packets(s, 1),
			       s->bytes[0] + s->bytes[1]);
}

void sl_session_end_count(void *worker, sl_session_ref ref, const struct sl_session *s,
			  enum sl_session_end why, uint32_t now_ms)
{
	struct sl_worker *w = worker;
	struct sl_rule_counter *c = &w->rules[s->rule % SL_MAX_RULES];

	c->packets += sl_session_packets(s, 0) + sl_session_packets(s, 1);
	c->bytes += s->bytes[0] + s->bytes[1];
	if (s->extension)
		release(w, sl_session_at(w->dp->sessions, ref),
			sl_extension_at(&w->dp->sessions->extensions, s->extension), why);
	if (unlikely(s->flags & SL_SESSION_BLOCK))
		sl_block_end(w, ref, s);
	if (s->flags & SL_SESSION_LOG)
		log_end(w, ref, s, why, now_ms);
}
