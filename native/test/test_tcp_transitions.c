// SPDX-License-Identifier: BSD-3-Clause
#include "tcp_talk.h"

#include <stdio.h>
#include <string.h>

/*
 * Every state, entered as it comes about on a wire, meets every kind of segment from either side,
 * with its numbers in order, at the edges and beyond.
 */

/* Kinds of segments; numbers are relative to what their sender would send next. */
enum kind {
	SYN_OLD,  /* the first SYN again */
	SYN_NEW,  /* beyond all numbers there were */
	SYN_LOW,  /* another number, below them */
	SYNACK_OLD,
	SYNACK_NEW,
	ACK_NEXT, /* acknowledges all there is, a FIN too */
	DATA,
	LAST_BYTE, /* at the upper edge of the window */
	BEYOND,	   /* one byte past it */
	ACK_UNSENT,
	FIN_NEXT,
	RST_EXACT,
	RST_INSIDE,
	RST_OUTSIDE,
	KINDS,
};

static const char *const kinds[KINDS] = {
	"SYN again", "SYN above", "SYN below", "old SYN+ACK", "new SYN+ACK", "ACK", "data",
	"last byte", "beyond", "ACK of unsent", "FIN", "RST exact", "RST inside", "RST outside",
};

/* Both sides as they see themselves; numbers as in tcp_talk.h. */
struct ends {
	uint32_t next[2]; /* what each sends next */
	bool syn[2];	  /* has sent one */
};

static void enter(struct talk *t, struct ends *e, enum sl_session_state state)
{
	*t = talk_new();
	*e = (struct ends){.next = {1, 0}, .syn = {true, false}};
	says(t, CLIENT, SYN, 0, 0, 0, SL_DROP_NONE, SL_TCP_SYN_SENT);
	if (state == SL_TCP_SYN_SENT)
		return;
	*e = (struct ends){.next = {1, 1}, .syn = {true, true}};
	if (state == SL_TCP_SYN_CROSSED) {
		says(t, SERVER, SYN, 0, 0, 0, SL_DROP_NONE, SL_TCP_SYN_CROSSED);
		return;
	}
	says(t, SERVER, SYNACK, 0, 1, 0, SL_DROP_NONE, SL_TCP_SYN_RECEIVED);
	if (state == SL_TCP_SYN_RECEIVED)
		return;
	says(t, CLIENT, ACK, 1, 1, 0, SL_DROP_NONE, SL_TCP_ESTABLISHED);
	if (state == SL_TCP_ESTABLISHED)
		return;
	if (state == SL_TCP_RESET_DOUBT) {
		says(t, SERVER, RST, 9, 0, 0, SL_DROP_NONE, SL_TCP_RESET_DOUBT);
		return;
	}
	if (state == SL_TCP_CLOSED) {
		says(t, SERVER, RST, 1, 0, 0, SL_DROP_NONE, SL_TCP_CLOSED);
		return;
	}
	says(t, CLIENT, FIN, 1, 1, 0, SL_DROP_NONE, SL_TCP_FIN_WAIT);
	e->next[0] = 2;
	if (state == SL_TCP_FIN_WAIT)
		return;
	if (state == SL_TCP_CLOSE_WAIT) {
		says(t, SERVER, ACK, 1, 2, 0, SL_DROP_NONE, SL_TCP_CLOSE_WAIT);
		return;
	}
	e->next[1] = 2;
	says(t, SERVER, FIN, 1, state == SL_TCP_CLOSING ? 1 : 2, 0, SL_DROP_NONE,
	     state == SL_TCP_CLOSING ? SL_TCP_CLOSING : SL_TCP_LAST_ACK);
	if (state == SL_TCP_TIME_WAIT)
		says(t, CLIENT, ACK, 2, 2, 0, SL_DROP_NONE, SL_TCP_TIME_WAIT);
	assert_int_equal(t->s.state, state);
}

