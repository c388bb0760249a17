/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/frame.h"

/*
 * A whole frame from a line of text, so that tables of packets can be read:
 *
 *   udp 10.1.2.3:40000 > 203.0.113.80:53 len 20
 *   tcp [2001:db8:a::5]:1025 > [2001:db8:99::1]:443 SA seq 7000 ack 1001 win 1000
 *   icmp 10.1.2.3 > 203.0.113.80 8/0 rest 00070001 len 40
 *   icmp 203.0.113.9 > 10.1.2.3 3/4 rest 0000057c about 28 (udp 10.1.2.3:40000 > 203.0.113.80:53 len 20)
 *   47 10.1.2.3 > 203.0.113.80 data 0000000000000000
 *   arp 10.1.2.3 > 10.1.2.4 1
 *
 * TCP takes its flags as letters of FSRPAUEC, `-` for none; ICMP (v6 by the addresses) type/code;
 * ARP 1 for a request, to all unless `dmac` says otherwise, 2 for a reply; the MACs in it are the
 * frame's. Then, in any order, N decimal and HEX digits:
 *
 *   len N      payload of a pattern           data HEX     payload as given
 *   seq ack win urg N                         opt HEX      TCP options
 *   rest HEX   second word of ICMP            about N (…)  quotes the first N bytes of another
 *   ttl tos id N   the IP header's            df N         1 unless given
 *   ipopt HEX  IPv4 options                   vlan N       the tag
 *   dmac smac HEX  the Ethernet header's MACs
 *   ext N HEX  an IPv6 extension header of type N, from its length byte on
 *
 * and, once lengths and checksums are right, in this order:
 *
 *   ip N HEX   bytes at offset N of the IP header; an IPv4 header's checksum is made right again
 *   l4 N HEX   the same of the transport header, whose checksum is not
 *   pad N      bytes behind the packet        cut N        bytes off the frame's end
 *
 * Aborts, saying why, on anything else.
 */
void frame_text(struct frame *f, const char *text);
