/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <assert.h>
#include <rte_mbuf.h>
#include <stdint.h>

/*
 * The tuple of one direction as it is on the wire: addresses, ports and protocol in network order.
 * ICMP queries carry their identifier as both ports, protocols without ports zero.
 */
struct sl_key4 {
	uint32_t src, dst;
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t flags; /* 0 today */
	uint16_t vrf;  /* 0 today */
};
static_assert(sizeof(struct sl_key4) == 16, "one SSE load");

struct sl_key6 {
	uint8_t src[16], dst[16];
	uint16_t sport, dport;
	uint8_t proto;
	uint8_t flags;
	uint16_t vrf;
};
static_assert(sizeof(struct sl_key6) == 40, "key6");

/* sl_pkt.flags */
#define SL_PKT_FROM_HOST 0x01	  /* came from a TAP: source is the box, out_iface is set */
#define SL_PKT_HANDED_OVER 0x02	  /* another worker parsed it and gave it here */
#define SL_PKT_ICMP_ERROR 0x04	  /* key is the inner packet's, turned round to match its session */
#define SL_PKT_FRAGMENT 0x08	  /* `fragment` and what goes with it are set; the first one is L4_WHOLE */
#define SL_PKT_TRACED 0x10	  /* offline: `input` says whose result it is; live: came while a capture ran */
#define SL_PKT_GENERATED 0x20	  /* made by the box (ICMP error) */
#define SL_PKT_L4_WHOLE 0x40	  /* the L4 header was parsed */
#define SL_PKT_REWRITE 0x80	  /* its session translates: on the way out it gets the other addresses */

/*
 * What is known of a packet on its way; lies in the mbuf's private area, so it travels with the
 * packet through hand-over rings. Offsets count from the start of the data (the Ethernet header).
 */
struct sl_pkt {
	union {
		struct sl_key4 key4;
		struct sl_key6 key6;
	};
	union {
		uint64_t hash;		/* keyed hash of the key */
		struct rte_mbuf *held;	/* fragments: the next one that waits */
	};
	uint16_t iface; /* ingress slot after VLAN */
	uint16_t from;	/* zone slot */
	uint8_t family; /* 4, 6 or 0 */
	uint8_t flags;
	uint16_t reason; /* enum sl_drop once dropped */
	uint16_t l3;
	uint16_t l4;
	uint16_t l4_length; /* bytes from l4 to the end of the IP packet, padding excluded */
	uint16_t icmp;	    /* type * 256 + code for ICMP and ICMPv6 */
	/* second line */
	uint32_t session; /* entry reference, see session/ */
	uint8_t direction;
	uint8_t tcp_flags;
	uint16_t l3_length; /* IP header with options or extensions, bytes */
	uint32_t tcp_seq;   /* host order */
	uint32_t tcp_ack;
	uint16_t tcp_window;
	uint16_t tcp_header; /* bytes */
	uint16_t out_iface;
	uint16_t to; /* zone slot */
	uint32_t adjacency;
	uint32_t rule;	/* slot */
	uint32_t input; /* offline: number of the packet */
	uint32_t datagram; /* fragments: who keeps it and where, plus one; 0 for none. ip/fragment.h */
	uint16_t worker; /* hand-over: to whom */
	uint8_t policy_verdict;
	uint8_t session_how; /* SL_SESSION_NEW once it made one */
	uint8_t route_how;   /* SL_ROUTE_*: what the route lookup said */
	uint8_t stateless;   /* fragments: by a rule without state, which counts each packet */
	uint16_t fragment; /* bytes to its place in the datagram, and 1 if more follow */
	uint32_t fragment_id;
	uint16_t fragment_length; /* bytes of the datagram in it; those before l4 count where IPv6 has them */
	uint16_t mtu; /* with SL_DROP_TOO_BIG: what would have gone through, bytes of IP; to syn_answer: less MSS */
	uint8_t key_family; /* once NAT64 changed the family: that of the key, as it came; else 0 */
	uint8_t spare2[7];
};
static_assert(sizeof(struct sl_pkt) == 128, "two cache lines");
/* The family it came with, which is its key's. */
static inline uint8_t sl_pkt_key_family(const struct sl_pkt *p)
{
	return p->key_family ? p->key_family : p->family;
}

#define SL_PKT_PRIV_SIZE sizeof(struct sl_pkt)

static inline struct sl_pkt *sl_pkt(struct rte_mbuf *m)
{
	return (struct sl_pkt *)rte_mbuf_to_priv(m);
}
