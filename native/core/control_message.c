/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/control_message.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_RIGHTS 4

static int take_rights(struct msghdr *message)
{
	int fd = -1, got[MOST_RIGHTS];

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t n;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		if (n > MOST_RIGHTS)
			n = MOST_RIGHTS;
		memcpy(got, CMSG_DATA(c), n * sizeof(int));
		for (size_t i = 0; i < n; i++) {
			if (fd < 0)
				fd = got[i];
			else
				close(got[i]);
		}
	}
	return fd;
}

ssize_t sl_message_receive(int socket, void *bytes, size_t room, int *fd)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(MOST_RIGHTS * sizeof(int))];
	} rights;
	struct iovec iov = {bytes, room};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &rights,
				 .msg_controllen = sizeof(rights)};
	ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);

	*fd = -1;
	if (n < 0)
		return -errno;
	*fd = take_rights(&message);
	return n;
}

static int memfd_of(const char *body, size_t length)
{
	int fd = memfd_create("sluice-answer", MFD_CLOEXEC);

	while (fd >= 0 && length > 0) {
		ssize_t n = write(fd, body, length);

		if (n <= 0) {
			close(fd);
			return -1;
		}
		body += n;
		length -= (size_t)n;
	}
	return fd;
}

void sl_message_answer(int socket, const struct sl_request *request, int status, const char *body,
		       size_t length)
{
	struct sl_response response = {.status = (uint32_t)status, .op = request->op,
				       .tag = request->tag, .length = length};
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} rights = {0};
	struct iovec iov[2] = {{&response, sizeof(response)}, {(void *)(uintptr_t)body, length}};
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
	int fd = -1;

	if (sizeof(response) + length > SL_MESSAGE_MAX) {
		fd = memfd_of(body, length);
		message.msg_iovlen = 1;
		if (fd < 0) {
			response.status = ENOMEM;
			response.length = 0;
		} else {
			message.msg_control = &rights;
			message.msg_controllen = sizeof(rights);
			rights.head.cmsg_len = CMSG_LEN(sizeof(int));
			rights.head.cmsg_level = SOL_SOCKET;
			rights.head.cmsg_type = SCM_RIGHTS;
			memcpy(CMSG_DATA(&rights.head), &fd, sizeof(fd));
		}
	}
	/* A peer that is gone or does not read loses its answer, nothing else. */
	(void)!sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (fd >= 0)
		close(fd);
}

int sl_message_body(int fd, size_t most, void **bytes, size_t *size)
{
	struct stat st;
	size_t have = 0;
	uint8_t *at;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -EBADF;
	if (st.st_size < 0 || (uint64_t)st.st_size > most)
		return -EFBIG;
	at = malloc((size_t)st.st_size + 1);
	if (!at)
		return -ENOMEM;
	while (have < (size_t)st.st_size) {
		ssize_t n = pread(fd, at + have, (size_t)st.st_size - have, (off_t)have);

		if (n <= 0)
			break; /* it shrank since: what is there is there */
		have += (size_t)n;
	}
	*bytes = at;
	*size = have;
	return 0;
}
