/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "session/table.h"

/* Key comparison through the entry that a slot points at; each is an sl_index_same. */

static inline bool sl_same16(const void *a, const void *b)
{
	return _mm_movemask_epi8(_mm_cmpeq_epi8(sl_load128(a), sl_load128(b))) == 0xffff;
}

static inline unsigned int sl_slot_direction(uint64_t slot)
{
	return slot >> SL_SLOT_DIRECTION_SHIFT & 1;
}

static inline bool sl_slot_same4(const struct sl_session_table *t, uint64_t slot, const void *key)
{
	unsigned int direction = sl_slot_direction(slot);
	sl_session_ref ref = (sl_session_ref)slot;
	const struct sl_session *s = sl_session_at(t, ref);

	if (__builtin_expect(!(ref & SL_REF_WIDE), 1))
		return sl_same16(&sl_entry4(s)->key[direction], key);
	return s->flags & (SL_SESSION_KEY4_0 << direction) &&
	       sl_same16(&sl_entry6(s)->key[direction].key4, key);
}

static inline bool sl_slot_same6(const struct sl_session_table *t, uint64_t slot, const void *key)
{
	unsigned int direction = sl_slot_direction(slot);
	sl_session_ref ref = (sl_session_ref)slot;
	const struct sl_session *s = sl_session_at(t, ref);
	const struct sl_key6 *have, *want = key;

	if (!(ref & SL_REF_WIDE) || s->flags & (SL_SESSION_KEY4_0 << direction))
		return false;
	have = &sl_entry6(s)->key[direction].key6;
	return sl_same16(have->src, want->src) && sl_same16(have->dst, want->dst) &&
	       memcmp(&have->sport, &want->sport, 8) == 0;
}
