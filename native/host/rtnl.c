/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/rtnl.h"

#include <errno.h>
#include <string.h>

#include "host/message.h"

int sl_rtnl_open(struct sl_rtnl *rtnl)
{
	int strict = 1;

	memset(rtnl, 0, sizeof(*rtnl));
	rtnl->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (!rtnl->socket)
		return -errno;
	/* Dumps are filtered by what their header says; kernels before 4.20 send all. */
	setsockopt(mnl_socket_get_fd(rtnl->socket), SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict,
		   sizeof(strict));
	if (mnl_socket_bind(rtnl->socket, 0, MNL_SOCKET_AUTOPID) < 0) {
		int error = -errno;

		sl_rtnl_close(rtnl);
		return error;
	}
	return 0;
}

void sl_rtnl_close(struct sl_rtnl *rtnl)
{
	if (rtnl->socket)
		mnl_socket_close(rtnl->socket);
	rtnl->socket = NULL;
}

struct nlmsghdr *sl_rtnl_request(struct sl_rtnl *rtnl, uint16_t type, uint16_t flags, size_t size,
				 void **header)
{
	struct nlmsghdr *m = mnl_nlmsg_put_header(rtnl->request);

	m->nlmsg_type = type;
	m->nlmsg_flags = NLM_F_REQUEST | flags;
	m->nlmsg_seq = ++rtnl->sequence;
	*header = mnl_nlmsg_put_extra_header(m, size);
	return m;
}

/* Reads answers until one ends the request. */
static int answers(struct sl_rtnl *rtnl, uint32_t sequence,
		   void (*each)(void *arg, const struct sl_nl_event *event), void *arg)
{
	bool interrupted = false;

	for (;;) {
		ssize_t n = mnl_socket_recvfrom(rtnl->socket, rtnl->answer, sizeof(rtnl->answer));
		const struct nlmsghdr *m = (const void *)rtnl->answer;
		int left = (int)n;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		for (; sl_nl_ok(m, left); m = mnl_nlmsg_next(m, &left)) {
			struct sl_nl_event event;

			if (m->nlmsg_seq != sequence)
				continue;
			sl_nl_parse(m, &event);
			interrupted |= event.interrupted;
			if (event.kind == SL_NL_ERROR)
				return event.error;
			if (event.kind == SL_NL_DONE)
				return interrupted ? -EINTR : 0;
			if (each)
				each(arg, &event);
		}
	}
}

int sl_rtnl_do(struct sl_rtnl *rtnl, struct nlmsghdr *request)
{
	request->nlmsg_flags |= NLM_F_ACK;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	return answers(rtnl, request->nlmsg_seq, NULL, NULL);
}

int sl_rtnl_dump(struct sl_rtnl *rtnl, struct nlmsghdr *request,
		 void (*each)(void *arg, const struct sl_nl_event *event), void *arg)
{
	request->nlmsg_flags |= NLM_F_DUMP;
	if (mnl_socket_sendto(rtnl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	return answers(rtnl, request->nlmsg_seq, each, arg);
}
