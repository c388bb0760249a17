/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/syn_cookie.h"

#include "ip/l4_parse.h"
#include "session/hash.h"
#include "session/table.h"
#include "session/tcp_options.h"

#define HALF_MINUTE 15u /* 32,768 ms as a shift */
#define HASH 0x00ffffffu

/* What real stacks announce; below the first one there is nothing sensible. */
static const uint16_t sizes[8] = {216, 536, 1220, 1360, 1400, 1440, 1452, 1460};
static const int8_t scales[8] = {-1, 0, 2, 4, 6, 7, 8, 10};

struct sl_syn_offer sl_syn_offer(const uint8_t *tcp, uint16_t length)
{
	unsigned int size, at = sl_tcp_option(tcp, length, SL_TCP_OPTION_MSS, &size);
	struct sl_syn_offer offer = {.mss = 536}; /* RFC 9293 3.7.1 */

	if (at && size == 4)
		offer.mss = sl_get16(tcp + at + 2);
	offer.scale = (int8_t)sl_tcp_wscale(tcp, length);
	offer.sack = sl_tcp_option(tcp, length, SL_TCP_OPTION_SACK_OK, &size) != 0;
	return offer;
}

uint32_t sl_syn_options(const struct sl_syn_offer *offer, uint8_t *options)
{
	uint32_t n = 4;

	options[0] = SL_TCP_OPTION_MSS;
	options[1] = 4;
	options[2] = (uint8_t)(offer->mss >> 8);
	options[3] = (uint8_t)offer->mss;
	if (offer->sack) {
		memcpy(options + n, (const uint8_t[]){SL_TCP_OPTION_NOP, SL_TCP_OPTION_NOP,
						      SL_TCP_OPTION_SACK_OK, 2},
		       4);
		n += 4;
	}
	if (offer->scale >= 0) {
		memcpy(options + n, (const uint8_t[]){SL_TCP_OPTION_NOP, SL_TCP_OPTION_WSCALE, 3,
						      (uint8_t)offer->scale}, 4);
		n += 4;
	}
	return n;
}

/* The bits above the hash, of what is offered; the offer becomes what they say. */
static uint32_t hold(struct sl_syn_offer *offer)
{
	uint32_t size = 0, scale = 0;

	while (size < 7 && sizes[size + 1] <= offer->mss)
		size++;
	while (scale < 7 && scales[scale + 1] <= offer->scale)
		scale++;
	offer->mss = sizes[size];
	offer->scale = scales[scale];
	return scale << 28 | size << 25 | (uint32_t)offer->sack << 24;
}

static uint32_t hash(const struct sl_worker *w, const struct sl_pkt *p, uint32_t client,
		     uint32_t half_minute, uint32_t bits)
{
	const struct sl_hash_secret *secret = &w->dp->sessions->cookie_secret;
	uint64_t tuple = p->family == 4 ? sl_hash4(secret, &p->key4) : sl_hash6(secret, &p->key6);
	__m128i x = _mm_set_epi64x((long long)((uint64_t)half_minute << 32 | client),
				   (long long)(tuple ^ bits));

	return (uint32_t)sl_hash_finish(secret, _mm_xor_si128(x, secret->k[0])) & HASH;
}

uint32_t sl_syn_cookie(const struct sl_worker *w, const struct sl_pkt *p,
		       struct sl_syn_offer *offer)
{
	uint32_t half_minute = w->now_ms >> HALF_MINUTE;
	uint32_t bits = hold(offer) | (half_minute & 1) << 31;

	return bits | hash(w, p, p->tcp_seq, half_minute, bits);
}

bool sl_syn_cookie_ok(const struct sl_worker *w, const struct sl_pkt *p, struct sl_syn_offer *offer,
		      uint32_t *isn)
{
	uint32_t cookie = p->tcp_ack - 1, half_minute = w->now_ms >> HALF_MINUTE;
	uint32_t bits = cookie & ~HASH;

	half_minute -= (half_minute ^ cookie >> 31) & 1;
	*isn = p->tcp_seq - 1;
	if (hash(w, p, *isn, half_minute, bits) != (cookie & HASH)) {
		*isn = p->tcp_seq;
		if (hash(w, p, *isn, half_minute, bits) != (cookie & HASH))
			return false;
	}
	offer->scale = scales[cookie >> 28 & 7];
	offer->mss = sizes[cookie >> 25 & 7];
	offer->sack = cookie >> 24 & 1;
	return true;
}
