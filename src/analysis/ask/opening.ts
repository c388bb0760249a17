// SPDX-License-Identifier: BSD-3-Clause
import { hasPorts, PROTOCOLS } from '../../net/services.js';
import { ALL_PORTS, isIcmp, type Rects, type ServiceArea } from '../services.js';
import type { Universe } from '../universe.js';

/** ICMP requests (RFC 792, RFC 950; RFC 4443): others answer, or speak of another packet. */
const REQUESTS = { 4: [8, 13, 15, 17], 6: [128] } as const;
/**
 * What does not occur: the ICMP of the other family, and in IPv6 the extension headers that the fast
 * path walks over (RFC 8200 section 4).
 */
const NEVER: Record<4 | 6, readonly number[]> = {
  4: [PROTOCOLS.icmpv6],
  6: [PROTOCOLS.icmp, 0, 43, 44, 60],
};

/**
 * Services of packets that can open a session: ports are not 0 (a source port of UDP may be, RFC
 * 768), ICMP is a request. Whatever else a session's packets are, they need no rule.
 */
export function openingServices(family: 4 | 6, universe: Universe): ServiceArea {
  return universe.protocols.map((protocol): Rects | undefined => {
    if (hasPorts(protocol)) return [protocol === PROTOCOLS.udp ? 0 : 1, 65535, 1, 65535];
    if (isIcmp(protocol, family))
      return REQUESTS[family].flatMap((type) => [0, 65535, type * 256, type * 256]);
    return NEVER[family].includes(protocol) ? undefined : ALL_PORTS;
  });
}
