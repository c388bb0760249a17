/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>

#include "core/packet.h"
#include "layout.h"

/*
 * A session. Direction 0 is the way of its first packet, 1 the way back; each has its own key, and
 * the rewrite of a direction is the other direction's key turned round, so it is not stored again.
 * The owner alone writes; other workers read keys, and the control thread looks on.
 */

/* A reference to an entry: index into its pool, SL_REF_WIDE for the pool of wide (IPv6) entries. */
typedef uint32_t sl_session_ref;
#define SL_SESSION_NO_REF 0u
#define SL_REF_WIDE 0x80000000u

/* sl_session.flags */
#define SL_SESSION_LIVE 0x0001	   /* between publish and end; set and cleared by session/ alone */
#define SL_SESSION_LOOSE 0x0002	   /* TCP picked up midstream: no window checks */
#define SL_SESSION_LOG 0x0004	   /* log its end */
#define SL_SESSION_NAT 0x0008	   /* the directions' keys are not mirror images */
#define SL_SESSION_TO_HOST 0x0010  /* direction 0 ends in the box itself */
#define SL_SESSION_FROM_HOST 0x0020 /* direction 0 starts in the box itself */
#define SL_SESSION_EDIT 0x0040     /* each of its packets is changed: its rule sets a DSCP */
#define SL_SESSION_BLOCK 0x0080    /* its source is of a port block, nat/blocks.h */
#define SL_SESSION_KEY4_0 0x0100   /* wide entry whose key of direction 0 is IPv4 */
#define SL_SESSION_KEY4_1 0x0200   /* the same of direction 1: NAT64. l3_delta: bits of its prefix */
#define SL_SESSION_ROLE 0x0400	   /* tcp.c: direction 1 plays role 0 of the state table */
#define SL_SESSION_SYN_AGAIN 0x0800 /* tcp.c: a SYN of direction 0 went on to a receiver in mid session */

/*
 * Direction 0 goes as it is to the source of key[1], which no answer comes from: they go past the
 * box, so TCP is followed by one side alone.
 */
#define SL_SESSION_ONE_WAY 0x1000

/*
 * One way, in a tunnel to the source of key[1]: l3_delta is SL_BALANCE_IPIP or SL_BALANCE_GUE,
 * l4_delta GUE's UDP port, in network order.
 */
#define SL_SESSION_TUNNEL 0x2000

#define SL_SESSION_SEQUENCE 0x4000 /* TCP whose ends count differently, see sequence.h */
#define SL_SESSION_HELPER 0x8000   /* its extension record leads to a helper's, helpers/helper.h */

/* What a session is waiting for; each has its idle time, see sl_session_timeouts(). */
enum sl_session_state {
	SL_STATE_NONE, /* no session */
	SL_TCP_SYN_SENT,
	SL_TCP_SYN_CROSSED,  /* simultaneous open or split handshake: a SYN of each side */
	SL_TCP_SYN_RECEIVED, /* one side has both SYNs acknowledged, the other not yet */
	SL_TCP_ESTABLISHED,
	SL_TCP_RESET_DOUBT, /* established, but a RST passed that only its receiver can judge */
	SL_TCP_FIN_WAIT,    /* one FIN, not acknowledged */
	SL_TCP_CLOSE_WAIT,  /* one FIN, acknowledged: half closed */
	SL_TCP_CLOSING,	    /* two FINs, neither acknowledged */
	SL_TCP_LAST_ACK,    /* two FINs, one acknowledged */
	SL_TCP_TIME_WAIT,   /* two FINs, both acknowledged */
	SL_TCP_CLOSED,	    /* reset */
	SL_UDP_OPENING,	    /* no packet of direction 1 yet; each opening one is followed by its other */
	SL_UDP_ESTABLISHED,
	SL_ICMP_OPENING,
	SL_ICMP_ESTABLISHED,
	SL_OTHER_OPENING,
	SL_OTHER_ESTABLISHED,
	SL_SESSION_STATES,
};

