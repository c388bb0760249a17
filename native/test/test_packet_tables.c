/* SPDX-License-Identifier: BSD-3-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "test/packets/packets.h"
#include "test/pipeline.h"

/* Tables of whole packets in and out, by feature; see packet_rows.h. */
int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_forward),
		cmocka_unit_test(packets_vlan),
		cmocka_unit_test(packets_udp),
		cmocka_unit_test(packets_tcp),
		cmocka_unit_test(packets_tcp_attacks),
		cmocka_unit_test(packets_icmp),
		cmocka_unit_test(packets_icmp_forged),
		cmocka_unit_test(packets_ip6),
		cmocka_unit_test(packets_box),
		cmocka_unit_test(packets_denied),
		cmocka_unit_test(packets_nat),
		cmocka_unit_test(packets_nat_full),
		cmocka_unit_test(packets_nat_proxy),
		cmocka_unit_test(packets_nat64),
	};

	return cmocka_run_group_tests(tests, pipeline_start, NULL);
}
