/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/*
 * What the strongSwan plugin (native/charon) and the datapath say to each other: one record a message
 * on a SOCK_SEQPACKET Unix socket that the datapath listens on and one plugin at a time connects to.
 * Both sides include this file and nothing else of each other. Numbers are little-endian (both run on
 * the same machine, so native), SPIs and ports are numbers, addresses are in network order.
 *
 * Every request has one answer, in order, with the request's type and sequence and a status; a
 * request of a wrong size or with a value out of its range is answered -EINVAL and changes nothing.
 * Events come from the datapath by themselves, have sequence 0 and are not answered.
 *
 * Unused bytes (`zero`, keys past their length, addresses past their family) are 0 and are refused
 * otherwise.
 *
 * Restarts. HELLO comes first on every connection. A new `boot` of the plugin makes the datapath
 * forget all SAs and policies of an earlier one; closing the socket alone changes nothing, traffic
 * goes on. A new `boot` of the datapath tells the plugin that all is lost: it adds its policies
 * again, never an SA, and has every CHILD_SA rekeyed, for an outbound key whose counter is lost must
 * not be used again (RFC 4106 section 3.1). A policy without its SA drops what fits it.
 */

#include <assert.h>
#include <stdint.h>

/* Raised whenever a record changes. */
#define SL_SA_VERSION 1

/* `sun_path` beside the control socket. */
#define SL_SA_SOCKET "vpn.sock"

enum sl_sa_type {
	SL_SA_HELLO = 1,	 /* sl_sa_hello; answer sl_sa_hello of the datapath */
	SL_SA_GET_SPI = 2,	 /* sl_sa_name, spi 0; answer sl_sa_name with an SPI held for 165 s */
	SL_SA_ADD = 3,		 /* sl_sa_add; answer sl_sa_head */
	SL_SA_UPDATE = 4,	 /* sl_sa_update; answer sl_sa_head */
	SL_SA_DELETE = 5,	 /* sl_sa_name; answer sl_sa_head; frees an SPI only allocated too */
	SL_SA_QUERY = 6,	 /* sl_sa_name; answer sl_sa_use */
	SL_SA_FLUSH = 7,	 /* sl_sa_head: all SAs and SPIs; answer sl_sa_head */
	SL_SA_ADD_POLICY = 8,	 /* sl_sa_policy; answer sl_sa_head */
	SL_SA_DELETE_POLICY = 9, /* sl_sa_policy, all fields as added; answer sl_sa_head */
	SL_SA_QUERY_POLICY = 10, /* sl_sa_policy; answer sl_sa_use */
	SL_SA_FLUSH_POLICIES = 11,
	SL_SA_ACQUIRE = 32, /* event sl_sa_acquire: a packet fits a policy that has no SA */
	SL_SA_EXPIRE = 33,  /* event sl_sa_expire: bytes or packets used up, once each per SA */
	SL_SA_MAPPING = 34, /* event sl_sa_mapping: authentic packets come from another address */
};

/*
 * Statuses are -errno: ENOENT no such SA or policy, EEXIST one with that name, ENOSPC the table is
 * full, EOPNOTSUPP an algorithm, mode or flag not served, EPROTO another version, ENODEV if_id is no
 * tunnel interface of the image in force, EINVAL the rest.
 */
struct sl_sa_head {
	uint16_t version;
	uint16_t type;
	uint32_t sequence;
	int32_t status; /* requests and events: 0 */
	uint32_t length; /* of the whole record, as received */
};

struct sl_sa_hello {
	struct sl_sa_head head;
	uint64_t boot;	  /* random, once per process */
	uint32_t sas;	  /* answer: still known of this plugin's */
	uint32_t policies;
};

/* An outer address; the port is the one of UDP encapsulation, else 0. */
struct sl_sa_endpoint {
	uint8_t address[16]; /* IPv4 in the first four */
	uint16_t port;
	uint8_t family; /* 4 or 6 */
	uint8_t zero[5];
};

