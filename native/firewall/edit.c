// SPDX-License-Identifier: BSD-3-Clause
#include "firewall/edit.h"

#include <netinet/in.h>

#include "core/packet.h"
#include "ip/checksum.h"
#include "ip/l4_parse.h"

#define OPTION_END 0
#define OPTION_NOP 1
#define OPTION_MSS 2
#define MSS_LENGTH 4
#define MSS_ANY UINT16_MAX

void sl_edit_dscp(uint8_t *ip, uint8_t family, uint8_t dscp)
{
	uint16_t before, after, checksum;

	memcpy(&before, ip, 2);
	if (family == 6) {
		after = (uint16_t)((before & RTE_BE16(0xf03f)) |
				   rte_cpu_to_be_16((uint16_t)(dscp << 6)));
		memcpy(ip, &after, 2);
		return;
	}
	after = (uint16_t)((before & RTE_BE16(0xff03)) | rte_cpu_to_be_16((uint16_t)(dscp << 2)));
	memcpy(&checksum, ip + 10, 2);
	checksum = sl_checksum_update(checksum, before, after);
	memcpy(ip, &after, 2);
	memcpy(ip + 10, &checksum, 2);
}

/* Where the option's value is, or 0. */
static uint32_t find_mss(const uint8_t *tcp, uint32_t length)
{
	uint32_t at = 20;

	while (at < length && tcp[at] != OPTION_END) {
		uint8_t size;

		if (tcp[at] == OPTION_NOP) {
			at++;
			continue;
		}
		if (length - at < 2)
			return 0;
		size = tcp[at + 1];
		if (size < 2 || size > length - at)
			return 0;
		if (tcp[at] == OPTION_MSS)
			return size == MSS_LENGTH ? at + 2 : 0;
		at += size;
	}
	return 0;
}

bool sl_edit_mss(uint8_t *tcp, uint32_t length, uint16_t most)
{
	uint32_t at = find_mss(tcp, length);
	uint16_t before, after = rte_cpu_to_be_16(most), checksum;

	if (at == 0 || sl_get16(tcp + at) <= most)
		return false;
	memcpy(&before, tcp + at, 2);
	memcpy(tcp + at, &after, 2);
	/* At an odd place its bytes belong to two words of the sum, each in the other's half. */
	if (at % 2) {
		before = rte_bswap16(before);
		after = rte_bswap16(after);
	}
	memcpy(&checksum, tcp + 16, 2);
	checksum = sl_checksum_update(checksum, before, after);
	memcpy(tcp + 16, &checksum, 2);
	return true;
}

static const struct sl_image_rule_extras *extra_of(const struct sl_tables *tables, uint32_t rule)
{
	return sl_tables_extra(tables, &(struct sl_rule){.slot = rule, .extra = 1});
}

/* RFC 9293 3.7.1: the segment of a packet of `mtu` bytes without options of IP or TCP. */
static uint16_t clamp(uint16_t mtu, uint8_t family)
{
	uint16_t headers = family == 4 ? 40 : 60;

	return mtu > headers ? (uint16_t)(mtu - headers) : 1;
}

/* The least of what the rule and both interfaces allow; both directions fit the smaller link. */
static uint16_t mss_of(const struct sl_tables *tables, const struct sl_image_rule_extras *x,
		       uint16_t in, uint16_t out, uint8_t family)
{
	const struct sl_image_interfaces *end[2] = {tables->ifaces[in % SL_MAX_IFACES],
						    tables->ifaces[out % SL_MAX_IFACES]};
	uint16_t asked[3] = {x ? x->set_mss : SL_MSS_NONE}, mtu = UINT16_MAX, least = MSS_ANY;
	bool by_mtu = false;

	for (unsigned int i = 0; i < 2; i++) {
		asked[i + 1] = end[i] ? end[i]->mss : SL_MSS_NONE;
		if (end[i])
			mtu = RTE_MIN(mtu, end[i]->mtu);
	}
	for (unsigned int i = 0; i < RTE_DIM(asked); i++) {
		if (asked[i] == SL_MSS_CLAMP)
			by_mtu = true;
		else if (asked[i] != SL_MSS_NONE)
			least = RTE_MIN(least, asked[i]);
	}
	return by_mtu ? RTE_MIN(least, clamp(mtu, family)) : least;
}

bool sl_edit_always(const struct sl_tables *tables, uint32_t rule)
{
	const struct sl_image_rule_extras *x = extra_of(tables, rule);

	return x && x->set_dscp != SL_DSCP_NONE;
}

void sl_edit_packet(const struct sl_tables *tables, struct rte_mbuf *m, uint32_t rule, uint16_t in,
		    uint16_t out)
{
	const struct sl_image_rule_extras *x = extra_of(tables, rule);
	const struct sl_pkt *p = sl_pkt(m);
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	uint8_t protocol = p->family == 4 ? p->key4.proto : p->key6.proto;
	uint16_t most;

	if (x && x->set_dscp != SL_DSCP_NONE)
		sl_edit_dscp(frame + p->l3, p->family, x->set_dscp);
	if (protocol != IPPROTO_TCP || !(p->tcp_flags & SL_TH_SYN) ||
	    (p->flags & SL_PKT_ICMP_ERROR))
		return;
	most = mss_of(tables, x, in, out, p->family);
	if (most != MSS_ANY)
		sl_edit_mss(frame + p->l4, p->tcp_header, most);
}
