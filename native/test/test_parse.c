/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "test/pipeline.h"

/* Malformed packets: each is one change to a good one, and the reason it is dropped for. */

enum base { UDP4, TCP4, SCTP4, ICMP4, UDP6, TCP6, EXT6, ND6, ARP, ERROR4 };

struct bad {
	const char *what;
	enum base base;
	enum sl_drop reason;
	int cut; /* bytes taken off the end */
	int at;	 /* change from here on, from the IP header; negative: from the start of the frame */
	const char *bytes;
	int count;
	bool fix; /* the IPv4 header's checksum again */
};

/* Frame offset as a negative number. */
#define FRAME(at) (-1 - (at))

static const struct bad table[] = {
	{"13 bytes", UDP4, SL_DROP_ETH_TRUNCATED, 50, 0, "", 0, false},
	{"802.3 length", UDP4, SL_DROP_ETH_UNKNOWN_TYPE, 0, FRAME(12), "\0\x40", 2, false},
	{"LLDP", UDP4, SL_DROP_ETH_UNKNOWN_TYPE, 0, FRAME(12), "\x88\xcc", 2, false},
	{"VLAN 21", UDP4, SL_DROP_ETH_UNKNOWN_VLAN, 0, FRAME(12), "\x81\0\0\x15\x08\0", 6, false},
	{"S-tag 21", UDP4, SL_DROP_ETH_UNKNOWN_VLAN, 0, FRAME(12), "\x88\xa8\0\x15\x08\0", 6, false},
	{"two tags", UDP4, SL_DROP_ETH_TOO_MANY_TAGS, 0, FRAME(12), "\x88\xa8\0\x14\x81\0", 6, false},
	{"tag cut off", UDP4, SL_DROP_ETH_TRUNCATED, 47, FRAME(12), "\x81\0", 2, false},
	{"ARP cut off", ARP, SL_DROP_ARP_INVALID, 1, 0, "", 0, false},
	{"ARP of another kind", ARP, SL_DROP_ARP_INVALID, 0, 0, "\0\x06", 2, false},
	{"ARP operation 9", ARP, SL_DROP_ARP_INVALID, 0, 6, "\0\x09", 2, false},

	{"19 bytes of IPv4", UDP4, SL_DROP_IP4_TRUNCATED, 29, 0, "", 0, false},
	{"version 5", UDP4, SL_DROP_IP4_BAD_VERSION, 0, 0, "\x55", 1, true},
	{"ihl 4", UDP4, SL_DROP_IP4_BAD_HEADER_LENGTH, 0, 0, "\x44", 1, false},
	{"ihl beyond the frame", UDP4, SL_DROP_IP4_BAD_HEADER_LENGTH, 20, 0, "\x4f", 1, false},
	{"total length below ihl", UDP4, SL_DROP_IP4_BAD_TOTAL_LENGTH, 0, 2, "\0\x13", 2, true},
	{"total length beyond the frame", UDP4, SL_DROP_IP4_BAD_TOTAL_LENGTH, 0, 2, "\0\x40", 2, true},
	{"checksum", UDP4, SL_DROP_IP4_BAD_CHECKSUM, 0, 10, "\xab\xcd", 2, false},
	{"option length 1", UDP4, SL_DROP_IP4_BAD_OPTIONS, 0, 0, "\x46\0\0\x30\0\0\0\0\x40\x11\0\0\x0a\x01\x02\x03\xcb\0\x71\x50\x44\x01\0\0", 24, true},
	{"option beyond the header", UDP4, SL_DROP_IP4_BAD_OPTIONS, 0, 0, "\x46\0\0\x30\0\0\0\0\x40\x11\0\0\x0a\x01\x02\x03\xcb\0\x71\x50\x01\x44\x04\0", 24, true},
	{"loose source route", UDP4, SL_DROP_IP4_SOURCE_ROUTE, 0, 0, "\x46\0\0\x30\0\0\0\0\x40\x11\0\0\x0a\x01\x02\x03\xcb\0\x71\x50\x83\x03\x04\0", 24, true},
	{"strict source route", UDP4, SL_DROP_IP4_SOURCE_ROUTE, 0, 0, "\x46\0\0\x30\0\0\0\0\x40\x11\0\0\x0a\x01\x02\x03\xcb\0\x71\x50\x01\x89\x03\x04", 24, true},
	{"source 127/8", UDP4, SL_DROP_IP4_MARTIAN_SOURCE, 0, 12, "\x7f\0\0\x01", 4, true},
	{"source 0/8", UDP4, SL_DROP_IP4_MARTIAN_SOURCE, 0, 12, "\0\0\0\x01", 4, true},
	{"source a group", UDP4, SL_DROP_IP4_MARTIAN_SOURCE, 0, 12, "\xe0\0\0\x01", 4, true},
	{"source broadcast", UDP4, SL_DROP_IP4_MARTIAN_SOURCE, 0, 12, "\xff\xff\xff\xff", 4, true},
	{"source is destination", UDP4, SL_DROP_IP4_MARTIAN_SOURCE, 0, 12, "\xcb\0\x71\x50", 4, true},
	{"destination 0/8", UDP4, SL_DROP_IP4_MARTIAN_DESTINATION, 0, 16, "\0\x01\x02\x03", 4, true},
	{"destination 127/8", UDP4, SL_DROP_IP4_MARTIAN_DESTINATION, 0, 16, "\x7f\0\0\x01", 4, true},
	{"destination 240/4", UDP4, SL_DROP_IP4_MARTIAN_DESTINATION, 0, 16, "\xf0\0\0\x01", 4, true},

	{"39 bytes of IPv6", UDP6, SL_DROP_IP6_TRUNCATED, 29, 0, "", 0, false},
	{"version 4 as IPv6", UDP6, SL_DROP_IP6_BAD_VERSION, 0, 0, "\x40", 1, false},
	{"payload beyond the frame", UDP6, SL_DROP_IP6_BAD_PAYLOAD_LENGTH, 0, 4, "\0\x40", 2, false},
	{"jumbogram", EXT6, SL_DROP_IP6_BAD_PAYLOAD_LENGTH, 0, 4, "\0\0\0", 3, false},
	{"jumbo option", EXT6, SL_DROP_IP6_BAD_EXTENSION, 0, 42, "\xc2\x04", 2, false},
	{"option beyond its header", EXT6, SL_DROP_IP6_BAD_EXTENSION, 0, 42, "\x01\x05", 2, false},
	{"extension beyond the packet", EXT6, SL_DROP_IP6_BAD_EXTENSION, 0, 41, "\x09", 1, false},
	{"hop-by-hop second", EXT6, SL_DROP_IP6_BAD_EXTENSION, 0, 48, "\0\0", 2, false},
	{"second fragment header", EXT6, SL_DROP_IP6_BAD_EXTENSION, 0, 40, "\x2c\0\x01\x04\0\0\0\0\x2c\0\0\0\0\0\0\0\x2c", 17, false},
	{"routing header 0", EXT6, SL_DROP_IP6_ROUTING_HEADER, 0, 40, "\x2b\0\x01\x04\0\0\0\0\x11\0\0", 11, false},
	{"nine extensions", EXT6, SL_DROP_IP6_TOO_MANY_EXTENSIONS, 0, 40, "\x3c\0\x01\x04\0\0\0\0\x3c\0\x01\x04\0\0\0\0\x3c\0\x01\x04\0\0\0\0\x3c\0\x01\x04\0\0\0\0\x3c\0\x01\x04\0\0\0\0\x3c\0\x01\x04\0\0\0\0\x3c\0\x01\x04\0\0\0\0\x3c\0\x01\x04\0\0\0\0\x11\0\x01\x04\0\0\0\0", 72, false},
	{"source a group", UDP6, SL_DROP_IP6_MARTIAN_SOURCE, 0, 8, "\xff\x02", 2, false},
	{"source ::1", UDP6, SL_DROP_IP6_MARTIAN_SOURCE, 0, 8, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16, false},
	{"source mapped", UDP6, SL_DROP_IP6_MARTIAN_SOURCE, 0, 8, "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x02\x03", 16, false},
	{"source :: to a unicast address", UDP6, SL_DROP_IP6_MARTIAN_SOURCE, 0, 8, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, false},
	{"destination ::1", UDP6, SL_DROP_IP6_MARTIAN_DESTINATION, 0, 24, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01", 16, false},
	{"destination of interface scope", UDP6, SL_DROP_IP6_MARTIAN_DESTINATION, 0, 24, "\xff\x01", 2, false},

	{"last fragment alone", UDP4, SL_DROP_FRAGMENT_SETTLED, 0, 4, "\0\1\0\x10", 4, true},
	{"later fragment alone, IPv6", EXT6, SL_DROP_FRAGMENT_SETTLED, 0, 6, "\x2c", 1, false},
	{"fragment of 27 with more", UDP4, SL_DROP_FRAGMENT_INCONSISTENT, 1, 2, "\0\x2f\0\2\x20\0", 6, true},
	{"empty fragment", UDP4, SL_DROP_FRAGMENT_INCONSISTENT, 28, 2, "\0\x14\0\3\0\x10", 6, true},
	{"fragment beyond 65535", UDP4, SL_DROP_FRAGMENT_TOO_LONG, 0, 4, "\0\4\x1f\xff", 4, true},
	{"fragment beyond 65535 with its header", UDP4, SL_DROP_FRAGMENT_TOO_LONG, 0, 4, "\0\4\x1f\xfa", 4, true},
	{"TCP fragment at 8", TCP4, SL_DROP_FRAGMENT_TINY, 0, 4, "\0\5\0\1", 4, true},
	{"TCP in 16 bytes", TCP4, SL_DROP_FRAGMENT_TINY, 24, 2, "\0\x24\0\6\x20\0", 6, true},
	{"TCP options in the next fragment", TCP4, SL_DROP_FRAGMENT_TINY, 16, 2, "\0\x2c\0\7\x20\0\x40\6\0\0\x0a\1\2\3\xcb\0\x71\x50\x9c\x40\0\x50\0\0\0\1\0\0\0\0\x70", 31, true},

	{"7 bytes of UDP", UDP4, SL_DROP_L4_TRUNCATED, 21, 2, "\0\x1b", 2, true},
	{"19 bytes of TCP", TCP4, SL_DROP_L4_TRUNCATED, 21, 2, "\0\x27", 2, true},
	{"7 bytes of ICMP", ICMP4, SL_DROP_L4_TRUNCATED, 21, 2, "\0\x1b", 2, true},
	{"11 bytes of SCTP", SCTP4, SL_DROP_L4_TRUNCATED, 5, 2, "\0\x1f", 2, true},
	{"TCP to port 0", TCP4, SL_DROP_L4_PORT_ZERO, 0, 22, "\0\0", 2, false},
	{"TCP from port 0", TCP4, SL_DROP_L4_PORT_ZERO, 0, 20, "\0\0", 2, false},
	{"UDP to port 0", UDP4, SL_DROP_L4_PORT_ZERO, 0, 22, "\0\0", 2, false},
	{"TCP data offset 4", TCP4, SL_DROP_TCP_BAD_OFFSET, 0, 32, "\x40", 1, false},
	{"TCP data offset beyond", TCP4, SL_DROP_TCP_BAD_OFFSET, 20, 2, "\0\x28\0\0\0\0\x40\x06\0\0\x0a\x01\x02\x03\xcb\0\x71\x50\x9c\x40\0\x50\0\0\0\0\0\0\0\0\x60", 31, true},
	{"TCP without flags", TCP4, SL_DROP_TCP_BAD_FLAGS, 0, 33, "\0", 1, false},
	{"SYN and FIN", TCP4, SL_DROP_TCP_BAD_FLAGS, 0, 33, "\x03", 1, false},
	{"SYN and RST", TCP4, SL_DROP_TCP_BAD_FLAGS, 0, 33, "\x06", 1, false},
	{"FIN without ACK", TCP4, SL_DROP_TCP_BAD_FLAGS, 0, 33, "\x01", 1, false},
	{"christmas tree", TCP6, SL_DROP_TCP_BAD_FLAGS, 0, 53, "\x29", 1, false},
	{"UDP length 7", UDP4, SL_DROP_UDP_BAD_LENGTH, 0, 24, "\0\x07", 2, false},
	{"UDP length beyond", UDP6, SL_DROP_UDP_BAD_LENGTH, 0, 44, "\0\x20", 2, false},
	{"SCTP chunk of 3", SCTP4, SL_DROP_SCTP_INVALID, 0, 34, "\0\x03", 2, false},
	{"INIT with a tag", SCTP4, SL_DROP_SCTP_INVALID, 0, 24, "\0\0\0\x01", 4, false},
	{"DATA without a tag", SCTP4, SL_DROP_SCTP_INVALID, 0, 32, "\0", 1, false},
	{"ICMP type 5", ICMP4, SL_DROP_ICMP_UNKNOWN_TYPE, 0, 20, "\x05", 1, false},
	{"ICMP type 4", ICMP4, SL_DROP_ICMP_UNKNOWN_TYPE, 0, 20, "\x04", 1, false},
	{"echo with a code", ICMP4, SL_DROP_ICMP_UNKNOWN_TYPE, 0, 21, "\x01", 1, false},
	{"error with a wrong checksum", ERROR4, SL_DROP_ICMP_BAD_CHECKSUM, 0, 22, "\x12\x34", 2, false},
	{"ND from afar", ND6, SL_DROP_ND_INVALID, 0, 7, "\xfe", 1, false},
};

static void build(struct frame *f, enum base base)
{
	static const uint8_t arp[28] = {0, 1, 8, 0, 6, 4, 0, 1};
	static const uint8_t sctp[16] = {0x9c, 0x40, 0, 80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 4};
	static const uint8_t hop[16] = {60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0};
	static const char *const a4 = "10.1.2.3", *const b4 = "203.0.113.80";
	static const char *const a6 = "2001:db8:a::5", *const b6 = "2001:db8:99::1";
	struct frame about;

	switch (base) {
	case UDP4: frame_udp(f, a4, b4, 40000, 53, 20); break;
	case TCP4: frame_tcp(f, a4, b4, 40000, 80, 0x02, 1, 0, 20); break;
	case ICMP4: frame_icmp(f, a4, b4, 8, 0, 0x10001, 20); break;
	case UDP6: frame_udp(f, a6, b6, 40000, 53, 20); break;
	case TCP6: frame_tcp(f, a6, b6, 40000, 80, 0x02, 1, 0, 20); break;
	case ND6: frame_icmp(f, "fe80::5", "ff02::1:ff00:1", 135, 0, 0, 16); break;
	case SCTP4:
		frame_ip(f, 0, a4, b4, 132);
		frame_add(f, sctp, sizeof(sctp));
		frame_finish(f);
		break;
	case EXT6:
		frame_ip(f, 0, a6, b6, 0);
		frame_add(f, hop, sizeof(hop));
		frame_fill(f, 72);
		frame_finish(f);
		break;
	case ARP:
		frame_ip(f, 0, a4, b4, 0);
		f->length = 12;
		frame_add(f, "\x08\x06", 2);
		frame_add(f, arp, sizeof(arp));
		break;
	case ERROR4:
		frame_udp(&about, a4, b4, 40000, 53, 20);
		frame_error(f, b4, &about, 3, 3, 0, 28);
		break;
	}
}

static void each_reason(void **state)
{
	bool wrong = false;

	(void)state;
	for (unsigned int i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct bad *bad = &table[i];
		uint16_t in = bad->base == ERROR4 ? WAN : INSIDE;
		const struct sl_result *r;
		struct frame f;

		build(&f, bad->base);
		memcpy(f.bytes + (bad->at < 0 ? -1 - bad->at : (int)f.l3 + bad->at), bad->bytes,
		       (size_t)bad->count);
		if (bad->fix)
			frame_fix_ip(&f);
		f.length -= (uint32_t)bad->cut;
		r = pipeline_in(in, &f);
		if (r->fate == SL_FATE_DROPPED && r->reason == bad->reason)
			continue;
		printf("%s: %s, not %s\n", bad->what,
		       r->reason ? sl_drop_name(r->reason) : "taken", sl_drop_name(bad->reason));
		wrong = true;
	}
	assert_false(wrong);
}

/* The bases are good: it was the change that mattered. */
static void each_base(void **state)
{
	struct frame f;

	(void)state;
	for (enum base base = UDP4; base <= TCP6; base++) {
		build(&f, base);
		expect_forwarded(INSIDE, &f, WAN);
	}
	frame_icmp(&f, "fe80::5", "ff02::1:ff00:1", 135, 0, 0, 16);
	f.bytes[f.l3 + 7] = 255;
	expect_local(INSIDE, &f);
	build(&f, ARP);
	expect_local(INSIDE, &f);
	build(&f, ERROR4);
	expect_forwarded(WAN, &f, INSIDE);
}

/* Cut anywhere, a frame is still a frame: it ends somewhere, and nothing beyond it is read. */
static void every_cut(void **state)
{
	struct frame f;

	(void)state;
	for (enum base base = UDP4; base <= ERROR4; base++) {
		build(&f, base);
		for (uint32_t length = f.length; length-- > 0;) {
			struct frame cut = f;

			cut.length = length;
			assert_int_equal(pipeline_in(INSIDE, &cut)->fate, SL_FATE_DROPPED);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(each_base, pipeline_reset),
		cmocka_unit_test_setup(each_reason, pipeline_reset),
		cmocka_unit_test_setup(every_cut, pipeline_reset),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
