// SPDX-License-Identifier: BSD-3-Clause
#include "helpers/ftp_parse.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS_MOST 45 /* of IPv6 as text, RFC 4291 2.2 */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

/* A number up to `most` at *at, which goes behind it. */
static bool number(const uint8_t *line, size_t length, size_t *at, uint32_t most, uint32_t *value)
{
	size_t from = *at;

	*value = 0;
	while (*at < length && is_digit(line[*at])) {
		*value = *value * 10 + (uint32_t)(line[(*at)++] - '0');
		if (*value > most)
			return false;
	}
	return *at > from;
}

static bool skip(const uint8_t *line, size_t length, size_t *at, uint8_t c)
{
	if (*at >= length || line[*at] != c)
		return false;
	(*at)++;
	return true;
}

/* RFC 959 4.1.2: six numbers of a byte each. */
static bool host_port(const uint8_t *line, size_t length, size_t at, struct sl_ftp_line *out)
{
	size_t from = at;
	uint32_t byte[6];

	for (unsigned int i = 0; i < 6; i++)
		if ((i > 0 && !skip(line, length, &at, ',')) ||
		    !number(line, length, &at, 255, &byte[i]))
			return false;
	for (unsigned int i = 0; i < 4; i++)
		out->address[i] = (uint8_t)byte[i];
	out->family = 4;
	out->port = (uint16_t)(byte[4] << 8 | byte[5]);
	out->at = (uint16_t)from;
	out->length = (uint16_t)(at - from);
	return true;
}

static bool extended_address(const uint8_t *text, size_t length, struct sl_ftp_line *out)
{
	char address[ADDRESS_MOST + 1];

	if (length > ADDRESS_MOST)
		return false;
	memcpy(address, text, length);
	address[length] = '\0';
	return inet_pton(out->family == 4 ? AF_INET : AF_INET6, address, out->address) == 1;
}

/* RFC 2428 2: |1|132.235.1.2|6275| with any printable delimiter. */
static bool extended(const uint8_t *line, size_t length, size_t at, struct sl_ftp_line *out)
{
	size_t from = at, end;
	uint32_t value;

	if (at >= length || line[at] < 33 || line[at] > 126)
		return false;
	out->delimiter = line[at++];
	if (!number(line, length, &at, 2, &value) || value == 0 ||
	    !skip(line, length, &at, out->delimiter))
		return false;
	out->family = value == 1 ? 4 : 6;
	for (end = at; end < length && line[end] != out->delimiter;)
		end++;
	if (!extended_address(line + at, end - at, out))
		return false;
	at = end;
	if (!skip(line, length, &at, out->delimiter) || !number(line, length, &at, 65535, &value) ||
	    !skip(line, length, &at, out->delimiter))
		return false;
	out->port = (uint16_t)value;
	out->at = (uint16_t)from;
	out->length = (uint16_t)(at - from);
	return true;
}

/* RFC 2428 3: three delimiters, the port, one more. */
static bool extended_passive(const uint8_t *line, size_t length, size_t at, struct sl_ftp_line *out)
{
	size_t from = at;
	uint32_t value;

	if (at >= length || line[at] < 33 || line[at] > 126 || is_digit(line[at]))
		return false;
	out->delimiter = line[at];
	for (unsigned int i = 0; i < 3; i++)
		if (!skip(line, length, &at, out->delimiter))
			return false;
	if (!number(line, length, &at, 65535, &value) || !skip(line, length, &at, out->delimiter))
		return false;
	out->port = (uint16_t)value;
	out->at = (uint16_t)from;
	out->length = (uint16_t)(at - from);
	return true;
}

