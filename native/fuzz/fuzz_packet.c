/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames through the whole graph on the offline network of test/nat_network.h. Input: per frame a
 * control byte (ingress port, what it is, repair checksums), a length byte in units of four bytes,
 * then its bytes. Each frame must end somewhere, a dropped one with a reason.
 */
#include <netinet/in.h>
#include <rte_ip.h>
#include <stdlib.h>
#include <string.h>

#include "core/drop.h"
#include "core/offline_state.h"
#include "ip/icmp_build.h"
#include "test/nat_network.h"
#include "test/pipeline.h"

#define MOST_FRAMES 16
#define REPAIR 0x10 /* the IPv4 header's checksum, or that of ICMPv6 without extension headers */
#define ROUTED 0x20 /* give it an Ethernet header of the family, so that mutation starts at IP */
#define IPV6 0x40
#define ARP 0x80

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	pipeline_change = nat_network;
	return pipeline_start(NULL);
}

/* Sessions live from input to input, else few would ever see a second packet; not for too long. */
#define INPUTS_A_RUN 256

static void repair6(uint8_t *ip, size_t length)
{
	uint16_t sum;

	if (length < 48 || ip[6] != IPPROTO_ICMPV6 || (size_t)(ip[4] << 8 | ip[5]) > length - 40)
		return;
	memset(ip + 42, 0, 2);
	sum = (uint16_t)~sl_icmp6_sum(ip, ip + 40, (uint32_t)(ip[4] << 8 | ip[5]));
	memcpy(ip + 42, &sum, sizeof(sum));
}

static void repair(uint8_t *frame, size_t length)
{
	uint8_t *ip = frame + 14;
	size_t header = length > 34 ? (size_t)(ip[0] & 15) * 4 : 0;
	uint16_t sum;

	if (header < 20 || 14 + header > length)
		return;
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~rte_raw_cksum(ip, header);
	memcpy(ip + 10, &sum, sizeof(sum));
}

static size_t put(uint8_t *at, uint8_t control, const uint8_t *bytes, size_t n, uint64_t ms)
{
	static const uint16_t ports[] = {INSIDE, WAN, NARROW, INSIDE};
	static const uint8_t ether[14] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00};
	size_t lead = control & ROUTED ? sizeof(ether) : 0;
	struct sl_packet record = {
		.time = 1000000 * ms, .length = (uint32_t)(lead + n), .iface = ports[control & 3]};
	uint8_t *frame = at + sizeof(record);

	memcpy(at, &record, sizeof(record));
	memcpy(frame, ether, lead);
	if (lead && control & IPV6)
		memcpy(frame + 12, "\x86\xdd", 2);
	else if (lead && control & ARP)
		frame[13] = 6;
	memcpy(frame + lead, bytes, n);
	if (control & REPAIR && control & IPV6)
		repair6(frame + lead, n);
	else if (control & REPAIR)
		repair(frame, lead + n);
	return sizeof(record) + ((lead + n + 7) & ~(size_t)7);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t batch[sizeof(struct sl_batch) +
		      MOST_FRAMES * (sizeof(struct sl_packet) + 14 + 255 * 4 + 8)] = {0};
	struct sl_batch head = {.mode = SL_MODE_REPLAY, .flags = SL_BATCH_LAST};
	static uint64_t ms;
	static uint32_t inputs;
	size_t length = sizeof(head);
	char error[256];

	while (size >= 2 && head.count < MOST_FRAMES) {
		uint8_t control = data[0];
		size_t n = (size_t)data[1] * 4;

		data += 2;
		size -= 2;
		n = n < size ? n : size;
		length += put(batch + length, control, data, n, ms++);
		head.count++;
		data += n;
		size -= n;
	}
	memcpy(batch, &head, sizeof(head));
	if (++inputs % INPUTS_A_RUN == 0)
		pipeline_reset(NULL);
	if (sl_offline_run(&pipeline, batch, length, error, sizeof(error)) < 0)
		abort();
	for (uint32_t i = 0; i < head.count; i++) {
		const struct sl_result *r = &pipeline.results[i];

		if (r->fate > SL_FATE_DROPPED || (r->fate == SL_FATE_DROPPED) != (r->reason != 0) ||
		    r->reason >= SL_DROP_REASONS)
			abort();
	}
	return 0;
}
