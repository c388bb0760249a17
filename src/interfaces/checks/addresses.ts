// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress, rangeOf } from '../../net/address.js';
import type { Prefix } from '../../net/sets.js';
import type { Context } from '../../rulefile/context.js';
import type { ResolvedInterface } from '../resolve.js';

/** An interface address is one a host can have. */
export function checkAddresses(interfaces: readonly ResolvedInterface[], context: Context): void {
  for (const { config, addresses } of interfaces) {
    for (const { prefix, index } of addresses) {
      const problem = problemOf(prefix);
      if (problem === null) continue;
      const message = `${formatAddress(prefix.address)} is ${problem}`;
      context.report('address-not-host', context.at(config.addresses as object, index), message);
    }
  }
}

function problemOf(prefix: Prefix): string | null {
  const { family, value } = prefix.address;
  const { low, high } = rangeOf(prefix);
  if (value === 0n) return 'the unspecified address';
  if (family === 6) {
    if (value === 1n) return 'the loopback address';
    if (value >> 120n === 0xffn) return 'a multicast address';
    // RFC 4291 section 2.6.1: the all-zero host is the subnet-router anycast; RFC 6164 lifts it at /127.
    return value === low && prefix.length < 127 ? 'the network of its prefix' : null;
  }
  const first = value >> 24n;
  if (first === 127n) return 'a loopback address';
  if (first === 0n) return 'an address of "this network"';
  if (value >= 0xf0000000n) return 'a reserved address';
  if (first >= 224n) return 'a multicast address';
  // RFC 3021: a /31 has two hosts and neither network nor broadcast address.
  if (prefix.length >= 31) return null;
  if (value === low) return 'the network of its prefix';
  return value === high ? 'the broadcast address of its prefix' : null;
}
