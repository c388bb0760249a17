/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "helpers/expect.h"
#include "session/table.h"

/*
 * Helpers read sessions of protocols that say within them where other flows go: they expect those,
 * and where NAT is on the way they write the addresses that the other side knows. A rule switches
 * one on for the sessions it opens. What a helper knows of a session is a record of its own, which
 * the extension record leads to.
 *
 *   session_miss  sl_helper_expected()   a flow that is to come: it opens a child
 *                 sl_helper_begin()      a session whose rule has a helper
 *                 sl_helper_adopt()      a child
 *   session_hit   sl_helper_follow()     each packet of either, once it is tracked
 *   session end   sl_helper_end()
 */

#define SL_HELPED_MOST 32768u	 /* sessions with helpers at once */
#define SL_HELPER_EXPECTS 64	 /* flows that one session may expect at a time */
#define SL_HELPER_HELD 80	 /* bytes of a line that are kept until its end comes */
#define SL_HELPER_TEXT 192	 /* bytes that may replace some */

/* A direction of TCP that is read line by line, or by messages; numbers are the sender's own. */
struct sl_helper_side {
	uint32_t next;	 /* first byte that was not read yet */
	uint32_t acked;	 /* the peer, or the box for what it holds, has all before */
	uint32_t from, to; /* bytes in whose place `text` goes on */
	uint16_t window; /* as it was said last */
	uint16_t length; /* of `text`; 0: nothing was replaced */
	uint8_t held;	 /* bytes of `text` that wait for the rest of their line */
	bool known;	 /* `next` is */
	bool middle;	 /* `next` is within a line, or header, that says nothing */
	bool measured;	 /* SIP: that header said how long its body is */
	bool lost;	 /* SIP: nobody knows where its messages begin */
	uint8_t part;	 /* SIP: bytes of a line of that header in `text` */
	uint32_t body, left; /* SIP: of that message; of one whose end is yet to come */
	int32_t by;	 /* SIP: what `from` to `to` became longer by */
	uint8_t text[SL_HELPER_TEXT];
};

struct sl_helped {
	_Atomic uint32_t refs;	/* the session itself and its children */
	_Atomic bool cut_off;	/* it was ended from outside: its children end too */
	uint16_t lo, hi;	/* ports NAT may give out for it, */
	uint16_t block;		/* in blocks of so many to a client; 0: no blocks */
	uint32_t next_free;
	struct sl_helper_side side[2];
	struct {
		struct sl_expect_ref ref;
		uint16_t port; /* real one, network order */
		uint16_t given; /* the one that the other side knows; 0: none */
		uint8_t side;  /* whose flow it will be */
	} expected[SL_HELPER_EXPECTS];
	uint8_t turn; /* the one that makes room next */
};

struct sl_helpers {
	struct sl_expectations expectations;
	struct sl_memory memory;
	struct sl_helped *record; /* 0 is never handed out */
	rte_spinlock_t lock;
	uint32_t fresh, free; /* under the lock */
	_Atomic uint32_t sessions, children;
	_Atomic uint64_t rewritten, refused;
};

/* NULL: no memory. */
struct sl_helpers *sl_helpers_create(uint64_t seed);
void sl_helpers_free(struct sl_helpers *h);

struct sl_nat;

/* The record of a session that has one. */
static inline struct sl_helped *sl_helper_record(const struct sl_datapath *dp,
						 const struct sl_extension *x)
{
	return &dp->helpers->record[x->helped];
}

/* Was it announced in another session? Any thread may ask of a live one. */
static inline bool sl_helper_is_child(const struct sl_session *s)
{
	return s->flags & SL_SESSION_HELPER &&
	       sl_extension_at(&sl_datapath->sessions->extensions, s->extension)->child;
}

/* Is it a flow that is to come, by a rule that still has a helper? */
bool sl_helper_expected_slow(const struct sl_worker *w, const struct sl_pkt *p,
			     struct sl_expected *e);
static inline bool sl_helper_expected(const struct sl_worker *w, const struct sl_pkt *p,
				      struct sl_expected *e)
{
	return unlikely(sl_expect_any(&w->dp->helpers->expectations)) &&
	       sl_helper_expected_slow(w, p, e);
}

/*
 * `s` is to be published for the packet `p`, its rule having the helper `kind`. SL_DROP_HELPER_FULL
 * without room; a session that this helper has nothing to do with goes on without it.
 */
enum sl_drop sl_helper_begin(struct sl_worker *w, struct sl_session *s, const struct sl_pkt *p,
			     const struct sl_nat *nat, uint8_t kind);

/* The same of an expected one; false when it is not expected any more. */
bool sl_helper_adopt(struct sl_worker *w, struct sl_session *s, const struct sl_expected *e);

/* A tracked packet with its transport header, its bytes as they came. */
enum sl_drop sl_helper_follow(struct sl_worker *w, struct rte_mbuf *m, struct sl_session *s,
			      struct sl_extension *x);

/* The session is no more, or its rule has no helper any more. `cut_off`: its children go too. */
void sl_helper_end(struct sl_datapath *dp, struct sl_session *s, struct sl_extension *x,
		   bool cut_off);

struct sl_json;
void sl_helper_show(const struct sl_datapath *dp, struct sl_json *json);
