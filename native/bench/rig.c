/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench/rig.h"

#include <errno.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_memcpy.h>
#include <rte_prefetch.h>

/* Packets of any length; how many. */
static uint16_t feed_packets(struct sl_rig_port *port, struct rte_mbuf **m, uint16_t n)
{
	uint16_t take = (uint16_t)RTE_MIN((uint64_t)n, port->budget);

	if (take && port->next == 0 && port->again && !port->again(port))
		take = 0;
	take = (uint16_t)RTE_MIN((uint32_t)take, port->count - port->next);
	for (uint16_t i = 0; i < take; i++) {
		const struct sl_rig_packet *packet = &port->packets[port->next + i];

		rte_memcpy(rte_pktmbuf_mtod(m[i], uint8_t *), packet->bytes, packet->length);
		m[i]->data_len = packet->length;
		m[i]->pkt_len = packet->length;
	}
	port->next += take;
	if (port->next == port->count)
		port->next = 0;
	return take;
}

static uint16_t feed_frames(struct sl_rig_port *port, struct rte_mbuf **m, uint16_t n)
{
	uint16_t take = port->budget < n ? (uint16_t)port->budget : n;
	uint32_t next = port->next;

	for (uint16_t i = 0; i < take; i++) {
		rte_mov64(rte_pktmbuf_mtod(m[i], uint8_t *), port->frames[next].bytes);
		m[i]->data_len = port->length;
		m[i]->pkt_len = port->length;
		if (++next == port->count)
			next = 0;
	}
	port->next = next;
	return take;
}

static uint16_t feed(uint16_t ethdev, uint16_t queue, struct rte_mbuf **m, uint16_t n,
		     uint16_t max, void *argument)
{
	struct sl_rig_port *port = argument;
	uint16_t take = port->packets ? feed_packets(port, m, n) : feed_frames(port, m, n);

	(void)ethdev, (void)queue, (void)max;
	if (take < n)
		rte_pktmbuf_free_bulk(m + take, n - take);
	port->budget -= take;
	port->fed += take;
	return take;
}

/* The rig's own connections are those to and from port 443; see flows.c. */
static bool ours(const uint8_t *ip)
{
	const uint8_t *tcp = ip + 20;
	uint16_t sport = (uint16_t)(tcp[0] << 8 | tcp[1]), dport = (uint16_t)(tcp[2] << 8 | tcp[3]);

	return ip[0] == 0x45 && ip[9] == IPPROTO_TCP && (sport == 443 || dport == 443);
}

/* The packet within one of IP in IP or GUE; NULL without one. */
static const uint8_t *inside(const uint8_t *ip)
{
	if (ip[9] == IPPROTO_IPIP)
		return ip + 20;
	return ip[9] == IPPROTO_UDP && (ip[22] << 8 | ip[23]) == 6080 ? ip + 20 + 12 : NULL;
}

/* What a forwarded IPv4 packet must look like: TTL one less than fed, header checksum right. */
static const char *fault(const struct sl_rig_port *port, const struct rte_mbuf *m)
{
	const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *), *ip = p + 14, *inner = inside(ip);

	if (p[12] != 0x08 || p[13] != 0x00)
		return "ethertype";
	/* The padding of a minimal frame may go or stay. */
	if (m->pkt_len != 14u + (uint32_t)(p[16] << 8 | p[17]) && m->pkt_len != port->length)
		return "length";
	if (inner) {
		if (ip[8] != 64 || rte_raw_cksum(ip, 20) != 0xffff)
			return "header outside";
		ip = inner;
	}
	if (ip[8] != 63)
		return "TTL";
	if (rte_raw_cksum(ip, 20) != 0xffff)
		return "IPv4 checksum";
	if (p[0] & 1)
		return "destination MAC";
	if (ours(ip) && rte_ipv4_udptcp_cksum_verify((const void *)ip, ip + 20) != 0)
		return "TCP checksum";
	return NULL;
}

/* Counts the rig's own connections, and its datagrams, which are of 10.64.0.0/16. */
static void tell_apart(struct sl_rig_port *port, const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod(m, const uint8_t *) + 14, *tcp = ip + 20;

	if (ours(ip))
		port->tcp[tcp[13] == 0x02 ? 0 : tcp[13] == 0x12 ? 1 : 2]++;
	else if (ip[0] == 0x45 && ip[9] == IPPROTO_UDP && ip[13] == 64)
		port->datagrams[ip[19] & 1] += ip[7] > 0;
}

static uint16_t look(uint16_t ethdev, uint16_t queue, struct rte_mbuf **m, uint16_t n,
		     void *argument)
{
	struct sl_rig_port *port = argument;

	(void)ethdev, (void)queue;
	port->sent += n;
	for (uint16_t i = 0; port->record && i < n && port->recorded < port->record_most; i++)
		memcpy(port->record[port->recorded++].bytes, rte_pktmbuf_mtod(m[i], void *),
		       SL_RIG_FRAME);
	for (uint16_t i = 0; port->see && i < n; i++)
		port->see(port, m[i]);
	for (uint16_t i = 0; port->check && i < n; i++) {
		const char *what = fault(port, m[i]);

		tell_apart(port, m[i]);
		if (what && port->wrong++ == 0)
			port->what = what;
	}
	return n;
}

int sl_rig_attach(struct sl_rig_port *port, uint16_t ethdev)
{
	port->ethdev = ethdev;
	port->length = SL_RIG_FRAME;
	if (!rte_eth_add_rx_callback(ethdev, 0, feed, port) ||
	    !rte_eth_add_tx_callback(ethdev, 0, look, port))
		return -ENOMEM;
	return 0;
}
