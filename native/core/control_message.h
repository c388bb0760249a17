/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "core/json.h"
#include "layout.h"

/* One message and the descriptor beside it (-1: none; of several the rest are closed). Length, 0 at end, -errno. */
ssize_t sl_message_receive(int socket, void *bytes, size_t room, int *fd);

/* Answers: a status (errno) with a text, or 0 with a JSON body; long bodies go in a memfd. */
void sl_message_answer(int socket, const struct sl_request *request, int status, const char *body,
		       size_t length);

/* A private copy of a descriptor's whole content. 0 or -errno; -EFBIG beyond `most`. */
int sl_message_body(int fd, size_t most, void **bytes, size_t *size);
