// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_talk.h"

#include <string.h>

struct talk talk_new(void)
{
	return (struct talk){.now = 1000, .window = {1000, 1000}, .wscale = {-1, -1}};
}

enum sl_drop say(struct talk *t, unsigned int side, uint8_t flags, uint32_t seq, uint32_t ack,
		 uint16_t length)
{
	uint32_t own = side ? ISN1 : ISN0, other = side ? ISN0 : ISN1;
	bool option = flags & SYN && t->wscale[side] >= 0;
	uint8_t header[24] = {0};
	struct sl_pkt p = {
		.family = 4,
		.key4.proto = IPPROTO_TCP,
		.tcp_flags = flags,
		.tcp_seq = own + seq,
		.tcp_ack = flags & ACK ? other + ack : 0,
		.tcp_window = t->window[side],
		.tcp_header = option ? 24 : 20,
		.l4_length = (uint16_t)((option ? 24 : 20) + length),
	};
	struct sl_session before = t->s;
	enum sl_drop drop;

	if (option)
		memcpy(header + 20, (uint8_t[]){3, 3, (uint8_t)t->wscale[side], 0}, 4);
	t->now++;
	if (t->opened)
		drop = sl_session_track(&t->s, side, &p, header, t->now);
	else
		drop = sl_session_first(&t->s, &p, header, false, t->now);
	if (drop == SL_DROP_NONE)
		t->opened = true;
	else /* a dropped segment leaves no trace */
		assert_memory_equal(&t->s, &before, sizeof(before));
	return drop;
}

struct talk talk_established(int wscale0, int wscale1, uint16_t window)
{
	struct talk t = talk_new();

	t.wscale[0] = wscale0;
	t.wscale[1] = wscale1;
	says(&t, CLIENT, SYN, 0, 0, 0, SL_DROP_NONE, SL_TCP_SYN_SENT);
	says(&t, SERVER, SYNACK, 0, 1, 0, SL_DROP_NONE, SL_TCP_SYN_RECEIVED);
	t.window[0] = t.window[1] = window;
	says(&t, CLIENT, ACK, 1, 1, 0, SL_DROP_NONE, SL_TCP_ESTABLISHED);
	says(&t, SERVER, ACK, 1, 1, 0, SL_DROP_NONE, SL_TCP_ESTABLISHED);
	return t;
}
