// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress, parseAddress, parseRange } from '../../net/address.js';
import { rangesOf, type Range, type Ranges } from './ranges.js';

/** Ranges that a mask with holes may stand for. */
const MOST_MASKED = 65536;

export function lastAddress(family: 4 | 6): bigint {
  return family === 4 ? 0xffffffffn : (1n << 128n) - 1n;
}

/** ADDRESS, ADDRESS/LENGTH or ADDRESS/MASK, or a list of them; null for what is none of the family. */
export function addressRanges(text: string, family: 4 | 6): Ranges | null {
  const found: Range[] = [];
  for (const one of text.split(',')) {
    const ranges = masked(one, family);
    if (ranges === null) return null;
    found.push(...ranges);
  }
  return rangesOf(found);
}

/** LOW-HIGH or one address, as `-m iprange` has it. */
export function spanRanges(text: string, family: 4 | 6): Ranges | null {
  const range = parseRange(text.includes('-') ? text : `${text}-${text}`);
  if (typeof range === 'string' || range.family !== family) return null;
  return [[range.low, range.high]];
}

/** Whether the ranges are all addresses there are. */
export function isAll(ranges: Ranges, family: 4 | 6): boolean {
  const [first] = ranges;
  return first !== undefined && first[0] === 0n && first[1] === lastAddress(family);
}

/** The range as a prefix, null if it is none. */
export function prefixText([low, high]: Range, family: 4 | 6): string | null {
  const size = high - low + 1n;
  if ((size & (size - 1n)) !== 0n || low % size !== 0n) return null;
  const bits = family === 4 ? 32 : 128;
  const length = bits - (size.toString(2).length - 1);
  return `${formatAddress({ family, value: low })}/${length}`;
}

function masked(text: string, family: 4 | 6): Ranges | null {
  const [addressText = '', maskText, extra] = text.split('/');
  const address = parseAddress(addressText);
  if (extra !== undefined || typeof address === 'string' || address.family !== family) return null;
  const last = lastAddress(family);
  const mask = maskText === undefined ? last : maskOf(maskText, family);
  if (mask === null) return null;
  const wild = last & ~mask;
  const base = address.value & mask;
  // Bits that are free below the lowest one that is not make one range; those above multiply it.
  let low = 1n;
  while (low <= wild && (wild & low) !== 0n) low <<= 1n;
  const span = low - 1n;
  let starts = [base];
  for (let bit = low; bit <= wild; bit <<= 1n) {
    if ((wild & bit) === 0n) continue;
    if (starts.length * 2 > MOST_MASKED) return null;
    starts = starts.flatMap((start) => [start, start | bit]);
  }
  return rangesOf(starts.map((start) => [start, start | span]));
}

function maskOf(text: string, family: 4 | 6): bigint | null {
  const bits = family === 4 ? 32 : 128;
  if (/^\d{1,3}$/.test(text)) {
    const length = Number(text);
    return length > bits ? null : lastAddress(family) & ~((1n << BigInt(bits - length)) - 1n);
  }
  const mask = parseAddress(text);
  return typeof mask === 'string' || mask.family !== family ? null : mask.value;
}
