// SPDX-License-Identifier: BSD-3-Clause
#include <netinet/in.h>
#include <rte_byteorder.h>
#include <string.h>

#include "helpers/helping.h"
#include "ip/checksum.h"
#include "ip/pull.h"

uint8_t *sl_helper_payload(struct rte_mbuf *m, uint32_t header, uint32_t *length)
{
	const struct sl_pkt *p = sl_pkt(m);
	uint32_t at = (uint32_t)p->l4 + header;

	*length = p->l4_length - header;
	sl_trim(m, (uint32_t)p->l4 + p->l4_length);
	if (m->nb_segs > 1 && rte_pktmbuf_linearize(m) < 0)
		return NULL;
	return rte_pktmbuf_mtod_offset(m, uint8_t *, at);
}

/* Sum of any number of bytes that begin at an even place; the last one may stand alone. */
static uint16_t sum_of(const uint8_t *bytes, uint32_t length)
{
	uint8_t tail[4] = {0};

	memcpy(tail, bytes + (length & ~3u), length & 3);
	return sl_checksum_fold(sl_checksum_words(bytes, length & ~3u) +
				sl_checksum_words(tail, 4));
}

static uint16_t put_length(uint8_t *at, uint16_t value)
{
	uint16_t before;

	memcpy(&before, at, 2);
	value = rte_cpu_to_be_16(value);
	memcpy(at, &value, 2);
	return before;
}

/* The lengths in the headers of IP and UDP, and the sum of the IPv4 header. */
static void set_lengths(uint8_t *frame, const struct sl_pkt *p, bool udp)
{
	uint8_t *ip = frame + p->l3;
	uint16_t before, after, sum;

	if (udp)
		put_length(frame + p->l4 + 4, p->l4_length);
	if (p->family == 6) {
		put_length(ip + 4, (uint16_t)(p->l3_length - 40 + p->l4_length));
		return;
	}
	after = (uint16_t)(p->l3_length + p->l4_length);
	before = put_length(ip + 2, after);
	memcpy(&sum, ip + 10, 2);
	sum = sl_checksum_update(sum, before, rte_cpu_to_be_16(after));
	memcpy(ip + 10, &sum, 2);
}

/* RFC 1624: `before` and `after` are sums of what follows the header. */
static void set_checksum(uint8_t *l4, bool udp, uint8_t family, uint16_t before, uint16_t after,
			 uint16_t length_before, uint16_t length_after)
{
	uint8_t *at = l4 + (udp ? 6 : 16);
	uint16_t sum;

	memcpy(&sum, at, 2);
	/* RFC 768: none over IPv4. */
	if (udp && family == 4 && sum == 0)
		return;
	sum = sl_checksum_update(sum, before, after);
	length_before = rte_cpu_to_be_16(length_before);
	length_after = rte_cpu_to_be_16(length_after);
	sum = sl_checksum_update(sum, length_before, length_after); /* in the pseudo header */
	if (udp)
		sum = sl_checksum_update(sum, length_before, length_after);
	if (udp && sum == 0)
		sum = 0xffff;
	memcpy(at, &sum, 2);
}

bool sl_helper_replace(struct rte_mbuf *m, uint32_t at, uint32_t length, const void *with,
		       uint32_t with_length)
{
	struct sl_pkt *p = sl_pkt(m);
	bool udp = (p->family == 4 ? p->key4.proto : p->key6.proto) == IPPROTO_UDP;
	uint32_t header = udp ? 8 : p->tcp_header, start = (uint32_t)p->l4 + header;
	uint32_t end = (uint32_t)p->l4 + p->l4_length;
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint16_t before = sum_of(frame + start, end - start), length_before = p->l4_length;
	uint32_t rest = end - at - length;

	if (at < start || length > end - at || at > end)
		return false;
	if (p->l3_length + p->l4_length + with_length - length > UINT16_MAX)
		return false;
	if (with_length > length && !rte_pktmbuf_append(m, (uint16_t)(with_length - length)))
		return false;
	memmove(frame + at + with_length, frame + at + length, rest);
	memcpy(frame + at, with, with_length);
	if (with_length < length)
		rte_pktmbuf_trim(m, (uint16_t)(length - with_length));
	p->l4_length = (uint16_t)(p->l4_length + with_length - length);
	set_lengths(frame, p, udp);
	set_checksum(frame + p->l4, udp, p->family, before,
		     sum_of(frame + start, p->l4_length - header), length_before, p->l4_length);
	return true;
}
