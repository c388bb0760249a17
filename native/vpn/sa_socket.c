/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "vpn/sa_serve.h"
#include "vpn/sad.h"
#include "vpn/spd.h"

/* One plugin at a time: while one is connected the next waits to be accepted. */
static struct {
	struct sl_datapath *dp;
	uint64_t generation; /* of the image that SAs and policies were swept for */
	int epoll, listener, plugin;
	bool greeted;
	struct sockaddr_un address;
} vpn = {.epoll = -1, .listener = -1, .plugin = -1};

static int watch(int operation, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return epoll_ctl(vpn.epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int sl_sa_socket_open(struct sl_datapath *dp, const char *run_dir, int epoll)
{
	vpn.dp = dp;
	vpn.epoll = epoll;
	vpn.address.sun_family = AF_UNIX;
	if (snprintf(vpn.address.sun_path, sizeof(vpn.address.sun_path), "%s/%s", run_dir,
		     SL_SA_SOCKET) >= (int)sizeof(vpn.address.sun_path))
		return -ENAMETOOLONG;
	unlink(vpn.address.sun_path);
	vpn.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (vpn.listener < 0 ||
	    bind(vpn.listener, (struct sockaddr *)&vpn.address, sizeof(vpn.address)) < 0 ||
	    chmod(vpn.address.sun_path, 0600) < 0 || listen(vpn.listener, 4) < 0)
		return -errno;
	return watch(EPOLL_CTL_ADD, vpn.listener);
}

static void hang_up(void)
{
	close(vpn.plugin); /* leaves the epoll set too */
	vpn.plugin = -1;
	watch(EPOLL_CTL_ADD, vpn.listener);
}

static void greet(void)
{
	int fd = accept4(vpn.listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	vpn.plugin = fd;
	vpn.greeted = false;
	watch(EPOLL_CTL_DEL, vpn.listener);
	if (watch(EPOLL_CTL_ADD, fd))
		hang_up();
}

static bool send_record(const void *record, size_t size)
{
	return vpn.plugin >= 0 &&
	       send(vpn.plugin, record, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size;
}

static void sweep(void)
{
	const struct sl_tables *tables = atomic_load(&vpn.dp->tables);

	if (!tables || tables->generation == vpn.generation)
		return;
	vpn.generation = tables->generation;
	sl_sad_sweep(vpn.dp, sl_sad_has_iface);
	sl_spd_sweep(vpn.dp, sl_sad_has_iface);
}

static void serve(void)
{
	uint8_t bytes[SL_SA_MESSAGE_MAX];
	union sl_sa_answer answer;
	ssize_t n = recv(vpn.plugin, bytes, sizeof(bytes), MSG_DONTWAIT | MSG_TRUNC);
	size_t length;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* MSG_TRUNC: the length it had, though no more than the buffer was taken. */
	if (n > (ssize_t)sizeof(bytes))
		n = -1;
	sweep();
	length = n > 0 ? sl_sa_serve(vpn.dp, bytes, (size_t)n, &vpn.greeted, &answer) : 0;
	explicit_bzero(bytes, sizeof(bytes));
	/* An answer that does not go would be taken for that of the next request. */
	if (length == 0 || !send_record(&answer, length))
		hang_up();
}

bool sl_sa_socket_ready(int fd)
{
	if (fd == vpn.listener)
		greet();
	else if (fd == vpn.plugin)
		serve();
	else
		return false;
	return true;
}

void sl_sa_socket_step(void)
{
	if (vpn.listener < 0)
		return;
	sweep();
	if (vpn.greeted && vpn.plugin >= 0)
		sl_sa_events(vpn.dp, send_record);
}

void sl_sa_socket_close(void)
{
	if (vpn.listener < 0)
		return;
	if (vpn.plugin >= 0)
		close(vpn.plugin);
	close(vpn.listener);
	unlink(vpn.address.sun_path);
	vpn.plugin = vpn.listener = -1;
}