static void parse_reply(const uint8_t *line, size_t length, struct sl_ftp_line *out)
{
	if (length < 4 || line[3] != ' ' || line[0] != '2' || line[1] != '2')
		return;
	if (line[2] == '7') {
		/* RFC 1123 4.1.2.6: the parentheses may be missing; the first digits are it. */
		for (size_t at = 4; at < length; at++) {
			if (!is_digit(line[at]) || is_digit(line[at - 1]))
				continue;
			if (host_port(line, length, at, out)) {
				out->kind = SL_FTP_PASV;
				return;
			}
		}
	} else if (line[2] == '9') {
		const uint8_t *open = memchr(line, '(', length);

		if (open && extended_passive(line, length, (size_t)(open - line) + 1, out))
			out->kind = SL_FTP_EPSV;
	}
}

/* Where the word of a command begins: some servers are lenient about what stands before it. */
static size_t blank(const uint8_t *line, size_t length, size_t at)
{
	while (at < length && (line[at] == ' ' || line[at] == '\t'))
		at++;
	return at;
}

/* How many bytes of `word` (four letters, upper case) lie at `at`, -1 when others do. */
static int word_at(const uint8_t *line, size_t length, size_t at, const char *word)
{
	int same = 0;

	while (same < 4 && at < length) {
		if ((line[at++] & 0xdf) != (uint8_t)word[same])
			return -1;
		same++;
	}
	return same;
}

void sl_ftp_parse(const uint8_t *line, size_t length, bool reply, struct sl_ftp_line *out)
{
	size_t at = reply ? 0 : blank(line, length, 0);
	bool port, found;

	*out = (struct sl_ftp_line){.kind = SL_FTP_OTHER};
	if (length > UINT16_MAX)
		return;
	if (reply) {
		parse_reply(line, length, out);
		return;
	}
	port = word_at(line, length, at, "PORT") == 4;
	if (!port && word_at(line, length, at, "EPRT") != 4)
		return;
	at += 4;
	if (at >= length || (line[at] != ' ' && line[at] != '\t'))
		return; /* another command, or one without argument, which a server refuses */
	at = blank(line, length, at);
	found = port ? host_port(line, length, at, out) : extended(line, length, at, out);
	if (found) {
		/* Nothing may follow that a server would read on in. */
		at = blank(line, length, (size_t)out->at + out->length);
		found = at < length && (line[at] == '\r' || line[at] == '\n');
	}
	out->kind = !found ? SL_FTP_BAD : port ? SL_FTP_PORT : SL_FTP_EPRT;
}

bool sl_ftp_may_say(const uint8_t *line, size_t length, bool reply)
{
	size_t at;

	if (reply)
		return length == 0 || (line[0] == '2' && (length < 2 || line[1] == '2') &&
				       (length < 3 || line[2] == '7' || line[2] == '9') &&
				       (length < 4 || line[3] == ' '));
	at = blank(line, length, 0);
	return word_at(line, length, at, "PORT") >= 0 || word_at(line, length, at, "EPRT") >= 0;
}

size_t sl_ftp_write(const struct sl_ftp_line *line, char *to)
{
	char text[SL_FTP_TEXT_MOST + 16], address[INET6_ADDRSTRLEN];
	const uint8_t *a = line->address;
	int length;

	if (line->kind == SL_FTP_EPSV) {
		length = snprintf(text, sizeof(text), "%c%c%c%u%c", line->delimiter, line->delimiter,
				  line->delimiter, line->port, line->delimiter);
	} else if (line->kind == SL_FTP_EPRT) {
		inet_ntop(line->family == 4 ? AF_INET : AF_INET6, a, address, sizeof(address));
		length = snprintf(text, sizeof(text), "%c%c%c%s%c%u%c", line->delimiter,
				  line->family == 4 ? '1' : '2', line->delimiter, address,
				  line->delimiter, line->port, line->delimiter);
	} else {
		length = snprintf(text, sizeof(text), "%u,%u,%u,%u,%u,%u", a[0], a[1], a[2], a[3],
				  line->port >> 8, line->port & 255);
	}
	memcpy(to, text, (size_t)length);
	return (size_t)length;
}