enum sl_sa_direction {
	SL_SA_IN = 0,
	SL_SA_OUT = 1,
};

/*
 * An SA is named by direction and SPI, an outbound one by its destination as well: the peers choose
 * those SPIs and may choose alike. (The same on both ends of a loop: the direction tells.)
 */
struct sl_sa_name {
	struct sl_sa_head head;
	uint32_t spi; /* 256 and up, RFC 4303 section 2.1 */
	uint8_t direction;
	uint8_t zero[3];
	struct sl_sa_endpoint source;
	struct sl_sa_endpoint destination;
};

/* Transform ids of IKEv2 (RFC 7296 section 3.3.2) */
enum sl_sa_cipher {
	SL_SA_NULL = 11,	/* tests only; the datapath refuses it unless told */
	SL_SA_AES_CBC = 12,	/* keys of 16, 24, 32 bytes; RFC 3602 */
	SL_SA_AES_GCM_16 = 20,	/* 16, 24, 32 and then 4 bytes of salt; RFC 4106 */
	SL_SA_CHACHA20 = 28,	/* 32 and then 4 bytes of salt; RFC 7634 */
};

enum sl_sa_integrity {
	SL_SA_NONE = 0,		/* with combined modes only */
	SL_SA_SHA2_256_128 = 12, /* key 32; RFC 4868 */
	SL_SA_SHA2_384_192 = 13, /* key 48 */
	SL_SA_SHA2_512_256 = 14, /* key 64 */
	SL_SA_SHA1_96 = 2,	 /* key 20; what `allow-weak` names */
};

#define SL_SA_CIPHER_KEY 40
#define SL_SA_INTEGRITY_KEY 64

enum sl_sa_flag {
	SL_SA_ENCAP = 1 << 0,	 /* ESP in UDP, RFC 3948 */
	SL_SA_ESN = 1 << 1,	 /* 64-bit sequence numbers */
	SL_SA_COPY_DF = 1 << 2,	 /* outbound: the inner header's DF, else DF is set */
	SL_SA_COPY_ECN = 1 << 3, /* RFC 6040, else no ECN outside */
	SL_SA_DSCP_OUT = 1 << 4, /* inner to outer when sealing, else 0 */
	SL_SA_DSCP_IN = 1 << 5,	 /* outer to inner when opening */
	SL_SA_INITIATOR = 1 << 6, /* of the exchange that made it; tells nothing to the datapath */
};

enum sl_sa_mode {
	SL_SA_TRANSPORT = 1,
	SL_SA_TUNNEL = 2,
};

/* Of this SA alone; 0 is no limit. Time is the plugin's business: it has a clock of its own. */
struct sl_sa_limit {
	uint64_t soft_bytes;
	uint64_t hard_bytes;
	uint64_t soft_packets;
	uint64_t hard_packets;
};

struct sl_sa_add {
	struct sl_sa_name name;
	struct sl_sa_limit limit;
	uint32_t reqid;
	uint32_t if_id; /* slot of the tunnel interface; every tunnel has one */
	uint32_t mark;
	uint32_t mark_mask;
	uint32_t replay_window; /* packets; 0 is none; inbound only */
	uint32_t tfc; /* pad to so many bytes; 0xffffffff: to the path's MTU; 0: no padding */
	uint16_t flags;
	uint16_t cipher;
	uint16_t integrity;
	uint8_t mode;
	uint8_t cipher_key_length; /* bytes, salt included */
	uint8_t integrity_key_length;
	uint8_t zero[7];
	uint8_t cipher_key[SL_SA_CIPHER_KEY];
	uint8_t integrity_key[SL_SA_INTEGRITY_KEY];
};

/* New outer addresses of an SA (MOBIKE, NAT). Its sequence numbers go on. */
struct sl_sa_update {
	struct sl_sa_name name;
	struct sl_sa_endpoint source;
	struct sl_sa_endpoint destination;
	uint32_t reqid; /* 0: as it was */
	uint16_t flags; /* SL_SA_ENCAP or 0 */
	uint8_t zero[2];
};

