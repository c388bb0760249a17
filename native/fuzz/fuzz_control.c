/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/control.h"
#include "core/control_message.h"
#include "core/control_survey.h"
#include "core/eal.h"
#include "core/make.h"
#include "host/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int stage(const void *image, size_t size, struct sl_tables_stats *stats, char *error,
		 size_t error_size)
{
	(void)image, (void)size, (void)stats;
	snprintf(error, error_size, "refused");
	return -EINVAL;
}

static int activate(uint64_t generation, struct sl_swap_result *result, char *error,
		    size_t error_size)
{
	(void)generation, (void)result;
	snprintf(error, error_size, "refused");
	return -ENOENT;
}

static void nothing(void)
{
}

static struct sl_datapath datapath;
static char directory[] = "/tmp/sluice-fuzz-XXXXXX";

static void remove_directory(void)
{
	sl_control_close();
	rmdir(directory);
}

static void start(void)
{
	static const struct sl_control_ops ops = {stage, activate, nothing, nothing};
	static struct sl_options options = {
		.workers = 1, .memory_mb = 64, .buffers = 512, .no_huge = true, .offline = true};
	struct sl_image_settings settings = {.max_sessions = 1024, .max_routes = 1024, .fragment_timeout = 30,
					      .fragment_datagrams = 64, .fragment_source = 16};
	char error[256] = "";

	datapath.workers = 1;
	datapath.offline = true;
	sl_datapath = &datapath;
	for (unsigned int slot = 0; slot < SL_MAX_IFACES; slot++)
		datapath.port_of_iface[slot] = SL_NO_PORT;
	if (!mkdtemp(directory) || sl_eal_start(&options, &datapath) < 0 ||
	    sl_datapath_pool(&datapath, &options) < 0 ||
	    sl_datapath_make(&datapath, &settings, 1, NULL, error, sizeof(error)) < 0 ||
	    sl_control_open(&datapath, directory, &ops, error, sizeof(error)) < 0) {
		fprintf(stderr, "fuzz_control: %s\n", error);
		abort();
	}
	atexit(remove_directory);
}

static int body(const uint8_t *data, size_t size)
{
	int fd = memfd_create("body", MFD_CLOEXEC);

	if (fd >= 0 && write(fd, data, size) != (ssize_t)size)
		abort();
	return fd;
}

/*
 * First byte: how long the request is, and (high bit) whether the rest comes as a body. Every
 * request gets one answer with its tag.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool started;
	struct sl_response response;
	int peer[2], fd = -1;
	uint8_t answer[SL_MESSAGE_MAX];
	size_t length;
	ssize_t n;

	if (!started)
		start();
	started = true;
	if (size < 1 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, peer) < 0)
		return 0;
	length = data[0] & 0x7f;
	if (length > size - 1)
		length = size - 1;
	if (data[0] & 0x80)
		fd = body(data + 1 + length, size - 1 - length);
	/* Staging answers from a thread later on; its image is the table reader's matter. */
	if (length >= 8 && data[5] == SL_OP_STAGE && fd >= 0) {
		close(fd);
		fd = -1;
	}
	sl_control_handle(peer[0], data + 1, length, fd);
	while (sl_control_surveys())
		sl_control_survey_step(&datapath);
	n = recv(peer[1], answer, sizeof(answer), MSG_DONTWAIT);
	if (n < (ssize_t)sizeof(response))
		abort();
	memcpy(&response, answer, sizeof(response));
	if (length >= 16 && memcmp(&response.tag, data + 1 + 8, 8) != 0)
		abort();
	close(peer[0]);
	close(peer[1]);
	if (fd >= 0)
		close(fd);
	return 0;
}