/* What both families have in common: half a line that the creator fills, a line the owner writes. */
struct sl_session {
	/* fixed at publish; the owner may edit adjacency, rule, epoch and extension later */
	uint32_t adjacency[2]; /* per direction of travel */
	uint32_t rule;	       /* slot */
	uint32_t extension;    /* record of the rare, see extension.h; 0 for none */
	uint32_t epoch;	       /* routing epoch the adjacencies were looked up in */
	uint16_t in;	       /* ingress interface slot of direction 0 */
	uint16_t out;	       /* its egress interface slot; IFACE_NONE for the box itself */
	uint16_t l3_delta;     /* ones' complement change of direction 0's IPv4 header sum; ~ for 1 */
	uint16_t l4_delta;
	uint16_t flags; /* SL_SESSION_* */
	uint8_t from;	/* zone slots of direction 0 */
	uint8_t to;
	/* the owner's line */
	uint64_t bytes[2]; /* IP bytes per direction */
	uint32_t packets[2];
	uint16_t packets_high[2]; /* bits 32..47 */
	uint32_t end[2];	  /* TCP: highest seq + length this side sent */
	uint32_t limit[2];	  /* TCP: highest ack + window its peer gave: it may send below */
	uint16_t window[2];	  /* TCP: largest window this side gave, in units of its scale */
	uint8_t scale[2];	  /* TCP: bits 0..3 shift, above flags of tcp.c */
	uint8_t state;		  /* enum sl_session_state */
	uint8_t protocol;
	uint32_t last;	     /* ms of the session clock, of the last packet that counted */
	uint32_t created;    /* the same of the first */
	uint32_t generation; /* of the zone pair's policy it was last judged by */
};
static_assert(sizeof(struct sl_session) == 96, "half a line and a line");
static_assert(offsetof(struct sl_session, bytes) == 32, "the owner's line is a line");
static_assert(SL_MAX_ZONES <= 256, "zone slots fit in a byte");

struct sl_entry4 {
	struct sl_key4 key[2];
	struct sl_session session;
} __attribute__((aligned(64)));
static_assert(sizeof(struct sl_entry4) == 128, "two lines");

union sl_key {
	struct sl_key6 key6;
	struct sl_key4 key4; /* where the flags say so */
};

struct sl_entry6 {
	union sl_key key[2];
	uint8_t spare[16];
	struct sl_session session;
} __attribute__((aligned(64)));
static_assert(sizeof(struct sl_entry6) == 192, "three lines");
static_assert(offsetof(struct sl_entry6, session) == 96, "the owner's line is a line");

/* The entry around a session. */
static inline struct sl_entry4 *sl_entry4(const struct sl_session *s)
{
	return (struct sl_entry4 *)((uintptr_t)s - offsetof(struct sl_entry4, session));
}

static inline struct sl_entry6 *sl_entry6(const struct sl_session *s)
{
	return (struct sl_entry6 *)((uintptr_t)s - offsetof(struct sl_entry6, session));
}

static inline bool sl_session_alive(const struct sl_session *s)
{
	return __atomic_load_n(&s->flags, __ATOMIC_ACQUIRE) & SL_SESSION_LIVE;
}

/* Family of a direction's key: 4 or 6. */
static inline int sl_session_family(sl_session_ref ref, const struct sl_session *s,
				    unsigned int direction)
{
	if (!(ref & SL_REF_WIDE) || (s->flags & (SL_SESSION_KEY4_0 << direction)))
		return 4;
	return 6;
}

/* Source address in a direction's key, network order; 4 or 16 bytes as its family says. */
static inline const uint8_t *sl_session_source(sl_session_ref ref, const struct sl_session *s,
					       unsigned int direction)
{
	const union sl_key *k;

	if (!(ref & SL_REF_WIDE))
		return (const uint8_t *)&sl_entry4(s)->key[direction].src;
	k = &sl_entry6(s)->key[direction];
	return s->flags & (SL_SESSION_KEY4_0 << direction) ? (const uint8_t *)&k->key4.src :
							      k->key6.src;
}

/* Do its directions differ in family (RFC 6146)? */
static inline bool sl_session_is_nat64(const struct sl_session *s)
{
	return s->flags & (SL_SESSION_KEY4_0 | SL_SESSION_KEY4_1);
}

/* Adds a packet of `bytes` IP bytes. */
static inline void sl_session_count(struct sl_session *s, unsigned int direction, uint32_t bytes)
{
	s->bytes[direction] += bytes;
	s->packets_high[direction] += ++s->packets[direction] == 0;
}

static inline uint64_t sl_session_packets(const struct sl_session *s, unsigned int direction)
{
	return (uint64_t)s->packets_high[direction] << 32 | s->packets[direction];
}
