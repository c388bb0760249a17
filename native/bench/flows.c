/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/flows.h"

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>
#include <string.h>

struct __rte_aligned(2) tcp4 {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
};
static_assert(sizeof(struct tcp4) <= SL_RIG_FRAME, "fits a minimal frame");

#define CLIENT_ISN 1000u
#define SERVER_ISN 5000u

static void ether(struct tcp4 *f)
{
	memset(f, 0, sizeof(struct sl_rig_frame));
	f->ether.dst_addr.addr_bytes[0] = 0x02;
	f->ether.src_addr.addr_bytes[0] = 0x02;
	f->ether.src_addr.addr_bytes[5] = 0x01;
	f->ether.ether_type = rte_cpu_to_be_16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = 0x45;
	f->ip.time_to_live = 64;
}

static void frame(struct tcp4 *f, uint32_t i, bool reply, uint8_t flags)
{
	/* 16 flows a client address and 7,919 (a prime) apart on the server's side. */
	uint32_t client = RTE_IPV4(10, 0, 0, 0) + 256 + i / 16;
	uint32_t server = RTE_IPV4(198, 18, 0, 0) + 256 + (i * 7919u) % 130000u;
	uint16_t cport = (uint16_t)(1024 + i % 16 * 4001 + i / 16 % 3999), sport = 443;
	uint32_t mine = reply ? SERVER_ISN : CLIENT_ISN, theirs = reply ? CLIENT_ISN : SERVER_ISN;

	ether(f);
	f->ip.total_length = rte_cpu_to_be_16(sizeof(f->ip) + sizeof(f->tcp));
	f->ip.fragment_offset = rte_cpu_to_be_16(RTE_IPV4_HDR_DF_FLAG);
	f->ip.next_proto_id = IPPROTO_TCP;
	f->ip.src_addr = rte_cpu_to_be_32(reply ? server : client);
	f->ip.dst_addr = rte_cpu_to_be_32(reply ? client : server);
	f->tcp.src_port = rte_cpu_to_be_16(reply ? sport : cport);
	f->tcp.dst_port = rte_cpu_to_be_16(reply ? cport : sport);
	f->tcp.sent_seq = rte_cpu_to_be_32(flags & SL_FLOW_SYN ? mine : mine + 1);
	f->tcp.recv_ack = rte_cpu_to_be_32(flags & SL_FLOW_ACK ? theirs + 1 : 0);
	f->tcp.data_off = sizeof(f->tcp) / 4 << 4;
	f->tcp.tcp_flags = flags;
	f->tcp.rx_win = rte_cpu_to_be_16(65535);
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->tcp.cksum = rte_ipv4_udptcp_cksum(&f->ip, &f->tcp);
}

void sl_flow_frames(struct sl_rig_frame *frames, uint32_t first, uint32_t flows, bool reply,
		    uint8_t flags)
{
	for (uint32_t i = 0; i < flows; i++)
		frame((struct tcp4 *)(void *)frames[i].bytes, first + i, reply, flags);
}

static void sums(struct tcp4 *f)
{
	f->ip.hdr_checksum = f->tcp.cksum = 0;
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->tcp.cksum = rte_ipv4_udptcp_cksum(&f->ip, &f->tcp);
}

void sl_flow_aim(struct sl_rig_frame *frames, uint32_t flows, uint32_t server)
{
	for (uint32_t i = 0; i < flows; i++) {
		struct tcp4 *f = (struct tcp4 *)(void *)frames[i].bytes;

		f->ip.dst_addr = server;
		sums(f);
	}
}

void sl_flow_answers(struct sl_rig_frame *answers, const struct sl_rig_frame *syns, uint32_t flows,
		     uint8_t flags)
{
	for (uint32_t i = 0; i < flows; i++) {
		const struct tcp4 *syn = (const struct tcp4 *)(const void *)syns[i].bytes;
		struct tcp4 *f = (struct tcp4 *)(void *)answers[i].bytes;

		frame(f, i, true, flags);
		f->ip.src_addr = syn->ip.dst_addr;
		f->ip.dst_addr = syn->ip.src_addr;
		f->tcp.src_port = syn->tcp.dst_port;
		f->tcp.dst_port = syn->tcp.src_port;
		sums(f);
	}
}

void sl_flow_fragments(struct sl_rig_frame *frames, uint32_t count, unsigned int kind, bool last)
{
	const uint16_t length = last ? 8 : 16; /* of the 24 */

	for (uint32_t i = 0; i < count; i++) {
		struct tcp4 *f = (struct tcp4 *)(void *)frames[i].bytes;
		struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(void *)&f->tcp;

		ether(f);
		f->ip.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(f->ip) + length));
		f->ip.packet_id = rte_cpu_to_be_16((uint16_t)i);
		f->ip.fragment_offset = rte_cpu_to_be_16(last ? 2 : RTE_IPV4_HDR_MF_FLAG);
		f->ip.next_proto_id = IPPROTO_UDP;
		f->ip.src_addr = rte_cpu_to_be_32(RTE_IPV4(10, 64, 0, 1) + i % 64);
		f->ip.dst_addr = rte_cpu_to_be_32(RTE_IPV4(198, 18, 0, 0) + 254 + kind);
		f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
		if (last)
			continue;
		udp->src_port = rte_cpu_to_be_16(5353);
		udp->dst_port = rte_cpu_to_be_16(53);
		udp->dgram_len = rte_cpu_to_be_16(24);
	}
}
