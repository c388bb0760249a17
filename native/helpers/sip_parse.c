// SPDX-License-Identifier: BSD-3-Clause
#include "helpers/sip_parse.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define ADDRESS_MOST 45
#define START_MOST 1024 /* bytes of a start line */

static const struct {
	const char *name;
	enum sl_sip_kind kind;
} headers[] = {
	/* RFC 3261 7.3.3: and their short forms. */
	{"via", SL_SIP_VIA},	     {"v", SL_SIP_VIA},
	{"contact", SL_SIP_WHERE},   {"m", SL_SIP_WHERE},
	{"route", SL_SIP_WHERE},     {"record-route", SL_SIP_WHERE},
	{"content-length", SL_SIP_LENGTH}, {"l", SL_SIP_LENGTH},
};

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* What may be part of a name or number beside which an address would be none. */
static bool is_word(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
	       c == '_' || c == '.';
}

static size_t line_end(const uint8_t *text, size_t length, size_t at)
{
	const uint8_t *end = memchr(text + at, '\n', length - at);

	return end ? (size_t)(end - text) + 1 : length;
}

bool sl_sip_is(const uint8_t *text, size_t length)
{
	static const char version[] = "SIP/2.0";
	size_t size = sizeof(version) - 1, end = line_end(text, length, 0);

	if (end < size + 1 || text[end - 1] != '\n')
		return false;
	if (memcmp(text, version, size) == 0)
		return true;
	end -= end > 1 && text[end - 2] == '\r' ? 2 : 1;
	return end > size && memcmp(text + end - size, version, size) == 0 && text[end - size - 1] == ' ';
}

enum sl_sip_framing sl_sip_frame(const uint8_t *text, size_t length, uint32_t *total)
{
	struct sl_sip_line line;
	bool measured = false;
	uint32_t body = 0;

	*total = 0;
	if (!memchr(text, '\n', length))
		return length < START_MOST ? SL_SIP_OPEN : SL_SIP_NO_FRAME;
	if (!sl_sip_is(text, length))
		return SL_SIP_NO_FRAME;
	for (size_t at = 0; sl_sip_header(text, length, at, &line); at += line.length) {
		struct sl_sip_number number;

		if (text[at + line.length - 1] != '\n')
			break;
		if (line.kind == SL_SIP_END) {
			*total = (uint32_t)(at + line.length) + body;
			return measured ? SL_SIP_FRAME : SL_SIP_NO_FRAME;
		}
		if (line.kind != SL_SIP_LENGTH)
			continue;
		if (!sl_sip_number(text, &line, &number))
			return SL_SIP_NO_FRAME;
		measured = true;
		body = number.value;
	}
	return SL_SIP_OPEN;
}

static enum sl_sip_kind header_kind(const uint8_t *line, size_t length)
{
	const uint8_t *colon = memchr(line, ':', length);
	size_t name = colon ? (size_t)(colon - line) : 0;

	while (name > 0 && is_blank(line[name - 1]))
		name--;
	for (unsigned int i = 0; name > 0 && i < sizeof(headers) / sizeof(headers[0]); i++)
		if (strlen(headers[i].name) == name &&
		    strncasecmp((const char *)line, headers[i].name, name) == 0)
			return headers[i].kind;
	return SL_SIP_OTHER;
}

bool sl_sip_header(const uint8_t *text, size_t length, size_t at, struct sl_sip_line *line)
{
	size_t end;

	if (at >= length)
		return false;
	end = line_end(text, length, at);
	*line = (struct sl_sip_line){.at = at, .length = end - at};
	if (text[at] == '\n' || (line->length == 2 && text[at] == '\r')) {
		line->kind = SL_SIP_END;
		return true;
	}
	while (at > 0 && end < length && is_blank(text[end]))
		end = line_end(text, length, end);
	line->length = end - at;
	line->kind = at == 0 ? SL_SIP_START : header_kind(text + at, line->length);
	return true;
}

bool sl_sdp_line(const uint8_t *text, size_t length, size_t at, struct sl_sip_line *line)
{
	const uint8_t *t = text + at;

	if (at >= length)
		return false;
	*line = (struct sl_sip_line){.at = at, .length = line_end(text, length, at) - at};
	if (line->length < 2 || t[1] != '=')
		return true;
	if (t[0] == 'o')
		line->kind = SL_SDP_ORIGIN;
	else if (t[0] == 'c')
		line->kind = SL_SDP_ADDRESS;
	else if (t[0] == 'm')
		line->kind = SL_SDP_MEDIA;
	else if (line->length > 7 && memcmp(t, "a=rtcp:", 7) == 0)
		line->kind = SL_SDP_RTCP;
	return true;
}

