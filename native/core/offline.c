/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/offline.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/make.h"
#include "core/offline_state.h"

/* A frame longer than this is read over and answered by an error. */
#define MAX_FRAME (1u << 30)

static struct sl_datapath datapath;

/* 1: all of it; 0: the end came before its first byte; -errno. */
static int read_all(int fd, void *to, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t n = read(fd, (uint8_t *)to + at, length - at);

		if (n == 0)
			return at ? -EPIPE : 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 1;
}

static int write_all(int fd, const void *from, size_t length)
{
	for (size_t at = 0; at < length;) {
		ssize_t n = write(fd, (const uint8_t *)from + at, length - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int skip(int fd, size_t length)
{
	uint8_t buffer[65536];

	while (length > 0) {
		size_t n = length < sizeof(buffer) ? length : sizeof(buffer);
		int got = read_all(fd, buffer, n);

		if (got <= 0)
			return got ? got : -EPIPE;
		length -= n;
	}
	return 0;
}

static int send_frame(int fd, uint32_t type, const void *payload, size_t length)
{
	const struct sl_frame head = {.length = (uint32_t)length, .type = type};
	int status = write_all(fd, &head, sizeof(head));

	return status ? status : write_all(fd, payload, length);
}

static int send_error(int fd, const char *text)
{
	return send_frame(fd, SL_FRAME_ERROR, text, strlen(text));
}

static int send_hello(int fd)
{
	char names[8192];
	size_t at = 0;

	for (unsigned int reason = 0; reason < SL_DROP_REASONS; reason++) {
		size_t length = strlen(sl_drop_name(reason)) + 1;

		if (at + length > sizeof(names))
			return -ENOSPC;
		memcpy(names + at, sl_drop_name(reason), length);
		at += length;
	}
	return send_frame(fd, SL_FRAME_HELLO, names, at);
}

static int send_results(int fd, const struct sl_offline *o)
{
	const struct sl_result_head counts = {.results = o->reported, .outputs = o->outputs};
	size_t results = o->reported * sizeof(*o->results);
	const struct sl_frame head = {
		.length = (uint32_t)(sizeof(counts) + results + o->out_length),
		.type = SL_FRAME_RESULT,
	};
	int status;

	if (sizeof(counts) + results + o->out_length > UINT32_MAX)
		return send_error(fd, "the answer is longer than a frame may be; send smaller batches");
	status = write_all(fd, &head, sizeof(head));
	if (!status)
		status = write_all(fd, &counts, sizeof(counts));
	if (!status)
		status = write_all(fd, o->results, results);
	return status ? status : write_all(fd, o->out, o->out_length);
}

/* One request, one answer. Non-zero ends the process. */
static int serve(struct sl_offline *o, int out, uint32_t type, const uint8_t *payload, size_t length)
{
	char error[512] = "";
	int status;

	switch (type) {
	case SL_FRAME_IMAGE:
		status = sl_offline_load(o, payload, length, error, sizeof(error));
		if (!status)
			return send_frame(out, SL_FRAME_IMAGE, "", 0);
		send_error(out, error);
		return status == -ENOMEM ? status : 0;
	case SL_FRAME_BATCH:
		status = sl_offline_run(o, payload, length, error, sizeof(error));
		return status ? send_error(out, error) : send_results(out, o);
	default:
		snprintf(error, sizeof(error), "frame type %u is not known", type);
		return send_error(out, error);
	}
}

static int next_frame(struct sl_offline *o, int in, int out)
{
	struct sl_frame head;
	uint8_t *payload;
	int status = read_all(in, &head, sizeof(head));

	if (status <= 0)
		return status;
	if (head.length > MAX_FRAME) {
		status = send_error(out, "the frame is longer than 1 GiB");
		if (!status)
			status = skip(in, head.length);
		return status ? status : 1;
	}
	payload = malloc(head.length ? head.length : 1);
	if (!payload) {
		status = send_error(out, "out of memory for the frame");
		if (!status)
			status = skip(in, head.length);
		return status ? status : 1;
	}
	status = head.length ? read_all(in, payload, head.length) : 1;
	if (status == 0)
		status = -EPIPE;
	if (status > 0)
		status = serve(o, out, head.type, payload, head.length);
	free(payload);
	return status ? status : 1;
}

int sl_offline_main(int argc, char **argv)
{
	struct sl_options options = {
		.workers = 1, .memory_mb = 64, .buffers = 4096, .no_huge = true, .offline = true};
	struct sl_offline offline = {.dp = &datapath};
	int out, status;

	if (argc > 1) {
		fprintf(stderr, "sluice-datapath --offline: unknown argument %s\n", argv[1]);
		return 2;
	}
	/* Frames alone go to stdout; whatever a library prints joins the messages. */
	out = dup(STDOUT_FILENO);
	if (out < 0 || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
		perror("sluice-datapath: stdout");
		return 1;
	}
	datapath.workers = 1;
	datapath.offline = true;
	sl_datapath = &datapath;
	status = sl_eal_start(&options, &datapath);
	if (!status)
		status = sl_datapath_pool(&datapath, &options);
	if (status) {
		fprintf(stderr, "sluice-datapath: start: %s\n", strerror(-status));
		return 1;
	}
	status = send_hello(out);
	while (!status) {
		status = next_frame(&offline, STDIN_FILENO, out);
		if (status == 0)
			return 0;
		status = status == 1 ? 0 : status;
	}
	fprintf(stderr, "sluice-datapath: %s\n", strerror(-status));
	return 1;
}
