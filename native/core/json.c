/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/json.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void append(struct sl_json *j, const char *bytes, size_t n)
{
	if (j->failed)
		return;
	if (j->length + n + 1 > j->room) {
		size_t room = (j->length + n + 1) * 2;
		char *text = realloc(j->text, room < 4096 ? 4096 : room);

		if (!text) {
			sl_json_free(j);
			j->failed = true;
			return;
		}
		j->text = text;
		j->room = room < 4096 ? 4096 : room;
	}
	memcpy(j->text + j->length, bytes, n);
	j->length += n;
	j->text[j->length] = '\0';
}

static void quoted(struct sl_json *j, const char *value)
{
	append(j, "\"", 1);
	for (; *value; value++) {
		unsigned char c = (unsigned char)*value;
		char escape[8];

		if (c == '"' || c == '\\')
			append(j, escape, (size_t)snprintf(escape, sizeof(escape), "\\%c", c));
		else if (c < 0x20)
			append(j, escape, (size_t)snprintf(escape, sizeof(escape), "\\u%04x", c));
		else
			append(j, value, 1);
	}
	append(j, "\"", 1);
}

/* Comma and key before a value. */
static void lead(struct sl_json *j, const char *key)
{
	if (j->comma)
		append(j, ",", 1);
	j->comma = true;
	if (key) {
		quoted(j, key);
		append(j, ":", 1);
	}
}

static void enter(struct sl_json *j, const char *key, const char *bracket)
{
	lead(j, key);
	append(j, bracket, 1);
	j->comma = false;
}

static void leave(struct sl_json *j, const char *bracket)
{
	append(j, bracket, 1);
	j->comma = true;
}

void sl_json_object(struct sl_json *j, const char *key)
{
	enter(j, key, "{");
}

void sl_json_object_end(struct sl_json *j)
{
	leave(j, "}");
}

void sl_json_array(struct sl_json *j, const char *key)
{
	enter(j, key, "[");
}

void sl_json_array_end(struct sl_json *j)
{
	leave(j, "]");
}

void sl_json_string(struct sl_json *j, const char *key, const char *value)
{
	lead(j, key);
	quoted(j, value);
}

void sl_json_number(struct sl_json *j, const char *key, uint64_t value)
{
	char text[24];

	lead(j, key);
	append(j, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64, value));
}

void sl_json_ms(struct sl_json *j, const char *key, uint64_t ns)
{
	char text[32];

	lead(j, key);
	append(j, text,
	       (size_t)snprintf(text, sizeof(text), "%" PRIu64 ".%03u", ns / 1000000u,
				(unsigned int)(ns / 1000u % 1000u)));
}

void sl_json_bool(struct sl_json *j, const char *key, bool value)
{
	lead(j, key);
	append(j, value ? "true" : "false", value ? 4 : 5);
}

void sl_json_address(struct sl_json *j, const char *key, int family, const void *address)
{
	char text[INET6_ADDRSTRLEN];

	inet_ntop(family == 6 ? AF_INET6 : AF_INET, address, text, sizeof(text));
	sl_json_string(j, key, text);
}

void sl_json_free(struct sl_json *j)
{
	free(j->text);
	j->text = NULL;
	j->length = j->room = 0;
}
