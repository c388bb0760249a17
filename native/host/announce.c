/* SPDX-License-Identifier: BSD-3-Clause */
#include "host/announce.h"

#include <rte_mbuf.h>
#include <string.h>

#define TIMES 2	      /* RFC 5227 1.1: ANNOUNCE_NUM */
#define AGAIN_MS 2000 /* ANNOUNCE_INTERVAL */
#define ARP_FRAME 42
#define A_TURN 64     /* the ring is the kernel's too */

void sl_announce_keep(struct sl_plan *plan, const struct sl_plan *before)
{
	uint32_t k = 0;

	/* Both ascend by slot and address. */
	for (uint32_t i = 0; i < plan->proxies; i++) {
		struct sl_plan_proxy *p = &plan->proxy[i];

		while (k < before->proxies && sl_plan_proxy_compare(&before->proxy[k], p) < 0)
			k++;
		if (k < before->proxies && sl_plan_proxy_compare(&before->proxy[k], p) == 0) {
			p->told = before->proxy[k].told;
			p->due_ms = before->proxy[k].due_ms;
		}
	}
}

void sl_announce_forget(struct sl_plan *plan, uint16_t slot)
{
	for (uint32_t i = 0; i < plan->proxies; i++)
		if (plan->proxy[i].slot == slot)
			plan->proxy[i].told = 0;
}

/* RFC 5227 2.3: a request whose sender and target are the address. False without room for it. */
static bool tell(struct sl_datapath *dp, const struct sl_tap *tap, const uint8_t address[4])
{
	static const uint8_t head[10] = {0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1};
	struct rte_mbuf *m = rte_pktmbuf_alloc(dp->pool);
	struct sl_pkt *p;
	uint8_t *frame;

	if (!m)
		return false;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	m->data_len = ARP_FRAME;
	m->pkt_len = ARP_FRAME;
	memset(frame, 0, ARP_FRAME);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, tap->mac, 6);
	memcpy(frame + 12, head, sizeof(head));
	memcpy(frame + 22, tap->mac, 6);
	memcpy(frame + 28, address, 4);
	memcpy(frame + 38, address, 4);
	p = sl_pkt(m);
	memset(p, 0, sizeof(*p));
	p->flags = SL_PKT_FROM_HOST;
	p->out_iface = tap->slot;
	p->l3 = 14;
	if (rte_ring_sp_enqueue(dp->from_host[tap->slot % dp->workers], m) == 0)
		return true;
	rte_pktmbuf_free(m);
	return false;
}

void sl_announce(struct sl_datapath *dp, struct sl_plan *plan, const struct sl_taps *taps,
		 uint64_t now_ms)
{
	unsigned int sent = 0;

	for (uint32_t i = 0; i < plan->proxies && sent < A_TURN; i++) {
		struct sl_plan_proxy *p = &plan->proxy[i];
		const struct sl_tap *tap = &taps->tap[p->slot % SL_MAX_IFACES];

		if (p->told == TIMES || (p->told && now_ms < p->due_ms) || tap->fd < 0 ||
		    !tap->carrier)
			continue;
		if (!tell(dp, tap, p->address))
			return;
		p->told++;
		p->due_ms = now_ms + AGAIN_MS;
		sent++;
	}
}
