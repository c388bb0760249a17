/* SPDX-License-Identifier: BSD-3-Clause */
#include "test/frame.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

/* An own, plain checksum: the code under test has another. */
static uint32_t sum(const uint8_t *at, uint32_t length, uint32_t total)
{
	for (uint32_t i = 0; i < length; i++)
		total += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return total;
}

static void put(uint8_t *at, unsigned int bytes, uint32_t value)
{
	while (bytes-- > 0) {
		at[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

uint32_t frame_get(const uint8_t *at, unsigned int bytes)
{
	uint32_t value = 0;

	while (bytes-- > 0)
		value = value << 8 | *at++;
	return value;
}

void frame_add(struct frame *f, const void *bytes, uint32_t length)
{
	if (f->length + length > sizeof(f->bytes))
		abort();
	memcpy(f->bytes + f->length, bytes, length);
	f->length += length;
}

void frame_fill(struct frame *f, uint32_t length)
{
	if (f->length + length > sizeof(f->bytes))
		abort();
	for (uint32_t i = 0; i < length; i++)
		f->bytes[f->length++] = (uint8_t)(i * 7 + 1);
}

void frame_ip(struct frame *f, uint16_t vlan, const char *src, const char *dst, uint8_t proto)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 0xbb, 2, 0, 0, 0, 0, 0xaa};
	bool v6 = strchr(src, ':') != NULL;
	uint8_t tag[4] = {0x81, 0, (uint8_t)(vlan >> 8), (uint8_t)vlan}, ip[40] = {0};

	f->length = 0;
	frame_add(f, macs, sizeof(macs));
	if (vlan)
		frame_add(f, tag, sizeof(tag));
	frame_add(f, v6 ? "\x86\xdd" : "\x08\0", 2);
	f->l3 = f->length;
	if (v6) {
		ip[0] = 0x60;
		ip[6] = proto;
		ip[7] = 64;
		if (inet_pton(AF_INET6, src, ip + 8) != 1 || inet_pton(AF_INET6, dst, ip + 24) != 1)
			abort();
	} else {
		ip[0] = 0x45;
		ip[6] = 0x40;
		ip[8] = 64;
		ip[9] = proto;
		if (inet_pton(AF_INET, src, ip + 12) != 1 || inet_pton(AF_INET, dst, ip + 16) != 1)
			abort();
	}
	frame_add(f, ip, v6 ? 40 : 20);
	f->l4 = f->payload = f->length;
}

void frame_fix_ip(struct frame *f)
{
	uint8_t *ip = f->bytes + f->l3;

	put(ip + 10, 2, 0);
	put(ip + 10, 2, ~sum(ip, (ip[0] & 15) * 4u, 0) & 0xffff);
}

/* Sum of the pseudo header of either version. */
static uint32_t pseudo(const uint8_t *ip, uint8_t proto, uint32_t length)
{
	bool v6 = ip[0] >> 4 == 6;

	return sum(ip + (v6 ? 8 : 12), v6 ? 32 : 8, proto + length);
}

static int checksum_at(uint8_t proto)
{
	return proto == 6 ? 16 : proto == 17 ? 6 : proto == 1 || proto == 58 ? 2 : -1;
}

void frame_finish(struct frame *f)
{
	uint8_t *ip = f->bytes + f->l3, *l4 = f->bytes + f->l4;
	bool v6 = ip[0] >> 4 == 6;
	uint8_t proto = v6 ? ip[6] : ip[9];
	uint32_t length = f->length - f->l4;
	int at = checksum_at(proto);

	if (v6) {
		put(ip + 4, 2, f->length - f->l3 - 40);
	} else {
		put(ip + 2, 2, f->length - f->l3);
		frame_fix_ip(f);
	}
	if (proto == 17)
		put(l4 + 4, 2, length);
	if (at < 0)
		return;
	put(l4 + at, 2, 0);
	put(l4 + at, 2,
	    ~sum(l4, length, proto == 1 ? 0 : pseudo(ip, proto, length)) & 0xffff);
}

void frame_udp(struct frame *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	       uint32_t payload)
{
	uint8_t udp[8] = {0};

	frame_ip(f, 0, src, dst, 17);
	put(udp, 2, sport);
	put(udp + 2, 2, dport);
	frame_add(f, udp, sizeof(udp));
	f->payload = f->length;
	frame_fill(f, payload);
	frame_finish(f);
}

void frame_tcp(struct frame *f, const char *src, const char *dst, uint16_t sport, uint16_t dport,
	       uint8_t flags, uint32_t seq, uint32_t ack, uint32_t payload)
{
	uint8_t tcp[20] = {0};

	frame_ip(f, 0, src, dst, 6);
	put(tcp, 2, sport);
	put(tcp + 2, 2, dport);
	put(tcp + 4, 4, seq);
	put(tcp + 8, 4, ack);
	tcp[12] = 0x50;
	tcp[13] = flags;
	put(tcp + 14, 2, 8192);
	frame_add(f, tcp, sizeof(tcp));
	f->payload = f->length;
	frame_fill(f, payload);
	frame_finish(f);
}

static void icmp_start(struct frame *f, const char *src, const char *dst, uint8_t type, uint8_t code,
		       uint32_t rest)
{
	uint8_t icmp[8] = {type, code};

	frame_ip(f, 0, src, dst, strchr(src, ':') ? 58 : 1);
	put(icmp + 4, 4, rest);
	frame_add(f, icmp, sizeof(icmp));
	f->payload = f->length;
}

void frame_icmp(struct frame *f, const char *src, const char *dst, uint8_t type, uint8_t code,
		uint32_t rest, uint32_t payload)
{
	icmp_start(f, src, dst, type, code, rest);
	frame_fill(f, payload);
	frame_finish(f);
}

void frame_error(struct frame *f, const char *src, const struct frame *about, uint8_t type,
		 uint8_t code, uint32_t rest, uint32_t quoted)
{
	const uint8_t *ip = about->bytes + about->l3;
	bool v6 = ip[0] >> 4 == 6;
	char dst[INET6_ADDRSTRLEN];

	inet_ntop(v6 ? AF_INET6 : AF_INET, ip + (v6 ? 8 : 12), dst, sizeof(dst));
	icmp_start(f, src, dst, type, code, rest);
	frame_add(f, ip, quoted);
	frame_finish(f);
}

bool frame_sound(const uint8_t *bytes, uint32_t length)
{
	uint32_t l3 = frame_get(bytes + 12, 2) == 0x8100 ? 18 : 14, l4, l4_length;
	const uint8_t *ip = bytes + l3;
	uint8_t proto;

	if (frame_get(bytes + l3 - 2, 2) == 0x0800) {
		if (ip[0] != 0x45 || l3 + frame_get(ip + 2, 2) != length || sum(ip, 20, 0) != 0xffff)
			return false;
		proto = ip[9];
		l4 = l3 + 20;
	} else {
		if (ip[0] >> 4 != 6 || l3 + 40 + frame_get(ip + 4, 2) != length)
			return false;
		proto = ip[6];
		l4 = l3 + 40;
	}
	l4_length = length - l4;
	if (checksum_at(proto) < 0)
		return true;
	return sum(bytes + l4, l4_length, proto == 1 ? 0 : pseudo(ip, proto, l4_length)) == 0xffff;
}
