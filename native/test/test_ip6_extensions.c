/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ip/ip6_extensions.h"
#include "ip/ip6_parse.h"
#include "test/frame_text.h"

/* Which extension headers pass by which settings. */

#define OPTIONS "00010400000000" /* a header of one PadN */
#define A "[2001:db8:a::5]:40000 > [2001:db8:99::1]:53 "
#define HBH SL_IP6_DROP_HOP_BY_HOP
#define DST SL_IP6_DROP_DESTINATION
#define OTHER SL_IP6_DROP_OTHER
#define SRH "ext 43 02040000000000" "20010db8000000000000000000000001" " "
#define MIP "ext 43 02020100000000" "20010db8000000000000000000000001" " "
#define DENIED SL_DROP_IP6_EXTENSION_DENIED

static const struct {
	const char *packet;
	uint16_t routing;
	uint8_t headers, flags;
	enum sl_drop reason;
} rows[] = {
	{"udp " A, 0, 0, HBH | DST | OTHER, SL_DROP_NONE},
	{"udp " A "ext 0 " OPTIONS, 0, 8, 0, SL_DROP_NONE},
	{"udp " A "ext 0 " OPTIONS, 0, 8, DST | OTHER, SL_DROP_NONE},
	{"udp " A "ext 0 " OPTIONS, 0, 8, HBH, DENIED},
	{"udp " A "ext 60 " OPTIONS, 0, 8, HBH | OTHER, SL_DROP_NONE},
	{"udp " A "ext 60 " OPTIONS, 0, 8, DST, DENIED},
	{"udp " A "ext 0 " OPTIONS " ext 60 " OPTIONS, 0, 8, DST, DENIED},
	{"udp " A "ext 60 01010c000000000000000000000000 ext 60 " OPTIONS, 0, 8, 0, SL_DROP_NONE},
	{"udp " A "ext 60 01010c000000000000000000000000 ext 60 " OPTIONS, 0, 1, 0, SL_DROP_IP6_TOO_MANY_EXTENSIONS},
	{"udp " A "ext 60 01010c000000000000000000000000 ext 60 " OPTIONS, 0, 2, 0, SL_DROP_NONE},
	{"udp " A "ext 44 00000000000007", 0, 1, HBH | DST | OTHER, SL_DROP_NONE},
	{"udp " A "ext 44 00000000000007", 0, 0, 0, SL_DROP_IP6_TOO_MANY_EXTENSIONS},
	{"udp " A SRH, 0, 8, 0, SL_DROP_IP6_ROUTING_HEADER},
	{"udp " A SRH, 1 << 2, 8, 0, SL_DROP_IP6_ROUTING_HEADER},
	{"udp " A SRH, 1 << 4, 8, 0, SL_DROP_NONE},
	{"udp " A MIP, 1 << 4, 8, 0, SL_DROP_IP6_ROUTING_HEADER},
	{"udp " A MIP "ext 60 " OPTIONS, 1 << 2, 8, 0, SL_DROP_NONE},
	{"udp " A MIP "ext 60 " OPTIONS, 1 << 2, 8, DST, DENIED},
	{"udp " A "ext 60 " OPTIONS " " MIP, 0, 8, 0, SL_DROP_IP6_ROUTING_HEADER},
	{"udp " A "ext 43 02ff0100000000" "20010db8000000000000000000000001", 0xfffe, 8, 0, SL_DROP_IP6_ROUTING_HEADER},
	/* AH and ESP end the walk and are never meant */
	{"51 2001:db8:a::5 > 2001:db8:99::1 len 24", 0, 8, HBH | DST | OTHER, SL_DROP_NONE},
	{"135 2001:db8:a::5 > 2001:db8:99::1 len 8", 0, 8, 0, SL_DROP_NONE},
	{"135 2001:db8:a::5 > 2001:db8:99::1 len 8", 0, 8, OTHER, DENIED},
	{"139 2001:db8:a::5 > 2001:db8:99::1 len 8 ext 60 " OPTIONS, 0, 8, OTHER, DENIED},
	{"140 2001:db8:a::5 > 2001:db8:99::1 len 8", 0, 8, OTHER, DENIED},
	{"253 2001:db8:a::5 > 2001:db8:99::1 len 8", 0, 8, OTHER, DENIED},
	{"254 2001:db8:a::5 > 2001:db8:99::1 len 8", 0, 8, OTHER, DENIED},
	{"136 2001:db8:a::5 > 2001:db8:99::1 len 8", 0, 8, OTHER, SL_DROP_NONE},
	/* multicast listeners need the router alert whatever is dropped of others */
	{"icmp fe80::5 > ff02::16 143/0 ttl 1 len 20 ext 0 00050200000100", 0, 8, HBH, SL_DROP_NONE},
	{"icmp 2001:db8:a::5 > 2001:db8:99::1 128/0 len 20 ext 0 00050200000100", 0, 8, HBH, DENIED},
};

static void each_row(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct sl_image_settings settings = {.ip6_routing = rows[i].routing,
							   .ip6_headers = rows[i].headers,
							   .ip6_flags = rows[i].flags};
		struct sl_pkt p = {.l3 = 14};
		enum sl_drop reason;
		struct frame f;
		uint8_t *ip;

		frame_text(&f, rows[i].packet);
		/* Where it ends, so that a sanitizer sees a byte too many. */
		ip = malloc(f.length - f.l3);
		assert_non_null(ip);
		memcpy(ip, f.bytes + f.l3, f.length - f.l3);
		assert_int_equal(sl_ip6_parse(&p, ip, f.length - f.l3, f.length - f.l3), SL_DROP_NONE);
		reason = sl_ip6_extensions(&settings, ip, &p);
		free(ip);
		if (reason != rows[i].reason)
			fail_msg("row %u, %s: %s, not %s", i, rows[i].packet, sl_drop_name(reason),
				 sl_drop_name(rows[i].reason));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
