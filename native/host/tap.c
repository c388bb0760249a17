/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <rte_mbuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#define MAX_SEGMENTS 64

int sl_sysctl(const char *path, const char *name, const char *value)
{
	char full[256];
	int fd, prefix = snprintf(full, sizeof(full), "/proc/sys/net/"), error = 0;

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(full + prefix, sizeof(full) - (size_t)prefix, path, name);
#pragma GCC diagnostic pop
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		error = -errno;
	close(fd);
	return error;
}

/* One ioctl of the TAP's name, on a socket that stays: a commit asks for each of a thousand. */
static int request(const struct sl_tap *tap, unsigned long what, struct ifreq *ifr)
{
	static _Thread_local int fd = -1;

	if (fd < 0)
		fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	memcpy(ifr->ifr_name, tap->name, sizeof(tap->name));
	return ioctl(fd, what, ifr) < 0 ? -errno : 0;
}

uint32_t sl_tap_index(const struct sl_tap *tap)
{
	struct ifreq ifr = {0};

	return request(tap, SIOCGIFINDEX, &ifr) ? 0 : (uint32_t)ifr.ifr_ifindex;
}

int sl_tap_set(struct sl_tap *tap, const uint8_t mac[6], uint16_t mtu)
{
	struct ifreq ifr = {0};
	int error = request(tap, SIOCGIFHWADDR, &ifr);

	if (!error && memcmp(ifr.ifr_hwaddr.sa_data, mac, 6)) {
		ifr.ifr_hwaddr.sa_family = ARPHRD_ETHER;
		memcpy(ifr.ifr_hwaddr.sa_data, mac, 6);
		error = request(tap, SIOCSIFHWADDR, &ifr);
	}
	memset(&ifr, 0, sizeof(ifr));
	if (!error)
		error = request(tap, SIOCGIFMTU, &ifr);
	if (!error && ifr.ifr_mtu != mtu) {
		ifr.ifr_mtu = mtu;
		error = request(tap, SIOCSIFMTU, &ifr);
	}
	if (error)
		return error;
	memcpy(tap->mac, mac, 6);
	tap->mtu = mtu;
	return 0;
}

static int bring_up(struct sl_tap *tap)
{
	struct ifreq ifr = {0};
	int error = request(tap, SIOCGIFFLAGS, &ifr);
	short wanted = IFF_UP | (tap->tunnel ? IFF_NOARP : 0);

	if (error || (ifr.ifr_flags & wanted) == wanted)
		return error;
	ifr.ifr_flags |= wanted;
	return request(tap, SIOCSIFFLAGS, &ifr);
}

void sl_tap_carrier(struct sl_tap *tap, bool up)
{
	int value = up;

	if (ioctl(tap->fd, TUNSETCARRIER, &value) == 0)
		tap->carrier = up;
}

bool sl_tap_running(const struct sl_tap *tap)
{
	struct ifreq ifr = {0};

	return request(tap, SIOCGIFFLAGS, &ifr) == 0 && ifr.ifr_flags & IFF_RUNNING;
}

/* Sysctls a kernel without that family or feature does not have are no error. */
static void set_sysctls(const struct sl_tap *tap)
{
	static const char *const settings[][2] = {
		/* Routing, redirects and advertisements are not the kernel's here. */
		{"ipv4/conf/%s/rp_filter", "0"},
		{"ipv4/conf/%s/accept_redirects", "0"},
		{"ipv4/conf/%s/send_redirects", "0"},
		/* An address is answered for, and told of, on its own interface only. */
		{"ipv4/conf/%s/arp_ignore", "1"},
		{"ipv4/conf/%s/arp_announce", "2"},
		/* An address of ours that goes does not take others of its subnet along. */
		{"ipv4/conf/%s/promote_secondaries", "1"},
		{"ipv6/conf/%s/accept_ra", "0"},
		{"ipv6/conf/%s/autoconf", "0"},
		{"ipv6/conf/%s/accept_redirects", "0"},
		{"ipv6/conf/%s/keep_addr_on_down", "1"},
	};

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++)
		sl_sysctl(settings[i][0], tap->name, settings[i][1]);
}

int sl_tap_open(struct sl_tap *tap)
{
	struct ifreq ifr = {.ifr_flags = IFF_TAP | IFF_NO_PI};
	uint8_t mac[6];
	int error;

	memcpy(mac, tap->mac, 6);
	tap->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, tap->name, sizeof(tap->name));
	if (ioctl(tap->fd, TUNSETIFF, &ifr) < 0 || ioctl(tap->fd, TUNSETPERSIST, 1) < 0) {
		error = -errno;
		goto close;
	}
	tap->ifindex = sl_tap_index(tap);
	sl_tap_carrier(tap, false);
	set_sysctls(tap);
	error = sl_tap_set(tap, mac, tap->mtu);
	if (!error)
		error = bring_up(tap);
	if (!error)
		return 0;
close:
	close(tap->fd);
	tap->fd = -1;
	return error;
}

void sl_tap_close(struct sl_tap *tap, bool remove)
{
	if (tap->fd < 0)
		return;
	if (remove)
		ioctl(tap->fd, TUNSETPERSIST, 0);
	close(tap->fd);
	tap->fd = -1;
}

struct rte_mbuf *sl_tap_read(struct sl_tap *tap, struct rte_mempool *pool, unsigned int *lost)
{
	static _Thread_local uint8_t frame[SL_TAP_FRAME];
	ssize_t n = read(tap->fd, frame, sizeof(frame));
	struct rte_mbuf *head, *last;
	const uint8_t *at = frame;

	if (n <= 0)
		return NULL;
	head = last = rte_pktmbuf_alloc(pool);
	while (last) {
		uint16_t room = rte_pktmbuf_tailroom(last);
		uint16_t take = n < room ? (uint16_t)n : room;

		memcpy(rte_pktmbuf_mtod(last, void *), at, take);
		last->data_len = take;
		head->pkt_len += last == head ? 0 : take;
		if (last == head)
			head->pkt_len = take;
		at += take;
		n -= take;
		if (!n)
			return head;
		last->next = rte_pktmbuf_alloc(pool);
		last = last->next;
		head->nb_segs += last != NULL;
	}
	(*lost)++;
	rte_pktmbuf_free(head);
	return NULL;
}

int sl_tap_write(struct sl_tap *tap, struct rte_mbuf *m)
{
	struct iovec part[MAX_SEGMENTS];
	int parts = 0;

	/* What came out of a tunnel has no Ethernet header that the kernel would take for its own. */
	if (tap->tunnel)
		memcpy(rte_pktmbuf_mtod(m, void *), tap->mac, 6);

	for (; m && parts < MAX_SEGMENTS; m = m->next, parts++) {
		part[parts].iov_base = rte_pktmbuf_mtod(m, void *);
		part[parts].iov_len = m->data_len;
	}
	if (m)
		return -EMSGSIZE;
	return writev(tap->fd, part, parts) < 0 ? -errno : 0;
}
