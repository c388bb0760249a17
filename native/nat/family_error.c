/* SPDX-License-Identifier: BSD-3-Clause */
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "ip/checksum.h"
#include "ip/icmp_quote.h"
#include "ip/ip6_parse.h"
#include "ip/l4_parse.h"
#include "nat/embed.h"
#include "nat/family.h"
#include "session/sequence.h"

/* Type, code and what follows the checksum. */
struct message {
	uint8_t type, code;
	uint32_t field;
};

/* RFC 1191 7.1: what links take, for routers that do not say. */
static uint32_t plateau(uint32_t length)
{
	static const uint16_t links[] = {65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296};

	for (uint32_t i = 0; i < RTE_DIM(links); i++)
		if (links[i] < length)
			return links[i];
	return 68;
}

/* RFC 7915 4.2 and 5.2: where the field that is at fault lies in the other header; 255: nowhere. */
static uint8_t pointer6(uint8_t at)
{
	static const uint8_t to[] = {0, 1, 4, 4, 255, 255, 255, 255, 7, 6, 255, 255};

	if (at < RTE_DIM(to))
		return to[at];
	return at < 16 ? 8 : at < 20 ? 24 : 255;
}

static uint8_t pointer4(uint32_t at)
{
	static const uint8_t to[] = {0, 1, 255, 255, 2, 2, 9, 8};

	if (at < RTE_DIM(to))
		return to[at];
	return at < 24 ? 12 : at < 40 ? 16 : 255;
}

/* RFC 7915 4.2. `quoted`: total length of the packet in question. False: it has no counterpart. */
static bool message6(const uint8_t *icmp, uint32_t quoted, struct message *out)
{
	uint32_t mtu = sl_get16(icmp + 6);

	*out = (struct message){.type = 1, .code = 0};
	switch (icmp[0]) {
	case 3:
		switch (icmp[1]) {
		case 2: /* protocol: the next header field */
			*out = (struct message){4, 1, 6};
			return true;
		case 3:
			out->code = 4;
			return true;
		case 4:
			mtu = (mtu ? mtu : plateau(quoted)) + 20;
			*out = (struct message){2, 0, RTE_MAX(mtu, SL_IP6_LEAST_MTU)};
			return true;
		case 9:
		case 10:
		case 13:
		case 15:
			out->code = 1;
			return true;
		case 14:
			return false;
		default:
			return icmp[1] <= 12;
		}
	case 11:
		*out = (struct message){3, icmp[1], 0};
		return true;
	case 12:
		*out = (struct message){4, 0, pointer6(icmp[4])};
		return icmp[1] != 1 && out->field != 255;
	default:
		return false;
	}
}

/* RFC 7915 5.2. */
static bool message4(const uint8_t *icmp, struct message *out)
{
	uint32_t field = sl_get32(icmp + 4);

	switch (icmp[0]) {
	case 1:
		*out = (struct message){3, icmp[1] == 1 ? 10 : icmp[1] == 4 ? 3 : 1, 0};
		return icmp[1] <= 4;
	case 2:
		*out = (struct message){3, 4, RTE_MIN(field - 20, (uint32_t)UINT16_MAX)};
		return true; /* 1,280 or more, the quote's parser saw */
	case 3:
		*out = (struct message){11, icmp[1], 0};
		return true;
	case 4:
		if (icmp[1] == 1) {
			*out = (struct message){3, 2, 0};
			return true;
		}
		*out = (struct message){12, 0, pointer4(field)};
		if (icmp[1] != 0 || out->field == 255)
			return false;
		out->field <<= 24;
		return true;
	default:
		return false;
	}
}

static void add(uint8_t *at, uint64_t sum)
{
	uint16_t checksum;

	memcpy(&checksum, at, 2);
	checksum = (uint16_t)~sl_checksum_fold(sum + (uint16_t)~checksum);
	memcpy(at, &checksum, 2);
}

/*
 * The quoted transport header as its sender wrote it. `family`: of the quote as it came; `length`
 * bytes are said to be there, `have` (8 or more) are.
 */
static void restore(uint8_t *l4, uint32_t have, uint32_t length, uint8_t family,
		    const struct sl_session *s)
{
	const struct sl_key4 *four = &sl_entry6(s)->key[1].key4;
	const struct sl_key6 *six = &sl_entry6(s)->key[0].key6;
	uint16_t sport = family == 4 ? six->sport : four->sport, sum;
	uint16_t dport = family == 4 ? six->dport : four->dport;
	uint16_t delta = family == 4 ? (uint16_t)~s->l4_delta : s->l4_delta;

	if (s->protocol == IPPROTO_ICMPV6) {
		uint8_t before[2] = {l4[0], l4[1]};

		l4[0] = sl_family_query(l4[0]);
		memcpy(l4 + 4, &sport, 2);
		add(l4 + 2, delta + sl_family_icmp_sum(family, before, l4, length));
		return;
	}
	memcpy(l4, &sport, 2);
	memcpy(l4 + 2, &dport, 2);
	if (s->protocol == IPPROTO_TCP) {
		if (have >= 18)
			add(l4 + 16, delta);
		return;
	}
	memcpy(&sum, l4 + 6, 2);
	if (sum != 0)
		add(l4 + 6, delta);
}

