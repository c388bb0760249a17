/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <string.h>

#include "ip/l4_parse.h"
#include "vpn/spd_table.h"

/* How often a use is written down, ms: whoever asks counts in seconds. */
#define USED_MS 100

/* What a packet is to selectors. */
struct key {
	sl_spd_address source, destination;
	uint16_t source_port, destination_port; /* ICMP: type and code, in both */
	uint8_t protocol;
	uint8_t family; /* 0: IPv4, 1: IPv6 */
	bool opaque;	/* ports lie in another fragment, or there are none */
};

static sl_spd_address take(const uint8_t *bytes, unsigned int n)
{
	sl_spd_address a = 0;

	for (unsigned int i = 0; i < n; i++)
		a = a << 8 | bytes[i];
	return a;
}

/* Behind IPv6's extension headers; their number is bounded elsewhere, here only their bytes are. */
static uint32_t behind_extensions(const uint8_t *ip, uint32_t have, struct key *k)
{
	uint32_t at = 40;

	while (at + 8 <= have) {
		switch (k->protocol) {
		case IPPROTO_HOPOPTS:
		case IPPROTO_ROUTING:
		case IPPROTO_DSTOPTS:
			k->protocol = ip[at];
			at += (ip[at + 1] + 1u) * 8;
			break;
		case IPPROTO_FRAGMENT:
			k->opaque = sl_get16(ip + at + 2) & 0xfff8;
			k->protocol = ip[at];
			at += 8;
			if (k->opaque)
				return at;
			break;
		default:
			return at;
		}
	}
	return at;
}

/*
 * Bounded by what is there: inner packets were not looked at yet. A fragment that is not the first
 * has no ports; it fits whatever its addresses and protocol do, for the first one of its datagram
 * is asked with ports and the others share its fate in the firewall (RFC 4301 7.3).
 */
static bool read_key(const struct rte_mbuf *m, uint16_t l3, struct key *k)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3);
	uint32_t have = rte_pktmbuf_data_len(m), l4;

	have = have > l3 ? have - l3 : 0;
	if (have < 20)
		return false;
	k->opaque = false;
	k->family = ip[0] >> 4 == 6;
	if (!k->family) {
		k->source = sl_get32(ip + 12);
		k->destination = sl_get32(ip + 16);
		k->protocol = ip[9];
		k->opaque = sl_get16(ip + 6) & 0x1fff;
		l4 = (ip[0] & 15) * 4u;
	} else {
		if (have < 40)
			return false;
		k->source = take(ip + 8, 16);
		k->destination = take(ip + 24, 16);
		k->protocol = ip[6];
		l4 = behind_extensions(ip, have, k);
	}
	k->opaque |= have < l4 + 4;
	k->source_port = k->destination_port = 0;
	if (k->opaque)
		return true;
	if (k->protocol == IPPROTO_ICMP || k->protocol == IPPROTO_ICMPV6) {
		k->source_port = k->destination_port = sl_get16(ip + l4);
	} else if (k->protocol == IPPROTO_TCP || k->protocol == IPPROTO_UDP ||
		   k->protocol == IPPROTO_SCTP) {
		k->source_port = sl_get16(ip + l4);
		k->destination_port = sl_get16(ip + l4 + 2);
	}
	return true;
}

static bool end_fits(const struct sl_spd_ends *e, sl_spd_address address, uint16_t port, bool opaque)
{
	return address >= e->from && address <= e->to &&
	       (opaque || (port >= e->port_from && port <= e->port_to));
}

static bool fits(const struct sl_policy *p, const struct key *k)
{
	uint8_t protocol = p->record.source.protocol;

	return (protocol == 0 || protocol == k->protocol) &&
	       end_fits(&p->source, k->source, k->source_port, k->opaque) &&
	       end_fits(&p->destination, k->destination, k->destination_port, k->opaque);
}

/* The policies that hold at an address: from *at up to the returned end. */
static uint32_t holding(const struct sl_spd_family *f, sl_spd_address address, uint32_t *at)
{
	uint32_t low = 0, high = f->pieces;

	*at = 0;
	if (high == 0)
		return 0;
	while (high - low > 1) {
		uint32_t middle = (low + high) / 2;

		if (f->from[middle] <= address)
			low = middle;
		else
			high = middle;
	}
	*at = f->first[low];
	return f->first[low + 1];
}