/* `length` bytes as an address of the family. */
static bool address_of(const uint8_t *text, size_t length, uint8_t family, uint8_t address[16])
{
	char literal[ADDRESS_MOST + 1];

	if (length == 0 || length > ADDRESS_MOST || memchr(text, '\0', length))
		return false;
	memcpy(literal, text, length);
	literal[length] = '\0';
	memset(address, 0, 16);
	return inet_pton(family == 4 ? AF_INET : AF_INET6, literal, address) == 1;
}

static void port_behind(const uint8_t *text, size_t end, struct sl_sip_host *host)
{
	size_t at = host->at + host->length;
	uint32_t value = 0;

	host->port_at = at;
	if (at >= end || text[at] != ':')
		return;
	host->port_at = ++at;
	while (at < end && is_digit(text[at]) && value <= UINT16_MAX)
		value = value * 10 + (uint32_t)(text[at++] - '0');
	host->port_length = at - host->port_at;
	host->port = value <= UINT16_MAX ? (uint16_t)value : 0;
}

/* The literal that begins at `at`, if one does. */
static bool literal_at(const uint8_t *text, size_t begin, size_t end, size_t at,
		       struct sl_sip_host *host)
{
	size_t stop = at;

	*host = (struct sl_sip_host){.family = text[at] == '[' ? 6 : 4, .at = at};
	if (host->family == 6) {
		size_t most = end - at < ADDRESS_MOST + 2 ? end - at : ADDRESS_MOST + 2;
		const uint8_t *close = memchr(text + at, ']', most);

		if (!close || !address_of(text + at + 1, (size_t)(close - text) - at - 1, 6,
					  host->address))
			return false;
		stop = (size_t)(close - text) + 1;
	} else {
		if (at > begin && is_word(text[at - 1]))
			return false;
		while (stop < end && (is_digit(text[stop]) || text[stop] == '.'))
			stop++;
		/* As the name of a user it is nobody's address. */
		if ((stop < end && (is_word(text[stop]) || text[stop] == '@')) ||
		    !address_of(text + at, stop - at, 4, host->address))
			return false;
	}
	host->length = stop - at;
	host->parameter = at > begin && text[at - 1] == '=';
	port_behind(text, end, host);
	return true;
}

bool sl_sip_host(const uint8_t *text, const struct sl_sip_line *line, size_t from,
		 struct sl_sip_host *host)
{
	size_t end = line->at + line->length;

	for (size_t at = from; at < end; at++)
		if ((is_digit(text[at]) || text[at] == '[') &&
		    literal_at(text, line->at, end, at, host))
			return true;
	return false;
}

static bool number_at(const uint8_t *text, size_t at, size_t end, struct sl_sip_number *number)
{
	*number = (struct sl_sip_number){.at = at};
	while (at < end && is_digit(text[at]) && number->value <= UINT16_MAX)
		number->value = number->value * 10 + (uint32_t)(text[at++] - '0');
	number->length = at - number->at;
	return number->length > 0 && number->value <= UINT16_MAX &&
	       (at >= end || !is_digit(text[at]));
}

bool sl_sip_number(const uint8_t *text, const struct sl_sip_line *line,
		   struct sl_sip_number *number)
{
	size_t at = line->at, end = line->at + line->length;
	uint8_t before = line->kind == SL_SDP_MEDIA ? ' ' : ':';
	const uint8_t *found = memchr(text + at, before, line->length);

	if (!found)
		return false;
	at = (size_t)(found - text) + 1;
	while (line->kind == SL_SIP_LENGTH && at < end && is_blank(text[at]))
		at++;
	return number_at(text, at, end, number);
}

bool sl_sip_rport(const uint8_t *text, const struct sl_sip_line *line, struct sl_sip_number *number)
{
	const uint8_t *found = memmem(text + line->at, line->length, ";rport=", 7);

	return found && number_at(text, (size_t)(found - text) + 7, line->at + line->length, number);
}

bool sl_sdp_address(const uint8_t *text, const struct sl_sip_line *line, struct sl_sip_host *host)
{
	const uint8_t *found = memmem(text + line->at, line->length, "IN IP", 5);
	size_t at, stop, end = line->at + line->length;

	if (!found)
		return false;
	at = (size_t)(found - text) + 5;
	if (end - at < 3 || (text[at] != '4' && text[at] != '6') || text[at + 1] != ' ')
		return false;
	*host = (struct sl_sip_host){.family = (uint8_t)(text[at] - '0'), .at = at + 2};
	for (stop = at + 2; stop < end && text[stop] > ' ' && text[stop] != '/';)
		stop++;
	host->length = stop - host->at;
	host->port_at = stop;
	return address_of(text + host->at, host->length, host->family, host->address);
}
