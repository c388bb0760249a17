/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_byteorder.h>

#include "ip/checksum.h"
#include "ip/l4_parse.h"
#include "ip/pull.h"
#include "vpn/esp.h"

/* Where ESP begins and how long it is; false if its datagram is too short for it. */
static bool locate(const struct sl_sa *sa, const struct rte_mbuf *m, uint32_t *at, uint32_t *length)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *l4 = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);

	*at = p->l4;
	*length = p->l4_length;
	if (sa->flags & SL_SA_ENCAP) {
		/* RFC 768: at least its header and at most what IP brought, the parser saw to it. */
		*at += 8;
		*length = sl_get16(l4 + 4) - 8u;
	}
	return *length >= (uint32_t)SL_ESP_HEADER + sa->iv + SL_ESP_TRAILER + sa->icv &&
	       ((*length - SL_ESP_HEADER - sa->iv - sa->icv) & (sa->align - 1u)) == 0;
}

enum sl_drop sl_esp_open(struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i)
{
	struct rte_mbuf *m = b->m[i];
	uint32_t at, length;
	uint64_t sequence;
	uint8_t *esp;

	if (unlikely(!locate(sa, m, &at, &length)))
		return SL_DROP_ESP_TRUNCATED;
	if (unlikely(m->nb_segs > 1)) {
		sl_trim(m, at + length);
		if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) < 0)
			return SL_DROP_ESP_TOO_LONG;
	}
	esp = rte_pktmbuf_mtod_offset(m, uint8_t *, at);
	sequence = sl_get32(esp + 4);
	if (sa->flags & SL_SA_ESN)
		sequence = sl_replay_guess(&sa->replay, (uint32_t)sequence);
	/* RFC 4303 3.4.3: before anything costly, and again once it is known to be authentic. */
	if (unlikely(!sl_replay_fresh(&sa->replay, sequence))) {
		sa->replayed++;
		return SL_DROP_ESP_REPLAY;
	}
	b->sequence[i] = sequence;
	length -= sa->icv;
	memcpy(b->icv[i], esp + length, sa->icv);
	sl_esp_describe(sa, b, i, esp, length, sequence);
	sl_trim(m, at + length);
	sl_pkt(m)->l4 = (uint16_t)(at + SL_ESP_HEADER + sa->iv);
	return SL_DROP_NONE;
}

/* RFC 4303 2.4: what was added is 1, 2, 3, … */
static bool pad_ok(const uint8_t *pad, uint32_t n)
{
	for (uint32_t k = 0; k < n; k++)
		if (pad[k] != k + 1)
			return false;
	return true;
}

static void set_tos(uint8_t *ip, bool v6, uint8_t tos)
{
	uint16_t before, after, sum;

	if (v6) {
		ip[0] = (uint8_t)(0x60 | tos >> 4);
		ip[1] = (uint8_t)((ip[1] & 0x0f) | tos << 4);
		return;
	}
	memcpy(&before, ip, 2);
	ip[1] = tos;
	memcpy(&after, ip, 2);
	memcpy(&sum, ip + 10, 2);
	sum = sl_checksum_update(sum, before, after);
	memcpy(ip + 10, &sum, 2);
}

/* RFC 6040 4.2: congestion seen outside goes on inside, unless the flow cannot be told of it. */
static enum sl_drop carry_over(const struct sl_sa *sa, uint8_t outer, uint8_t *ip, bool v6)
{
	uint8_t inner = v6 ? (uint8_t)(ip[0] << 4 | ip[1] >> 4) : ip[1], tos = inner;

	if (sa->flags & SL_SA_COPY_ECN) {
		if ((outer & 3) == 3 && (inner & 3) == 0)
			return SL_DROP_ESP_CONGESTION;
		if ((outer & 3) == 3 || ((outer & 3) == 1 && (inner & 3) == 2))
			tos = (uint8_t)((tos & 0xfc) | (outer & 3));
	}
	if (sa->flags & SL_SA_DSCP_IN)
		tos = (uint8_t)((tos & 3) | (outer & 0xfc));
	if (unlikely(tos != inner))
		set_tos(ip, v6, tos);
	return SL_DROP_NONE;
}

