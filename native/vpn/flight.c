/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/spread.h"

#include <errno.h>
#include <rte_cryptodev.h>
#include <rte_malloc.h>

struct sl_flights *_Atomic sl_flights[SL_MAX_WORKERS];
static struct rte_mempool *ops;

int sl_flights_create(struct sl_datapath *dp)
{
	/* As many again may be with an engine that has failed. */
	unsigned int count = 2 * SL_ENGINE_DEPTH * dp->workers + 64;

	ops = rte_crypto_op_pool_create("esp-ops", RTE_CRYPTO_OP_TYPE_SYMMETRIC, count, 64,
					sizeof(struct sl_flight), SOCKET_ID_ANY);
	if (!ops)
		return -ENOMEM;
	for (unsigned int i = 0; i < dp->workers; i++) {
		struct sl_flights *f = rte_zmalloc("flights", sizeof(*f), RTE_CACHE_LINE_SIZE);

		if (!f || sl_spread_create(dp, i, f) < 0)
			return -ENOMEM;
		atomic_store_explicit(&sl_flights[i], f, memory_order_release);
	}
	return 0;
}

struct rte_crypto_op *sl_flight_alloc(void)
{
	return rte_crypto_op_alloc(ops, RTE_CRYPTO_OP_TYPE_SYMMETRIC);
}

void sl_flight_fill(const struct sl_sa *sa, struct rte_crypto_op *op)
{
	struct sl_flight *f = sl_flight_of(op);
	struct rte_crypto_sym_op *sym = op->sym;
	uint32_t head = SL_ESP_HEADER + (uint32_t)sa->iv;
	uint8_t *icv = f->icv;
	rte_iova_t icv_at = op->phys_addr + (uint64_t)(icv - (uint8_t *)op);

	sym->m_src = f->m;
	sym->m_dst = NULL;
	rte_crypto_op_attach_sym_session(op, f->use->session);
	if (sa->aead) {
		sym->aead.data.offset = f->esp + head;
		sym->aead.data.length = f->length - head;
		sym->aead.digest.data = icv;
		sym->aead.digest.phys_addr = icv_at;
		sym->aead.aad.data = f->beside;
		sym->aead.aad.phys_addr = op->phys_addr + (uint64_t)(f->beside - (uint8_t *)op);
	} else {
		sym->cipher.data.offset = f->esp + head;
		sym->cipher.data.length = f->length - head;
		sym->auth.data.offset = f->esp;
		sym->auth.data.length = f->length + (sa->flags & SL_SA_ESN ? 4 : 0);
		sym->auth.digest.data = icv;
		sym->auth.digest.phys_addr = icv_at;
	}
}

/* A copy with what goes with it; NULL when buffers are short: it is then lost with its engine. */
static struct rte_mbuf *spare_of(const struct sl_worker *w, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, w->dp->pool, 0, UINT32_MAX);

	if (copy)
		memcpy(sl_pkt(copy), sl_pkt(m), sizeof(struct sl_pkt));
	return copy;
}

static struct rte_crypto_op *take(struct sl_worker *w, struct sl_sa *sa, struct sl_sa_session *use,
				  struct sl_esp_batch *b, uint32_t i)
{
	struct sl_flights *fl = sl_flights_of(w);
	struct rte_crypto_op *op;
	struct sl_flight *f;
	uint8_t *start = rte_pktmbuf_mtod(b->m[i], uint8_t *);
	const uint8_t *end = (const uint8_t *)b->data[i].base + b->data[i].len;
	uint32_t head = sa->aead ? SL_ESP_HEADER + (uint32_t)sa->iv : 0;

	if (unlikely(fl->tail - fl->head == SL_ENGINE_DEPTH))
		return NULL;
	op = sl_flight_alloc();
	if (unlikely(!op))
		return NULL;
	f = sl_flight_of(op);
	*f = (struct sl_flight){.sa = sa, .use = use, .m = b->m[i], .sequence = b->sequence[i],
				.sent_ms = w->now_ms, .status = b->status[i]};
	f->esp = (uint16_t)((uint8_t *)b->data[i].base - start - head);
	f->length = head + b->data[i].len - (!sa->aead && sa->flags & SL_SA_ESN ? 4 : 0);
	/* Queues look no further than the packet says it goes. */
	if (end > start + b->m[i]->data_len) {
		f->behind = (uint16_t)(end - start - b->m[i]->data_len);
		b->m[i]->data_len = (uint16_t)(b->m[i]->data_len + f->behind);
		b->m[i]->pkt_len += f->behind;
	}
	memcpy(f->nonce, b->nonce[i], sizeof(f->nonce));
	memcpy(f->beside, b->beside[i], sizeof(f->beside));
	memcpy(f->icv, b->digest[i].va, sa->icv);
	fl->op[fl->tail++ % SL_ENGINE_DEPTH] = op;
	atomic_fetch_add_explicit(&use->in_flight, 1, memory_order_relaxed);
	sa->in_flight++;
	return op;
}

