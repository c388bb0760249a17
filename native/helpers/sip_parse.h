/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages of SIP (RFC 3261) and descriptions of sessions in them (RFC 4566): lines, and what they say. */

enum sl_sip_kind {
	SL_SIP_OTHER,
	SL_SIP_START,  /* of a request or an answer */
	SL_SIP_WHERE,  /* Contact, Route, Record-Route */
	SL_SIP_VIA,
	SL_SIP_LENGTH, /* Content-Length */
	SL_SIP_END,    /* the body follows */
	SL_SDP_ORIGIN, /* o= */
	SL_SDP_ADDRESS, /* c= */
	SL_SDP_MEDIA,  /* m= */
	SL_SDP_RTCP,   /* a=rtcp: (RFC 3605) */
};

struct sl_sip_line {
	enum sl_sip_kind kind;
	size_t at, length; /* with its end; a header goes on in lines that begin with a blank */
};

/* An address literal, and a port behind it. */
struct sl_sip_host {
	uint8_t address[16]; /* network order, IPv4 in the first four bytes */
	uint8_t family;
	bool parameter;	     /* it is the value of one: no port belongs to it */
	size_t at, length;   /* with the brackets of IPv6 */
	size_t port_at, port_length; /* digits; where they would be, 0 */
	uint16_t port;	     /* 0 without one */
};

/* A number of digits. */
struct sl_sip_number {
	size_t at, length;
	uint32_t value;
};

/* Does a message of SIP begin so? */
bool sl_sip_is(const uint8_t *text, size_t length);

enum sl_sip_framing {
	SL_SIP_FRAME,	 /* `*total` bytes, here or not */
	SL_SIP_OPEN,	 /* its header goes on */
	SL_SIP_NO_FRAME, /* no SIP, or (RFC 3261 18.3) without the length that it has to say in a stream */
};

/* A message of a stream begins here: how long is it? */
enum sl_sip_framing sl_sip_frame(const uint8_t *text, size_t length, uint32_t *total);

/* The header line at `at`, the first one being the start line; false at the end. */
bool sl_sip_header(const uint8_t *text, size_t length, size_t at, struct sl_sip_line *line);

/* The same of a description. */
bool sl_sdp_line(const uint8_t *text, size_t length, size_t at, struct sl_sip_line *line);

/* The next literal of a line, from `from` (counted as `line->at` is) on. */
bool sl_sip_host(const uint8_t *text, const struct sl_sip_line *line, size_t from,
		 struct sl_sip_host *host);

/* Of Content-Length, m= (the port) and a=rtcp: the number. */
bool sl_sip_number(const uint8_t *text, const struct sl_sip_line *line,
		   struct sl_sip_number *number);

/* Of Via the parameter `rport=` (RFC 3581). */
bool sl_sip_rport(const uint8_t *text, const struct sl_sip_line *line, struct sl_sip_number *number);

/* The address of o=, c= and a=rtcp:; false where it is a name, or another network's. */
bool sl_sdp_address(const uint8_t *text, const struct sl_sip_line *line, struct sl_sip_host *host);
