/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/capture_record.h"

#include <rte_byteorder.h>
#include <string.h>

#include "session/table.h"

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

void sl_capture_record(const struct sl_worker *w, uint32_t snap, uint8_t *slot,
		       const struct rte_mbuf *m, uint8_t fate)
{
	const struct sl_pkt *p = sl_pkt((struct rte_mbuf *)(uintptr_t)m);
	uint32_t length = rte_pktmbuf_pkt_len(m), kept = RTE_MIN(length, snap), done = 0;
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
	for (slot += SL_CAPTURE_FIXED; m && done < kept; m = m->next) {
		uint32_t part = RTE_MIN(kept - done, (uint32_t)rte_pktmbuf_data_len(m));

		memcpy(slot + done, rte_pktmbuf_mtod(m, const void *), part);
		done += part;
	}
	memset(slot + kept, 0, -kept & 7);
}