static enum sl_drop meet(struct talk *t, const struct ends *e, unsigned int side, enum kind kind)
{
	uint32_t next = e->next[side], ack = e->next[side ^ 1];
	/* the limit is what the peer's last ACK and window gave: 1000 from its first byte on */
	uint32_t edge = 1 + 1000;

	switch (kind) {
	case SYN_OLD:
		return say(t, side, SYN, 0, 0, 0);
	case SYN_NEW:
		return say(t, side, SYN, 70000, 0, 0);
	case SYN_LOW:
		return say(t, side, SYN, (uint32_t)-70000, 0, 0);
	case SYNACK_OLD:
		return say(t, side, SYNACK, 0, 1, 0);
	case SYNACK_NEW:
		return say(t, side, SYNACK, 90000, 70001, 0);
	case ACK_NEXT:
		return say(t, side, ACK, next, ack, 0);
	case DATA:
		return say(t, side, ACK, next, ack, 10);
	case LAST_BYTE:
		return say(t, side, ACK, edge - 1, ack, 1);
	case BEYOND:
		return say(t, side, ACK, edge, ack, 1);
	case ACK_UNSENT:
		return say(t, side, ACK, next, ack + 1, 0);
	case FIN_NEXT:
		/* a FIN sent once has its number */
		return say(t, side, FIN, t->s.scale[side] & 0x40 ? next - 1 : next, ack, 0);
	case RST_EXACT:
		return say(t, side, RST, next, 0, 0);
	case RST_INSIDE:
		return say(t, side, RST, next + 1, 0, 0);
	case RST_OUTSIDE:
		return say(t, side, RST, edge + 2, 0, 0);
	default:
		return SL_DROP_NONE;
	}
}

static const char *outcome(const struct talk *t, enum sl_drop drop)
{
	static const char *const states[] = {
		[SL_TCP_SYN_SENT] = "sent",	  [SL_TCP_SYN_CROSSED] = "crossed",
		[SL_TCP_SYN_RECEIVED] = "rcvd",	  [SL_TCP_ESTABLISHED] = "estab",
		[SL_TCP_RESET_DOUBT] = "doubt",	  [SL_TCP_FIN_WAIT] = "fin-wait",
		[SL_TCP_CLOSE_WAIT] = "cl-wait",  [SL_TCP_CLOSING] = "closing",
		[SL_TCP_LAST_ACK] = "last-ack",	  [SL_TCP_TIME_WAIT] = "time-wait",
		[SL_TCP_CLOSED] = "closed",
	};

	switch (drop) {
	case SL_DROP_NONE:
		return states[t->s.state];
	case SL_DROP_TCP_OUT_OF_WINDOW:
		return "-window";
	case SL_DROP_TCP_BAD_STATE:
		return "-state";
	case SL_DROP_TCP_BAD_RST:
		return "-rst";
	default:
		return "-other";
	}
}

