/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <netinet/in.h>
#include <rte_branch_prediction.h>
#include <rte_byteorder.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/drop.h"
#include "core/packet.h"
#include "session/tcp.h"

/*
 * Transport headers. A reason comes back in two strengths: where the tuple could not be read
 * SL_PKT_L4_WHOLE stays off; where it could but the packet is not fit to travel the flag is on, so
 * that a trace can still ask the policy.
 */

static inline uint16_t sl_get16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, 2);
	return rte_be_to_cpu_16(v);
}

static inline uint32_t sl_get32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, 4);
	return rte_be_to_cpu_32(v);
}

static inline enum sl_drop sl_tcp_parse(struct sl_pkt *p, const uint8_t *l4, uint32_t have,
					uint32_t length)
{
	uint32_t header;

	if (have < 20)
		return SL_DROP_L4_TRUNCATED;
	header = (l4[12] >> 4) * 4u;
	/* RFC 9293 3.1: data offset counts 32-bit words, at least five, within the segment. */
	if (header < 20 || header > length || header > have)
		return SL_DROP_TCP_BAD_OFFSET;
	p->tcp_seq = sl_get32(l4 + 4);
	p->tcp_ack = sl_get32(l4 + 8);
	p->tcp_flags = l4[13];
	p->tcp_window = sl_get16(l4 + 14);
	p->tcp_header = (uint16_t)header;
	p->flags |= SL_PKT_L4_WHOLE;
	/* Nearly all carry ACK alone; the rest asks the table of combinations. */
	if ((p->tcp_flags & ~SL_TH_PSH) != SL_TH_ACK && unlikely(sl_tcp_bad_flags(p->tcp_flags)))
		return SL_DROP_TCP_BAD_FLAGS;
	if (unlikely(sl_get16(l4) == 0 || sl_get16(l4 + 2) == 0))
		return SL_DROP_L4_PORT_ZERO;
	return SL_DROP_NONE;
}

static inline enum sl_drop sl_udp_parse(struct sl_pkt *p, const uint8_t *l4, uint32_t have,
					uint32_t length, bool fragment)
{
	uint32_t field;

	if (have < 8)
		return SL_DROP_L4_TRUNCATED;
	field = sl_get16(l4 + 4);
	p->flags |= SL_PKT_L4_WHOLE;
	/* RFC 768: header and data, so at least 8; never more than IP brought. */
	if (field < 8 || (field > length && !fragment))
		return SL_DROP_UDP_BAD_LENGTH;
	/* RFC 768 lets a source port be zero, "if not used". */
	if (unlikely(sl_get16(l4 + 2) == 0))
		return SL_DROP_L4_PORT_ZERO;
	return SL_DROP_NONE;
}

static inline enum sl_drop sl_sctp_parse(struct sl_pkt *p, const uint8_t *l4, uint32_t have)
{
	bool init;

	if (have < 12)
		return SL_DROP_L4_TRUNCATED;
	p->flags |= SL_PKT_L4_WHOLE;
	/* RFC 9260 3.2: at least one chunk, whose length counts its own header. */
	if (have < 16 || sl_get16(l4 + 14) < 4)
		return SL_DROP_SCTP_INVALID;
	/* RFC 9260 8.5.1: INIT and nothing else has the verification tag zero. */
	init = l4[12] == 1;
	if (init != (sl_get32(l4 + 4) == 0))
		return SL_DROP_SCTP_INVALID;
	/* RFC 9260 3.1: neither port is zero. */
	if (sl_get16(l4) == 0 || sl_get16(l4 + 2) == 0)
		return SL_DROP_L4_PORT_ZERO;
	return SL_DROP_NONE;
}

enum sl_icmp_class {
	SL_ICMP_UNKNOWN,
	SL_ICMP_REQUEST,
	SL_ICMP_REPLY,
	SL_ICMP_ERROR,
	SL_ICMP_LINK, /* ND, MLD: between neighbours, has no session */
};