static void forget(struct sl_flight *f)
{
	atomic_fetch_sub_explicit(&f->use->in_flight, 1, memory_order_release);
}

/* The last ones of the line, which their engine did not take. */
static void take_back(struct sl_flights *fl, struct sl_esp_batch *b, struct rte_crypto_op **op,
		      const uint32_t *at, uint32_t from, uint32_t n)
{
	for (uint32_t k = n; k-- > from;) {
		struct sl_flight *f = sl_flight_of(op[k]);

		rte_pktmbuf_free(f->spare);
		rte_pktmbuf_trim(f->m, f->behind);
		f->sa->in_flight--;
		forget(f);
		b->status[at[k]] = ENOBUFS;
		rte_crypto_op_free(op[k]);
		fl->tail--;
	}
}

void sl_flight_send(struct sl_worker *w, struct sl_sa *sa, struct sl_sa_session *use,
		    struct sl_esp_batch *b)
{
	struct rte_crypto_op *op[SL_BURST];
	uint32_t at[SL_BURST], n = 0, sent, share = 0;

	if (!use->lookaside) {
		share = sl_spread_share(w, sa, use, b);
		for (uint32_t i = 0; i < share; i++) {
			op[i] = take(w, sa, use, b, i);
			if (!op[i]) {
				share = i;
				break;
			}
			b->status[i] = SL_FLIGHT_TAKEN;
		}
		sl_spread_ask(w, op, share);
		sl_esp_process_by(sa, use, b, share);
	}
	for (uint32_t i = share; i < b->n; i++) {
		struct rte_crypto_op *one = take(w, sa, use, b, i);

		b->status[i] = one ? SL_FLIGHT_TAKEN : ENOBUFS;
		if (!one)
			continue;
		if (use->lookaside) {
			sl_flight_of(one)->spare = spare_of(w, b->m[i]);
			sl_flight_fill(sa, one);
		} else {
			sl_flight_of(one)->done = true;
		}
		at[n] = i;
		op[n++] = one;
	}
	if (!use->lookaside)
		return;
	sent = rte_cryptodev_enqueue_burst(use->device, (uint16_t)w->index, op, (uint16_t)n);
	sl_flights_of(w)->with[use->engine] += sent;
	take_back(sl_flights_of(w), b, op, at, sent, n);
}

/* An engine gave it back. */
static void back(struct sl_flights *fl, struct rte_crypto_op *op)
{
	struct sl_flight *f = sl_flight_of(op);

	if (unlikely(f->abandoned)) {
		fl->abandoned--;
		rte_pktmbuf_free(f->m);
		forget(f);
		rte_crypto_op_free(op);
		return;
	}
	f->status = likely(op->status == RTE_CRYPTO_OP_STATUS_SUCCESS)	  ? 0 :
		    op->status == RTE_CRYPTO_OP_STATUS_AUTH_FAILED ? EBADMSG :
								     EIO;
	f->done = true;
}

void sl_flight_at_once(struct sl_esp_batch *b, struct rte_crypto_op **op, uint32_t n)
{
	const struct sl_flight *first = sl_flight_of(op[0]);

	b->n = n;
	for (uint32_t i = 0; i < n; i++) {
		struct sl_flight *f = sl_flight_of(op[i]);

		b->m[i] = f->m;
		sl_esp_describe(f->sa, b, i, rte_pktmbuf_mtod_offset(f->m, uint8_t *, f->esp),
				f->length, f->sequence);
		b->digest[i].va = f->icv;
	}
	sl_esp_process_by(first->sa, first->use, b, 0);
	for (uint32_t i = 0; i < n; i++) {
		struct sl_flight *f = sl_flight_of(op[i]);

		f->status = b->status[i];
		atomic_store_explicit(&f->done, true, memory_order_release);
	}
}

