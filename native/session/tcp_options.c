// SPDX-License-Identifier: BSD-3-Clause
#include "session/tcp.h"

#define TCP_MIN_HEADER 20
#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_WSCALE 3
#define WSCALE_LENGTH 3

int sl_tcp_wscale(const uint8_t *tcp, uint16_t header_length)
{
	unsigned int at = TCP_MIN_HEADER;

	while (at < header_length) {
		unsigned int kind = tcp[at], length;

		if (kind == OPTION_END)
			break;
		if (kind == OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= header_length)
			break;
		length = tcp[at + 1];
		if (length < 2 || at + length > header_length)
			break;
		if (kind == OPTION_WSCALE && length == WSCALE_LENGTH)
			return tcp[at + 2] > SL_WSCALE_MAX ? SL_WSCALE_MAX : tcp[at + 2];
		at += length;
	}
	return SL_TCP_NO_WSCALE;
}
