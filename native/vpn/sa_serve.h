/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "core/datapath.h"
#include "core/json.h"
#include "vpn/sa_message.h"

/* The datapath's end of vpn/sa_message.h, on the control thread. */

union sl_sa_answer {
	struct sl_sa_head head;
	struct sl_sa_hello hello;
	struct sl_sa_name name;
	struct sl_sa_use use;
};

/*
 * Does what one record asks and gives the length of its answer; 0: what came is not even a head, the
 * connection is of no use. `greeted` is the connection's: false until its HELLO. Fuzzed.
 */
size_t sl_sa_serve(struct sl_datapath *dp, const void *bytes, size_t size, bool *greeted,
		   union sl_sa_answer *answer);

/*
 * Events since the last time: `send` is given each record and says if it went; what did not is told
 * again. SAs and policies of interfaces that are no more in the image in force go.
 */
void sl_sa_events(struct sl_datapath *dp, bool (*send)(const void *record, size_t size));

/* {sas: […], policies: […]} */
void sl_sa_show(struct sl_datapath *dp, struct sl_json *json);

/*
 * The socket itself, beside the control socket: its descriptors lie in `epoll`. 0 or -errno.
 */
int sl_sa_socket_open(struct sl_datapath *dp, const char *run_dir, int epoll);
/* Serves `fd` if it is one of its own. */
bool sl_sa_socket_ready(int fd);
/* Events, and what waits for a grace period. Every turn of the control thread. */
void sl_sa_socket_step(void);
void sl_sa_socket_close(void);
