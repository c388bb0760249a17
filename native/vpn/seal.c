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

/*
 * The outer header of a packet of `length` bytes (RFC 4301 5.1.2): what the inner one says of it.
 * Put together in registers: a checksum over what was just stored byte by byte would wait for it.
 */
static void outer4(const struct sl_sa *sa, uint8_t *outer, uint32_t length, uint8_t tos, bool df,
		   uint64_t sequence)
{
	/* RFC 6864 4.1: the identification of what is not fragmented means nothing. */
	uint32_t id = df ? RTE_BE16(0x4000) << 16 : rte_cpu_to_be_16((uint16_t)sequence);
	uint32_t first = 0x45u | (uint32_t)tos << 8 |
			 (uint32_t)rte_cpu_to_be_16((uint16_t)length) << 16;
	uint16_t sum = (uint16_t)~sl_checksum_fold((uint64_t)sa->outer_sum + first + id), hop;
	uint32_t words[3] = {first, id};

	memcpy(&hop, sa->outer + 8, 2);
	words[2] = hop | (uint32_t)sum << 16;
	memcpy(outer, words, sizeof(words));
	memcpy(outer + 12, sa->outer + 12, 8);
}

static void outer6(const struct sl_sa *sa, uint8_t *outer, uint32_t length, uint8_t tos)
{
	uint32_t first = 0x60u | tos >> 4 | (uint32_t)(uint8_t)(tos << 4) << 8, second;

	memcpy(&second, sa->outer + 4, 4);
	second = (second & 0xffff0000) | rte_cpu_to_be_16((uint16_t)(length - 40));
	memcpy(outer, &first, 4);
	memcpy(outer + 4, &second, 4);
	memcpy(outer + 8, sa->outer + 8, 32);
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
	pad = -(length + SL_ESP_TRAILER) & (sa->align - 1u);
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
		/* RFC 3948 2.1: the checksum stays zero; what is inside has a better one. */
		uint32_t udp = rte_cpu_to_be_16((uint16_t)(whole - sa->outer_length + 8));

		memcpy(esp - 8, sa->outer + sa->outer_length - 8, 4);
		memcpy(esp - 4, &udp, 4);
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
	b->digest[i].va = tail + pad + SL_ESP_TRAILER; /* straight to where it belongs */
	return SL_DROP_NONE;
}
