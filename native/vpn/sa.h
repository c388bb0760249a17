/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <assert.h>
#include <rte_crypto.h>
#include <stdatomic.h>

#include "core/datapath.h"
#include "vpn/replay.h"
#include "vpn/sa_message.h"

struct sl_sa_session; /* vpn/engine.h */

/*
 * A security association (RFC 4301 4.4.2). Its home worker alone assigns sequence numbers, checks
 * replay and counts; the control thread makes and takes it away, others find it and read line 0 and 1.
 */
struct sl_sa {
	struct sl_sa *_Atomic chain; /* next with the same hash */
	struct sl_sa_session *_Atomic using; /* its session on an engine */
	union rte_crypto_sym_ofs ofs;
	uint32_t spi; /* network order */
	uint8_t salt[4];
	uint16_t worker; /* home */
	uint16_t iface;	 /* tunnel interface slot; IFACE_NONE for none */
	uint16_t flags;	 /* SL_SA_ENCAP and so on */
	uint8_t suite; /* enum sl_suite */
	uint8_t direction;
	uint8_t family; /* outer */
	uint8_t iv;	/* bytes */
	uint8_t icv;
	uint8_t align; /* of payload and trailer; a power of two */
	uint8_t aead;  /* else cipher and HMAC */
	uint8_t counter_iv; /* unique is enough (RFC 4106 3.1), else unpredictable (RFC 3602 3) */
	uint8_t outer_length; /* of outer[] */
	uint16_t outer_sum; /* IPv4: of what is alike in every header, not yet inverted */
	uint8_t reserved[8];
	uint8_t outer[48]; /* outbound: IP and UDP header to begin with */
	uint8_t reserved1[16];
	/* the home worker's */
	uint64_t sequence __attribute__((aligned(64))); /* outbound: last one used */
	struct sl_replay replay;			/* inbound */
	uint64_t packets, bytes; /* bytes of inner packets */
	uint64_t replayed, forged;
	_Atomic uint32_t in_flight; /* with an engine's queues, or behind such */
	uint32_t used_ms;
	uint32_t adjacency; /* of the outer destination, good in */
	uint32_t epoch;	    /* this routing epoch */
	_Atomic uint8_t expired; /* 1: soft limit reached, 2: hard limit */
	_Atomic uint8_t moved;	 /* inbound: `remote` is set and the key exchange does not know of it */
	struct sl_sa_endpoint remote; /* where authentic packets come from now */
	/* fixed, but for the control thread */
	struct sl_sa_limit limit __attribute__((aligned(64)));
	uint32_t reqid;
	uint8_t source[16], destination[16];
	struct sl_sa_add *keys; /* for the next engine; the control thread's */
	uint16_t cipher, integrity; /* enum sl_sa_cipher, enum sl_sa_integrity */
	uint8_t key;		    /* bytes of the cipher's, salt left out */
	uint8_t told;		    /* of `expired`, to the key exchange */
	uint64_t made_ms;	    /* CLOCK_MONOTONIC */
	struct sl_sa *gone;	    /* list of those on their way out */
	uint64_t moved_ms;	    /* when it was last told where packets come from */
	uint8_t iv_key[11][16]; /* unpredictable IVs: sequence numbers under a cipher of its own */
} __attribute__((aligned(64)));
static_assert(offsetof(struct sl_sa, sequence) == 128, "what others read is not what is written");

/*
 * Would one more packet of so many inner bytes be beyond what the SA may be used for? Home worker;
 * the control thread tells the key exchange.
 */
static inline bool sl_sa_used_up(struct sl_sa *sa, uint32_t length)
{
	const struct sl_sa_limit *l = &sa->limit;
	uint64_t packets = sa->packets + 1, bytes = sa->bytes + length;

	if (unlikely((l->hard_packets && packets > l->hard_packets) ||
		     (l->hard_bytes && bytes > l->hard_bytes))) {
		sa->expired = 2;
		return true;
	}
	if (unlikely((l->soft_packets && packets >= l->soft_packets) ||
		     (l->soft_bytes && bytes >= l->soft_bytes)) && !sa->expired)
		sa->expired = 1;
	return false;
}

/* The SAs of a datapath, inbound SPIs that are spoken for, and policies (vpn/spd.h). */
struct sl_sad;

struct sl_sad *sl_sad_create(void);
void sl_sad_free(struct sl_sad *sad);

/*
 * Makes an SA from what the key exchange agreed on. if_id is the slot of its tunnel interface, which
 * the image in force has. 0, -EINVAL, -ENODEV, -EEXIST, -EOPNOTSUPP, -ENOSPC, -ENOMEM. Control thread.
 */
int sl_sad_add(struct sl_datapath *dp, const struct sl_sa_add *add);

/* Other outer addresses, ports or encapsulation; numbers and counters go on. Workers stand still. */
int sl_sad_update(struct sl_datapath *dp, const struct sl_sa_update *update);

/* -ENOENT when there is none. Waits for a grace period; so does the next. */
int sl_sad_delete(struct sl_datapath *dp, const struct sl_sa_name *name);

/* All of them, and the SPIs that were held. */
void sl_sad_flush(struct sl_datapath *dp);

/* Those of interfaces for which `stays` does not hold. */
void sl_sad_sweep(struct sl_datapath *dp, bool (*stays)(const struct sl_datapath *dp, uint32_t iface));

/* A random inbound SPI that no SA has, held for some minutes or until its SA comes; 0 if there is none. */
uint32_t sl_sad_hold(struct sl_datapath *dp, uint64_t now_ms);
/* -ENOENT if it was not held. */
int sl_sad_let_go(struct sl_datapath *dp, uint32_t spi);

/* The SA of this name, or NULL. Control thread. */
struct sl_sa *sl_sad_named(const struct sl_datapath *dp, const struct sl_sa_name *name);
struct sl_sa *sl_sad_outbound(const struct sl_datapath *dp, uint16_t iface, uint32_t spi, uint32_t reqid);
uint32_t sl_sad_count(const struct sl_datapath *dp);
/* Every one of them, in no order. Control thread. */
void sl_sad_each(const struct sl_datapath *dp, void (*see)(struct sl_sa *sa, void *context), void *context);
/* Frees those that were taken away while packets of theirs were at an engine, and now are not. */
void sl_sad_settle(void);

/* What a record says of it: SPI, direction and both ends. */
void sl_sa_name(const struct sl_sa *sa, struct sl_sa_name *name);
bool sl_sa_name_ok(const struct sl_sa_name *name);
bool sl_sa_endpoint_ok(const struct sl_sa_endpoint *endpoint);

/* Workers: an inbound SA by SPI (network order) and local outer address, or NULL. */
struct sl_sa *sl_sad_inbound(const struct sl_datapath *dp, uint32_t spi, uint8_t family,
			     const uint8_t *destination);
/* And an outbound one, by its SPI and both outer addresses. */
struct sl_sa *sl_sad_toward(const struct sl_datapath *dp, uint32_t spi, uint8_t family,
			    const uint8_t *source, const uint8_t *destination);
