/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <linux/netlink.h>
#include <stdbool.h>
#include <stdint.h>

/* rtnetlink messages as far as the mirror needs them. Nothing in a message is trusted. */

enum sl_nl_kind {
	SL_NL_OTHER, /* not of interest, or malformed */
	SL_NL_LINK,
	SL_NL_ADDRESS,
	SL_NL_NEIGHBOR,
	SL_NL_ROUTE,
	SL_NL_NEXT_HOP,
	SL_NL_DONE,  /* of a dump */
	SL_NL_ERROR, /* `error`, 0 for an ack */
};

struct sl_nl_event {
	enum sl_nl_kind kind;
	int error; /* negative errno */
	bool deleted;
	bool append;	  /* NLM_F_APPEND: beside an equal one */
	bool replace;	  /* NLM_F_REPLACE */
	bool interrupted; /* the dump is not of one state: start again */
	uint8_t family;	  /* 4, 6 or 0 */
	uint8_t length;	  /* of the prefix */
	uint8_t type;	  /* route: RTN_* */
	uint8_t protocol; /* route: RTPROT_*; address: IFA_PROTO */
	uint8_t address_flags; /* neighbour: NTF_* */
	bool has_gateway;
	bool multipath;
	bool cloned;
	uint8_t gateway_family;
	uint16_t state; /* neighbour: NUD_* */
	uint32_t flags; /* link: IFF_* */
	uint32_t ifindex;
	uint32_t table;
	uint32_t metric;
	uint8_t address[16]; /* route: destination */
	uint8_t gateway[16];
	bool has_mac;
	uint8_t mac[6];
	char name[16];	/* link */
	char alias[16]; /* link; cut */
};

/*
 * Does a whole message stand at `m`, of which `left` bytes were received? mnl_nlmsg_ok takes lengths
 * beyond 2^31 for negative and lets them pass.
 */
static inline bool sl_nl_ok(const struct nlmsghdr *m, int left)
{
	return left >= (int)sizeof(*m) && m->nlmsg_len >= sizeof(*m) &&
	       m->nlmsg_len <= (uint32_t)left;
}

/* Reads one whole message. Always sets `event`. */
void sl_nl_parse(const struct nlmsghdr *message, struct sl_nl_event *event);
