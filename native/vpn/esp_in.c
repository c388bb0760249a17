/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <rte_malloc.h>

#include "core/count.h"
#include "ip/l4_parse.h"
#include "routing/fib.h"
#include "tables/tables.h"
#include "vpn/flight.h"
#include "vpn/path_mtu.h"
#include "vpn/spd.h"

enum { IP4_INPUT, IP6_INPUT, SESSION_LOOKUP, HANDOVER_TX, DROP, EDGES };

static int esp_in_init(const struct rte_graph *graph, struct rte_node *node)
{
	sl_node_init(graph, node);
	sl_ctx(node)->state = rte_zmalloc("esp_in", sizeof(struct sl_esp_batch), RTE_CACHE_LINE_SIZE);
	return sl_ctx(node)->state ? 0 : -ENOMEM;
}

static void esp_in_fini(const struct rte_graph *graph, struct rte_node *node)
{
	(void)graph;
	rte_free(sl_ctx(node)->state);
}

/*
 * What came to the box's port 4500 (RFC 3948 2): ESP begins with an SPI, IKE with four bytes of zero
 * where that would be, a keepalive is one byte. Where ESP has its SPI, or NULL with *reason set
 * where it is none at all; *reason stays 0 for IKE.
 */
static const uint8_t *spi_of(const struct rte_mbuf *m, enum sl_drop *reason, bool *encap)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	uint8_t proto = p->family == 4 ? p->key4.proto : p->key6.proto;
	uint32_t have = rte_pktmbuf_data_len(m) - p->l4, length = p->l4_length;
	const uint8_t *at = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4);

	*encap = proto == IPPROTO_UDP;
	*reason = SL_DROP_NONE;
	if (*encap) {
		/* Eight bytes of it are there, and its length is no more than IP's: the parser's word. */
		length = sl_get16(at + 4) - 8u;
		at += 8;
		have -= 8;
		if (length == 1 && have >= 1 && at[0] == 0xff) {
			*reason = SL_DROP_ESP_KEEPALIVE;
			return NULL;
		}
		if (length >= 4 && have >= 4 && sl_get32(at) == 0)
			return NULL;
	}
	if (length < SL_ESP_HEADER || have < SL_ESP_HEADER) {
		*reason = SL_DROP_ESP_TRUNCATED;
		return NULL;
	}
	return at;
}

static bool for_the_box(const struct sl_worker *w, const struct sl_pkt *p)
{
	const struct sl_route *r = p->family == 4 ? sl_fib_lookup4(w->dp->fib, p->key4.dst) :
						    sl_fib_lookup6(w->dp->fib, p->key6.dst);

	return r->kind == SL_ROUTE_KIND_LOCAL;
}

/* The SA it belongs to if that is at home here; else its edge, and reason, are set. */
static struct sl_sa *sa_of(struct sl_worker *w, struct rte_mbuf *m, rte_edge_t *edge)
{
	struct sl_pkt *p = sl_pkt(m);
	enum sl_drop reason;
	const uint8_t *at;
	struct sl_sa *sa = NULL;
	uint32_t spi;
	bool encap;

	at = spi_of(m, &reason, &encap);
	if (at) {
		memcpy(&spi, at, 4);
		sa = sl_sad_inbound(w->dp, spi, p->family,
				    p->family == 4 ? (const uint8_t *)&p->key4.dst : p->key6.dst);
		/* The peers agreed on one form. */
		if (sa && encap != !!(sa->flags & SL_SA_ENCAP))
			sa = NULL;
		reason = sa ? SL_DROP_NONE : SL_DROP_ESP_NO_SA;
	}
	if (likely(sa)) {
		if (likely(sa->worker == w->index))
			return sa;
		p->worker = sa->worker;
		p->family |= SL_ESP_TO_OPEN;
		*edge = HANDOVER_TX;
		return NULL;
	}
	/* Of others, through the box, or IKE: packets like any other. */
	*edge = SESSION_LOOKUP;
	if (p->flags & SL_PKT_ICMP_ERROR)
		sl_esp_path_mtu(w, m);
	else if (reason && for_the_box(w, p)) {
		p->reason = (uint16_t)reason;
		*edge = DROP;
	}
	return NULL;
}