/* RFC 4303 3.4.4: number and keys were right; what was in it? */
static enum sl_drop unwrap(struct sl_sa *sa, struct rte_mbuf *m, uint16_t *ethertype)
{
	struct sl_pkt *p = sl_pkt(m);
	const uint8_t *outer = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	uint8_t *inner = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4), tos;
	uint32_t length = rte_pktmbuf_pkt_len(m) - p->l4, pad;
	bool v6;

	pad = inner[length - 2];
	if (pad + SL_ESP_TRAILER > length ||
	    !pad_ok(inner + length - SL_ESP_TRAILER - pad, pad))
		return SL_DROP_ESP_BAD_INNER;
	v6 = inner[length - 1] == IPPROTO_IPV6;
	/* RFC 4303 2.6: made to hide how much is said. */
	if (inner[length - 1] == IPPROTO_NONE)
		return SL_DROP_ESP_DUMMY;
	if (!v6 && inner[length - 1] != IPPROTO_IPIP)
		return SL_DROP_ESP_BAD_INNER;
	length -= SL_ESP_TRAILER + pad;
	if (length < (v6 ? 40u : 20u) || inner[0] >> 4 != (v6 ? 6 : 4))
		return SL_DROP_ESP_BAD_INNER;
	if (unlikely(sl_sa_used_up(sa, length)))
		return SL_DROP_ESP_EXPIRED;
	tos = sa->family == 4 ? outer[1] : (uint8_t)(outer[0] << 4 | outer[1] >> 4);
	sl_trim(m, p->l4 + length);
	*ethertype = v6 ? RTE_BE16(0x86dd) : RTE_BE16(0x0800);
	sa->packets++;
	sa->bytes += length;
	return carry_over(sa, tos, inner, v6);
}

/*
 * RFC 7296 2.23: authentic packets from elsewhere than before, as when a NAT has forgotten and made
 * a new mapping. The key exchange decides what follows. Before unwrap(): the outer header is there.
 */
static void notice_move(struct sl_sa *sa, const struct rte_mbuf *m)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *outer = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	const uint8_t *udp = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3 + p->l3_length);
	uint8_t length = sa->family == 4 ? 4 : 16;

	outer += sa->family == 4 ? 12 : 8;
	if (likely(memcmp(outer, sa->source, length) == 0 &&
		   memcmp(udp, sa->outer + sa->outer_length - 8, 2) == 0))
		return;
	if (atomic_load_explicit(&sa->moved, memory_order_acquire))
		return;
	sa->remote = (struct sl_sa_endpoint){.family = sa->family, .port = sl_get16(udp)};
	memcpy(sa->remote.address, outer, length);
	atomic_store_explicit(&sa->moved, 1, memory_order_release);
}

enum sl_drop sl_esp_opened(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b,
			   uint32_t i, uint16_t *ethertype)
{
	struct rte_mbuf *m = b->m[i];
	struct sl_pkt *p = sl_pkt(m);
	enum sl_drop reason;
	uint8_t *frame;

	if (unlikely(b->status[i])) {
		sa->forged++;
		return SL_DROP_ESP_AUTHENTICATION;
	}
	/* Another one of this burst may have had its number. */
	if (unlikely(!sl_replay_fresh(&sa->replay, b->sequence[i]))) {
		sa->replayed++;
		return SL_DROP_ESP_REPLAY;
	}
	sl_replay_mark(&sa->replay, b->sequence[i]);
	sa->used_ms = w->now_ms;
	if (sa->flags & SL_SA_ENCAP)
		notice_move(sa, m);
	reason = unwrap(sa, m, ethertype);
	if (unlikely(reason))
		return reason;
	/* At least the outer IP and ESP headers are gone from before it: there is room. */
	frame = (uint8_t *)rte_pktmbuf_adj(m, (uint16_t)(p->l4 - 14));
	memset(frame, 0, 12);
	memcpy(frame + 12, ethertype, 2);
	p->flags &= SL_PKT_TRACED;
	p->family = 0;
	p->l3 = 14;
	p->iface = sa->iface;
	p->adjacency = 0;
	return SL_DROP_NONE;
}
