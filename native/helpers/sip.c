// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <stdio.h>
#include <string.h>

#include "helpers/sip.h"
#include "helpers/sip_parse.h"

/*
 * SIP (RFC 3261). Where NAT is on the way, the sender's address and the one it knows its peer
 * by are written as the peer knows them, in the request's target, Via, Contact and routes; names are
 * left alone. A description (RFC 4566) announces where its sender wants media: RTP at an even port,
 * RTCP at the next one (RFC 3550 11) or where it says (RFC 3605).
 */

#define WAIT_MS 180000u
#define LOWEST 1024
#define EDITS_MOST 64 /* in one message: more is no message */
#define SIP_PORT 5060

struct message {
	struct sl_helping *h;
	const struct sl_sip_view *view;
	uint8_t *text;
	uint32_t start, length; /* in the packet */
	unsigned int edits;
};

/* Who a packet is from and for, as its sender has it, and what its receiver is to see instead. */
struct sl_sip_view {
	const uint8_t *own, *peer, *own_there, *peer_there;
	uint16_t own_port, peer_port, own_port_there, peer_port_there;
};

static struct sl_sip_view view_of(const struct sl_helper_ends *e, unsigned int direction)
{
	if (direction == 0)
		return (struct sl_sip_view){e->client, e->asked, e->seen, e->server,
					    e->client_port, e->asked_port, e->seen_port,
					    e->server_port};
	return (struct sl_sip_view){e->server, e->seen, e->asked, e->client,
				    e->server_port, e->seen_port, e->asked_port, e->client_port};
}

static enum sl_drop replace(struct message *msg, size_t at, size_t length, const char *with,
			    size_t with_length)
{
	if (with_length == length && memcmp(msg->text + at, with, length) == 0)
		return SL_DROP_NONE;
	if (++msg->edits > EDITS_MOST)
		return SL_DROP_HELPER_MALFORMED;
	if (!sl_helper_replace(msg->h->m, msg->start + (uint32_t)at, (uint32_t)length, with,
			       (uint32_t)with_length))
		return SL_DROP_NO_MBUF;
	msg->length = (uint32_t)(msg->length + with_length - length);
	return SL_DROP_NONE;
}

static enum sl_drop replace_number(struct message *msg, const struct sl_sip_number *number,
				   uint32_t value)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", value);

	return replace(msg, number->at, number->length, text, (size_t)length);
}

/* The literal with another address, and where there is one (or must be) another port. */
static enum sl_drop replace_host(struct message *msg, const struct sl_sip_host *host,
				 const uint8_t *address, uint16_t port, size_t *end)
{
	bool brackets = msg->text[host->at] == '[';
	char literal[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16];
	size_t old = host->port_length ? host->port_at + host->port_length - host->at : host->length;
	int length;

	inet_ntop(host->family == 4 ? AF_INET : AF_INET6, address, literal, sizeof(literal));
	length = snprintf(text, sizeof(text), "%s%s%s", brackets ? "[" : "", literal,
			  brackets ? "]" : "");
	if (port)
		length += snprintf(text + length, sizeof(text) - (size_t)length, ":%u", port);
	*end = host->at + (size_t)length;
	return replace(msg, host->at, old, text, (size_t)length);
}

/* What the receiver is to see for a literal of a header: `port` is 0 where none is written. */
static bool seen_as(const struct sl_sip_view *v, const struct sl_sip_host *host,
		    const uint8_t **address, uint16_t *port)
{
	bool own = memcmp(host->address, v->own, 16) == 0;
	uint16_t here = rte_be_to_cpu_16(own ? v->own_port : v->peer_port);
	uint16_t there = rte_be_to_cpu_16(own ? v->own_port_there : v->peer_port_there);

	if (!own && memcmp(host->address, v->peer, 16) != 0)
		return false;
	*address = own ? v->own_there : v->peer_there;
	*port = host->port_length ? host->port : 0;
	if (!host->parameter && here != there && (*port ? *port : SIP_PORT) == here)
		*port = there;
	return true;
}

static enum sl_drop header(struct message *msg, struct sl_sip_line *line)
{
	const struct sl_sip_view *v = msg->view;
	struct sl_sip_number rport;
	struct sl_sip_host host;
	size_t from = line->at;
	enum sl_drop reason;

