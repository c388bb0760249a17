/* SPDX-License-Identifier: BSD-3-Clause */
#include "firewall/reject_build.h"

#include "core/packet.h"
#include "firewall/tcp_build.h"
#include "session/tcp.h"

/* RFC 9293 3.10.7.1: a reset that its receiver takes for an answer to this segment. */
static struct sl_segment answer(const struct sl_pkt *p)
{
	uint32_t length = (uint32_t)(p->l4_length - p->tcp_header);

	if (p->tcp_flags & SL_TH_ACK)
		return (struct sl_segment){.seq = p->tcp_ack, .flags = SL_TH_RST};
	length += !!(p->tcp_flags & SL_TH_SYN) + !!(p->tcp_flags & SL_TH_FIN);
	return (struct sl_segment){.ack = p->tcp_seq + length, .flags = SL_TH_RST | SL_TH_ACK};
}

bool sl_reset_build(struct rte_mbuf *reset, const struct rte_mbuf *m, uint8_t ttl)
{
	const struct sl_pkt *p = rte_mbuf_to_priv((struct rte_mbuf *)(uintptr_t)m);
	const struct sl_segment g = answer(p);

	return !(p->tcp_flags & SL_TH_RST) && sl_tcp_answer(reset, m, ttl, &g);
}
