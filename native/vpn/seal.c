/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_byteorder.h>
#include <wmmintrin.h>

#include "ip/checksum.h"
#include "ip/l4_parse.h"
#include "ip/pull.h"
#include "vpn/esp.h"

/* RFC 4303 3.3.3: a number is not used twice, with ESN or without. */
static bool numbers_end(struct sl_sa *sa)
{
	if (likely(sa->sequence < (sa->flags & SL_SA_ESN ? UINT64_MAX : UINT32_MAX)))
		return false;
	sa->expired = 2;
	return true;
}

/* RFC 3602 3: not to be foretold by who chooses the plaintext, so numbers go through a cipher. */
static void unpredictable(const struct sl_sa *sa, uint64_t sequence, uint8_t *iv)
{
	__m128i x = _mm_set_epi64x(0, (long long)sequence);

	x = _mm_xor_si128(x, _mm_loadu_si128((const __m128i *)(const void *)sa->iv_key[0]));
	for (unsigned int i = 1; i < 10; i++)
		x = _mm_aesenc_si128(
			x, _mm_loadu_si128((const __m128i *)(const void *)sa->iv_key[i]));
	x = _mm_aesenclast_si128(x, _mm_loadu_si128((const __m128i *)(const void *)sa->iv_key[10]));
	_mm_storeu_si128((__m128i *)(void *)iv, x);
}

/* The outer header of a packet of `length` bytes (RFC 4301 5.1.2): what the inner one says of it. */
static void outer4(const struct sl_sa *sa, uint8_t *outer, uint32_t length, uint8_t tos, bool df,
		   uint64_t sequence)
{
	uint16_t field, sum;

	memcpy(outer, sa->outer, sa->outer_length);
	outer[1] = tos;
	field = rte_cpu_to_be_16((uint16_t)length);
	memcpy(outer + 2, &field, 2);
	/* RFC 6864 4.1: the identification of what is not fragmented means nothing. */
	field = df ? 0 : rte_cpu_to_be_16((uint16_t)sequence);
	memcpy(outer + 4, &field, 2);
	outer[6] = df ? 0x40 : 0;
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(outer, 20));
	memcpy(outer + 10, &sum, 2);
}

static void outer6(const struct sl_sa *sa, uint8_t *outer, uint32_t length, uint8_t tos)
{
	uint16_t field = rte_cpu_to_be_16((uint16_t)(length - 40));

	memcpy(outer, sa->outer, sa->outer_length);
	outer[0] = (uint8_t)(0x60 | tos >> 4);
	outer[1] = (uint8_t)(tos << 4);
	memcpy(outer + 4, &field, 2);
}

/* RFC 6040 4.1 (normal mode: as inside; else compatibility mode: none) and RFC 2983. */
static uint8_t outer_tos(const struct sl_sa *sa, uint8_t inner)
{
	return (uint8_t)((sa->flags & SL_SA_DSCP_OUT ? inner & 0xfc : 0) |
			 (sa->flags & SL_SA_COPY_ECN ? inner & 3 : 0));
}

enum sl_drop sl_esp_seal(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i)
{
	struct rte_mbuf *m = b->m[i];
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *ip = (uint8_t *)rte_pktmbuf_adj(m, p->l3), *esp, *tail, version, tos;
	uint32_t length = rte_pktmbuf_pkt_len(m), pad, head, whole, low;
	uint64_t sequence;
	bool df;

	if (unlikely(m->nb_segs > 1 && rte_pktmbuf_linearize(m) < 0))
		return SL_DROP_ESP_TOO_LONG;
	if (unlikely(numbers_end(sa) || sl_sa_used_up(sa, length)))
		return SL_DROP_ESP_EXPIRED;
	version = ip[0] >> 4;
	tos = version == 4 ? ip[1] : (uint8_t)(ip[0] << 4 | ip[1] >> 4);
	/* RFC 4301 8.1; what has no DF of its own is fragmented by its sender alone (RFC 8200 5). */
	df = !(sa->flags & SL_SA_COPY_DF) || version == 6 || ip[6] & 0x40;
	pad = (sa->align - (length + SL_ESP_TRAILER) % sa->align) % sa->align;
	tail = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)(pad + SL_ESP_TRAILER + sa->icv));
	head = (uint32_t)sa->outer_length + SL_ESP_HEADER + sa->iv;
	if (unlikely(!tail))
		return SL_DROP_ESP_TOO_LONG;
	ip = (uint8_t *)rte_pktmbuf_prepend(m, (uint16_t)head);
	if (unlikely(!ip))
		return SL_DROP_ESP_TOO_LONG;
	for (uint32_t k = 0; k < pad; k++)
		tail[k] = (uint8_t)(k + 1); /* RFC 4303 2.4 */
	tail[pad] = (uint8_t)pad;
	tail[pad + 1] = version == 4 ? IPPROTO_IPIP : IPPROTO_IPV6;

	sequence = ++sa->sequence;
	sa->packets++;
	sa->bytes += length;
	sa->used_ms = w->now_ms;
	whole = rte_pktmbuf_pkt_len(m);
	esp = ip + sa->outer_length;
	if (sa->family == 4)
		outer4(sa, ip, whole, outer_tos(sa, tos), df, sequence);
	else
		outer6(sa, ip, whole, outer_tos(sa, tos));
	if (sa->flags & SL_SA_ENCAP) {
		uint16_t udp = rte_cpu_to_be_16((uint16_t)(whole - sa->outer_length + 8));

		/* RFC 3948 2.1: the checksum stays zero; what is inside has a better one. */
		memcpy(esp - 4, &udp, 2);
	}
	memcpy(esp, &sa->spi, 4);
	low = rte_cpu_to_be_32((uint32_t)sequence);
	memcpy(esp + 4, &low, 4);
	if (sa->counter_iv) {
		uint64_t iv = rte_cpu_to_be_64(sequence);

		memcpy(esp + SL_ESP_HEADER, &iv, 8);
	} else {
		unpredictable(sa, sequence, esp + SL_ESP_HEADER);
	}
	b->sequence[i] = sequence;
	sl_esp_describe(sa, b, i, esp, whole - sa->outer_length - sa->icv, sequence);
	return SL_DROP_NONE;
}

void sl_esp_sealed(const struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i)
{
	struct rte_mbuf *m = b->m[i];
	struct sl_pkt *p = sl_pkt(m);
	uint32_t whole = rte_pktmbuf_pkt_len(m), header = sa->family == 4 ? 20 : 40;

	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, whole - sa->icv), b->icv[i], sa->icv);
	p->flags &= SL_PKT_TRACED | SL_PKT_GENERATED;
	p->family = sa->family;
	p->l3 = 0;
	p->l4 = p->l3_length = (uint16_t)header;
	p->l4_length = (uint16_t)(whole - header);
}