/* Where a segment leads from a state: the state after it, or why it is dropped. */
static const struct {
	enum sl_session_state state;
	unsigned int side;
	/* SYN again, above, below; SYN+ACK old, new; ACK, data, last byte, */
	/* beyond, ACK of unsent, FIN; RST exact, inside, outside */
	const char *outcomes;
} rows[] = {
	{SL_TCP_SYN_SENT, CLIENT,
	 "sent sent sent -state -state -state -state -state "
	 "-state -state -state sent sent sent"},
	{SL_TCP_SYN_SENT, SERVER,
	 "crossed crossed crossed rcvd -window sent sent sent "
	 "sent sent sent -rst -rst -rst"},
	{SL_TCP_SYN_CROSSED, CLIENT,
	 "crossed crossed crossed rcvd -window rcvd rcvd rcvd "
	 "-window -window -state closed crossed -rst"},
	{SL_TCP_SYN_CROSSED, SERVER,
	 "crossed crossed crossed rcvd -window rcvd rcvd rcvd "
	 "-window -window -state closed crossed -rst"},
	{SL_TCP_SYN_RECEIVED, CLIENT,
	 "rcvd rcvd rcvd estab -window estab estab estab "
	 "-window -window fin-wait closed rcvd -rst"},
	{SL_TCP_SYN_RECEIVED, SERVER,
	 "rcvd rcvd rcvd rcvd -window rcvd rcvd rcvd "
	 "-window -window fin-wait closed rcvd -rst"},
	{SL_TCP_ESTABLISHED, CLIENT,
	 "estab estab estab estab -window estab estab estab "
	 "-window -window fin-wait closed doubt -rst"},
	{SL_TCP_ESTABLISHED, SERVER,
	 "-state -state -state estab -window estab estab estab "
	 "-window -window fin-wait closed doubt -rst"},
	{SL_TCP_RESET_DOUBT, CLIENT,
	 "doubt doubt doubt doubt -window estab estab estab "
	 "-window -window fin-wait closed doubt -rst"},
	{SL_TCP_RESET_DOUBT, SERVER,
	 "-state -state -state doubt -window estab estab estab "
	 "-window -window fin-wait closed doubt -rst"},
	{SL_TCP_FIN_WAIT, CLIENT,
	 "fin-wait fin-wait fin-wait fin-wait -window fin-wait -window -window "
	 "-window -window fin-wait closed closed -rst"},
	{SL_TCP_FIN_WAIT, SERVER,
	 "-state -state -state fin-wait -window cl-wait cl-wait cl-wait "
	 "-window -window last-ack closed closed -rst"},
	{SL_TCP_CLOSE_WAIT, CLIENT,
	 "cl-wait cl-wait cl-wait cl-wait -window cl-wait -window -window "
	 "-window -window cl-wait closed closed -rst"},
	{SL_TCP_CLOSE_WAIT, SERVER,
	 "-state -state -state cl-wait -window cl-wait cl-wait cl-wait "
	 "-window -window last-ack closed closed -rst"},
	{SL_TCP_CLOSING, CLIENT,
	 "closing closing closing closing -window last-ack -window -window "
	 "-window -window last-ack closed closed -rst"},
	{SL_TCP_CLOSING, SERVER,
	 "-state -state -state closing -window last-ack -window -window "
	 "-window -window last-ack closed closed -rst"},
	{SL_TCP_LAST_ACK, CLIENT,
	 "last-ack last-ack last-ack last-ack -window time-wait -window -window "
	 "-window -window time-wait closed closed -rst"},
	{SL_TCP_LAST_ACK, SERVER,
	 "-state -state -state last-ack -window last-ack -window -window "
	 "-window -window last-ack closed closed -rst"},
	{SL_TCP_TIME_WAIT, CLIENT,
	 "time-wait sent time-wait time-wait -window time-wait -window -window "
	 "-window -window time-wait closed closed -rst"},
	{SL_TCP_TIME_WAIT, SERVER,
	 "-state -state -state time-wait -window time-wait -window -window "
	 "-window -window time-wait closed closed -rst"},
	{SL_TCP_CLOSED, CLIENT,
	 "sent sent sent closed -window closed closed closed "
	 "-window -window closed closed closed -rst"},
	{SL_TCP_CLOSED, SERVER,
	 "-state -state -state closed -window closed closed closed "
	 "-window -window closed closed closed -rst"},
};

static void test_all(void **state)
{
	unsigned int wrong = 0;

	(void)state;
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		char line[512] = "", where[64];

		for (enum kind kind = SYN_OLD; kind < KINDS; kind++) {
			struct ends e;
			struct talk t;

			enter(&t, &e, rows[i].state);
			strcat(line, kind ? " " : "");
			strcat(line, outcome(&t, meet(&t, &e, rows[i].side, kind)));
		}
		snprintf(where, sizeof(where), "state %u, side %u", rows[i].state, rows[i].side);
		if (strcmp(line, rows[i].outcomes)) {
			printf("%s:\n  %s\n  not %s\n", where, line, rows[i].outcomes);
			wrong++;
		}
	}
	for (enum kind kind = SYN_OLD; wrong && kind < KINDS; kind++)
		printf("%s%s", kind ? ", " : "", kinds[kind]);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
