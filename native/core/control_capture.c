/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control_capture.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/capture.h"
#include "core/control_message.h"

static void text(int peer, const struct sl_request *request, int status, const char *said)
{
	sl_message_answer(peer, request, status, said, strlen(said));
}

static void start(struct sl_datapath *dp, int peer, const struct sl_request *request, int body)
{
	char said[128] = "no capture filter came with the request";
	struct sl_capture_filter filter;
	void *bytes = NULL;
	size_t size = 0;
	uint64_t id = 0;
	int status = sl_message_body(body, sizeof(filter), &bytes, &size);

	if (!status && size != sizeof(filter))
		status = -EINVAL;
	if (!status) {
		memcpy(&filter, bytes, sizeof(filter));
		status = sl_capture_start(dp, &filter, &id, said, sizeof(said));
	}
	free(bytes);
	if (!status)
		snprintf(said, sizeof(said), "{\"id\":%llu}", (unsigned long long)id);
	text(peer, request, -status, said);
}

static void take(struct sl_datapath *dp, int peer, const struct sl_request *request)
{
	void *bytes = NULL;
	size_t size = 0;
	int status = sl_capture_take(dp, request->argument, &bytes, &size);

	if (status)
		text(peer, request, -status,
		     status == -ENOENT ? "there is no such capture" : "out of memory");
	else
		sl_message_answer(peer, request, 0, bytes, size);
	free(bytes);
}

void sl_control_capture(struct sl_datapath *dp, int peer, const struct sl_request *request, int body)
{
	int status;

	switch (request->op) {
	case SL_OP_CAPTURE_START: start(dp, peer, request, body); break;
	case SL_OP_CAPTURE_TAKE: take(dp, peer, request); break;
	default:
		status = sl_capture_stop(dp, request->argument);
		text(peer, request, -status, status ? "there is no such capture" : "{}");
	}
}
