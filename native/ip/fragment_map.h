/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "ip/fragment_table.h"

/*
 * The hole map: which bytes of a datagram came. SL_DROP_NONE if this one fits among them, and it is
 * written down; DUPLICATE where it came before, to the byte (RFC 8200 4.5 lets such a one be dropped
 * alone); any other reason is of the whole datagram (RFC 5722 3; we do so in IPv4 as well).
 */
static inline enum sl_drop sl_fragment_map(struct sl_datagram *d, const struct sl_pkt *p)
{
	uint32_t start = p->fragment & 0xfff8u, end = start + p->fragment_length;
	bool last = !(p->fragment & 1);

	for (uint32_t i = 0; i < d->pieces; i++) {
		if (end <= d->piece[i].start || start >= d->piece[i].end)
			continue;
		/* That it is the last, or is not, is part of what is repeated. */
		if (start == d->piece[i].start && end == d->piece[i].end &&
		    last == (d->total == end))
			return SL_DROP_FRAGMENT_DUPLICATE;
		return SL_DROP_FRAGMENT_OVERLAP;
	}
	/* RFC 8200 4.5: one last fragment, and nothing behind it. */
	if (last ? d->total || end < d->end : d->total && end > d->total)
		return SL_DROP_FRAGMENT_INCONSISTENT;
	if (d->pieces == SL_FRAGMENT_PIECES)
		return SL_DROP_FRAGMENT_TOO_MANY;
	d->piece[d->pieces].start = (uint16_t)start;
	d->piece[d->pieces++].end = (uint16_t)end;
	d->bytes += end - start;
	if (end > d->end)
		d->end = end;
	if (last)
		d->total = end;
	return SL_DROP_NONE;
}

/* All of it came: nothing overlaps, so the sum says so. */
static inline bool sl_fragment_whole(const struct sl_datagram *d)
{
	return d->total && d->bytes == d->total;
}
