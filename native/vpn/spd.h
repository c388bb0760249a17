/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "vpn/sa.h"

/*
 * The policies of tunnel interfaces (RFC 4301 4.4.1), as the key exchange gives them. That a packet
 * goes into a tunnel at all is a matter of routes; policies say which of the SAs of its interface
 * seals it, and what may come out of which SA.
 */
typedef unsigned __int128 sl_spd_address; /* host order; IPv4 in the lowest 32 bits */

struct sl_spd_ends {
	sl_spd_address from, to;
	uint16_t port_from, port_to;
};

struct sl_policy {
	struct sl_sa_policy record;
	struct sl_spd_ends source, destination;
	uint64_t serial; /* of those alike the last one counts */
	uint32_t narrow; /* the more the narrower */
	bool everything; /* of its family */
	struct sl_policy *next;
	/* Outbound, to protect: its SA. None of a trap, and until the key exchange has agreed on one. */
	struct sl_sa *_Atomic sa;
	/* workers' */
	_Atomic uint32_t used_ms __attribute__((aligned(64)));
	_Atomic uint8_t used;
	/* 0: nobody asks for an SA; 1: a worker is writing for what packet; 2: it is written */
	_Atomic uint8_t asked;
	struct sl_sa_selector packet[2]; /* source, destination */
	/* the control thread's */
	uint64_t asked_ms; /* when the key exchange was last told */
};

/* 0, -EINVAL, -ENODEV without its interface, -EEXIST, -EOPNOTSUPP, -ENOSPC, -ENOMEM. Control thread. */
int sl_spd_add(struct sl_datapath *dp, const struct sl_sa_policy *record);
/* That one, all fields alike; -ENOENT. */
int sl_spd_delete(struct sl_datapath *dp, const struct sl_sa_policy *record);
const struct sl_policy *sl_spd_find(const struct sl_datapath *dp, const struct sl_sa_policy *record);
void sl_spd_flush(struct sl_datapath *dp);
/* Those of interfaces for which `stays` does not hold go. */
void sl_spd_sweep(struct sl_datapath *dp, bool (*stays)(const struct sl_datapath *dp, uint32_t iface));
uint32_t sl_spd_count(const struct sl_datapath *dp);
void sl_spd_each(const struct sl_datapath *dp, void (*see)(struct sl_policy *policy, void *context),
		 void *context);

/* An outbound SA is there, or on its way out: policies that name it have it, or no longer. */
void sl_spd_sa_added(struct sl_datapath *dp, struct sl_sa *sa);
void sl_spd_sa_gone(struct sl_datapath *dp, struct sl_sa *sa);

/*
 * Workers: what seals the packet of `m`, whose IP header lies at `l3`, out of tunnel interface
 * `iface`; or a reason why it goes nowhere. A trap that has no SA yet remembers the packet.
 */
enum sl_drop sl_spd_outbound(struct sl_worker *w, uint16_t iface, const struct rte_mbuf *m,
			     uint16_t l3, struct sl_sa **sa);

/* Workers: may the packet at `l3` come out of this SA (RFC 4301 5.2, step 4)? */
bool sl_spd_inbound(struct sl_worker *w, const struct sl_sa *sa, const struct rte_mbuf *m, uint16_t l3);
