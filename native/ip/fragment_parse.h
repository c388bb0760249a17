/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ip/l4_parse.h"

/* What a fragment may look like by itself, in either family; its datagram is looked at later. */

/*
 * Fills what `p` knows of a fragment of `length` bytes at `offset`; its id is set. The headers every
 * fragment repeats take `repeated` of the 16 bits a datagram's length has.
 */
static inline enum sl_drop sl_fragment_parse(struct sl_pkt *p, uint32_t offset, bool more,
					     uint32_t length, uint32_t repeated, uint8_t proto)
{
	p->flags |= SL_PKT_FRAGMENT;
	p->datagram = 0;
	p->stateless = 0;
	p->fragment = (uint16_t)(offset | more);
	p->fragment_length = (uint16_t)length;
	/* No later one is read as the beginning of anything. */
	p->tcp_flags = 0;
	p->icmp = 0;
	/* RFC 791 3.1, RFC 8200 4.5: put together it is no longer than a packet can be. */
	if (repeated + offset + length > 65535)
		return SL_DROP_FRAGMENT_TOO_LONG;
	/* RFC 791 3.2, RFC 8200 4.5: all but the last are multiples of 8; none is empty. */
	if (length == 0 || (more && length % 8))
		return SL_DROP_FRAGMENT_INCONSISTENT;
	/* RFC 3128 4: one at 8 could only lie over the header of TCP. */
	if (proto == IPPROTO_TCP && offset == 8)
		return SL_DROP_FRAGMENT_TINY;
	return SL_DROP_NONE;
}

/*
 * RFC 1858 3, RFC 7112 5: the first one holds the whole of the header a filter looks at. `reason` is
 * what the parser said of it as if it were a packet.
 */
static inline enum sl_drop sl_fragment_first(enum sl_drop reason, const uint8_t *l4)
{
	if (reason == SL_DROP_L4_TRUNCATED)
		return SL_DROP_FRAGMENT_TINY;
	/* A length of its own that is right, but for more than is here. */
	if (reason == SL_DROP_TCP_BAD_OFFSET && l4[12] >> 4 >= 5)
		return SL_DROP_FRAGMENT_TINY;
	return reason;
}
