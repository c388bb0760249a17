/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>

#include "helpers/sip_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void within(size_t at, size_t length, const struct sl_sip_line *line)
{
	if (at < line->at || at + length > line->at + line->length)
		abort();
}

static void read_line(const uint8_t *text, const struct sl_sip_line *line)
{
	struct sl_sip_number number;
	struct sl_sip_host host;
	size_t from = line->at;

	while (sl_sip_host(text, line, from, &host)) {
		within(host.at, host.length, line);
		within(host.port_at, host.port_length, line);
		if (host.length == 0 || host.at < from)
			abort();
		from = host.at + host.length;
	}
	if (sl_sip_number(text, line, &number))
		within(number.at, number.length, line);
	if (sl_sip_rport(text, line, &number))
		within(number.at, number.length, line);
	if (sl_sdp_address(text, line, &host))
		within(host.at, host.length, line);
}

/* A message, whatever it begins with: lines cover it, and what is found lies within them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool body = false;
	size_t at = 0;
	struct sl_sip_line line;

	uint32_t total;

	if (size > 0)
		(void)sl_sip_is(data, size);
	/* The end of its header is here, whatever the length of the body. */
	if (size > 0 && sl_sip_frame(data, size, &total) == SL_SIP_FRAME && total > size + UINT16_MAX)
		abort();
	while (body ? sl_sdp_line(data, size, at, &line) : sl_sip_header(data, size, at, &line)) {
		if (line.at != at || line.length == 0 || line.length > size - at)
			abort();
		read_line(data, &line);
		body = body || line.kind == SL_SIP_END;
		at += line.length;
	}
	if (at != size)
		abort();
	return 0;
}
