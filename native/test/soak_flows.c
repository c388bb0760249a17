/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/soak_flows.h"

#include <errno.h>
#include <netinet/in.h>
#include <rte_cycles.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <stdlib.h>
#include <string.h>

#define DATA 6u /* bytes a segment: fills a minimal frame */
#define FIRST(direction) ((direction) ? 500000u : 100000u) /* sequence number of the first segment */
#define SERVER_PORT 443

struct __rte_aligned(2) frame {
	struct rte_ether_hdr ether;
	struct rte_ipv4_hdr ip;
	struct rte_tcp_hdr tcp;
	uint8_t data[DATA];
} __attribute__((packed));
static_assert(sizeof(struct frame) == 60, "a minimal frame");

static uint32_t load(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* Counters of one writer: readers elsewhere see whole words. */
static void add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

static void segment(const struct soak *soak, struct frame *f, uint32_t id, unsigned int direction,
		    uint8_t flags)
{
	const struct soak_flow *flow = &soak->flow[id];
	uint32_t client = (flow->deniable ? RTE_IPV4(10, 200, 0, 0) : RTE_IPV4(10, 0, 0, 0)) + id;
	uint32_t server = 0xc6120001u + id % 50021; /* 198.18.0.0/15, RFC 2544 */
	uint16_t port = (uint16_t)(1024 + id % 60000);
	uint32_t mine = FIRST(direction) + DATA * load(&flow->fed[direction]);
	uint32_t theirs = FIRST(!direction) + DATA * load(&flow->due[!direction]);
	bool syn = flags & RTE_TCP_SYN_FLAG;

	memset(f, 0, sizeof(*f));
	memcpy(f->ether.dst_addr.addr_bytes, soak->mac[direction], 6);
	f->ether.src_addr.addr_bytes[0] = 0x02;
	f->ether.ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	f->ip.version_ihl = 0x45;
	f->ip.total_length = rte_cpu_to_be_16((uint16_t)(40 + (syn ? 0 : DATA)));
	f->ip.packet_id = rte_cpu_to_be_16((uint16_t)id);
	f->ip.time_to_live = 64;
	f->ip.next_proto_id = IPPROTO_TCP;
	f->ip.src_addr = rte_cpu_to_be_32(direction ? server : client);
	f->ip.dst_addr = rte_cpu_to_be_32(direction ? client : server);
	f->tcp.src_port = rte_cpu_to_be_16(direction ? SERVER_PORT : port);
	f->tcp.dst_port = rte_cpu_to_be_16(direction ? port : SERVER_PORT);
	f->tcp.sent_seq = rte_cpu_to_be_32(syn ? mine - 1 : mine);
	f->tcp.recv_ack = rte_cpu_to_be_32(flags & RTE_TCP_ACK_FLAG ? theirs : 0);
	f->tcp.data_off = 5 << 4;
	f->tcp.tcp_flags = flags;
	f->tcp.rx_win = RTE_BE16(65535);
	f->ip.hdr_checksum = rte_ipv4_cksum(&f->ip);
	f->tcp.cksum = rte_ipv4_udptcp_cksum(&f->ip, &f->tcp);
}

/* What the flow's end on this side says next, if anything. */
static bool speak(struct soak *soak, struct frame *f, uint32_t id, unsigned int direction)
{
	struct soak_flow *flow = &soak->flow[id];
	uint8_t state = atomic_load_explicit(&flow->state, memory_order_acquire), next = state;
	uint8_t flags = RTE_TCP_ACK_FLAG;

	if (direction == 0 && state == SOAK_SYN) {
		flags = RTE_TCP_SYN_FLAG;
		next = SOAK_SYN_SENT;
	} else if (direction == 1 && state == SOAK_SYN_ACK) {
		flags = RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG;
		next = SOAK_SYN_ACK_SENT;
	} else if (direction == 0 && state == SOAK_ACK) {
		next = SOAK_ACK_SENT;
	} else if (state != SOAK_ESTABLISHED) {
		return false;
	}
	segment(soak, f, id, direction, flags);
	if (!(flags & RTE_TCP_SYN_FLAG))
		atomic_store_explicit(&flow->fed[direction], load(&flow->fed[direction]) + 1,
				      memory_order_relaxed);
	/* The main thread may have hushed it just now: then that stays. */
	if (next != state)
		atomic_compare_exchange_strong(&flow->state, &state, next);
	return true;
}

/* How many packets this queue has by now, as the rate goes. */
static uint16_t due(struct soak_queue *q, uint16_t n)
{
	uint64_t now = rte_rdtsc(), cost = q->soak->cycles_per_packet;
	uint64_t waiting = (now - q->since) / cost;

	if (!atomic_load_explicit(&q->soak->feeding, memory_order_relaxed)) {
		q->since = now;
		return 0;
	}
	if (waiting > q->waited)
		__atomic_store_n(&q->waited, waiting, __ATOMIC_RELAXED);
	if (waiting > SOAK_RING) {
		add(&q->late, waiting - SOAK_RING);
		q->since += (waiting - SOAK_RING) * cost;
		waiting = SOAK_RING;
	}
	return waiting < n ? (uint16_t)waiting : n;
}

static uint16_t feed(uint16_t ethdev, uint16_t queue, struct rte_mbuf **m, uint16_t n, uint16_t max,
		     void *argument)
{
	struct soak_queue *q = argument;
	struct soak *soak = q->soak;
	uint16_t want = due(q, n), got = 0;
	uint32_t tries = soak->flows / q->step + 1;

	(void)ethdev, (void)queue, (void)max;
	q->since += want * soak->cycles_per_packet;
	while (got < want && tries-- > 0) {
		uint32_t id = q->next;

		q->next = id + q->step < soak->flows ? id + q->step : q->first;
		if (id >= soak->flows ||
		    !speak(soak, rte_pktmbuf_mtod(m[got], struct frame *), id, q->direction))
			continue;
		m[got]->data_len = sizeof(struct frame);
		m[got]->pkt_len = sizeof(struct frame);
		add(&q->fed[soak->flow[id].deniable], 1);
		got++;
	}
	rte_pktmbuf_free_bulk(m + got, n - got);
	return got;
}

/* The receiver's side: which segment of its flow is this, and is it the next one? */
static void hear(struct soak_exit *e, const struct rte_mbuf *m)
{
	struct soak *soak = e->soak;
	const struct frame *f = rte_pktmbuf_mtod(m, const struct frame *);
	uint32_t id = rte_be_to_cpu_16(f->ip.packet_id), number;
	bool syn = f->tcp.tcp_flags & RTE_TCP_SYN_FLAG;
	unsigned int d = e->direction;
	struct soak_flow *flow;
	uint8_t before, after;

	if (id >= soak->flows || m->pkt_len < 54 || f->ip.time_to_live != 63 ||
	    rte_raw_cksum(&f->ip, sizeof(f->ip)) != 0xffff) {
		add(&e->malformed, 1);
		return;
	}
	flow = &soak->flow[id];
	add(&e->left[flow->deniable], 1);
	if (flow->deniable && atomic_load(&soak->denied))
		add(&e->forbidden, 1);
	number = (rte_be_to_cpu_32(f->tcp.sent_seq) + syn - FIRST(d)) / DATA;
	/* What was dropped leaves a gap, and counts as lost; nothing may come twice or late. */
	if ((int32_t)(number - load(&flow->due[d])) < 0)
		add(&e->disorder, 1);
	atomic_store_explicit(&flow->due[d], number + !syn, memory_order_relaxed);
	before = syn ? d ? SOAK_SYN_ACK_SENT : SOAK_SYN_SENT : SOAK_ACK_SENT;
	after = (uint8_t)(before + 1);
	if ((syn || d == 0) && atomic_load_explicit(&flow->state, memory_order_relaxed) == before)
		atomic_compare_exchange_strong(&flow->state, &before, after);
}

static uint16_t leave(uint16_t ethdev, uint16_t queue, struct rte_mbuf **m, uint16_t n,
		      void *argument)
{
	(void)ethdev, (void)queue;
	for (uint16_t i = 0; i < n; i++)
		hear(argument, m[i]);
	return n;
}

int soak_make(struct soak *soak, uint32_t flows, uint32_t one_in)
{
	soak->flows = flows;
	soak->flow = aligned_alloc(64, flows * sizeof(*soak->flow));
	if (!soak->flow)
		return -ENOMEM;
	memset(soak->flow, 0, flows * sizeof(*soak->flow));
	for (uint32_t i = 0; i < flows; i++) {
		soak->flow[i].deniable = i % one_in == 0;
		soak->deniable += soak->flow[i].deniable;
	}
	return 0;
}

int soak_attach(struct soak *soak, unsigned int side, uint16_t ethdev, unsigned int queues,
		uint64_t rate)
{
	struct rte_ether_addr mac;
	int error = rte_eth_macaddr_get(ethdev, &mac);

	if (error)
		return error;
	memcpy(soak->mac[side], mac.addr_bytes, 6);
	soak->cycles_per_packet = rte_get_tsc_hz() * queues * 2 / rate;
	for (unsigned int i = 0; i < queues; i++) {
		struct soak_queue *q = &soak->queue[side][i];
		struct soak_exit *e = &soak->exit[side][i];

		/* Queue i has other flows on each side, so most flows see two queues' workers. */
		*q = (struct soak_queue){.soak = soak, .direction = side, .step = queues};
		q->first = q->next = (i + side * (queues / 2)) % queues;
		q->since = rte_rdtsc();
		*e = (struct soak_exit){.soak = soak, .direction = !side};
		if (!rte_eth_add_rx_callback(ethdev, (uint16_t)i, feed, q) ||
		    !rte_eth_add_tx_callback(ethdev, (uint16_t)i, leave, e))
			return -ENOMEM;
	}
	return 0;
}

void soak_set(struct soak *soak, bool deniable_only, enum soak_state state)
{
	for (uint32_t i = 0; i < soak->flows; i++)
		if (!deniable_only || soak->flow[i].deniable)
			atomic_store_explicit(&soak->flow[i].state, state, memory_order_release);
}

void soak_retry(struct soak *soak)
{
	static const uint8_t sent[] = {SOAK_SYN_SENT, SOAK_SYN_ACK_SENT, SOAK_ACK_SENT};

	for (uint32_t i = 0; i < soak->flows; i++)
		for (unsigned int k = 0; k < RTE_DIM(sent); k++) {
			uint8_t state = sent[k];

			atomic_compare_exchange_strong(&soak->flow[i].state, &state,
						       (uint8_t)(state - 1));
		}
}

uint32_t soak_count(const struct soak *soak, enum soak_state state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < soak->flows; i++)
		n += atomic_load_explicit(&soak->flow[i].state, memory_order_acquire) == state;
	return n;
}

static uint64_t read64(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

void soak_sum(const struct soak *soak, struct soak_sum *sum)
{
	*sum = (struct soak_sum){0};
	for (unsigned int i = 0; i < 2 * SOAK_QUEUES; i++) {
		const struct soak_queue *q = &soak->queue[i & 1][i >> 1];
		const struct soak_exit *e = &soak->exit[i & 1][i >> 1];

		for (unsigned int k = 0; k < 2; k++) {
			sum->fed[k] += read64(&q->fed[k]);
			sum->left[k] += read64(&e->left[k]);
		}
		sum->disorder += read64(&e->disorder);
		sum->forbidden += read64(&e->forbidden);
		sum->malformed += read64(&e->malformed);
		sum->late += read64(&q->late);
		sum->waited = RTE_MAX(sum->waited, read64(&q->waited));
	}
}
