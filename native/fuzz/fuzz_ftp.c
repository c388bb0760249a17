/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdlib.h>
#include <string.h>

#include "helpers/ftp_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * First byte: who says it. What is found lies within the line, and what is written in its place says
 * the same.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sl_ftp_line f, again;
	uint8_t line[SL_FTP_TEXT_MOST + 32] = "PORT ";
	size_t length, before = 5;
	bool reply;

	if (size < 1)
		return 0;
	reply = data[0] & 1;
	sl_ftp_parse(data + 1, size - 1, reply, &f);
	(void)sl_ftp_may_say(data + 1, size - 1, reply);
	if (f.kind == SL_FTP_OTHER || f.kind == SL_FTP_BAD)
		return 0;
	if ((size_t)f.at + f.length > size - 1 || !sl_ftp_may_say(data + 1, size - 1, reply))
		abort();
	if (f.kind == SL_FTP_EPRT)
		memcpy(line, "EPRT ", 5);
	else if (f.kind == SL_FTP_PASV)
		memcpy(line, "227 (", 5);
	else if (f.kind == SL_FTP_EPSV)
		memcpy(line, "229 (", 5);
	length = sl_ftp_write(&f, (char *)line + before);
	if (length > SL_FTP_TEXT_MOST)
		abort();
	memcpy(line + before + length, reply ? ")\r\n" : "\r\n", reply ? 3 : 2);
	sl_ftp_parse(line, before + length + (reply ? 3 : 2), reply, &again);
	if (again.kind != f.kind || again.port != f.port || again.family != f.family ||
	    memcmp(again.address, f.address, sizeof(f.address)) != 0 || again.length != length)
		abort();
	return 0;
}
