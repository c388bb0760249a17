/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "session/entry.h"
#include "tables/tables.h"

struct sl_expected;

/*
 * Network address translation (RFC 2663, RFC 4787). A session's two keys are what it does: each is
 * the flow as it is on the wire on its side, and what leaves is the other one turned round. Rules
 * match real addresses: the destination after translation, the source before it.
 */

/* An end of a flow, network order; IPv4 lies in the first four bytes. */
struct sl_nat_end {
	uint8_t address[16];
	uint16_t port; /* ICMP queries: the identifier */
};

/* What the rules say of a new flow, before an address or port is taken. */
struct sl_nat {
	uint32_t arrival;	  /* slot of the rule that gave the destination; TRANSLATION_NONE */
	uint32_t departure;	  /* slot of the rule that will give the source; TRANSLATION_NONE */
	uint32_t backend;	  /* slot of the balancer's choice; 0 without one */
	const struct sl_image_balancers *balancer; /* NULL without one */
	uint16_t reason;	  /* enum sl_drop: why there is no destination */
	uint8_t family;		  /* of `server` and `client` */
	bool nat64;		  /* it is not the flow's: 4, that 6 */
	uint8_t prefix;		  /* NAT64: bits of the prefix that was asked for; 0 of a balancer */
	bool one_way;		  /* the packet stays as it is, `server` is who it goes to */
	bool midstream;		  /* its connections may be picked up in their middle */
	bool absent;		  /* no backend serves: `server` is one of them, for the policy alone */
	uint8_t tunnel;		  /* one way: SL_BALANCE_IPIP or _GUE of the packet around it; 0 */
	uint16_t tunnel_port;	  /* GUE: network order */
	bool hairpin;		  /* the source becomes the box's: a server beside its client, full NAT */
	const struct sl_expected *expected; /* a helper announced the flow, and says it all; NULL */
	struct sl_nat_end server; /* the real destination */
	struct sl_nat_end client; /* the source as the server sees it, once taken */
};

/*
 * What destination NAT does with a flow: `rule` is the first match of sl_tables_arrivals, NULL
 * without one. With a match `flow`, and nat->server, have the real destination after it; without
 * one nat->server is as in `flow`. `port` is the destination port of its key.
 */
void sl_nat_arrive(struct sl_worker *w, const struct sl_rule *rule, struct sl_flow *flow,
		   uint16_t port, struct sl_nat *nat);

/* The same of a flow that a helper announced; sl_nat_search() finds its source too. */
void sl_nat_expected(const struct sl_expected *expected, struct sl_flow *flow, struct sl_nat *nat);

/*
 * What source NAT does with a flow the policy allows, in by `in`, out by `out`; `rule` is the first
 * match of sl_tables_departures.
 */
void sl_nat_depart(const struct sl_tables *tables, const struct sl_rule *rule, uint16_t in,
		   uint16_t out, struct sl_nat *nat);

static inline bool sl_nat_any(const struct sl_nat *nat)
{
	return nat->arrival || nat->departure || nat->hairpin || nat->expected;
}

/*
 * Sources to try, one after the other. RFC 4787 REQ-1: a port may serve many destinations at once,
 * so what is taken is the key of the answer, by putting it in the session index. REQ-2: a client
 * keeps its address of a pool as long as that has ports.
 */
struct sl_nat_search {
	const struct sl_tables *tables;
	const struct sl_image_translations *t; /* NULL: hairpin */
	struct sl_nat_end client;	       /* the real one */
	uint32_t tries, address_tries;
	uint32_t address; /* which of the pool's */
	uint32_t addresses;
	uint16_t out;
	uint16_t lo, count, step, at;
	uint8_t family, proto;
	const uint8_t *public; /* the address, with a block */
	bool fixed; /* the address is that of `client` */
	bool ports; /* the protocol has some that may change */
	bool blocks; /* it is to be of a block, nat/blocks.h: sl_nat_search_block() */
	bool found; /* `client` is one to take; without it there is no address: */
	uint16_t reason; /* enum sl_drop */
};

/* Begins with the first one. `random`: any 64 bits. */
void sl_nat_search(const struct sl_tables *tables, const struct sl_nat *nat,
		   const struct sl_flow *flow, uint16_t sport, uint16_t out, uint64_t random,
		   struct sl_nat_search *search, struct sl_nat_end *client);

/* Begins anew with the ports of a block. `public` has four bytes, and outlives the search. */
void sl_nat_search_block(struct sl_nat_search *search, const uint8_t *public, uint16_t lo,
			 uint16_t hi, uint64_t random, struct sl_nat_end *client);

/* The next one to try after a clash; false when it has been enough. */
bool sl_nat_next(struct sl_nat_search *search, uint64_t random, struct sl_nat_end *client);

/*
 * Could today's rules have translated this session as it is? `flow` is its real one, in and out its
 * interfaces. A rule that matches first but says otherwise does not end it (design, section 3).
 * `arrival`, where not NULL, gets the slot of the rule that gives its destination.
 */
bool sl_nat_stays(const struct sl_tables *tables, sl_session_ref ref, const struct sl_session *s,
		  uint16_t from, uint16_t to, uint16_t out, const struct sl_flow *flow,
		  uint32_t *arrival);

/* The session's checksum deltas, from its keys, and its flag; before it is published. */
void sl_nat_mark(sl_session_ref ref, struct sl_session *s);

/* Writes the other side's addresses and ports into a packet of the session (RFC 5508 for errors). */
void sl_nat_rewrite(const struct sl_session_table *table, struct rte_mbuf *m);

struct sl_survey;

/*
 * Sessions by the source address they were given: {addresses: [{address, sessions: [by worker]}],
 * others}; `others` are those on addresses beyond the first 49,152. NULL: no memory.
 */
struct sl_survey *sl_survey_nat(const struct sl_datapath *dp);

/* Of a packet that waited without its session being watched: is it still the same one? */
bool sl_nat_still(const struct sl_session_table *table, struct rte_mbuf *m);