/* The message in place of the packet. */
static bool put(struct rte_mbuf *m, struct sl_pkt *p, const uint8_t *ip, uint32_t header,
		uint32_t length)
{
	uint16_t type = header == 20 ? RTE_BE16(0x0800) : RTE_BE16(0x86dd);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);

	if ((uint32_t)m->buf_len - m->data_off < p->l3 + length)
		return false;
	if (m->next) {
		rte_pktmbuf_free(m->next);
		m->next = NULL;
		m->nb_segs = 1;
	}
	m->pkt_len = p->l3 + length;
	m->data_len = (uint16_t)m->pkt_len;
	memcpy(frame + p->l3 - 2, &type, 2);
	memcpy(frame + p->l3, ip, length);
	p->key_family = p->family;
	p->family = header == 20 ? 4 : 6;
	p->l4 = (uint16_t)(p->l3 + header);
	p->l3_length = (uint16_t)header;
	p->l4_length = (uint16_t)(length - header);
	return true;
}

static void number(const struct sl_session *s, const struct sl_pkt *p, uint8_t *l4, uint32_t have)
{
	if (unlikely(s->flags & SL_SESSION_SEQUENCE) && s->protocol == IPPROTO_TCP)
		(void)sl_sequence_quote(p, l4, have);
}

static void head(uint8_t *icmp, const struct message *message)
{
	icmp[0] = message->type;
	icmp[1] = message->code;
	memset(icmp + 2, 0, 2);
	sl_put16(icmp + 4, message->field >> 16);
	sl_put16(icmp + 6, message->field);
}

static void finish(uint8_t *icmp, uint32_t length, uint64_t pseudo)
{
	uint16_t sum;

	icmp[length] = 0; /* the odd byte's other half */
	for (uint32_t i = 0; i < length; i += 2) {
		memcpy(&sum, icmp + i, 2);
		pseudo += sum;
	}
	sum = (uint16_t)~sl_checksum_fold(pseudo);
	memcpy(icmp + 2, &sum, 2);
}

/* From an IPv4 router or server to the client. */
static enum sl_drop error6(struct rte_mbuf *m, const struct sl_session *s, uint32_t quote)
{
	const struct sl_key6 *six = &sl_entry6(s)->key[0].key6;
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4), *inner = icmp + 8;
	uint32_t header = (inner[0] & 15) * 4u, total = sl_get16(inner + 2), have;
	uint8_t out[SL_IP6_LEAST_MTU + 4], from[16];
	struct message message;

	if (total < header || !message6(icmp, total, &message))
		return SL_DROP_NAT64_UNTRANSLATABLE;
	/* Who reports is shown by the prefix that the client used (RFC 7915 4.1), if there is one. */
	memcpy(from, six->dst, 16);
	if (s->l3_delta)
		sl_nat64_embed(six->dst, s->l3_delta, ip + 12, from);
	have = RTE_MIN(quote - header, SL_IP6_LEAST_MTU - 88);
	memcpy(out + 88, inner + header, have);
	number(s, p, out + 88, have);
	restore(out + 88, have, total - header, 4, s);
	sl_family_head6(out + 48, six->src, six->dst, inner[1], inner[8], s->protocol,
			total - header);
	head(out + 40, &message);
	sl_family_head6(out, from, six->src, ip[1], ip[8], IPPROTO_ICMPV6, 48 + have);
	finish(out + 40, 48 + have,
	       sl_checksum_words(out + 8, 32) + rte_cpu_to_be_16((uint16_t)(48 + have)) +
		       RTE_BE16(IPPROTO_ICMPV6));
	return put(m, p, out, 40, 88 + have) ? SL_DROP_NONE : SL_DROP_NO_MBUF;
}

/* From an IPv6 router or the client to the server; who reports has no IPv4 address (RFC 6791). */
static enum sl_drop error4(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s,
			   uint32_t quote)
{
	const struct sl_key4 *four = &sl_entry6(s)->key[1].key4;
	const struct sl_key4 sent = {.src = four->dst, .dst = four->src}; /* as head4 turns it */
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4), *inner = icmp + 8;
	uint8_t out[SL_IP6_LEAST_MTU + 4], proto = s->protocol;
	uint8_t class = (uint8_t)(inner[0] << 4 | inner[1] >> 4);
	uint32_t payload = sl_get16(inner + 4) + 40u, have;
	struct sl_ip6_chain chain;
	struct message message;

	if (sl_ip6_walk(inner, quote, &chain) != SL_DROP_NONE || payload < chain.length ||
	    !message4(icmp, &message))
		return SL_DROP_NAT64_UNTRANSLATABLE;
	payload -= chain.length;
	if (proto == IPPROTO_ICMPV6)
		proto = IPPROTO_ICMP;
	have = RTE_MIN(quote - chain.length, SL_IP6_LEAST_MTU - 48);
	memcpy(out + 48, inner + chain.length, have);
	number(s, p, out + 48, have);
	restore(out + 48, have, payload, 6, s);
	sl_family_head4(w, out + 28, &sent, class, inner[7], proto, 20 + payload);
	head(out + 20, &message);
	sl_family_head4(w, out, four, (uint8_t)(ip[0] << 4 | ip[1] >> 4), ip[7], IPPROTO_ICMP,
			48 + have);
	finish(out + 20, 28 + have, 0);
	return put(m, p, out, 20, 48 + have) ? SL_DROP_NONE : SL_DROP_NO_MBUF;
}

enum sl_drop sl_family_error(struct sl_worker *w, struct rte_mbuf *m, const struct sl_session *s)
{
	const struct sl_pkt *p = sl_pkt(m);
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	uint32_t have = RTE_MIN((uint32_t)rte_pktmbuf_data_len(m) - p->l4, (uint32_t)p->l4_length);
	uint32_t quote = sl_icmp_quoted(p, icmp, have - 8); /* RFC 4884: extensions stay behind */

	return p->family == 4 ? error6(m, s, quote) : error4(w, m, s, quote);
}
