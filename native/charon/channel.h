/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <library.h>

#include "vpn/sa_message.h"

typedef struct channel_t channel_t;

/* Called on a worker thread, without locks held. */
typedef struct {
	void *context;
	/* An event record whose size and values are still to be judged. */
	void (*event)(void *context, const struct sl_sa_head *head);
	/* Connected to a datapath that knows nothing of us, other than the first time. */
	void (*lost)(void *context);
} channel_listener_t;

/* The connection to the datapath; connects by itself, and again when it ends. */
channel_t *channel_create(const char *path, channel_listener_t listener);

/*
 * Sends a record (its head's type and length are set here) and waits for its answer, which must have
 * `answer_size` bytes. SUCCESS, NOT_FOUND (ENOENT), ALREADY_DONE (EEXIST), NOT_SUPPORTED (EOPNOTSUPP)
 * or FAILED, also when the datapath is away.
 */
status_t channel_ask(channel_t *channel, enum sl_sa_type type, void *record, size_t size,
		     void *answer, size_t answer_size);

/* The datapath's process: SAs made under another number are gone. 0 before the first. */
uint64_t channel_boot(channel_t *channel);

void channel_destroy(channel_t *channel);
