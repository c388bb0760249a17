/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/bench.h"
#include "bench/flows.h"
#include "core/file.h"
#include "session/table.h"

/*
 * Clients that connect in a flood of SYNs, by whatever it takes: each answers what it is told, sends
 * a packet of its own once it may, and has connected when that comes out at the server's side with
 * the server's number acknowledged. Nobody sends anything twice. A JSON line with what became of
 * them, and of the flood.
 */
#define BURST 320u	 /* frames of the flood a turn */
#define TURN_NS 320000u	 /* of the session clock: a million of them a second */
#define SERVER_ISN 5000u /* flows.c */

struct client {
	uint32_t address;
	uint16_t port;
	bool asked, connected;
};

struct syn_flood {
	struct bench *b;
	struct sl_rig_frame *flood;
	uint32_t flood_count, flood_next;
	struct client *clients;
	struct sl_rig_frame *acks;	/* each client's, to be aimed */
	struct sl_rig_frame feed[2][4 * BURST];
	struct sl_rig_frame seen[2][4 * BURST]; /* what came out */
	uint32_t fed[2];	/* of the next turn, by side */
	uint32_t connected, answered, floods_answered;
};

struct __rte_aligned(2) tcp4 {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
};

/* Whose this is: the connection of the client with that address and port; NULL for none. */
static struct client *client_of(struct syn_flood *f, uint32_t address, uint16_t port)
{
	for (uint32_t i = 0; i < f->b->fresh; i++)
		if (f->clients[i].address == address && f->clients[i].port == port)
			return &f->clients[i];
	return NULL;
}

static void queue(struct syn_flood *f, unsigned int side, const struct sl_rig_frame *frame)
{
	if (f->fed[side] < RTE_DIM(f->feed[side]))
		f->feed[side][f->fed[side]++] = *frame;
}

/* The client's ACK of whatever number it was shown. */
static void acknowledge(struct syn_flood *f, const struct client *c, uint32_t number)
{
	struct sl_rig_frame frame = f->acks[c - f->clients];
	struct tcp4 *t = (struct tcp4 *)(void *)frame.bytes;

	t->tcp.recv_ack = rte_cpu_to_be_32(number + 1);
	t->tcp.cksum = 0;
	t->tcp.cksum = rte_ipv4_udptcp_cksum(&t->ip, &t->tcp);
	queue(f, 0, &frame);
}

/* Out to the clients: an answer to their SYN, or leave to send. */
static void at_client(struct syn_flood *f, const struct sl_rig_frame *frame)
{
	const struct tcp4 *t = (const struct tcp4 *)(const void *)frame->bytes;
	bool syn = t->tcp.tcp_flags & RTE_TCP_SYN_FLAG;
	struct client *c;

	if (t->tcp.src_port != rte_cpu_to_be_16(443)) {
		f->floods_answered += syn;
		return;
	}
	c = client_of(f, t->ip.dst_addr, t->tcp.dst_port);
	if (!c)
		return;
	f->answered += syn;
	c->asked |= t->tcp.rx_win != 0;
	/* With a window of zero it only acknowledges; the window's opening is told by an ACK. */
	acknowledge(f, c, rte_be_to_cpu_32(t->tcp.sent_seq) - !syn);
}

/* Out to the servers: SYNs, which they answer, and what they have been waiting for. */
static void at_server(struct syn_flood *f, const struct sl_rig_frame *frame)
{
	const struct tcp4 *t = (const struct tcp4 *)(const void *)frame->bytes;
	struct sl_rig_frame answer;
	struct client *c;

	if (t->tcp.dst_port != rte_cpu_to_be_16(443))
		return;
	c = client_of(f, t->ip.src_addr, t->tcp.src_port);
	if (!c)
		return;
	if (t->tcp.tcp_flags & RTE_TCP_SYN_FLAG) {
		sl_flow_answers(&answer, frame, 1, SL_FLOW_SYN_ACK);
		queue(f, 1, &answer);
	} else if (c->asked && !c->connected && t->tcp.recv_ack == rte_cpu_to_be_32(SERVER_ISN + 1)) {
		c->connected = true;
		f->connected++;
	}
}

