// SPDX-License-Identifier: BSD-3-Clause
#include "session/tcp_options.h"

#include "session/tcp.h"

#define TCP_MIN_HEADER 20
#define WSCALE_LENGTH 3

unsigned int sl_tcp_option(const uint8_t *tcp, uint16_t header_length, uint8_t kind,
			   unsigned int *length)
{
	unsigned int at = TCP_MIN_HEADER;

	while (at < header_length && tcp[at] != SL_TCP_OPTION_END) {
		if (tcp[at] == SL_TCP_OPTION_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= header_length)
			break;
		*length = tcp[at + 1];
		if (*length < 2 || at + *length > header_length)
			break;
		if (tcp[at] == kind)
			return at;
		at += *length;
	}
	return 0;
}

int sl_tcp_wscale(const uint8_t *tcp, uint16_t header_length)
{
	unsigned int length;
	unsigned int at = sl_tcp_option(tcp, header_length, SL_TCP_OPTION_WSCALE, &length);

	if (!at || length != WSCALE_LENGTH)
		return SL_TCP_NO_WSCALE;
	return tcp[at + 2] > SL_WSCALE_MAX ? SL_WSCALE_MAX : tcp[at + 2];
}
