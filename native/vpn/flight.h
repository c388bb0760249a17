/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <rte_crypto.h>

#include "vpn/esp.h"

/*
 * Packets of a worker that are with an engine of its own queues. They leave in the order in which
 * they came, whatever engine had them: what an SA seals or opens at once meanwhile waits behind.
 */
struct sl_flight {
	struct sl_sa *sa;
	struct sl_sa_session *use;
	struct rte_mbuf *m;
	struct rte_mbuf *spare; /* as it was: for the next engine, if this one does not give it back */
	uint64_t sequence;
	uint32_t sent_ms;
	int32_t status;
	uint32_t length;  /* of ESP without its ICV */
	uint16_t esp;	  /* where it begins */
	uint16_t behind;  /* bytes that were put behind it, to go when it is back */
	atomic_bool done;
	bool helped; /* another worker does it: it is never lost */
	bool abandoned; /* another engine has it: if this one comes back it is of no use */
	uint8_t nonce[16];
	uint8_t beside[16];
	uint8_t icv[SL_ESP_ICV_MOST];
};

/* It lies behind its op. */
#define SL_FLIGHT_AT (sizeof(struct rte_crypto_op) + sizeof(struct rte_crypto_sym_op))
#define SL_FLIGHT_NONCE (SL_FLIGHT_AT + offsetof(struct sl_flight, nonce))

static inline struct sl_flight *sl_flight_of(struct rte_crypto_op *op)
{
	return (struct sl_flight *)(void *)((uint8_t *)op + SL_FLIGHT_AT);
}

struct sl_flights {
	struct rte_crypto_op *op[SL_ENGINE_DEPTH]; /* head..tail, oldest first */
	uint32_t head, tail;
	uint32_t with[SL_ENGINES]; /* ops that an engine has, abandoned ones too */
	uint32_t abandoned;	   /* these */
	struct sl_esp_batch batch; /* of those that are done */
	struct rte_ring *asked;	   /* ops of other workers that this one is to do (vpn/spread.h) */
};

/* By worker; NULL until the first SA of any. */
extern struct sl_flights *_Atomic sl_flights[SL_MAX_WORKERS];

static inline struct sl_flights *sl_flights_of(const struct sl_worker *w)
{
	return atomic_load_explicit(&sl_flights[w->index], memory_order_acquire);
}

/* Room for every worker's flights; once. 0 or -ENOMEM. Control thread. */
int sl_flights_create(struct sl_datapath *dp);
/* For sl_flights_create and calibration: an op with nothing in it, or NULL. */
struct rte_crypto_op *sl_flight_alloc(void);
/* What a device is to do for `sa` with f->m, whose fields are set. */
void sl_flight_fill(const struct sl_sa *sa, struct rte_crypto_op *op);

/*
 * Gives a described batch to the queues of `use`, or, where that is synchronous, processes it and
 * puts it behind what is on its way. b->status: SL_FLIGHT_TAKEN, or why not.
 */
#define SL_FLIGHT_TAKEN (-2)
void sl_flight_send(struct sl_worker *w, struct sl_sa *sa, struct sl_sa_session *use,
		    struct sl_esp_batch *b);

/* Does a run of flights of one SA and session now, by their synchronous engine; `b` is room for it. */
void sl_flight_at_once(struct sl_esp_batch *b, struct rte_crypto_op **op, uint32_t n);

/* Takes from the engines what they are done with, and what a failed one had to another. */
void sl_flight_poll(struct sl_worker *w);
/* The oldest ones that are done, of one SA, as a batch after its device; NULL when there is none. */
struct sl_sa *sl_flight_landed(struct sl_worker *w);

static inline bool sl_flights_any(const struct sl_worker *w)
{
	const struct sl_flights *f = sl_flights_of(w);

	return f && (f->head != f->tail || f->abandoned);
}

/* The engine of `sa` did not do what it was asked for; rare. */
void sl_engine_failed(struct sl_sa *sa);