/* Idle is ms since the last use, UINT64_MAX if there was none. */
struct sl_sa_use {
	struct sl_sa_head head;
	uint64_t bytes; /* inner, 0 for policies */
	uint64_t packets;
	uint64_t idle;
};

/*
 * One family; both ends inclusive. Of ICMP and ICMPv6, port = type * 256 + code (RFC 4301 section
 * 4.4.1.1); all ports: 0 to 65535; opaque (fragments only): from 65535 to 0.
 */
struct sl_sa_selector {
	uint8_t from[16];
	uint8_t to[16];
	uint16_t port_from;
	uint16_t port_to;
	uint8_t family;
	uint8_t protocol; /* 0 is any */
	uint8_t zero[2];
};

enum sl_sa_policy_type {
	SL_SA_PROTECT = 1,
	SL_SA_PASS = 2,
	SL_SA_DROP = 3,
};

/* Lower is asked first. A trap and the policy of an SA it led to may both stand. */
enum sl_sa_priority {
	SL_SA_PRIORITY_PASS = 0,
	SL_SA_PRIORITY_SA = 1,
	SL_SA_PRIORITY_TRAP = 2,
	SL_SA_PRIORITY_FALLBACK = 3,
};

/*
 * Within a class of priority: by `manual` if not 0 (lower first), then the narrower one. Several
 * with the same selectors and other SPIs may stand during a rekey: the one added last is used. An
 * inbound one says what may come out of inbound SAs of its reqid (RFC 4301 section 5.2, step 4).
 */
struct sl_sa_policy {
	struct sl_sa_head head;
	uint8_t direction;
	uint8_t type;
	uint8_t priority;
	uint8_t mode;
	uint32_t manual;
	uint32_t reqid;
	uint32_t spi; /* of the SA to use; 0 of a trap: ACQUIRE on the first packet */
	uint32_t if_id;
	uint32_t mark;
	uint32_t mark_mask;
	uint32_t zero;
	struct sl_sa_endpoint outer_source;
	struct sl_sa_endpoint outer_destination;
	struct sl_sa_selector source;
	struct sl_sa_selector destination;
};

/* At most once a second per policy. */
struct sl_sa_acquire {
	struct sl_sa_head head;
	uint32_t reqid;
	uint32_t if_id;
	struct sl_sa_selector source; /* the packet: one address, one port */
	struct sl_sa_selector destination;
};

struct sl_sa_expire {
	struct sl_sa_name name;
	uint8_t hard; /* 0: rekey it; 1: it has stopped */
	uint8_t zero[7];
};

struct sl_sa_mapping {
	struct sl_sa_name name;
	struct sl_sa_endpoint remote; /* where the peer is now */
};

static_assert(sizeof(struct sl_sa_head) == 16, "head");
static_assert(sizeof(struct sl_sa_hello) == 32, "hello");
static_assert(sizeof(struct sl_sa_endpoint) == 24, "endpoint");
static_assert(sizeof(struct sl_sa_name) == 72, "name");
static_assert(sizeof(struct sl_sa_add) == 248, "add");
static_assert(sizeof(struct sl_sa_update) == 128, "update");
static_assert(sizeof(struct sl_sa_use) == 40, "use");
static_assert(sizeof(struct sl_sa_selector) == 40, "selector");
static_assert(sizeof(struct sl_sa_policy) == 176, "policy");
static_assert(sizeof(struct sl_sa_acquire) == 104, "acquire");
static_assert(sizeof(struct sl_sa_expire) == 80, "expire");
static_assert(sizeof(struct sl_sa_mapping) == 96, "mapping");

#define SL_SA_MESSAGE_MAX 256
static_assert(sizeof(struct sl_sa_add) <= SL_SA_MESSAGE_MAX, "the longest record");
