/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * A backend's end of tunnels, for kernels without them: what comes as IP in IP (RFC 2003, RFC 2473)
 * or by GUE to port 6080 goes, without what is around it, into the kernel by a TUN interface. Prints
 * a line when it is ready, and another when it ends at the end of its input: the packets by kind.
 *
 *   decapsulate INTERFACE
 */

enum { IPIP4, IPIP6, GUE4, GUE6, KINDS };
static const char *const names[KINDS] = {"ipip4", "ipip6", "gue4", "gue6"};

static int tun_open(const char *name)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	return fd < 0 || ioctl(fd, TUNSETIFF, &request) < 0 ? -1 : fd;
}

static int udp_open(int family)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(6080)};
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(6080)};
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1;

	if (family == AF_INET)
		return bind(fd, (struct sockaddr *)&four, sizeof(four)) ? -1 : fd;
	/* RFC 6936: sums of zero are taken, for what is inside has its own. */
	if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) ||
	    setsockopt(fd, IPPROTO_UDP, 102 /* UDP_NO_CHECK6_RX */, &on, sizeof(on)))
		return -1;
	return bind(fd, (struct sockaddr *)&six, sizeof(six)) ? -1 : fd;
}

/* The packet within, NULL if it is none; `n` its bytes. */
static const uint8_t *within(unsigned int kind, const uint8_t *bytes, size_t *n)
{
	size_t skip = 0;

	if (kind == IPIP4) /* a raw socket of IPv4 gives the header too */
		skip = *n ? (bytes[0] & 15) * 4u : 1;
	else if (kind >= GUE4)
		skip = *n >= 4 && bytes[0] == 0 && bytes[1] == (kind == GUE4 ? 4 : 41) ? 4 : *n + 1;
	if (skip >= *n)
		return NULL;
	*n -= skip;
	return bytes[skip] >> 4 == (kind == IPIP4 || kind == GUE4 ? 4 : 6) ? bytes + skip : NULL;
}

int main(int argc, char **argv)
{
	struct pollfd fds[KINDS + 1] = {
		{.fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IPIP)},
		{.fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_IPV6)},
		{.fd = udp_open(AF_INET)},
		{.fd = udp_open(AF_INET6)},
		{.fd = STDIN_FILENO},
	};
	unsigned long packets[KINDS] = {0};
	int tun = argc == 2 ? tun_open(argv[1]) : -1;

	for (unsigned int i = 0; i <= KINDS; i++) {
		fds[i].events = POLLIN;
		if (fds[i].fd < 0 || tun < 0) {
			perror("decapsulate");
			return 1;
		}
	}
	puts("ready");
	fflush(stdout);
	while (poll(fds, KINDS + 1, -1) > 0 && !fds[KINDS].revents) {
		for (unsigned int i = 0; i < KINDS; i++) {
			static uint8_t bytes[65536];
			const uint8_t *packet;
			ssize_t got;
			size_t n;

			if (!fds[i].revents || (got = recv(fds[i].fd, bytes, sizeof(bytes), 0)) < 0)
				continue;
			n = (size_t)got;
			packet = within(i, bytes, &n);
			if (packet && write(tun, packet, n) == (ssize_t)n)
				packets[i]++;
		}
	}
	for (unsigned int i = 0; i < KINDS; i++)
		printf("%s %lu\n", names[i], packets[i]);
	return 0;
}