/* RFC 792, 950; source quench (RFC 6633) and redirects (off the link) are not taken. */
static inline enum sl_icmp_class sl_icmp4_class(uint8_t type)
{
	switch (type) {
	case 8: case 13: case 15: case 17:
		return SL_ICMP_REQUEST;
	case 0: case 14: case 16: case 18:
		return SL_ICMP_REPLY;
	case 3: case 11: case 12:
		return SL_ICMP_ERROR;
	default:
		return SL_ICMP_UNKNOWN;
	}
}

/* RFC 4443, 4861 (133..137), 2710, 3810 and 4286 (130..132, 143, 151..153). */
static inline enum sl_icmp_class sl_icmp6_class(uint8_t type)
{
	if (type == 128)
		return SL_ICMP_REQUEST;
	if (type == 129)
		return SL_ICMP_REPLY;
	if (type >= 1 && type <= 4)
		return SL_ICMP_ERROR;
	if ((type >= 130 && type <= 137) || type == 143 || (type >= 151 && type <= 153))
		return SL_ICMP_LINK;
	return SL_ICMP_UNKNOWN;
}

/* RFC 4861 4.3, 4.4 */
#define SL_ND_SOLICITATION 135
#define SL_ND_ADVERTISEMENT 136

/* RFC 4861: neighbour discovery proper. */
static inline bool sl_icmp6_is_nd(uint8_t type)
{
	return type >= 133 && type <= 137;
}

/* `ports` gets the identifier twice for queries, else 0. */
static inline enum sl_drop sl_icmp_parse(struct sl_pkt *p, const uint8_t *l4, uint32_t have, bool v6,
					 uint32_t *ports)
{
	enum sl_icmp_class class;
	uint16_t id;

	if (have < 8)
		return SL_DROP_L4_TRUNCATED;
	p->icmp = (uint16_t)(l4[0] << 8 | l4[1]);
	p->flags |= SL_PKT_L4_WHOLE;
	*ports = 0;
	class = v6 ? sl_icmp6_class(l4[0]) : sl_icmp4_class(l4[0]);
	switch (class) {
	case SL_ICMP_REQUEST:
	case SL_ICMP_REPLY:
		memcpy(&id, l4 + 4, 2);
		*ports = (uint32_t)id << 16 | id;
		return l4[1] ? SL_DROP_ICMP_UNKNOWN_TYPE : SL_DROP_NONE;
	case SL_ICMP_ERROR:
		p->flags |= SL_PKT_ICMP_ERROR;
		return SL_DROP_NONE;
	case SL_ICMP_LINK:
		return SL_DROP_NONE;
	default:
		return SL_DROP_ICMP_UNKNOWN_TYPE;
	}
}

/*
 * The header at `l4`, of which `have` bytes lie in front of us and `length` are the IP packet's.
 * `ports` gets source and destination port as they lie in the packet.
 */
static inline enum sl_drop sl_l4_parse(struct sl_pkt *p, const uint8_t *l4, uint32_t have,
				       uint32_t length, uint8_t proto, bool fragment, uint32_t *ports)
{
	enum sl_drop reason;

	*ports = 0;
	switch (proto) {
	case IPPROTO_TCP:
		reason = sl_tcp_parse(p, l4, have, length);
		break;
	case IPPROTO_UDP:
		reason = sl_udp_parse(p, l4, have, length, fragment);
		break;
	case IPPROTO_SCTP:
		reason = sl_sctp_parse(p, l4, have);
		break;
	case IPPROTO_ICMP:
		if (p->family != 4)
			goto other;
		return sl_icmp_parse(p, l4, have, false, ports);
	case IPPROTO_ICMPV6:
		if (p->family != 6)
			goto other;
		return sl_icmp_parse(p, l4, have, true, ports);
	default:
	other:
		p->flags |= SL_PKT_L4_WHOLE;
		return SL_DROP_NONE;
	}
	if (p->flags & SL_PKT_L4_WHOLE)
		memcpy(ports, l4, 4);
	return reason;
}
