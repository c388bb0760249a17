/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lines of an FTP control connection that say where data goes (RFC 959, RFC 2428). */

#define SL_FTP_TEXT_MOST 56 /* bytes of the longest text that says where */

enum sl_ftp_kind {
	SL_FTP_OTHER, /* says nothing about data */
	SL_FTP_PORT,  /* PORT h1,h2,h3,h4,p1,p2 */
	SL_FTP_EPRT,  /* EPRT |1|address|port| */
	SL_FTP_PASV,  /* 227 text (h1,h2,h3,h4,p1,p2) */
	SL_FTP_EPSV,  /* 229 text (|||port|) */
	SL_FTP_BAD,   /* a PORT or EPRT that is none */
};

struct sl_ftp_line {
	enum sl_ftp_kind kind;
	uint8_t family;	     /* 4 or 6, 0 of EPSV */
	uint8_t delimiter;   /* of EPRT and EPSV */
	uint8_t address[16]; /* network order, IPv4 in the first four bytes */
	uint16_t port;	     /* host order */
	uint16_t at, length; /* the text that says where, within the line */
};

/* A line with its end, of the server (`reply`) or the client. */
void sl_ftp_parse(const uint8_t *line, size_t length, bool reply, struct sl_ftp_line *out);

/* May a line that begins so, its end not being here yet, be one that says where data goes? */
bool sl_ftp_may_say(const uint8_t *line, size_t length, bool reply);

/*
 * Writes the text that says where, in the form of `line` but with the address and port given there.
 * Returns its length, at most SL_FTP_TEXT_MOST; no NUL.
 */
size_t sl_ftp_write(const struct sl_ftp_line *line, char *to);