/* Its engine failed with it: what it was goes to the one that the SA has now, under its old number. */
static void again(struct sl_worker *w, struct rte_crypto_op **slot)
{
	struct sl_flight *f = sl_flight_of(*slot), *g;
	struct sl_sa_session *use = atomic_load_explicit(&f->sa->using, memory_order_acquire);
	struct sl_esp_batch *b = &sl_flights_of(w)->batch;
	struct rte_crypto_op *op;

	if (use == f->use)
		return;
	op = sl_flight_alloc();
	if (!op)
		return; /* in the next turn */
	g = sl_flight_of(op);
	*g = *f;
	g->use = use;
	g->m = f->spare;
	g->spare = NULL;
	g->sent_ms = w->now_ms;
	f->abandoned = true;
	sl_flights_of(w)->abandoned++;
	f->spare = NULL;
	atomic_fetch_add_explicit(&use->in_flight, 1, memory_order_relaxed);
	*slot = op;
	if (!g->m) {
		/* There was no buffer for a copy: a packet of nothing takes its place. */
		g->status = EIO;
		g->done = true;
	} else if (use->lookaside) {
		sl_flight_fill(g->sa, op);
		if (rte_cryptodev_enqueue_burst(use->device, (uint16_t)w->index, &op, 1) == 1) {
			sl_flights_of(w)->with[use->engine]++;
			return;
		}
		g->status = EIO;
		g->done = true;
	} else {
		sl_flight_at_once(b, &op, 1);
	}
}

static void look_after(struct sl_worker *w)
{
	struct sl_flights *fl = sl_flights_of(w);

	for (uint32_t i = fl->head; i != fl->tail; i++) {
		struct rte_crypto_op **slot = &fl->op[i % SL_ENGINE_DEPTH];
		struct sl_flight *f = sl_flight_of(*slot);
		struct sl_engine *e = &sl_engines[f->use->engine];

		if (f->done || f->helped)
			continue;
		if (atomic_load_explicit(&e->state, memory_order_acquire) == SL_ENGINE_FAILED)
			again(w, slot);
		else if (w->now_ms - f->sent_ms > SL_ENGINE_STALL_MS)
			atomic_store(&e->stalled, true);
		else
			return; /* all behind it are younger */
	}
}

void sl_flight_poll(struct sl_worker *w)
{
	struct sl_flights *fl = sl_flights_of(w);

	for (unsigned int e = 0; e < sl_engine_count; e++) {
		struct rte_crypto_op *op[SL_BURST];
		uint16_t n;

		if (fl->with[e] == 0)
			continue;
		n = rte_cryptodev_dequeue_burst(sl_engines[e].device, (uint16_t)w->index, op,
						SL_BURST);
		fl->with[e] -= n;
		for (uint16_t i = 0; i < n; i++)
			back(fl, op[i]);
	}
	if (fl->head != fl->tail && !sl_flight_of(fl->op[fl->head % SL_ENGINE_DEPTH])->done) {
		if (sl_flight_of(fl->op[fl->head % SL_ENGINE_DEPTH])->helped)
			sl_spread_take_back(w);
		look_after(w);
	}
}

struct sl_sa *sl_flight_landed(struct sl_worker *w)
{
	struct sl_flights *fl = sl_flights_of(w);
	struct sl_esp_batch *b = &fl->batch;
	struct sl_sa *sa = NULL;

	b->n = 0;
	while (fl->head != fl->tail && b->n < SL_BURST) {
		struct rte_crypto_op *op = fl->op[fl->head % SL_ENGINE_DEPTH];
		struct sl_flight *f = sl_flight_of(op);

		if (!f->done || (sa && f->sa != sa))
			break;
		sa = f->sa;
		fl->head++;
		sa->in_flight--;
		rte_pktmbuf_free(f->spare);
		if (f->m) {
			rte_pktmbuf_trim(f->m, f->behind);
			b->m[b->n] = f->m;
			b->sequence[b->n] = f->sequence;
			b->status[b->n] = f->status;
			if (sa->direction == SL_SA_OUT)
				memcpy(rte_pktmbuf_mtod_offset(f->m, uint8_t *,
							       f->m->data_len - sa->icv),
				       f->icv, sa->icv);
			b->n++;
		} else {
			w->drops[SL_DROP_ESP_ENGINE].packets++;
		}
		forget(f);
		rte_crypto_op_free(op);
	}
	return sa;
}

void sl_engine_failed(struct sl_sa *sa)
{
	struct sl_sa_session *use = atomic_load_explicit(&sa->using, memory_order_acquire);

	atomic_fetch_add_explicit(&sl_engines[use->engine].failures, 1, memory_order_relaxed);
}
