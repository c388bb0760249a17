/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stdint.h>

/* Kinds: RFC 9293 3.1, RFC 7323, RFC 2018, RFC 7413. */
#define SL_TCP_OPTION_END 0
#define SL_TCP_OPTION_NOP 1
#define SL_TCP_OPTION_MSS 2
#define SL_TCP_OPTION_WSCALE 3
#define SL_TCP_OPTION_SACK_OK 4
#define SL_TCP_OPTION_SACK 5
#define SL_TCP_OPTION_TIMES 8
#define SL_TCP_OPTION_FAST_OPEN 34

/*
 * Where in a header of `header_length` bytes, all readable, the first option of a kind is, and how
 * long it is, kind and length included; 0 without one. Malformed options end the search.
 */
unsigned int sl_tcp_option(const uint8_t *tcp, uint16_t header_length, uint8_t kind,
			   unsigned int *length);