	while (sl_sip_host(msg->text, line, from, &host)) {
		uint32_t before = msg->length;
		const uint8_t *address;
		uint16_t port;

		from = host.at + host.length;
		if (host.family != msg->h->ends.family || !seen_as(v, &host, &address, &port))
			continue;
		reason = replace_host(msg, &host, address, port, &from);
		if (reason)
			return reason;
		line->length = line->length + msg->length - before;
	}
	/* RFC 3581 4: an answer says where it saw its request come from. */
	if (line->kind == SL_SIP_VIA && sl_sip_rport(msg->text, line, &rport) &&
	    rport.value == rte_be_to_cpu_16(v->peer_port)) {
		uint32_t before = msg->length;

		reason = replace_number(msg, &rport, rte_be_to_cpu_16(v->peer_port_there));
		if (reason)
			return reason;
		line->length = line->length + msg->length - before;
	}
	return SL_DROP_NONE;
}

/* Media for the sender of the description at one of its ports; where the other side sends it. */
static enum sl_drop expect(struct message *msg, uint16_t port, uint16_t wish, struct sl_expected *e)
{
	struct sl_helping *h = msg->h;
	const struct sl_sip_view *v = msg->view;

	*e = (struct sl_expected){.family = h->ends.family, .protocol = IPPROTO_UDP,
				  .kind = SL_HELPER_SIP, .until_ms = h->w->now_ms + WAIT_MS,
				  .port = rte_cpu_to_be_16(wish),
				  .server_port = rte_cpu_to_be_16(port)};
	/* Who sends it, and as whom; where that is no matter of NAT, anybody: media may have other hosts. */
	memcpy(e->source, v->peer_there, 16);
	memcpy(e->client, v->peer, 16);
	e->any_source = memcmp(e->source, e->client, 16) == 0;
	memcpy(e->destination, v->own_there, 16);
	memcpy(e->server, v->own, 16);
	return sl_helper_expect(h, e, h->p->direction == 0, memcmp(v->own, v->own_there, 16) != 0);
}

/* What one m= and the lines up to the next one say. */
struct media {
	struct sl_sip_line line;
	struct sl_sip_number port;
	bool own;	   /* it is to go to who says so */
	uint32_t rtcp;	   /* 0: the port after that */
};

/* The section at `at`: `own` is what the lines before all sections said. */
static bool read_media(const struct message *msg, size_t at, bool own, struct media *media)
{
	struct sl_sip_line line;

	if (!sl_sdp_line(msg->text, msg->length, at, &line) || line.kind != SL_SDP_MEDIA ||
	    !sl_sip_number(msg->text, &line, &media->port))
		return false;
	media->line = line;
	media->own = own;
	media->rtcp = 0;
	for (at += line.length; sl_sdp_line(msg->text, msg->length, at, &line) &&
				line.kind != SL_SDP_MEDIA;
	     at += line.length) {
		struct sl_sip_number number;
		struct sl_sip_host host;

		if (line.kind == SL_SDP_ADDRESS)
			media->own = sl_sdp_address(msg->text, &line, &host) &&
				     host.family == msg->h->ends.family &&
				     memcmp(host.address, msg->view->own, 16) == 0;
		else if (line.kind == SL_SDP_RTCP && sl_sip_number(msg->text, &line, &number))
			media->rtcp = number.value;
	}
	return true;
}

/* RTP and RTCP are expected; the ports the receiver is to see for them. */
static enum sl_drop announce(struct message *msg, const struct media *media, uint16_t *rtp,
			     uint16_t *rtcp)
{
	struct sl_expected e;
	enum sl_drop reason;
	uint32_t own_rtcp = media->rtcp ? media->rtcp : media->port.value + 1;

	if (media->port.value < LOWEST || own_rtcp < LOWEST)
		return SL_DROP_HELPER_LOW_PORT;
	if (own_rtcp > UINT16_MAX)
		return SL_DROP_HELPER_MALFORMED;
	reason = expect(msg, (uint16_t)media->port.value, 0, &e);
	if (reason)
		return reason;
	*rtp = rte_be_to_cpu_16(e.port);
	if (own_rtcp == media->port.value) { /* RFC 5761: both at one port */
		*rtcp = *rtp;
		return SL_DROP_NONE;
	}
	reason = expect(msg, (uint16_t)own_rtcp,
			media->rtcp || *rtp == UINT16_MAX ? 0 : (uint16_t)(*rtp + 1), &e);
	*rtcp = rte_be_to_cpu_16(e.port);
	return reason;
}

