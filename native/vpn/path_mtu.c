/* SPDX-License-Identifier: BSD-3-Clause */
#include "vpn/path_mtu.h"

#include <netinet/in.h>

#include "ip/l4_parse.h"
#include "routing/adjacency.h"

/* RFC 1191 3: forgers would have less, and routers older than it say nothing; RFC 8200 5. */
#define LEAST4 576u
#define LEAST6 1280u

/* What the error says there is room for, with where the quoted packet begins; 0: it says no such thing. */
static uint32_t said(const struct sl_pkt *p, const uint8_t *icmp)
{
	if (p->family == 4)
		return icmp[0] == 3 && icmp[1] == 4 ? RTE_MAX(sl_get16(icmp + 6), LEAST4) : 0;
	return icmp[0] == 2 ? RTE_MAX(sl_get32(icmp + 4), LEAST6) : 0;
}

void sl_esp_path_mtu(const struct sl_worker *w, const struct rte_mbuf *m)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const uint8_t *icmp = rte_pktmbuf_mtod_offset(m, const uint8_t *, p->l4), *ip = icmp + 8;
	uint32_t have = rte_pktmbuf_data_len(m) - p->l4, mtu = said(p, icmp), at, most, spi;
	const struct sl_sa *sa;
	bool v4 = p->family == 4;

	if (!mtu)
		return;
	/* The key is of the quoted headers, so these are there; extensions are no business of ours. */
	if (!v4 && ip[6] != p->key6.proto)
		return;
	at = 8 + (v4 ? (ip[0] & 15) * 4u : 40);
	at += (v4 ? p->key4.proto : p->key6.proto) == IPPROTO_UDP ? 8 : 0;
	if (have < at + 4)
		return;
	memcpy(&spi, icmp + at, 4);
	sa = sl_sad_toward(w->dp, spi, p->family, v4 ? (const uint8_t *)&p->key4.dst : p->key6.dst,
			   v4 ? (const uint8_t *)&p->key4.src : p->key6.src);
	if (!sa)
		return;
	most = sl_esp_inner_most(sa, mtu);
	sl_adjacency_path_mtu(sa->iface, 4, (uint16_t)most, w->now_ms);
	sl_adjacency_path_mtu(sa->iface, 6, (uint16_t)most, w->now_ms);
}
