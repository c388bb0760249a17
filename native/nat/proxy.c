/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/graph.h"
#include "core/offline.h"
#include "ip/announce.h"
#include "ip/icmp_build.h"
#include "ip/l4_parse.h"
#include "ip/martian.h"
#include "ip/pull.h"
#include "nat/space.h"
#include "routing/fib.h"

enum { PORT_TX, HOST_TX, SESSION_LOOKUP, EDGES };

#define ARP_BYTES 28
#define ADVERTISEMENT_BYTES 32 /* with the target's link-layer address, RFC 4861 4.4 and 4.6.1 */

/* Of the interface's set, and no address of its own: for those the kernel answers, from anywhere. */
static bool answers_for(const struct sl_worker *w, uint16_t iface, uint8_t family,
			const uint8_t *address)
{
	const struct sl_image_proxies *proxy = sl_tables_proxy(w->tables, iface);
	const struct sl_route *route;
	uint32_t address4;

	if (!proxy || !sl_nat_in_set(&w->tables->image, proxy->set, family, address))
		return false;
	memcpy(&address4, address, 4);
	route = family == 4 ? sl_fib_lookup4(w->dp->fib, address4) :
			      sl_fib_lookup6(w->dp->fib, address);
	return route->kind != SL_ROUTE_KIND_LOCAL || route->iface != iface;
}

/* From here on it is the box's own packet, out by the way it came, its tag on it. */
static void own(struct sl_worker *w, struct sl_pkt *p)
{
	if (w->offline)
		sl_offline_answered(w, p);
	*p = (struct sl_pkt){
		.flags = SL_PKT_GENERATED,
		.family = p->family,
		.l3 = p->l3,
		.iface = p->iface,
		.out_iface = p->iface,
		.from = SL_ZONE_LOCAL,
		.input = SL_INPUT_GENERATED,
	};
}

/*
 * A request, or a probe without sender (RFC 5227 2.1.1). Who tells of an address as his own (2.3)
 * has sender and target the same: that is nothing to answer. `arp` is one eth_input found valid.
 */
static bool asks(const uint8_t *arp)
{
	return sl_get16(arp + 6) == 1 && !(arp[8] & 1) && memcmp(arp + 14, arp + 24, 4) != 0;
}

/* RFC 826: sender and target change places, the address asked for gets the port's MAC. */
static bool answer_arp(struct sl_worker *w, struct rte_mbuf *m)
{
	const uint8_t *mac = w->dp->port[m->port]->mac;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *), target[4];
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *arp = frame + p->l3;

	if (!asks(arp) || !answers_for(w, p->iface, 4, arp + 24))
		return false;
	own(w, p);
	sl_trim(m, p->l3 + ARP_BYTES);
	memcpy(target, arp + 24, 4);
	memcpy(arp + 18, arp + 8, 10);
	memcpy(arp + 8, mac, 6);
	memcpy(arp + 14, target, 4);
	arp[7] = 2;
	memcpy(frame, arp + 18, 6);
	memcpy(frame + 6, mac, 6);
	return true;
}

/* RFC 4861 4.3: to the target itself or to its solicited-node group (RFC 4291 2.7.1). */
static bool meant_for(const uint8_t *dst, const uint8_t *target, bool unspecified)
{
	static const uint8_t group[13] = {0xff, 2, [11] = 1, [12] = 0xff};

	if (memcmp(dst, group, sizeof(group)) == 0 && memcmp(dst + 13, target + 13, 3) == 0)
		return true;
	return !unspecified && memcmp(dst, target, 16) == 0;
}

/*
 * Walks the options of a solicitation. `mac`, which holds the frame's source, becomes the asker's
 * link-layer address if it is told. False if they are malformed.
 */
static bool options(const uint8_t *option, uint32_t length, bool unspecified, uint8_t mac[6])
{
	while (length > 0) {
		uint32_t size = length >= 8 ? option[1] * 8u : 0;

		/* RFC 4861 7.1.1: longer than nothing, within the message. */
		if (size == 0 || size > length)
			return false;
		if (option[0] == 1) {
			/* 7.1.1: who has no address yet tells no link-layer address; RFC 2464 6 */
			if (unspecified || size != 8)
				return false;
			memcpy(mac, option + 2, 6);
		}
		option += size;
		length -= size;
	}
	return !(mac[0] & 1);
}

