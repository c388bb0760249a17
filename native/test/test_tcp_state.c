// SPDX-License-Identifier: BSD-3-Clause
#include "session_fixture.h"

#include <stdio.h>
#include <string.h>

#include "session/tcp_state.h"

/* The whole transition table, written down a second time in another form. */

static const char *const names[] = {
	[SL_TCP_SYN_SENT] = "syn-sent",	      [SL_TCP_SYN_CROSSED] = "crossed",
	[SL_TCP_SYN_RECEIVED] = "syn-rcvd",   [SL_TCP_ESTABLISHED] = "estab",
	[SL_TCP_RESET_DOUBT] = "doubt",	      [SL_TCP_FIN_WAIT] = "fin-wait",
	[SL_TCP_CLOSE_WAIT] = "close-wait",   [SL_TCP_CLOSING] = "closing",
	[SL_TCP_LAST_ACK] = "last-ack",	      [SL_TCP_TIME_WAIT] = "time-wait",
	[SL_TCP_CLOSED] = "closed",
};

static const struct {
	enum sl_session_state state;
	unsigned int role;
	const char *next; /* on SYN, SYN+ACK, ACK, ACK of FIN, FIN, FIN with ACK of FIN, RST */
} rows[] = {
	{SL_TCP_SYN_SENT, 0, "again bad bad bad bad bad pass"},
	{SL_TCP_SYN_SENT, 1, "crossed syn-rcvd pass pass pass pass rst-syn"},
	{SL_TCP_SYN_CROSSED, 0, "pass syn-rcvd* syn-rcvd* bad bad bad rst-exact"},
	{SL_TCP_SYN_CROSSED, 1, "pass syn-rcvd syn-rcvd bad bad bad rst-exact"},
	{SL_TCP_SYN_RECEIVED, 0, "pass estab estab bad fin-wait bad rst-exact"},
	{SL_TCP_SYN_RECEIVED, 1, "pass syn-rcvd syn-rcvd bad fin-wait* bad rst-exact"},
	{SL_TCP_ESTABLISHED, 0, "pass pass estab bad fin-wait bad rst-exact"},
	{SL_TCP_ESTABLISHED, 1, "pass pass estab bad fin-wait* bad rst-exact"},
	{SL_TCP_RESET_DOUBT, 0, "pass pass estab bad fin-wait bad rst-exact"},
	{SL_TCP_RESET_DOUBT, 1, "pass pass estab bad fin-wait* bad rst-exact"},
	{SL_TCP_FIN_WAIT, 0, "pass pass fin-wait bad fin-wait bad rst-window"},
	{SL_TCP_FIN_WAIT, 1, "pass pass fin-wait close-wait closing last-ack rst-window"},
	{SL_TCP_CLOSE_WAIT, 0, "pass pass close-wait bad close-wait bad rst-window"},
	{SL_TCP_CLOSE_WAIT, 1, "pass pass close-wait close-wait last-ack last-ack rst-window"},
	{SL_TCP_CLOSING, 0, "pass pass closing last-ack* closing last-ack* rst-window"},
	{SL_TCP_CLOSING, 1, "pass pass closing last-ack closing last-ack rst-window"},
	{SL_TCP_LAST_ACK, 0, "pass pass last-ack time-wait last-ack time-wait rst-window"},
	{SL_TCP_LAST_ACK, 1, "pass pass last-ack last-ack last-ack last-ack rst-window"},
	{SL_TCP_TIME_WAIT, 0, "again pass time-wait time-wait time-wait time-wait rst-window"},
	{SL_TCP_TIME_WAIT, 1, "again pass time-wait time-wait time-wait time-wait rst-window"},
	{SL_TCP_CLOSED, 0, "again pass closed closed closed closed rst-window"},
	{SL_TCP_CLOSED, 1, "again pass closed closed closed closed rst-window"},
};

static void describe(char *out, size_t size, uint8_t next)
{
	static const char *const actions[] = {"pass",	 "bad",	      "again",
					      "rst-syn", "rst-exact", "rst-window"};

	if (next >= SL_TCP_PASS)
		snprintf(out, size, "%s", actions[next - SL_TCP_PASS]);
	else
		snprintf(out, size, "%s%s", names[next & ~SL_TCP_SWAP],
			 next & SL_TCP_SWAP ? "*" : "");
}

