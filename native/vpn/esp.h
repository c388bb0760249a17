/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <errno.h>
#include <rte_cryptodev.h>

#include "core/graph.h"
#include "vpn/engine.h"
#include "vpn/gcm.h"
#include "vpn/sa.h"

#define SL_ESP_HEADER 8
/* RFC 4303 2.4, 2.6: pad length and next header. */
#define SL_ESP_TRAILER 2
#define SL_ESP_ICV_MOST 32

/* sl_pkt.family of what is on its way to the home worker of an SA; nowhere else. */
#define SL_ESP_TO_SEAL 0x10
#define SL_ESP_TO_OPEN 0x20

struct sl_esp_batch;
void sl_flight_send(struct sl_worker *w, struct sl_sa *sa, struct sl_sa_session *use,
		    struct sl_esp_batch *b);

/* A burst of one SA for its crypto device. */
struct sl_esp_batch {
	uint32_t n;
	struct rte_mbuf *m[SL_BURST];
	uint16_t at[SL_BURST]; /* place in the node's burst */
	uint64_t sequence[SL_BURST];
	struct rte_crypto_vec data[SL_BURST];
	struct rte_crypto_sgl sgl[SL_BURST];
	struct rte_crypto_va_iova_ptr iv[SL_BURST], aad[SL_BURST], digest[SL_BURST];
	int32_t status[SL_BURST];
	uint8_t nonce[SL_BURST][16];
	uint8_t beside[SL_BURST][16];
	uint8_t icv[SL_BURST][SL_ESP_ICV_MOST]; /* inbound: what came; outbound: see digest[] */
};

/* What the device has to know of packet `i`: `esp` is its ESP header, `length` all before the ICV. */
static inline void sl_esp_describe(const struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i,
				   uint8_t *esp, uint32_t length, uint64_t sequence)
{
	uint32_t high = rte_cpu_to_be_32((uint32_t)(sequence >> 32));
	bool esn = sa->flags & SL_SA_ESN;

	if (sa->aead) {
		/* RFC 4106 4 and 5, RFC 7634 2 and 2.1 */
		memcpy(b->nonce[i], sa->salt, 4);
		memcpy(b->nonce[i] + 4, esp + SL_ESP_HEADER, 8);
		memcpy(b->beside[i], esp, 4);
		memcpy(b->beside[i] + 4, &high, 4);
		memcpy(b->beside[i] + (esn ? 8 : 4), esp + 4, 4);
		b->data[i].base = esp + SL_ESP_HEADER + 8;
		b->data[i].len = length - SL_ESP_HEADER - 8;
	} else {
		memcpy(b->nonce[i], esp + SL_ESP_HEADER, 16);
		/* RFC 4303 2.2.1: the high half is authenticated behind the trailer, never sent. */
		if (esn)
			memcpy(esp + length, &high, 4);
		b->data[i].base = esp;
		b->data[i].len = length + (esn ? 4 : 0);
	}
	b->data[i].tot_len = b->data[i].len;
	b->sgl[i] = (struct rte_crypto_sgl){.vec = &b->data[i], .num = 1};
	b->iv[i].va = b->nonce[i];
	b->aad[i].va = b->beside[i];
	b->digest[i].va = b->icv[i];
}

/* The batch from `from` on at once, by a synchronous engine; b->status says how each went. */
static inline void sl_esp_process_by(const struct sl_sa *sa, const struct sl_sa_session *use,
				     struct sl_esp_batch *b, uint32_t from)
{
	struct rte_crypto_sym_vec vec = {
		.num = b->n - from,
		.src_sgl = b->sgl + from,
		.iv = b->iv + from,
		.digest = b->digest + from,
		.aad = b->aad + from,
		.status = b->status + from,
	};

	if (use->device == SL_ENGINE_OWN) {
		for (uint32_t i = from; i < b->n; i++) {
			const struct sl_gcm_packet p = {
				.data = b->data[i].base,
				.length = b->data[i].len,
				.nonce = b->nonce[i],
				.beside = b->beside[i],
				.beside_length = sa->flags & SL_SA_ESN ? 12 : 8,
				.tag = b->digest[i].va,
			};

			b->status[i] = sl_gcm_process(use->session, &p) ? 0 : EBADMSG;
		}
		return;
	}
	memset(b->status + from, 0xff, (b->n - from) * sizeof(b->status[0]));
	rte_cryptodev_sym_cpu_crypto_process(use->device, use->session, sa->ofs, &vec);
}

/*
 * How many of a described batch, its first ones, other workers are to do; 0 for most: this worker has
 * time, nobody else has, or it would cost more than it saves.
 */
uint32_t sl_spread_share_of(const struct sl_worker *w, const struct sl_sa *sa,
			    const struct sl_sa_session *use, const struct sl_esp_batch *b);

static inline uint32_t sl_spread_share(const struct sl_worker *w, const struct sl_sa *sa,
				       const struct sl_sa_session *use,
				       const struct sl_esp_batch *b)
{
	if (likely(!atomic_load_explicit(&w->pressed, memory_order_relaxed)))
		return 0;
	return sl_spread_share_of(w, sa, use, b);
}

/* True: done. False: some are with the engine now, b->status says which (vpn/flight.h). */
static inline bool sl_esp_process(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b)
{
	struct sl_sa_session *use = atomic_load_explicit(&sa->using, memory_order_acquire);

	if (unlikely(use->lookaside || sa->in_flight || sl_spread_share(w, sa, use, b))) {
		sl_flight_send(w, sa, use, b);
		return false;
	}
	sl_esp_process_by(sa, use, b, 0);
	return true;
}

/*
 * Outbound, before and after the device: `m` is a frame whose IP packet begins at sl_pkt.l3; it
 * becomes an IP packet at 0, the outer headers before ESP. A reason when it cannot.
 */
enum sl_drop sl_esp_seal(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i);

static inline void sl_esp_sealed(const struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i)
{
	struct sl_pkt *p = sl_pkt(b->m[i]);
	uint16_t header = sa->family == 4 ? 20 : 40;

	p->flags &= SL_PKT_TRACED | SL_PKT_GENERATED;
	p->family = sa->family;
	p->l3 = 0;
	p->l4 = p->l3_length = header;
	p->l4_length = (uint16_t)(rte_pktmbuf_pkt_len(b->m[i]) - header);
}

/*
 * Inbound: `m` is a validated packet of ESP, or of UDP with ESP in it; it becomes a frame with the
 * inner packet behind an Ethernet header of zeros at sl_pkt.l3, and *ethertype says what it is.
 */
enum sl_drop sl_esp_open(struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i);
enum sl_drop sl_esp_opened(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b,
			   uint32_t i, uint16_t *ethertype);

/* What becomes of packet `i` of a batch after its device: a reason to drop it, or it goes on. */
enum sl_drop sl_esp_out_done(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b,
			     uint32_t i);
enum sl_drop sl_esp_in_done(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i,
			    uint16_t *ethertype);

/* Takes packets out of a node's burst whose edge is SL_ESP_AWAY; how many are left. */
#define SL_ESP_AWAY 0xff
static inline uint16_t sl_esp_stay(void **objs, rte_edge_t *next, uint16_t n)
{
	uint16_t left = 0;

	for (uint16_t i = 0; i < n; i++) {
		objs[left] = objs[i];
		next[left] = next[i];
		left += next[i] != SL_ESP_AWAY;
	}
	return left;
}
