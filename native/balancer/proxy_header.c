/* SPDX-License-Identifier: BSD-3-Clause */
#include "balancer/proxy_header.h"

#include <rte_byteorder.h>
#include <string.h>

#include "firewall/edit.h"
#include "ip/checksum.h"
#include "ip/l4_parse.h"
#include "session/tcp_options.h"

#define LENGTH4 28u
#define LENGTH6 52u
static const uint8_t signature[12] = {0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d,
				      0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a};

void sl_proxy_keep(struct sl_session *s, struct sl_extension *x, const struct sl_pkt *p)
{
	x->proxy = p->family == 4 ? LENGTH4 : LENGTH6;
	x->proxy_waits = true;
	x->sequence[0] = (struct sl_sequence){0};
	/* The client's first byte keeps its number, the header before it: what comes after is later. */
	sl_sequence_shift(s, x, 0, p->tcp_seq + 1, 1, x->proxy);
}

static void header(uint8_t *at, const struct sl_session *s, uint32_t length)
{
	memcpy(at, signature, sizeof(signature));
	at[12] = 0x21; /* version 2, PROXY */
	at[13] = length == LENGTH4 ? 0x11 : 0x21; /* TCP over IPv4, IPv6 */
	at[14] = 0;
	at[15] = (uint8_t)(length - 16);
	if (length == LENGTH4) {
		const struct sl_key4 *k = &sl_entry4(s)->key[0];

		memcpy(at + 16, &k->src, 4);
		memcpy(at + 20, &k->dst, 4);
		memcpy(at + 24, &k->sport, 2);
		memcpy(at + 26, &k->dport, 2);
	} else {
		const struct sl_key6 *k = &sl_entry6(s)->key[0].key6;

		memcpy(at + 16, k->src, 16);
		memcpy(at + 32, k->dst, 16);
		memcpy(at + 48, &k->sport, 2);
		memcpy(at + 50, &k->dport, 2);
	}
}

/* IP's own length, and what depends on it. */
static void lengthen(uint8_t *ip, uint8_t family, uint16_t by)
{
	uint32_t at = family == 4 ? 2 : 4;
	uint16_t before, after, sum;

	memcpy(&before, ip + at, 2);
	after = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(before) + by));
	memcpy(ip + at, &after, 2);
	if (family == 6)
		return;
	memcpy(&sum, ip + 10, 2);
	sum = sl_checksum_update(sum, before, after);
	memcpy(ip + 10, &sum, 2);
}

bool sl_proxy_put(struct rte_mbuf *m, const struct sl_session *s, const struct sl_extension *x)
{
	struct sl_pkt *p = sl_pkt(m);
	uint16_t before = rte_cpu_to_be_16(p->l4_length), after, sum;
	uint32_t front = (uint32_t)p->l4 + p->tcp_header;
	uint8_t *frame = (uint8_t *)rte_pktmbuf_prepend(m, x->proxy), *tcp, *at;

	if (!frame)
		return false;
	memmove(frame, frame + x->proxy, front);
	at = frame + front;
	tcp = frame + p->l4;
	header(at, s, x->proxy);
	lengthen(frame + p->l3, p->family, x->proxy);
	p->l4_length = (uint16_t)(p->l4_length + x->proxy);
	after = rte_cpu_to_be_16(p->l4_length);
	/* RFC 9293 3.1: the sum covers the length in the pseudo header, and what is new. */
	memcpy(&sum, tcp + 16, 2);
	sum = sl_checksum_update(sum, before, after);
	sum = sl_checksum_update(sum, 0, sl_checksum_fold(sl_checksum_words(at, x->proxy)));
	memcpy(tcp + 16, &sum, 2);
	return true;
}

/* Room for the header beside a whole segment of the client's. */
static void lower_mss(uint8_t *tcp, uint16_t length, uint16_t by)
{
	unsigned int size, at = sl_tcp_option(tcp, length, SL_TCP_OPTION_MSS, &size);
	uint16_t mss = at && size == 4 ? sl_get16(tcp + at + 2) : 0;

	if (mss > 2 * by)
		sl_edit_mss(tcp, length, (uint16_t)(mss - by));
}

enum sl_drop sl_proxy_follow(struct rte_mbuf *m, struct sl_session *s, struct sl_extension *x)
{
	struct sl_pkt *p = sl_pkt(m);
	uint8_t *tcp = rte_pktmbuf_mtod_offset(m, uint8_t *, p->l4);
	struct sl_sequence *q = &x->sequence[0];

	if (p->direction == 0) {
		if (p->tcp_flags & SL_TH_SYN && s->state == SL_TCP_SYN_SENT)
			sl_proxy_keep(s, x, p);
		if (!x->proxy_waits || p->tcp_flags & (SL_TH_SYN | SL_TH_RST) ||
		    p->tcp_seq != q->replaced)
			return SL_DROP_NONE;
		return sl_proxy_put(m, s, x) ? SL_DROP_NONE : SL_DROP_NO_MBUF;
	}
	if (p->tcp_flags & SL_TH_SYN) {
		lower_mss(tcp, p->tcp_header, x->proxy);
	} else if (x->proxy_waits && p->tcp_flags & SL_TH_ACK &&
		   sl_seq_geq(sl_get32(tcp + 8), q->replaced + x->proxy)) {
		/* The server has it: the client's first byte is at its new place from now on. */
		q->at = q->replaced;
		x->proxy_waits = false;
	}
	return SL_DROP_NONE;
}
