/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * JSON text in growing memory. Start from zeroes, free with sl_json_free. Keys are NULL inside arrays.
 * Out of memory is remembered: the text is then NULL at the end.
 */
struct sl_json {
	char *text; /* NUL-terminated */
	size_t length, room;
	bool failed;
	bool comma; /* a value stands before the next one */
};

void sl_json_object(struct sl_json *j, const char *key);
void sl_json_object_end(struct sl_json *j);
void sl_json_array(struct sl_json *j, const char *key);
void sl_json_array_end(struct sl_json *j);
void sl_json_string(struct sl_json *j, const char *key, const char *value);
void sl_json_number(struct sl_json *j, const char *key, uint64_t value);
/* Milliseconds with three decimals from ns. */
void sl_json_ms(struct sl_json *j, const char *key, uint64_t ns);
void sl_json_bool(struct sl_json *j, const char *key, bool value);
/* Family 4 or 6, network order. */
void sl_json_address(struct sl_json *j, const char *key, int family, const void *address);
void sl_json_free(struct sl_json *j);
