/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "helpers/helper.h"

/* What helpers share with each other, and with nobody else. */

/* The two sides of a session, network order: how each knows itself and how the other knows it. */
struct sl_helper_ends {
	uint8_t client[16], asked[16]; /* the client, and the server as the client knows it */
	uint8_t server[16], seen[16];  /* the server, and the client as the server knows it */
	uint16_t client_port, asked_port, server_port, seen_port;
	uint8_t family;
};

/* A packet that a helper reads. */
struct sl_helping {
	struct sl_worker *w;
	struct rte_mbuf *m;
	struct sl_pkt *p;
	struct sl_session *s;
	struct sl_extension *x;
	struct sl_helped *r;
	struct sl_helper_ends ends;
};

/* Bytes of a line in whose place others go on. */
struct sl_helper_spot {
	uint16_t at, length;
	uint16_t text_length; /* 0: none are to be replaced */
	uint8_t text[64];
};

/* A segment of TCP with data. */
struct sl_helper_segment {
	struct sl_helping *h;
	const struct sl_helper_ops *ops;
	struct sl_helper_side *side;
	unsigned int direction;
	const uint8_t *data;
	uint32_t seq, length;
	uint32_t keep; /* bytes of it that go on */
	bool fin;
};

/* A helper: one or two of these, by SL_HELPER_*. It reads lines or messages of TCP, or datagrams. */
struct sl_helper_ops {
	uint8_t protocol; /* of the sessions it reads */
	/* May a line that begins so be of interest? Of one that is not, the end is not waited for. */
	bool (*may_say)(const uint8_t *line, size_t length, bool reply);
	/* A whole line of side 0 or 1; what it says is expected, and what is to be changed in `spot`. */
	enum sl_drop (*line)(struct sl_helping *h, const uint8_t *line, size_t length,
			     unsigned int side, struct sl_helper_spot *spot);
	/* A segment whose first `old` bytes were read before; the rest it may change, and cut off. */
	enum sl_drop (*segment)(struct sl_helper_segment *g, uint32_t old);
	/* A datagram, which it may change. */
	enum sl_drop (*datagram)(struct sl_helping *h);
};

extern const struct sl_helper_ops sl_helper_ftp, sl_helper_sip, sl_helper_sip_stream;

/* A segment of TCP that is read by lines or messages. */
enum sl_drop sl_helper_stream(struct sl_helping *h, const struct sl_helper_ops *ops);

/*
 * The flow of `side` to the other one's address and port (`e` says where, and `e->server_port`): to
 * be expected from now on, at the port that is in `e` afterwards. Where `chosen`, the port may be
 * another one than the real one, as NAT is on the way; the one in `e` before
 * is tried first, 0: any.
 */
enum sl_drop sl_helper_expect(struct sl_helping *h, struct sl_expected *e, unsigned int side,
			      bool chosen);

/*
 * Puts `with` in place of `length` bytes at `at`, which lie behind the transport header, all of the
 * packet being one piece; lengths and checksums follow. False without room.
 */
bool sl_helper_replace(struct rte_mbuf *m, uint32_t at, uint32_t length, const void *with,
		       uint32_t with_length);

/* Everything behind the transport header, in one piece and without padding; NULL without room. */
uint8_t *sl_helper_payload(struct rte_mbuf *m, uint32_t header, uint32_t *length);
