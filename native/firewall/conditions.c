/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/conditions.h"

#include <netinet/in.h>

#include "tables/schedule.h"

void sl_seen_packet(const struct rte_mbuf *m, uint16_t out, uint64_t now_s, struct sl_seen *seen)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *ip = frame + p->l3;

	*seen = (struct sl_seen){
		.now_s = now_s,
		.mac = SL_SEEN_NO_MAC,
		.opened_by = SL_RULE_NOT_ASKED,
		.in = p->flags & SL_PKT_FROM_HOST ? SL_IFACE_NONE : p->iface,
		.out = out,
		.tcp_flags = p->tcp_flags,
	};
	/* RFC 2474 3: the upper six bits of the IPv4 TOS and of the IPv6 traffic class. */
	seen->dscp = p->family == 4 ? ip[1] >> 2 : (uint8_t)((ip[0] & 15) << 2 | ip[1] >> 6);
	if (p->flags & SL_PKT_FROM_HOST)
		return;
	seen->mac = 0;
	for (int i = 6; i < 12; i++)
		seen->mac = seen->mac << 8 | frame[i];
}

void sl_seen_session(uint32_t rule, uint16_t in, uint16_t out, uint64_t now_s, struct sl_seen *seen)
{
	*seen = (struct sl_seen){
		.now_s = now_s, .mac = SL_SEEN_NO_MAC, .opened_by = rule, .in = in, .out = out};
}

static bool has_mac(const struct sl_image_rule_macs *macs, uint32_t n, uint64_t mac)
{
	uint32_t low = 0;

	while (low < n) {
		uint32_t middle = low + (n - low) / 2;

		if (macs[middle].mac == mac)
			return true;
		if (macs[middle].mac < mac)
			low = middle + 1;
		else
			n = middle;
	}
	return false;
}

static bool has_iface(const struct sl_image_rule_ifaces *ifaces, uint32_t n, uint16_t slot)
{
	for (uint32_t i = 0; i < n; i++)
		if (ifaces[i].iface == slot)
			return true;
	return n == 0;
}

/* What only the first packet of a flow has. */
static bool first_holds(const struct sl_image *image, const struct sl_image_rule_extras *x,
			const struct sl_flow *flow, const struct sl_seen *seen)
{
	if (x->macs && !has_mac(&image->rule_macs[x->first_mac], x->macs, seen->mac))
		return false;
	if (x->dscp && !(x->dscp >> (seen->dscp & 63) & 1))
		return false;
	if (x->tcp_mask) {
		bool equal = (seen->tcp_flags & x->tcp_mask) == x->tcp_value;

		if (flow->proto != IPPROTO_TCP || equal == !!(x->flags & SL_EXTRA_TCP_NOT))
			return false;
	}
	return true;
}

static bool holds(const struct sl_tables *tables, const struct sl_image_rule_extras *x,
		  uint32_t slot, const struct sl_flow *flow, const struct sl_seen *seen)
{
	const struct sl_image *image = &tables->image;
	const struct sl_image_rule_ifaces *ifaces = &image->rule_ifaces[x->first_iface];

	if (!has_iface(ifaces, x->in, seen->in) || !has_iface(ifaces + x->in, x->out, seen->out))
		return false;
	if (x->translation != SL_TRANSLATION_NONE && x->translation != seen->translation)
		return false;
	if (x->schedule != SL_SCHEDULE_NONE && !sl_schedule_active(image, x->schedule, seen->now_s))
		return false;
	if (seen->opened_by == SL_RULE_NOT_ASKED)
		return first_holds(image, x, flow, seen);
	if (x->macs || x->dscp || x->tcp_mask || (x->flags & SL_EXTRA_OVER_NEXT))
		return seen->opened_by == slot;
	return true;
}

/* The last condition, since it counts: is the rule within its limits? */
static bool within(const struct sl_image_rule_extras *x, const struct sl_rule *rule,
		   const struct sl_flow *flow, const struct sl_seen *seen)
{
	return !(x->flags & SL_EXTRA_OVER_NEXT) || !seen->claim ||
	       sl_limit_admit(seen->worker, rule, flow, seen->claim) == SL_DROP_NONE;
}

const struct sl_rule *sl_conditions_settle(const struct sl_tables *tables, uint16_t from,
					   uint16_t to, const struct sl_flow *flow,
					   const struct sl_seen *seen, const struct sl_rule *rule)
{
	struct sl_cursor cursor = {0};

	while (rule && (rule->flags & SL_RULE_CONDITION)) {
		const struct sl_image_rule_extras *x = sl_tables_extra(tables, rule);

		if (x && holds(tables, x, rule->slot, flow, seen) && within(x, rule, flow, seen))
			break;
		rule = sl_tables_judge_after(tables, from, to, flow, rule, &cursor);
	}
	return rule;
}
