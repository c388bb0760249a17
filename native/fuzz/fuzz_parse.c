/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The parsers alone, over memory that ends where the packet does: buffers of the pool are larger
 * than what they hold, so a read behind a packet's end would go unseen there. Input: a control byte
 * (IPv6, how much of the frame lies in segment 0, repair), then the packet from the IP header on.
 */
#include <stdlib.h>
#include <string.h>

#include "ip/checksum.h"
#include "ip/icmp_quote.h"
#include "ip/ip4_parse.h"
#include "ip/ip6_parse.h"

#define V6 0x01
#define REPAIR 0x02
#define BEYOND 0x04 /* the frame goes on in another segment */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void repair(uint8_t *ip, size_t size)
{
	size_t header = size >= 20 ? (size_t)(ip[0] & 15) * 4 : 0;
	uint16_t sum;

	if (header < 20 || header > size)
		return;
	memset(ip + 10, 0, 2);
	sum = (uint16_t)~sl_checksum_fold(sl_checksum_words(ip, (uint32_t)header));
	memcpy(ip + 10, &sum, sizeof(sum));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct {
		struct rte_mbuf m;
		struct sl_pkt p;
	} buffer;
	struct sl_pkt *p = &buffer.p;
	uint8_t control, *ip;
	uint32_t have, whole;
	enum sl_drop reason;

	if (size < 1 || size > 65536)
		return 0;
	memset(&buffer, 0, sizeof(buffer));
	control = data[0];
	have = (uint32_t)size - 1;
	whole = have + (control & BEYOND ? 1000 : 0);
	ip = malloc(have ? have : 1);
	if (!ip)
		return 0;
	memcpy(ip, data + 1, have);
	if (control & REPAIR && !(control & V6))
		repair(ip, have);
	reason = control & V6 ? sl_ip6_parse(p, ip, have, whole) : sl_ip4_parse(p, ip, have, whole);
	/* What is known of a packet stays within it. */
	if (p->flags & SL_PKT_L4_WHOLE && (uint32_t)p->l3_length + p->l4_length > whole)
		abort();
	if (!reason && !(p->flags & (SL_PKT_L4_WHOLE | SL_PKT_FRAGMENT)))
		abort();
	if (p->flags & SL_PKT_FRAGMENT && (p->fragment_length < p->l4_length || p->fragment_length > whole))
		abort();
	if (!reason && p->flags & SL_PKT_ICMP_ERROR) {
		buffer.m.buf_addr = ip;
		buffer.m.data_len = (uint16_t)have;
		buffer.m.pkt_len = have;
		buffer.m.nb_segs = 1;
		sl_icmp_quote(&buffer.m, p);
	}
	free(ip);
	return 0;
}