static void use(struct sl_worker *w, struct sl_policy *p)
{
	if (likely(p->used && w->now_ms - p->used_ms < USED_MS))
		return;
	p->used_ms = w->now_ms;
	p->used = 1;
}

static void one(struct sl_sa_selector *s, const uint8_t *address, uint16_t port, const struct key *k)
{
	*s = (struct sl_sa_selector){.family = k->family ? 6 : 4, .protocol = k->protocol,
				     .port_from = port, .port_to = port};
	memcpy(s->from, address, k->family ? 16 : 4);
	memcpy(s->to, address, k->family ? 16 : 4);
}

/* One packet a policy is remembered until the control thread has told of it. */
static void ask_for(struct sl_policy *p, const uint8_t *ip, const struct key *k)
{
	uint8_t nobody = 0;

	if (atomic_load_explicit(&p->asked, memory_order_relaxed) ||
	    !atomic_compare_exchange_strong(&p->asked, &nobody, 1))
		return;
	one(&p->packet[0], ip + (k->family ? 8 : 12), k->source_port, k);
	one(&p->packet[1], ip + (k->family ? 24 : 16), k->destination_port, k);
	atomic_store_explicit(&p->asked, 2, memory_order_release);
}

static struct sl_policy *look_up(const struct sl_spd_family *f, const struct key *k)
{
	uint32_t at, end = holding(f, k->destination, &at);

	while (at < end && !fits(f->list[at], k))
		at++;
	return at < end ? f->list[at] : NULL;
}

enum sl_drop sl_spd_outbound(struct sl_worker *w, uint16_t iface, const struct rte_mbuf *m,
			     uint16_t l3, struct sl_sa **sa)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3);
	const struct sl_spd_table *table = atomic_load_explicit(
		&w->dp->sad->spd[SL_SA_OUT][iface % SL_MAX_IFACES], memory_order_acquire);
	struct sl_policy *p;
	struct key k;

	*sa = NULL;
	if (unlikely(!table))
		return SL_DROP_TUNNEL_DOWN;
	p = table->family[ip[0] >> 4 == 6].everything;
	if (unlikely(!p)) {
		p = read_key(m, l3, &k) ? look_up(&table->family[k.family], &k) : NULL;
		if (!p)
			return SL_DROP_ESP_SELECTOR;
	}
	if (unlikely(p->record.type != SL_SA_PROTECT))
		return SL_DROP_ESP_SELECTOR;
	*sa = atomic_load_explicit(&p->sa, memory_order_acquire);
	if (unlikely(!*sa)) {
		if (p->record.spi == 0 && read_key(m, l3, &k))
			ask_for(p, ip, &k);
		return SL_DROP_TUNNEL_DOWN;
	}
	if (likely((*sa)->worker == w->index))
		use(w, p);
	return SL_DROP_NONE;
}

bool sl_spd_inbound(struct sl_worker *w, const struct sl_sa *sa, const struct rte_mbuf *m, uint16_t l3)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, l3);
	const struct sl_spd_table *table = atomic_load_explicit(
		&w->dp->sad->spd[SL_SA_IN][sa->iface % SL_MAX_IFACES], memory_order_acquire);
	const struct sl_spd_family *f;
	struct sl_policy *p;
	uint32_t at, end;
	struct key k;

	if (unlikely(!table))
		return false;
	f = &table->family[ip[0] >> 4 == 6];
	p = f->everything;
	if (likely(p && p->record.reqid == sa->reqid && p->record.type == SL_SA_PROTECT)) {
		use(w, p);
		return true;
	}
	if (!read_key(m, l3, &k))
		return false;
	end = holding(f, k.source, &at);
	while (at < end && (f->list[at]->record.reqid != sa->reqid || !fits(f->list[at], &k)))
		at++;
	if (at == end || f->list[at]->record.type != SL_SA_PROTECT)
		return false;
	use(w, f->list[at]);
	return true;
}