/* o= and c= of the sender's own address, and a=rtcp:. */
static enum sl_drop sdp_line(struct message *msg, struct sl_sip_line *line, bool own,
			     uint16_t rtcp)
{
	uint32_t before = msg->length;
	struct sl_sip_number number;
	struct sl_sip_host host;
	enum sl_drop reason = SL_DROP_NONE;
	size_t end;

	if (line->kind == SL_SDP_RTCP && own && rtcp && sl_sip_number(msg->text, line, &number))
		reason = replace_number(msg, &number, rtcp);
	line->length = line->length + msg->length - before;
	before = msg->length;
	if (!reason && (line->kind == SL_SDP_ORIGIN || line->kind == SL_SDP_ADDRESS ||
			line->kind == SL_SDP_RTCP) &&
	    sl_sdp_address(msg->text, line, &host) && host.family == msg->h->ends.family &&
	    memcmp(host.address, msg->view->own, 16) == 0)
		reason = replace_host(msg, &host, msg->view->own_there, 0, &end);
	line->length = line->length + msg->length - before;
	return reason;
}

static enum sl_drop description(struct message *msg, size_t at)
{
	uint16_t rtp = 0, rtcp = 0;
	bool own = false, current = false, section = false;
	struct sl_sip_line line;
	struct sl_sip_host host;
	enum sl_drop reason = SL_DROP_NONE;

	while (!reason && sl_sdp_line(msg->text, msg->length, at, &line)) {
		struct media media;

		if (line.kind == SL_SDP_ADDRESS && !section)
			own = sl_sdp_address(msg->text, &line, &host) &&
			      host.family == msg->h->ends.family &&
			      memcmp(host.address, msg->view->own, 16) == 0;
		rtp = line.kind == SL_SDP_MEDIA ? 0 : rtp;
		if (line.kind == SL_SDP_MEDIA && read_media(msg, at, own, &media)) {
			section = true;
			/* RFC 3264 6: port 0 is media that is not wanted. */
			current = media.own && media.port.value != 0;
			if (current) {
				uint32_t before = msg->length;

				reason = announce(msg, &media, &rtp, &rtcp);
				if (!reason)
					reason = replace_number(msg, &media.port, rtp);
				line.length = line.length + msg->length - before;
			}
		} else if (!reason) {
			reason = sdp_line(msg, &line, current, rtp ? rtcp : 0);
		}
		at += line.length;
	}
	return reason;
}

/* The body grew or shrank by `by`: so says Content-Length. */
static enum sl_drop fit_length(struct message *msg, int32_t by)
{
	struct sl_sip_line line;

	for (size_t at = 0; by && sl_sip_header(msg->text, msg->length, at, &line) &&
			    line.kind != SL_SIP_END;
	     at += line.length) {
		struct sl_sip_number number;

		if (line.kind == SL_SIP_LENGTH && sl_sip_number(msg->text, &line, &number))
			return replace_number(msg, &number, (uint32_t)((int32_t)number.value + by));
	}
	return SL_DROP_NONE;
}

/* Its headers, and its body where that is a description. */
static enum sl_drop rewrite(struct message *msg)
{
	struct sl_sip_line line;
	enum sl_drop reason = SL_DROP_NONE;
	size_t at = 0;

	for (; !reason && sl_sip_header(msg->text, msg->length, at, &line); at += line.length) {
		if (line.kind == SL_SIP_END) {
			uint32_t before = msg->length;

			at += line.length;
			if (msg->length - at < 3 || memcmp(msg->text + at, "v=0", 3) != 0)
				return SL_DROP_NONE;
			reason = description(msg, at);
			return reason ? reason : fit_length(msg, (int32_t)(msg->length - before));
		}
		if (line.kind == SL_SIP_START || line.kind == SL_SIP_WHERE || line.kind == SL_SIP_VIA)
			reason = header(msg, &line);
	}
	return reason;
}

enum sl_drop sl_sip_message(struct sl_helping *h, uint32_t start, uint32_t *length, bool *changed)
{
	const struct sl_sip_view view = view_of(&h->ends, h->p->direction);
	struct message msg = {.h = h, .view = &view, .start = start, .length = *length};
	enum sl_drop reason;

	msg.text = rte_pktmbuf_mtod_offset(h->m, uint8_t *, start);
	reason = rewrite(&msg);
	*length = msg.length;
	*changed |= msg.edits > 0;
	return reason;
}

static enum sl_drop sip_datagram(struct sl_helping *h)
{
	uint32_t length;
	const uint8_t *text = sl_helper_payload(h->m, 8, &length);
	bool changed = false;

	if (!text)
		return SL_DROP_NO_MBUF;
	if (!sl_sip_is(text, length))
		return SL_DROP_NONE; /* keeps NAT's mind fresh (RFC 5626 3.5), or nothing we know */
	return sl_sip_message(h, (uint32_t)h->p->l4 + 8, &length, &changed);
}

const struct sl_helper_ops sl_helper_sip = {.protocol = IPPROTO_UDP, .datagram = sip_datagram};