static void turn(struct syn_flood *f, uint32_t flood)
{
	struct bench *b = f->b;

	for (uint32_t i = 0; i < flood; i++) {
		queue(f, 0, &f->flood[f->flood_next++]);
		if (f->flood_next == f->flood_count)
			f->flood_next = 0;
	}
	for (unsigned int side = 0; side < 2; side++) {
		b->rig[side].frames = f->feed[side];
		b->rig[side].count = f->fed[side] ? f->fed[side] : 1;
		b->rig[side].next = 0;
		b->rig[side].budget = f->fed[side];
		b->rig[side].record = f->seen[side];
		b->rig[side].record_most = RTE_DIM(f->seen[side]);
		b->rig[side].recorded = 0;
		f->fed[side] = 0;
	}
	while (b->rig[0].budget || b->rig[1].budget)
		sl_bench_turn(b);
	sl_bench_turn(b);
	b->skipped_ns += TURN_NS;
	for (uint32_t i = 0; i < b->rig[0].recorded; i++)
		at_client(f, &f->seen[0][i]);
	for (uint32_t i = 0; i < b->rig[1].recorded; i++)
		at_server(f, &f->seen[1][i]);
}

static bool make(struct syn_flood *f)
{
	uint32_t n = f->b->fresh;

	f->clients = calloc(n, sizeof(*f->clients));
	f->acks = aligned_alloc(64, n * sizeof(*f->acks));
	if (!f->clients || !f->acks)
		return false;
	sl_flow_frames(f->acks, 0, n, false, SL_FLOW_ACK);
	for (uint32_t i = 0; i < n; i++) {
		const struct tcp4 *t = (const struct tcp4 *)(const void *)f->acks[i].bytes;

		f->clients[i].address = t->ip.src_addr;
		f->clients[i].port = t->tcp.src_port;
	}
	return true;
}

static int run(struct syn_flood *f)
{
	struct bench *b = f->b;
	uint64_t turns = b->packets / BURST, most = 0, fed = 0, cpu;
	struct sl_rig_frame syn;
	uint32_t begun = 0;

	if (!make(f))
		return -ENOMEM;
	b->rig[0].length = b->rig[1].length = sizeof(struct sl_rig_frame);
	cpu = sl_bench_cpu_ns();
	/* The flood comes first, and then a client every so often; the last ones have time to end. */
	for (uint64_t t = 0; t < turns; t++) {
		const struct sl_session_stats *stats = sl_session_stats(b->w->sessions);

		while (begun < b->fresh && t * b->fresh * 10 >= (uint64_t)begun * turns * 9 &&
		       t > turns / 20) {
			sl_flow_frames(&syn, begun++, 1, false, SL_FLOW_SYN);
			queue(f, 0, &syn);
		}
		turn(f, BURST);
		fed += BURST;
		most = RTE_MAX(most, stats->live[0] + stats->live[1]);
	}
	cpu = sl_bench_cpu_ns() - cpu;
	printf("{\"flood\":%llu,\"clients\":%u,\"answered\":%u,\"connected\":%u,"
	       "\"flood_answered\":%u,\"most_sessions\":%llu,\"evicted\":%llu,"
	       "\"cycles_per_flood_packet\":%.0f,\"mpps\":%.2f}\n",
	       (unsigned long long)fed, b->fresh, f->answered, f->connected, f->floods_answered,
	       (unsigned long long)most,
	       (unsigned long long)sl_session_stats(b->w->sessions)->evicted,
	       (double)cpu * (double)rte_get_tsc_hz() / 1e9 / (double)fed,
	       (double)fed * 1e3 / (double)cpu);
	return 0;
}

int sl_bench_syn_flood(struct bench *b, const char *path)
{
	struct syn_flood *f = calloc(1, sizeof(*f));
	void *bytes = NULL;
	size_t size = 0;
	int status = f ? sl_file_read(path, &bytes, &size) : -ENOMEM;

	if (!status && (size == 0 || size % sizeof(struct sl_rig_frame) || b->fresh == 0))
		status = -EINVAL;
	if (!status) {
		f->b = b;
		f->flood = bytes;
		f->flood_count = (uint32_t)(size / sizeof(struct sl_rig_frame));
		status = run(f);
	}
	if (f) {
		free(f->clients);
		free(f->acks);
	}
	free(bytes);
	free(f);
	return status;
}
