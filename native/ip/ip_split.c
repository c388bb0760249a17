/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "ip/checksum.h"
#include "ip/l4_parse.h"
#include "ip/pull.h"
#include "routing/adjacency.h"

enum { PORT_TX, DROP, EDGES };

#define LEAST_MTU 68u /* RFC 791 3.2: every link takes as much */

/*
 * Own code and not rte_ip_frag: its limit of eight fragments is compiled in, and it knows neither
 * options nor fragments of fragments.
 */

/* RFC 791 3.1: options with the copied bit are in every fragment. Their length, padded. */
static uint32_t copied_options(const uint8_t *from, uint32_t length, uint8_t *to)
{
	uint32_t at = 0, n = 0;

	/* They were found to be well-formed when the packet came in. */
	while (at < length && from[at] != 0) {
		uint32_t size = from[at] == 1 ? 1 : from[at + 1];

		if (from[at] & 0x80) {
			memcpy(to + n, from + at, size);
			n += size;
		}
		at += size;
	}
	while (n % 4)
		to[n++] = 0;
	return n;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void finish(uint8_t *ip, uint32_t header, uint32_t payload, uint32_t field)
{
	uint16_t sum;

	put16(ip + 2, header + payload);
	put16(ip + 6, field);
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, header));
	memcpy(ip + 10, &sum, 2);
}

/* `n` bytes of m's payload from `at` on, behind a head of their own. NULL without buffers. */
static struct rte_mbuf *piece(struct sl_worker *w, const struct rte_mbuf *m, uint32_t at, uint32_t n,
			      const uint8_t *head, uint32_t head_length)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, w->dp->pool, at, n);
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	uint8_t *room;

	if (!copy)
		return NULL;
	room = (uint8_t *)rte_pktmbuf_prepend(copy, (uint16_t)head_length);
	if (!room) {
		rte_pktmbuf_free(copy);
		return NULL;
	}
	memcpy(room, head, head_length);
	copy->port = m->port;
	*sl_pkt(copy) = (struct sl_pkt){
		.flags = SL_PKT_GENERATED,
		.family = p->family,
		.iface = p->iface,
		.from = p->from,
		.out_iface = p->out_iface,
		.input = SL_INPUT_GENERATED,
	};
	return copy;
}

/*
 * The frame, finished but for its length, as pieces of at most `mtu` bytes of IP. The first is `m`
 * itself; the others come as a list by sl_pkt.held. False, and nothing done, without buffers.
 */
static bool split(struct sl_worker *w, struct rte_mbuf *m, uint32_t mtu, struct rte_mbuf **rest)
{
	uint32_t l2 = sl_pkt(m)->l3;
	uint8_t head[18 + 60], *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, l2);
	uint32_t header = (ip[0] & 15) * 4u, payload = sl_get16(ip + 2) - header;
	uint32_t field = sl_get16(ip + 6), first = (mtu - header) & ~7u, at = first, short_header;
	struct rte_mbuf **link = rest;

	*rest = NULL;
	if (header + payload <= mtu)
		return true; /* its link has grown meanwhile */
	memcpy(head, rte_pktmbuf_mtod(m, uint8_t *), l2 + 20);
	short_header = 20 + copied_options(ip + 20, header - 20, head + l2 + 20);
	head[l2] = (uint8_t)(0x40 | short_header / 4);
	while (at < payload) {
		uint32_t room = (mtu - short_header) & ~7u, n = RTE_MIN(payload - at, room);
		/* A fragment's own place and MF bit hold for what becomes of it. */
		uint32_t more = at + n < payload ? 0x2000 : field & 0x2000;

		finish(head + l2, short_header, n, ((field & 0x1fff) + at / 8) | more);
		*link = piece(w, m, l2 + header + at, n, head, l2 + short_header);
		if (!*link)
			goto fail;
		link = &sl_pkt(*link)->held;
		at += n;
	}
	sl_trim(m, l2 + header + first);
	finish(ip, header, first, (field & 0x1fff) | 0x2000);
	return true;
fail:
	for (struct rte_mbuf *next; *rest; *rest = next) {
		next = sl_pkt(*rest)->held;
		rte_pktmbuf_free(*rest);
	}
	return false;
}

/* IPv4 packets without DF that are longer than their link takes (RFC 791 3.2, RFC 1812 5.2.6). */
static uint16_t ip_split_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				 uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = objs[i], *next;
		uint32_t mtu = sl_adjacencies[sl_pkt(m)->adjacency].mtu;

		if (!split(w, m, RTE_MAX(mtu, LEAST_MTU), &next)) {
			sl_pkt(m)->reason = SL_DROP_NO_MBUF;
			rte_node_enqueue_x1(graph, node, DROP, m);
			continue;
		}
		rte_node_enqueue_x1(graph, node, PORT_TX, m);
		while ((m = next)) {
			next = sl_pkt(m)->held;
			rte_node_enqueue_x1(graph, node, PORT_TX, m);
		}
	}
	return n;
}

static struct rte_node_register ip_split = {
	.name = "ip_split",
	.process = ip_split_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[PORT_TX] = "port_tx", [DROP] = "drop"},
};
RTE_NODE_REGISTER(ip_split)
