// SPDX-License-Identifier: BSD-3-Clause
import { parseAddress, parsePrefix, rangeOf } from '../../net/address.js';
import { lastAddress } from '../shared/addresses.js';
import { intersectRanges, rangesOf, subtractRanges, type Ranges } from '../shared/ranges.js';
import { texts } from '../shared/values.js';

/** Addresses of both families. */
export interface Addresses {
  readonly v4: Ranges;
  readonly v6: Ranges;
}

export const NOBODY: Addresses = { v4: [], v6: [] };
export const ALL_V4: Addresses = { v4: [[0n, lastAddress(4)]], v6: [] };
export const ALL_V6: Addresses = { v4: [], v6: [[0n, lastAddress(6)]] };

export function oneRange(family: 4 | 6, low: bigint, high: bigint): Addresses {
  return family === 4 ? { v4: [[low, high]], v6: [] } : { v4: [], v6: [[low, high]] };
}

export function unionOf(list: readonly Addresses[]): Addresses {
  return {
    v4: rangesOf(list.flatMap(({ v4 }) => v4)),
    v6: rangesOf(list.flatMap(({ v6 }) => v6)),
  };
}

export function intersectAddresses(a: Addresses, b: Addresses): Addresses {
  return { v4: intersectRanges(a.v4, b.v4), v6: intersectRanges(a.v6, b.v6) };
}

export function subtractAddresses(a: Addresses, b: Addresses): Addresses {
  return { v4: subtractRanges(a.v4, b.v4), v6: subtractRanges(a.v6, b.v6) };
}

export function isNobody({ v4, v6 }: Addresses): boolean {
  return v4.length === 0 && v6.length === 0;
}

export function addressTexts({ v4, v6 }: Addresses): string[] {
  return [...texts(v4, 4), ...texts(v6, 6)];
}

/** The only address in it, or null. */
export function onlyAddress(set: Addresses): { family: 4 | 6; value: bigint } | null {
  const [one, more] = [...set.v4, ...set.v6];
  if (one === undefined || more !== undefined || one[0] !== one[1]) return null;
  return { family: set.v4.length > 0 ? 4 : 6, value: one[0] };
}

/** ADDRESS MASK of IPv4, or null: a mask with holes is none. */
export function masked(address: string, mask: string): Addresses | null {
  const [a, m] = [v4(address), v4(mask)];
  if (a === null || m === null) return null;
  const wild = lastAddress(4) & ~m;
  if ((wild & (wild + 1n)) !== 0n) return null;
  return oneRange(4, a & m, (a & m) | wild);
}

export function prefixed(text: string): Addresses | null {
  const prefix = parsePrefix(text);
  if (typeof prefix === 'string') return null;
  const { low, high } = rangeOf(prefix);
  return oneRange(prefix.address.family, low, high);
}

export function hosted(text: string): Addresses | null {
  const address = parseAddress(text === '0' ? '0.0.0.0' : text);
  if (typeof address === 'string') return null;
  return oneRange(address.family, address.value, address.value);
}

function v4(text: string): bigint | null {
  // `0` is short for 0.0.0.0, in addresses and masks.
  const address = parseAddress(text === '0' ? '0.0.0.0' : text);
  return typeof address === 'string' || address.family !== 4 ? null : address.value;
}
