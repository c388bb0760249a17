/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "client/sluice.h"
#include "layout.h"

#define MOST_ANSWER (1ull << 31)

struct sluice_control {
	int fd;
	uint64_t tag;
};

int sluice_control_open(const char *run_dir, struct sluice_control **control)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct sluice_control *c;
	int error;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/control.sock", run_dir) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error = -errno;
		sluice_control_close(c);
		return error;
	}
	*control = c;
	return 0;
}

void sluice_control_close(struct sluice_control *c)
{
	if (c && c->fd >= 0)
		close(c->fd);
	free(c);
}

/* A memfd with the body, or -errno. */
static int body_fd(const void *body, uint64_t size)
{
	int fd = memfd_create("sluice-request", MFD_CLOEXEC);
	const uint8_t *at = body;

	if (fd < 0)
		return -errno;
	while (size > 0) {
		ssize_t n = write(fd, at, size);

		if (n < 0) {
			int error = -errno;

			close(fd);
			return error;
		}
		at += n;
		size -= (uint64_t)n;
	}
	return fd;
}

static int send_request(struct sluice_control *c, const struct sl_request *request, int fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = {0};
	struct iovec iov = {(void *)(uintptr_t)request, sizeof(*request)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = rights.bytes;
		message.msg_controllen = sizeof(rights.bytes);
		rights.head.cmsg_len = CMSG_LEN(sizeof(int));
		rights.head.cmsg_level = SOL_SOCKET;
		rights.head.cmsg_type = SCM_RIGHTS;
		memcpy(CMSG_DATA(&rights.head), &fd, sizeof(fd));
	}
	return sendmsg(c->fd, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* One message into `buffer` and the descriptor it carried (-1: none). Its length or -errno. */
static ssize_t receive(struct sluice_control *c, void *buffer, size_t size, uint32_t timeout_ms,
		       int *fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = {0};
	struct iovec iov = {buffer, size};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = rights.bytes,
				 .msg_controllen = sizeof(rights.bytes)};
	struct pollfd wait = {.fd = c->fd, .events = POLLIN};
	struct cmsghdr *head;
	ssize_t n;
	int ready;

	*fd = -1;
	do {
		ready = poll(&wait, 1, (int)timeout_ms);
	} while (ready < 0 && errno == EINTR);
	if (ready <= 0)
		return ready < 0 ? -errno : -ETIMEDOUT;
	n = recvmsg(c->fd, &message, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return -errno;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS &&
	    head->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(head), sizeof(*fd));
	return n == 0 ? -ECONNRESET : n;
}

/* The body of a response: behind the record or in the descriptor. */
static int take_body(const struct sl_response *response, const uint8_t *rest, size_t rest_size,
		     int fd, void **answer)
{
	uint64_t have = 0;
	uint8_t *body;

	if (response->length > MOST_ANSWER || (fd < 0 && response->length > rest_size))
		return -EPROTO;
	body = malloc(response->length + 1);
	if (!body)
		return -ENOMEM;
	body[response->length] = 0;
	if (fd < 0)
		memcpy(body, rest, response->length);
	while (fd >= 0 && have < response->length) {
		ssize_t n = pread(fd, body + have, response->length - have, (off_t)have);

		if (n <= 0) {
			free(body);
			return n < 0 ? -errno : -EPROTO;
		}
		have += (uint64_t)n;
	}
	*answer = body;
	return 0;
}

int sluice_control_request(struct sluice_control *c, uint32_t op, uint64_t argument,
			   const void *body, uint64_t size, uint32_t timeout_ms, void **answer,
			   uint64_t *answer_size)
{
	struct sl_request request = {
		.version = SL_PROTOCOL_VERSION, .op = op, .tag = ++c->tag, .argument = argument};
	uint8_t buffer[SL_MESSAGE_MAX];
	struct sl_response response;
	int fd = -1, error = 0;
	ssize_t n;

	*answer = NULL;
	*answer_size = 0;
	if (size > 0) {
		fd = body_fd(body, size);
		if (fd < 0)
			return fd;
	}
	error = send_request(c, &request, fd);
	if (fd >= 0)
		close(fd);
	if (error)
		return error;
	n = receive(c, buffer, sizeof(buffer), timeout_ms, &fd);
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(response)) {
		error = -EPROTO;
	} else {
		memcpy(&response, buffer, sizeof(response));
		if (response.tag != request.tag || response.status > 4096)
			error = -EPROTO;
		else
			error = take_body(&response, buffer + sizeof(response),
					  (size_t)n - sizeof(response), fd, answer);
	}
	if (fd >= 0)
		close(fd);
	if (error)
		return error;
	*answer_size = response.length;
	return (int)response.status;
}

void sluice_free(void *answer)
{
	free(answer);
}
