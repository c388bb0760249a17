/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include <libmnl/libmnl.h>
#include <stddef.h>
#include <stdint.h>

/* Requests to the kernel that are waited for. */
struct sl_rtnl {
	struct mnl_socket *socket;
	uint32_t sequence;
	char request[1024];
	char answer[32768];
};

struct sl_nl_event;

int sl_rtnl_open(struct sl_rtnl *rtnl);
void sl_rtnl_close(struct sl_rtnl *rtnl);

/* A new request in rtnl->request with a zeroed family header of `size` bytes, put at *header. */
struct nlmsghdr *sl_rtnl_request(struct sl_rtnl *rtnl, uint16_t type, uint16_t flags, size_t size,
				 void **header);

/* Sends it and waits for the ack: 0 or -errno. */
int sl_rtnl_do(struct sl_rtnl *rtnl, struct nlmsghdr *request);

/* Sends a dump request and shows `each` every message. 0 or -errno (-EINTR: not of one state). */
int sl_rtnl_dump(struct sl_rtnl *rtnl, struct nlmsghdr *request,
		 void (*each)(void *arg, const struct sl_nl_event *event), void *arg);
