// SPDX-License-Identifier: BSD-3-Clause
#include "session/tcp_state.h"

#include "session/tcp.h"

/*
 * PSH, URG, ECE, CWR do not count. Left out are: none, FIN without ACK (RFC 9293, 3.10.7.4: a
 * segment without ACK is dropped once synchronized), and SYN, FIN, RST with one another.
 */
static const uint8_t events[32] = {
	[SL_TH_SYN] = SL_TCP_SYN,
	[SL_TH_SYN | SL_TH_ACK] = SL_TCP_SYN_ACK,
	[SL_TH_ACK] = SL_TCP_ACK,
	[SL_TH_FIN | SL_TH_ACK] = SL_TCP_FIN,
	[SL_TH_RST] = SL_TCP_RST,
	[SL_TH_RST | SL_TH_ACK] = SL_TCP_RST,
};

enum sl_tcp_event sl_tcp_event(uint8_t flags)
{
	return (enum sl_tcp_event)events[flags & (SL_TH_FIN | SL_TH_SYN | SL_TH_RST | SL_TH_ACK)];
}

bool sl_tcp_bad_flags(uint8_t flags)
{
	return sl_tcp_event(flags) == SL_TCP_NONSENSE;
}

/* clang-format off */
static const uint8_t table[SL_TCP_CLOSED + 1][2][SL_TCP_EVENTS] = {
[SL_TCP_SYN_SENT] = {
	{ /* the originator, who is waiting */
		[SL_TCP_SYN] = SL_TCP_AGAIN,		/* retransmission, or it gave up and tries anew */
		[SL_TCP_SYN_ACK] = SL_TCP_BAD,		/* to a SYN that never came */
		[SL_TCP_ACK] = SL_TCP_BAD,		/* nothing to acknowledge yet; fast open data rides in the SYN */
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_PASS,		/* its answer to an old connection's ACK: RFC 9293, 3.5.1 */
	},
	{ /* the responder */
		[SL_TCP_SYN] = SL_TCP_SYN_CROSSED,	/* simultaneous open (RFC 9293, 3.5) or split handshake */
		[SL_TCP_SYN_ACK] = SL_TCP_SYN_RECEIVED,	/* the usual answer */
		[SL_TCP_ACK] = SL_TCP_PASS,		/* half-open: it still has an old connection, RFC 9293, 3.5.1 */
		[SL_TCP_ACK_FIN] = SL_TCP_PASS,
		[SL_TCP_FIN] = SL_TCP_PASS,		/* the same, and that one was closing */
		[SL_TCP_FIN_BOTH] = SL_TCP_PASS,
		[SL_TCP_RST] = SL_TCP_RST_SYN,		/* refused: RFC 9293, 3.10.7.3 */
	},
},
[SL_TCP_SYN_CROSSED] = { /* neither SYN is acknowledged */
	{
		[SL_TCP_SYN] = SL_TCP_PASS,		/* retransmission */
		[SL_TCP_SYN_ACK] = SL_TCP_SYN_RECEIVED | SL_TCP_SWAP, /* now the responder has to acknowledge */
		[SL_TCP_ACK] = SL_TCP_SYN_RECEIVED | SL_TCP_SWAP,
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_BAD,		/* its own SYN is not acknowledged: it cannot close yet */
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,		/* retransmission */
		[SL_TCP_SYN_ACK] = SL_TCP_SYN_RECEIVED,	/* the originator still has to acknowledge */
		[SL_TCP_ACK] = SL_TCP_SYN_RECEIVED,
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,
	},
},
[SL_TCP_SYN_RECEIVED] = { /* role 0 has not acknowledged the other's SYN */
	{
		[SL_TCP_SYN] = SL_TCP_PASS,		/* retransmission, crossing the answer */
		[SL_TCP_SYN_ACK] = SL_TCP_ESTABLISHED,	/* simultaneous open: the second of two */
		[SL_TCP_ACK] = SL_TCP_ESTABLISHED,	/* the handshake's last */
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_FIN_WAIT,		/* acknowledges and closes at once */
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,	/* RFC 5961, 3.2 */
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,		/* retransmission, of a crossed one */
		[SL_TCP_SYN_ACK] = SL_TCP_SYN_RECEIVED,	/* retransmission */
		[SL_TCP_ACK] = SL_TCP_SYN_RECEIVED,	/* data ahead of the handshake's end: fast open, RFC 7413 */
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_FIN_WAIT | SL_TCP_SWAP, /* the same, and it was all */
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,
	},
},
/*
 * A SYN here goes on to its receiver, who answers with a challenge ACK whatever its number
 * (RFC 5961, 4.2): a peer that lost its state then resets and comes back. It changes nothing here.
 */
[SL_TCP_ESTABLISHED] = {
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,		/* retransmission: the handshake's last ACK was lost behind us */
		[SL_TCP_ACK] = SL_TCP_ESTABLISHED,
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_FIN_WAIT,
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_ESTABLISHED,
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_FIN_WAIT | SL_TCP_SWAP,
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,
	},
},
/* An end that took the RST falls silent; any good segment shows that none did. */
[SL_TCP_RESET_DOUBT] = {
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_ESTABLISHED,	/* the challenge ACK of RFC 5961, or data */
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_FIN_WAIT,
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_ESTABLISHED,
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_FIN_WAIT | SL_TCP_SWAP,
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_EXACT,
	},
},
[SL_TCP_FIN_WAIT] = {
	{ /* who closed first */
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_FIN_WAIT,
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,		/* there is none to acknowledge */
		[SL_TCP_FIN] = SL_TCP_FIN_WAIT,		/* retransmission */
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_FIN_WAIT,		/* of data before the FIN */
		[SL_TCP_ACK_FIN] = SL_TCP_CLOSE_WAIT,
		[SL_TCP_FIN] = SL_TCP_CLOSING,		/* both close at the same time */
		[SL_TCP_FIN_BOTH] = SL_TCP_LAST_ACK,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
},
[SL_TCP_CLOSE_WAIT] = {
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_CLOSE_WAIT,	/* it still receives */
		[SL_TCP_ACK_FIN] = SL_TCP_BAD,
		[SL_TCP_FIN] = SL_TCP_CLOSE_WAIT,	/* retransmission */
		[SL_TCP_FIN_BOTH] = SL_TCP_BAD,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_CLOSE_WAIT,	/* overtaken by the one that counted */
		[SL_TCP_ACK_FIN] = SL_TCP_CLOSE_WAIT,	/* it still sends */
		[SL_TCP_FIN] = SL_TCP_LAST_ACK,
		[SL_TCP_FIN_BOTH] = SL_TCP_LAST_ACK,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
},
[SL_TCP_CLOSING] = {
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_CLOSING,
		[SL_TCP_ACK_FIN] = SL_TCP_LAST_ACK | SL_TCP_SWAP, /* the second FIN is done first */
		[SL_TCP_FIN] = SL_TCP_CLOSING,		/* retransmission */
		[SL_TCP_FIN_BOTH] = SL_TCP_LAST_ACK | SL_TCP_SWAP,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_CLOSING,
		[SL_TCP_ACK_FIN] = SL_TCP_LAST_ACK,
		[SL_TCP_FIN] = SL_TCP_CLOSING,
		[SL_TCP_FIN_BOTH] = SL_TCP_LAST_ACK,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
},
[SL_TCP_LAST_ACK] = { /* role 0's FIN is acknowledged, the other's is not */
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_LAST_ACK,
		[SL_TCP_ACK_FIN] = SL_TCP_TIME_WAIT,
		[SL_TCP_FIN] = SL_TCP_LAST_ACK,
		[SL_TCP_FIN_BOTH] = SL_TCP_TIME_WAIT,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
	{
		[SL_TCP_SYN] = SL_TCP_PASS,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_LAST_ACK,
		[SL_TCP_ACK_FIN] = SL_TCP_LAST_ACK,
		[SL_TCP_FIN] = SL_TCP_LAST_ACK,		/* retransmission */
		[SL_TCP_FIN_BOTH] = SL_TCP_LAST_ACK,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
},
[SL_TCP_TIME_WAIT] = {
	[0 ... 1] = {
		[SL_TCP_SYN] = SL_TCP_AGAIN,		/* RFC 9293, 3.10.7.4; the receiver judges its number */
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_TIME_WAIT,
		[SL_TCP_ACK_FIN] = SL_TCP_TIME_WAIT,
		[SL_TCP_FIN] = SL_TCP_TIME_WAIT,	/* retransmission restarts the wait, RFC 9293, 3.10.7.4 */
		[SL_TCP_FIN_BOTH] = SL_TCP_TIME_WAIT,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
},
/* What was on its way when the RST passed may still pass: an end that missed it is reset again. */
[SL_TCP_CLOSED] = {
	[0 ... 1] = {
		[SL_TCP_SYN] = SL_TCP_AGAIN,
		[SL_TCP_SYN_ACK] = SL_TCP_PASS,
		[SL_TCP_ACK] = SL_TCP_CLOSED,
		[SL_TCP_ACK_FIN] = SL_TCP_CLOSED,
		[SL_TCP_FIN] = SL_TCP_CLOSED,
		[SL_TCP_FIN_BOTH] = SL_TCP_CLOSED,
		[SL_TCP_RST] = SL_TCP_RST_WINDOW,
	},
},
};
/* clang-format on */

uint8_t sl_tcp_next(enum sl_session_state state, unsigned int role, enum sl_tcp_event event)
{
	/* No session, or no event: nothing is written for them. */
	if (state == SL_STATE_NONE || state > SL_TCP_CLOSED || !table[state][role & 1][event])
		return SL_TCP_BAD;
	return table[state][role & 1][event];
}