/* RFC 4861 7.1.1; hop limit, code and length were checked as it was parsed. It lies in one piece. */
static bool solicitation(const struct rte_mbuf *m, const struct sl_pkt *p, uint8_t mac[6])
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l3);
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);
	bool unspecified = sl_ip6_is_unspecified(ip + 8);

	return !sl_ip6_is_multicast(icmp + 8) && meant_for(ip + 24, icmp + 8, unspecified) &&
	       options(icmp + 24, p->l4_length - 24u, unspecified, mac) &&
	       sl_icmp6_sum(ip, icmp, p->l4_length) == 0xffff;
}

/* Makes the packet `length` bytes long; the first segment has them all. */
static bool resize(struct rte_mbuf *m, uint32_t length)
{
	if (m->pkt_len >= length)
		sl_trim(m, length);
	else if (m->nb_segs != 1 || !rte_pktmbuf_append(m, (uint16_t)(length - m->pkt_len)))
		return false;
	return true;
}

/*
 * RFC 4861 7.2.4 as 7.2.8 has it for proxies: no override, so that a node that has the address
 * itself comes first. No delay, which is for several proxies of one node: there is but the box.
 */
static void build(uint8_t *ip, const uint8_t *source, const uint8_t *asker, const uint8_t *target,
		  const uint8_t *mac)
{
	static const uint8_t all_nodes[16] = {0xff, 2, [15] = 1};
	bool solicited = !sl_ip6_is_unspecified(asker);
	uint8_t *icmp = ip + 40;
	uint16_t sum;

	memset(ip, 0, 40 + ADVERTISEMENT_BYTES);
	ip[0] = 0x60;
	ip[5] = ADVERTISEMENT_BYTES;
	ip[6] = IPPROTO_ICMPV6;
	ip[7] = 255;
	memcpy(ip + 8, source, 16);
	memcpy(ip + 24, solicited ? asker : all_nodes, 16);
	icmp[0] = SL_ND_ADVERTISEMENT;
	icmp[4] = solicited ? 0xc0 : 0x80; /* a router; solicited */
	memcpy(icmp + 8, target, 16);
	icmp[24] = 2;
	icmp[25] = 1;
	memcpy(icmp + 26, mac, 6);
	sum = (uint16_t)~sl_icmp6_sum(ip, icmp, ADVERTISEMENT_BYTES);
	memcpy(icmp + 2, &sum, 2);
}

static bool answer_nd(struct sl_worker *w, struct rte_mbuf *m)
{
	static const uint8_t all_nodes[6] = {0x33, 0x33, [5] = 1}; /* RFC 2464 7 */
	const uint8_t *mac = w->dp->port[m->port]->mac, *source;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t asker[16], target[16], to[6];
	struct sl_pkt *p = sl_pkt(m);

	if (rte_pktmbuf_data_len(m) < (uint32_t)p->l4 + p->l4_length)
		return false;
	memcpy(to, frame + 6, 6);
	memcpy(asker, frame + p->l3 + 8, 16);
	memcpy(target, frame + p->l4 + 8, 16);
	if (!answers_for(w, p->iface, 6, target) || !solicitation(m, p, to))
		return false;
	source = sl_icmp_source(w->tables, p->iface, 6); /* RFC 4861 4.4 */
	if (!source || !resize(m, p->l3 + 40u + ADVERTISEMENT_BYTES))
		return false;
	own(w, p);
	memcpy(frame, sl_ip6_is_unspecified(asker) ? all_nodes : to, 6);
	memcpy(frame + 6, mac, 6);
	build(frame + p->l3, source, asker, target, mac);
	return true;
}

static rte_edge_t nat_proxy_one(struct sl_worker *w, struct rte_mbuf *m)
{
	struct sl_pkt *p = sl_pkt(m);

	if (p->family == 6) {
		if (answer_nd(w, m))
			return PORT_TX;
		sl_announce6(w->dp->sessions, p);
		return SESSION_LOOKUP;
	}
	return answer_arp(w, m) ? PORT_TX : HOST_TX;
}

/*
 * Answers ARP requests and neighbour solicitations for addresses that NAT uses on an interface and
 * the kernel knows nothing of. All else goes on as if nobody had asked.
 */
static uint16_t nat_proxy_process(struct rte_graph *graph, struct rte_node *node, void **objs,
				  uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);

	for (uint16_t i = 0; i < n; i++)
		rte_node_enqueue_x1(graph, node, nat_proxy_one(w, objs[i]), objs[i]);
	return n;
}

static struct rte_node_register nat_proxy = {
	.name = "nat_proxy",
	.process = nat_proxy_process,
	.init = sl_node_init,
	.nb_edges = EDGES,
	.next_nodes = {[PORT_TX] = "port_tx", [HOST_TX] = "host_tx",
		       [SESSION_LOOKUP] = "session_lookup"},
};
RTE_NODE_REGISTER(nat_proxy)