/* The inner packet comes in by the tunnel interface, with the zone of that. */
static enum sl_drop enter(struct sl_worker *w, const struct sl_sa *sa, struct rte_mbuf *m)
{
	const struct sl_image_interfaces *iface;
	struct sl_iface_counter *c = sl_iface_counter(w, sa->iface);
	struct sl_pkt *p = sl_pkt(m);

	iface = w->tables ? w->tables->ifaces[sa->iface] : NULL;
	if (unlikely(!iface || !(iface->flags & SL_IFACE_TUNNEL) || iface->zone == SL_ZONE_NONE))
		return SL_DROP_IFACE_DOWN;
	/* RFC 4301 5.2, step 4 */
	if (unlikely(!sl_spd_inbound(w, sa, m, p->l3)))
		return SL_DROP_ESP_SELECTOR;
	p->from = iface->zone;
	c->rx_packets++;
	c->rx_bytes += rte_pktmbuf_pkt_len(m) - p->l3;
	return SL_DROP_NONE;
}

enum sl_drop sl_esp_in_done(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b, uint32_t i,
			    uint16_t *ethertype)
{
	enum sl_drop reason;

	/* Only what the engine did and found wrong is the sender's fault. */
	if (unlikely(b->status[i] && b->status[i] != EBADMSG)) {
		sl_engine_failed(sa);
		return SL_DROP_ESP_ENGINE;
	}
	reason = sl_esp_opened(w, sa, b, i, ethertype);
	return unlikely(reason) ? reason : enter(w, sa, b->m[i]);
}

/* Opens a run of one SA; false: some of it is with an engine. */
static bool flush(struct sl_worker *w, struct sl_sa *sa, struct sl_esp_batch *b, rte_edge_t *next)
{
	bool all = sl_esp_process(w, sa, b);

	for (uint32_t i = 0; i < b->n; i++) {
		struct sl_pkt *p = sl_pkt(b->m[i]);
		uint16_t ethertype;

		if (unlikely(!all && b->status[i] == SL_FLIGHT_TAKEN)) {
			next[b->at[i]] = SL_ESP_AWAY;
			continue;
		}
		p->reason = (uint16_t)sl_esp_in_done(w, sa, b, i, &ethertype);
		next[b->at[i]] = unlikely(p->reason) ? DROP :
				 ethertype == RTE_BE16(0x0800) ? IP4_INPUT : IP6_INPUT;
	}
	b->n = 0;
	return all;
}

/* ESP, bare and in UDP: what belongs to an SA of the box comes out of its tunnel. */
static uint16_t esp_in_process(struct rte_graph *graph, struct rte_node *node, void **objs,
			       uint16_t n)
{
	struct sl_worker *w = sl_node_worker(node);
	struct sl_esp_batch *b = sl_ctx(node)->state;
	rte_edge_t next[SL_BURST];
	bool here = true;

	for (uint16_t done = 0; done < n; done += SL_BURST) {
		uint16_t piece = RTE_MIN((uint16_t)(n - done), (uint16_t)SL_BURST);
		struct sl_sa *sa = NULL;

		b->n = 0;
		for (uint16_t i = 0; i < piece; i++) {
			struct rte_mbuf *m = objs[done + i];
			struct sl_sa *its = sa_of(w, m, &next[i]);

			if (!its)
				continue;
			if (its != sa && b->n)
				here &= flush(w, sa, b, next);
			sa = its;
			b->m[b->n] = m;
			b->at[b->n] = i;
			sl_pkt(m)->reason = (uint16_t)sl_esp_open(sa, b, b->n);
			if (likely(!sl_pkt(m)->reason))
				b->n++;
			else
				next[i] = DROP;
		}
		if (b->n)
			here &= flush(w, sa, b, next);
		if (unlikely(!here))
			piece = sl_esp_stay(objs + done, next, piece);
		sl_node_forward(graph, node, objs + done, next, piece);
	}
	return n;
}

static struct rte_node_register esp_in = {
	.name = "esp_in",
	.process = esp_in_process,
	.init = esp_in_init,
	.fini = esp_in_fini,
	.nb_edges = EDGES,
	.next_nodes = {[IP4_INPUT] = "ip4_input", [IP6_INPUT] = "ip6_input",
		       [SESSION_LOOKUP] = "session_lookup", [HANDOVER_TX] = "handover_tx",
		       [DROP] = "drop"},
};
RTE_NODE_REGISTER(esp_in)
