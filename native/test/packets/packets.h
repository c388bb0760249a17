/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

/* The tables of packets, a file each: cmocka tests. */
void packets_forward(void **state);
void packets_vlan(void **state);
void packets_udp(void **state);
void packets_tcp(void **state);
void packets_tcp_attacks(void **state);
void packets_icmp(void **state);
void packets_icmp_forged(void **state);
void packets_ip6(void **state);
void packets_box(void **state);
void packets_denied(void **state);
void packets_nat(void **state);
void packets_nat_full(void **state);
void packets_nat_proxy(void **state);
void packets_nat64(void **state);
