/* SPDX-License-Identifier: BSD-3-Clause */
#pragma once

#include "test/image_builder.h"

/*
 * NAT beside the network of pipeline.h. Sources, inside -> wan, in this order:
 *   21  10.1.5.0/24  a pool, 198.51.100.5 ports 2000-2003
 *   22  10.1.6.0/30  one to one 198.51.100.8/30
 *   23  10.1.7.0/24  stay as they are
 *   24  the others of IPv4, and 2001:db8:a::77: the address of wan
 * Destinations, from wan and inside:
 *   25  198.51.100.3 tcp/8000-8009 -> 10.1.2.80:80-89, hairpin
 *   26  198.51.100.3 udp/53 and icmp -> 10.20.0.53
 *   27  198.51.100.8/30 -> 10.1.6.0/30
 *   28  198.51.100.4 -> 198.51.100.2, the box
 *   29  64:ff9b::/96, NAT64 from 198.51.100.6 ports 3000-3003
 *   30  2001:db8:64::/48, NAT64 from the address of wan
 * ARP and neighbour solicitations are answered for
 *   wan  198.51.100.3-5, 198.51.100.8/30; 2001:db8:1::50-2001:db8:1::5f, and 198.51.100.2, its own
 *   dmz  10.20.0.40-10.20.0.47; 2001:db8:20::40-2001:db8:20::47
 */
void nat_network(struct image_builder *b);