static void test_table(void **state)
{
	(void)state;
	static_assert(RTE_DIM(rows) == 2 * SL_TCP_CLOSED, "each state and role");
	for (unsigned int i = 0; i < RTE_DIM(rows); i++) {
		char line[256] = "", cell[32];

		for (unsigned int e = SL_TCP_SYN; e < SL_TCP_EVENTS; e++) {
			describe(cell, sizeof(cell),
				 sl_tcp_next(rows[i].state, rows[i].role, (enum sl_tcp_event)e));
			if (e != SL_TCP_SYN)
				strcat(line, " ");
			strcat(line, cell);
		}
		assert_string_equal(line, rows[i].next);
	}
}

static void test_nothing_else(void **state)
{
	(void)state;
	for (unsigned int s = 0; s <= UINT8_MAX; s++)
		for (unsigned int role = 0; role < 2; role++) {
			assert_int_equal(sl_tcp_next((enum sl_session_state)s, role, SL_TCP_NONSENSE),
					 SL_TCP_BAD);
			if (s == SL_STATE_NONE || s > SL_TCP_CLOSED)
				assert_int_equal(
					sl_tcp_next((enum sl_session_state)s, role, SL_TCP_ACK),
					SL_TCP_BAD);
		}
}

/* All 256 combinations: of FIN, SYN, RST, ACK six make sense, the other bits do not count. */
static void test_flags(void **state)
{
	(void)state;
	for (unsigned int flags = 0; flags < 256; flags++) {
		unsigned int core = flags & (SL_TH_FIN | SL_TH_SYN | SL_TH_RST | SL_TH_ACK);
		bool good = core == SL_TH_SYN || core == (SL_TH_SYN | SL_TH_ACK) ||
			    core == SL_TH_ACK || core == (SL_TH_FIN | SL_TH_ACK) ||
			    core == SL_TH_RST || core == (SL_TH_RST | SL_TH_ACK);

		assert_int_equal(sl_tcp_bad_flags((uint8_t)flags), !good);
	}
}

static int wscale(const char *options, uint16_t length)
{
	uint8_t *header = malloc(20 + length); /* so that a sanitizer sees one byte too many */
	int shift;

	assert_non_null(header);
	memset(header, 0, 20);
	memcpy(header + 20, options, length);
	shift = sl_tcp_wscale(header, (uint16_t)(20 + length));
	free(header);
	return shift;
}

static void test_wscale(void **state)
{
	(void)state;
	assert_int_equal(wscale("", 0), SL_TCP_NO_WSCALE);
	assert_int_equal(wscale("\3\3\7\0", 4), 7);
	assert_int_equal(wscale("\3\3\0\0", 4), 0);
	assert_int_equal(wscale("\3\3\16\0", 4), 14);
	assert_int_equal(wscale("\3\3\17\0", 4), 14);
	assert_int_equal(wscale("\3\3\377\0", 4), 14);
	/* as Linux sends it: MSS, SACK permitted, timestamps, NOP, window scale */
	assert_int_equal(wscale("\2\4\5\264\4\2\10\12aaaabbbb\1\3\3\7", 20), 7);
	/* after the end of options, of another length, cut off, of length 0 and 1 */
	assert_int_equal(wscale("\0\3\3\7", 4), SL_TCP_NO_WSCALE);
	assert_int_equal(wscale("\3\4\7\1", 4), SL_TCP_NO_WSCALE);
	assert_int_equal(wscale("\1\1\3\3", 4), SL_TCP_NO_WSCALE);
	assert_int_equal(wscale("\1\1\1\3", 4), SL_TCP_NO_WSCALE);
	assert_int_equal(wscale("\2\0\3\3\7\1\1\1", 8), SL_TCP_NO_WSCALE);
	assert_int_equal(wscale("\2\1\3\3\7\1\1\1", 8), SL_TCP_NO_WSCALE);
	assert_int_equal(wscale("\2\51\3\3\7\1\1\1", 8), SL_TCP_NO_WSCALE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_nothing_else),
		cmocka_unit_test(test_flags),
		cmocka_unit_test(test_wscale),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
