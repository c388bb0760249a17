// SPDX-License-Identifier: BSD-3-Clause
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "helpers/ftp_parse.h"
#include "helpers/helping.h"

/* FTP (RFC 959, RFC 2428): each PORT, EPRT and answer to PASV and EPSV announces a connection. */

#define WAIT_MS 60000u
#define LOWEST 1024 /* below are ports of services: nobody's data goes there (RFC 2577 3) */

/* The server connects to the client. */
static void active(const struct sl_helper_ends *ends, struct sl_expected *e)
{
	memcpy(e->source, ends->server, 16);
	memcpy(e->destination, ends->seen, 16);
	memcpy(e->server, ends->client, 16);
	memcpy(e->client, ends->asked, 16);
}

/* The client connects to the server. */
static void passive(const struct sl_helper_ends *ends, struct sl_expected *e)
{
	memcpy(e->source, ends->client, 16);
	memcpy(e->destination, ends->asked, 16);
	memcpy(e->server, ends->server, 16);
	memcpy(e->client, ends->seen, 16);
}

static enum sl_drop ftp_line(struct sl_helping *h, const uint8_t *line, size_t length,
			     unsigned int side, struct sl_helper_spot *spot)
{
	const struct sl_helper_ends *ends = &h->ends;
	struct sl_expected e = {.family = ends->family, .protocol = IPPROTO_TCP,
				.kind = SL_HELPER_FTP, .until_ms = h->w->now_ms + WAIT_MS};
	struct sl_ftp_line f;
	bool asks, chosen;
	enum sl_drop reason;

	sl_ftp_parse(line, length, side == 1, &f);
	if (f.kind == SL_FTP_BAD)
		return SL_DROP_HELPER_MALFORMED;
	asks = f.kind == SL_FTP_PORT || f.kind == SL_FTP_EPRT;
	/* A server of IPv6 that answers PASV means an address that this one cannot reach. */
	if (f.kind == SL_FTP_OTHER || (f.kind == SL_FTP_PASV && ends->family != 4))
		return SL_DROP_NONE;
	/* RFC 2577 3: data goes to who asked for it and to nobody else. */
	if (asks && (f.family != ends->family || memcmp(f.address, ends->client, 16) != 0))
		return SL_DROP_HELPER_BOUNCE;
	if (f.port < LOWEST)
		return SL_DROP_HELPER_LOW_PORT;
	(asks ? active : passive)(ends, &e);
	/* Whatever address a server gives, its data comes from where it is itself. */
	memcpy(f.address, e.destination, 16);
	chosen = memcmp(e.destination, e.server, 16) != 0;
	e.server_port = rte_cpu_to_be_16(f.port);
	reason = sl_helper_expect(h, &e, asks, chosen);
	if (reason)
		return reason;
	f.port = rte_be_to_cpu_16(e.port);
	spot->at = f.at;
	spot->length = f.length;
	spot->text_length = (uint16_t)sl_ftp_write(&f, (char *)spot->text);
	return SL_DROP_NONE;
}

const struct sl_helper_ops sl_helper_ftp = {
	.protocol = IPPROTO_TCP, .may_say = sl_ftp_may_say, .line = ftp_line};
