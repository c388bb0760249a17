// SPDX-License-Identifier: BSD-3-Clause
import { rangeOf, parsePrefix } from '../net/address.js';
import { subtract } from '../net/algebra.js';
import { AddressSetBuilder } from '../net/builder.js';
import type { AddressSet } from '../net/sets.js';

/** Name of the built-in group of addresses that are no sources in the Internet. */
export const BOGONS = 'bogons';

/**
 * The blocks of the IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890, RFC 8190;
 * www.iana.org/assignments/iana-ipv4-special-registry and …/iana-ipv6-special-registry, as updated on
 * 2025-10-09) whose "Globally Reachable" is false, and multicast, which is never a source (RFC 1122
 * section 3.2.1.3, RFC 4291 section 2.7) and has registries of its own.
 *
 * Not in the group: what the registries call globally reachable, such as 64:ff9b::/96, and what they
 * answer with N/A for, since tunnelled traffic comes from there: 192.88.99.0/24, 2001::/32 (Teredo)
 * and 2002::/16 (6to4). Space that is merely not allocated yet changes every month: a list of it
 * belongs into a file.
 */
const BLOCKS = [
  '0.0.0.0/8', // "this network", RFC 791
  '10.0.0.0/8', // private use, RFC 1918
  '100.64.0.0/10', // shared address space, RFC 6598
  '127.0.0.0/8', // loopback, RFC 1122
  '169.254.0.0/16', // link local, RFC 3927
  '172.16.0.0/12', // private use, RFC 1918
  '192.0.0.0/24', // IETF protocol assignments, RFC 6890
  '192.0.2.0/24', // documentation, RFC 5737
  '192.168.0.0/16', // private use, RFC 1918
  '198.18.0.0/15', // benchmarking, RFC 2544
  '198.51.100.0/24', // documentation, RFC 5737
  '203.0.113.0/24', // documentation, RFC 5737
  '224.0.0.0/4', // multicast, RFC 5771
  '240.0.0.0/4', // reserved, RFC 1112, with limited broadcast, RFC 8190
  '::/128', // unspecified, RFC 4291
  '::1/128', // loopback, RFC 4291
  '::ffff:0:0/96', // IPv4-mapped, RFC 4291
  '64:ff9b:1::/48', // local IPv4/IPv6 translation, RFC 8215
  '100::/64', // discard only, RFC 6666
  '100:0:0:1::/64', // dummy prefix, RFC 9780
  '2001::/23', // IETF protocol assignments, RFC 2928, but for EXCEPTIONS
  '2001:db8::/32', // documentation, RFC 3849
  '3fff::/20', // documentation, RFC 9637
  '5f00::/16', // segment routing SIDs, RFC 9602
  'fc00::/7', // unique local, RFC 4193
  'fe80::/10', // link local, RFC 4291
  'ff00::/8', // multicast, RFC 4291
];

/** More specific blocks of the registries that are globally reachable, or N/A. */
const EXCEPTIONS = [
  '192.0.0.9/32', // Port Control Protocol anycast, RFC 7723
  '192.0.0.10/32', // TURN anycast, RFC 8155
  '2001::/32', // Teredo, RFC 4380
  '2001:1::1/128', // Port Control Protocol anycast, RFC 7723
  '2001:1::2/128', // TURN anycast, RFC 8155
  '2001:1::3/128', // DNS-SD service registration anycast, RFC 9665
  '2001:3::/32', // automatic multicast tunneling, RFC 7450
  '2001:4:112::/48', // AS112, RFC 7535
  '2001:20::/28', // ORCHIDv2, RFC 7343
  '2001:30::/28', // drone remote identification, RFC 9374
];

/** The members of the group. */
export function bogons(): AddressSet {
  return subtract(setOf(BLOCKS), setOf(EXCEPTIONS));
}

function setOf(prefixes: readonly string[]): AddressSet {
  const builder = new AddressSetBuilder();
  for (const text of prefixes) {
    const prefix = parsePrefix(text);
    if (typeof prefix === 'string') throw new Error(`${text}: ${prefix}`);
    builder.addRange(rangeOf(prefix));
  }
  return builder.build();
}
