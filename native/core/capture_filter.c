/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/capture_filter.h"

#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

bool sl_capture_filter_valid(const struct sl_capture_filter *f)
{
	uint8_t longest = f->family == 4 ? 32 : f->family == 6 ? 128 : 0;

	return (f->family == 0 || longest) && f->source_length <= longest &&
	       f->destination_length <= longest && f->address_length <= longest &&
	       f->protocol <= SL_PROTO_ANY && f->snap >= SL_CAPTURE_SNAP_LEAST &&
	       f->snap <= SL_CAPTURE_SNAP_MOST && f->rate >= 1 && f->rate <= SL_CAPTURE_RATE_MOST &&
	       !(f->flags & ~(SL_CAPTURE_DROPPED | SL_CAPTURE_NEW));
}

static bool prefix_fits(const uint8_t *address, const uint8_t *prefix, uint8_t length)
{
	unsigned int bytes = length / 8, rest = length % 8;

	return memcmp(address, prefix, bytes) == 0 &&
	       (!rest || ((address[bytes] ^ prefix[bytes]) & (0xff00 >> rest & 0xff)) == 0);
}

static bool addresses_fit(const struct sl_capture_filter *f, const struct sl_pkt *p)
{
	bool four = sl_pkt_key_family(p) == 4;
	const uint8_t *src = four ? (const uint8_t *)&p->key4.src : p->key6.src;
	const uint8_t *dst = four ? (const uint8_t *)&p->key4.dst : p->key6.dst;

	return sl_pkt_key_family(p) == f->family && prefix_fits(src, f->source, f->source_length) &&
	       prefix_fits(dst, f->destination, f->destination_length) &&
	       (prefix_fits(src, f->address, f->address_length) ||
		prefix_fits(dst, f->address, f->address_length));
}

static bool service_fits(const struct sl_capture_filter *f, const struct sl_pkt *p)
{
	uint8_t family = sl_pkt_key_family(p);
	uint16_t sport, dport, proto;

	if (family == 0)
		return false;
	proto = family == 4 ? p->key4.proto : p->key6.proto;
	if (p->flags & SL_PKT_ICMP_ERROR)
		proto = family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	sport = rte_be_to_cpu_16(family == 4 ? p->key4.sport : p->key6.sport);
	dport = rte_be_to_cpu_16(family == 4 ? p->key4.dport : p->key6.dport);
	if (f->protocol != SL_PROTO_ANY && f->protocol != proto)
		return false;
	return f->port == 0 || ((proto == IPPROTO_TCP || proto == IPPROTO_UDP || proto == IPPROTO_SCTP) &&
				(f->port == sport || f->port == dport));
}

bool sl_capture_fits(const struct sl_capture_filter *f, const struct sl_pkt *p, uint8_t fate)
{
	uint16_t from = p->flags & SL_PKT_FROM_HOST ? SL_ZONE_LOCAL : p->from;
	uint16_t to = fate == SL_FATE_LOCAL ? SL_ZONE_LOCAL : p->to;

	if ((f->flags & SL_CAPTURE_DROPPED && fate != SL_FATE_DROPPED) ||
	    (f->flags & SL_CAPTURE_NEW && p->session_how == SL_SESSION_NONE &&
	     fate != SL_FATE_DROPPED))
		return false;
	if ((f->from && f->from != from) || (f->to && f->to != to) ||
	    (f->zone && f->zone != from && f->zone != to))
		return false;
	if ((f->iface && f->iface != p->iface && f->iface != p->out_iface) ||
	    (f->rule != SL_RULE_NOT_ASKED && f->rule != p->rule) ||
	    (f->reason && (fate != SL_FATE_DROPPED || f->reason != p->reason)))
		return false;
	if ((f->port || f->protocol != SL_PROTO_ANY) && !service_fits(f, p))
		return false;
	return f->family == 0 || addresses_fit(f, p);
}
