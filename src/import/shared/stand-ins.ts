// SPDX-License-Identifier: BSD-3-Clause
import { parseAddress } from '../../net/address.js';
import { addressRanges } from './addresses.js';
import { complement, intersectRanges, rangesOf, type Range, type Ranges } from './ranges.js';

/** Ranges set aside for documentation and tests (RFC 2544, 5737, 6598), and how many bits a subnet takes. */
const STAND_INS = {
  4: [
    ['198.18.0.0', 15, 24],
    ['203.0.113.0', 24, 28],
    ['198.51.100.0', 24, 28],
    ['192.0.2.0', 24, 28],
    ['100.64.0.0', 10, 24],
  ],
  // RFC 3849, 9637, 5180.
  6: [
    ['2001:db8::', 32, 64],
    ['3fff::', 20, 64],
    ['2001:2::', 48, 64],
  ],
} as const;

/** Subnets by number that no rule speaks of, or if there are none only wide ones do. */
export function standIns(
  named: Ranges,
  count: number,
  family: 4 | 6,
): (i: number) => { base: bigint; length: number } {
  const wide = family === 4 ? 1n << 24n : 1n << 112n;
  const narrow = named.filter(([low, high]) => high - low < wide);
  const bits = family === 4 ? 32 : 128;
  for (const taken of [named, narrow, []])
    for (const [text, whole, length] of STAND_INS[family]) {
      const address = parseAddress(text);
      if (typeof address === 'string' || 2 ** Math.min(length - whole, 16) < count) continue;
      const base = address.value;
      const size = 1n << BigInt(bits - length);
      const span: Ranges = [[base, base + size * BigInt(count) - 1n]];
      if (intersectRanges(taken, span).length > 0) continue;
      return (i) => ({ base: base + size * BigInt(i), length });
    }
  throw new Error('the last stand-in fits every count of interfaces');
}

/** Addresses by type, as `-m addrtype` and `fib` name types. */
export function addressTypes(own: Range[], broadcast: Range[], family: 4 | 6): Map<string, Ranges> {
  const text = family === 4 ? ['127.0.0.0/8', '224.0.0.0/4'] : ['::1/128,fe80::/10', 'ff00::/8'];
  const [loopback, groups] = text.map((one) => addressRanges(one, family) ?? []);
  const local = rangesOf([...own, ...(loopback ?? [])]);
  const all = rangesOf([...local, ...broadcast, ...(groups ?? [])]);
  const last = family === 4 ? 0xffffffffn : (1n << 128n) - 1n;
  return new Map<string, Ranges>([
    ['LOCAL', local],
    ['BROADCAST', rangesOf(broadcast)],
    ['MULTICAST', groups ?? []],
    ['UNICAST', complement(all, last)],
    ['ANYCAST', []],
    ['BLACKHOLE', []],
    ['UNREACHABLE', []],
    ['PROHIBIT', []],
  ]);
}
