/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pipeline of pipeline.h with a tunnel, for a peer that is another program. Lines on standard
 * input, one answer each:
 *   reset
 *   sa in|out CIPHER KEY INTEGRITY KEY FLAGS 4|6 NUMBER  `ok`, or `refused` and why. Numbers are those of
 *                                                        sa_message.h, keys hex or `-`; NUMBER is the
 *                                                        last one used or, inbound, seen
 *   packet INTERFACE FRAME     fate and reason or `-`; then interface and frame of what goes out
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "test/esp_peer.h"
#include "test/pipeline.h"

static const char *const fates[] = {
	[SL_FATE_FORWARDED] = "forwarded", [SL_FATE_LOCAL] = "local", [SL_FATE_DROPPED] = "dropped"};

static uint32_t bytes_of(uint8_t *to, size_t room, const char *hex)
{
	uint32_t n = 0;
	unsigned int byte;

	while (n < room && hex[0] != '-' && sscanf(hex, "%2x", &byte) == 1) {
		to[n++] = (uint8_t)byte;
		hex += 2;
	}
	return n;
}

static void make_sa(const char *line)
{
	char direction[8], cipher_key[128], integrity_key[256];
	unsigned int cipher, integrity, flags, family;
	unsigned long long number;
	struct esp_suite suite = {0};
	struct sl_sa_add add;
	struct sl_sa *sa;
	int status;

	/* esp_sa() fills in keys of the lengths of a suite; then they are written over. */
	if (sscanf(line, "sa %7s %u %127s %u %255s %u %u %llu", direction, &cipher, cipher_key,
		   &integrity, integrity_key, &flags, &family, &number) != 8 ||
	    strlen(cipher_key) < 32 || strlen(cipher_key) > 2 * sizeof(add.cipher_key)) {
		puts("refused what is not understood");
		return;
	}
	suite.cipher = (uint16_t)cipher;
	suite.key = (uint8_t)(cipher_key[0] == '-' ? 0 : strlen(cipher_key) / 2);
	suite.integrity = (uint16_t)integrity;
	add = esp_sa(&suite, direction[0] == 'o' ? SL_SA_OUT : SL_SA_IN, (uint16_t)flags,
		     family == 6);
	bytes_of(add.cipher_key, sizeof(add.cipher_key), cipher_key);
	add.integrity_key_length =
		(uint8_t)bytes_of(add.integrity_key, sizeof(add.integrity_key), integrity_key);
	status = esp_add(&add);
	if (status) {
		printf("refused %s\n", strerror(-status));
		return;
	}
	sa = sl_sad_named(pipeline.dp, &add.name);
	sa->sequence = number;
	sa->replay.top = number;
	puts("ok");
}

static void run(unsigned int iface, const char *hex)
{
	static struct frame f;
	const struct sl_result *r;
	struct sl_output head;
	const uint8_t *bytes;

	f.length = bytes_of(f.bytes, sizeof(f.bytes), hex);
	r = pipeline_in((uint16_t)iface, &f);
	printf("%s %s", fates[r->fate], r->reason ? sl_drop_name(r->reason) : "-");
	for (unsigned int i = 0; (bytes = pipeline_out(i, &head)) != NULL; i++) {
		printf(" %u ", head.iface);
		for (uint32_t k = 0; k < head.length; k++)
			printf("%02x", bytes[k]);
	}
	putchar('\n');
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;

	pipeline_change = esp_network;
	if (pipeline_start(NULL))
		return 1;
	while (getline(&line, &room, stdin) > 0) {
		unsigned int iface;
		int at = 0;

		if (strncmp(line, "reset", 5) == 0) {
			sl_sad_flush(pipeline.dp);
			if (pipeline_reset(NULL))
				return 1;
			puts("ok");
		} else if (sscanf(line, "packet %u %n", &iface, &at) == 1 && at > 0) {
			run(iface, line + at);
		} else {
			make_sa(line);
		}
		fflush(stdout);
	}
	free(line);
	return 0;
}
