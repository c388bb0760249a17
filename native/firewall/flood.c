// SPDX-License-Identifier: BSD-3-Clause
#include "firewall/flood.h"

#include <netinet/in.h>
#include <rte_byteorder.h>

#include "core/offline.h"
#include "tables/tables.h"

static enum sl_flood_kind kind_of(uint8_t protocol, uint8_t family)
{
	if (protocol == IPPROTO_TCP)
		return SL_FLOOD_SYN;
	if (protocol == IPPROTO_UDP)
		return SL_FLOOD_UDP;
	return protocol == (family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) ? SL_FLOOD_ICMP :
									   SL_FLOOD_OTHER;
}

static void key_of(const struct sl_pkt *p, struct sl_source_key *key)
{
	uint64_t words[2];

	if (p->family == 4) {
		sl_source_key4(key, SL_SOURCE_ZONE(p->from), rte_be_to_cpu_32(p->key4.src), 32);
		return;
	}
	memcpy(words, p->key6.src, sizeof(words));
	words[0] = rte_be_to_cpu_64(words[0]);
	words[1] = rte_be_to_cpu_64(words[1]);
	sl_source_key6(key, SL_SOURCE_ZONE(p->from), words, 64);
}

/* The answer of a source's bucket: within, over, or no room to know it. */
static enum sl_drop ask_source(struct sl_worker *w, const struct sl_source_key *key,
			       const struct sl_source_limit *limit, uint32_t *entry)
{
	switch (sl_source_take(&w->dp->limits->sources, key, limit, w->now_ns, entry)) {
	case SL_SOURCE_WITHIN:
		return SL_DROP_NONE;
	case SL_SOURCE_FULL:
		return SL_DROP_LIMIT_TABLE_FULL;
	default:
		return SL_DROP_SOURCE_FLOOD;
	}
}

static enum sl_drop judge(struct sl_worker *w, const struct sl_pkt *p, const struct sl_rate *rate,
			  enum sl_flood_kind kind, const struct sl_rate *source)
{
	uint64_t *bucket = &w->dp->limits->zone[p->from].full_at[kind];
	const struct sl_source_limit limit = {.rate = *source};
	struct sl_source_key key;
	enum sl_drop reason;
	uint32_t entry;

	if (rate->step && !sl_rate_has(rate, bucket, w->now_ns))
		return SL_DROP_ZONE_FLOOD;
	if (source->step) {
		key_of(p, &key);
		reason = ask_source(w, &key, &limit, &entry);
		if (reason)
			return reason;
	}
	if (!rate->step || sl_rate_take(rate, bucket, w->now_ns))
		return SL_DROP_NONE;
	if (source->step)
		sl_source_undo(&w->dp->limits->sources, entry, &key, &limit);
	return SL_DROP_ZONE_FLOOD;
}

enum sl_drop sl_flood(struct sl_worker *w, const struct sl_pkt *p)
{
	uint8_t protocol = p->family == 4 ? p->key4.proto : p->key6.proto;
	enum sl_flood_kind kind = kind_of(protocol, p->family);
	const struct sl_tables_floods *zone = &w->tables->floods[p->from % SL_MAX_ZONES];
	struct sl_rate rate = {zone->step[kind], zone->depth[kind]};
	struct sl_rate source = {zone->step[SL_FLOOD_KINDS], zone->depth[SL_FLOOD_KINDS]};

	if (likely(!(rate.step | source.step)) ||
	    (unlikely(w->offline) && sl_offline_stateless(w)))
		return SL_DROP_NONE;
	return judge(w, p, &rate, kind, &source);
}
