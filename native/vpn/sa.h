/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <assert.h>
#include <rte_crypto.h>
#include <stdatomic.h>

#include "core/datapath.h"
#include "vpn/replay.h"
#include "vpn/sa_message.h"

/*
 * A security association (RFC 4301 4.4.2). Its home worker alone assigns sequence numbers, checks
 * replay and counts; the control thread makes and takes it away, others find it and read line 0 and 1.
 */
struct sl_sa {
	struct sl_sa *_Atomic chain; /* next with the same hash */
	void *session;		     /* of the crypto device */
	union rte_crypto_sym_ofs ofs;
	uint32_t spi; /* network order */
	uint8_t salt[4];
	uint16_t worker; /* home */
	uint16_t iface;	 /* tunnel interface slot; IFACE_NONE for none */
	uint16_t flags;	 /* SL_SA_ENCAP and so on */
	uint8_t device;
	uint8_t direction;
	uint8_t family; /* outer */
	uint8_t iv;	/* bytes */
	uint8_t icv;
	uint8_t align; /* of payload and trailer */
	uint8_t aead;  /* else cipher and HMAC */
	uint8_t counter_iv; /* unique is enough (RFC 4106 3.1), else unpredictable (RFC 3602 3) */
	uint8_t outer_length; /* of outer[] */
	uint8_t reserved[11];
	uint8_t outer[48]; /* outbound: IP and UDP header to begin with */
	uint8_t reserved1[16];
	/* the home worker's */
	uint64_t sequence __attribute__((aligned(64))); /* outbound: last one used */
	struct sl_replay replay;			/* inbound */
	uint64_t packets, bytes; /* bytes of inner packets */
	uint64_t replayed, forged;
	uint32_t used_ms;
	uint32_t adjacency; /* of the outer destination, good in */
	uint32_t epoch;	    /* this routing epoch */
	_Atomic uint8_t expired; /* 1: soft limit reached, 2: hard limit */
	/* fixed */
	struct sl_sa_limit limit __attribute__((aligned(64)));
	uint32_t reqid;
	uint8_t source[16], destination[16];
	uint8_t iv_key[11][16]; /* unpredictable IVs: sequence numbers under a cipher of its own */
} __attribute__((aligned(64)));
static_assert(offsetof(struct sl_sa, sequence) == 128, "what others read is not what is written");

/* The SAs of a datapath and, by tunnel interface, the one that seals. */
struct sl_sad;

struct sl_sad *sl_sad_create(void);
void sl_sad_free(struct sl_sad *sad);

/*
 * Makes an SA from what the key exchange agreed on; an outbound one of a tunnel interface (if_id is
 * its slot) seals from then on what goes out there. Waits for a grace period where one is replaced.
 * 0, -EINVAL, -EEXIST, -EOPNOTSUPP, -ENOMEM. Control thread.
 */
int sl_sad_add(struct sl_datapath *dp, const struct sl_sa_add *add);

/* -ENOENT when there is none. If it sealed for an interface, another one of that takes over. */
int sl_sad_delete(struct sl_datapath *dp, const struct sl_sa_name *name);

/* All of them. */
void sl_sad_flush(struct sl_datapath *dp);

/* The SA of this name, or NULL. Control thread. */
struct sl_sa *sl_sad_named(const struct sl_datapath *dp, const struct sl_sa_name *name);
uint32_t sl_sad_count(const struct sl_datapath *dp);

/* Workers: an inbound SA by SPI (network order) and local outer address, or NULL. */
struct sl_sa *sl_sad_inbound(const struct sl_datapath *dp, uint32_t spi, uint8_t family,
			     const uint8_t *destination);
/* Workers: the one that seals for a tunnel interface, or NULL while it is down. */
struct sl_sa *sl_sad_outbound(const struct sl_datapath *dp, uint16_t iface);
