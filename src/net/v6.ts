// SPDX-License-Identifier: BSD-3-Clause
import { formatV4, parseV4 } from './v4.js';

/**
 * Parses the text forms of RFC 4291 section 2.2, the one with a trailing dotted quad included; zone
 * ids (RFC 4007) are refused. Returns the 128-bit value, or null.
 */
export function parseV6(text: string): bigint | null {
  if (text.length < 2 || text.length > 45) return null;
  const gap = text.indexOf('::');
  if (gap < 0) {
    const groups = parseGroups(text, true);
    return groups !== null && groups.length === 8 ? join(groups) : null;
  }
  if (text.indexOf('::', gap + 1) >= 0) return null;
  const head = gap === 0 ? [] : parseGroups(text.slice(0, gap), false);
  const tail = gap + 2 === text.length ? [] : parseGroups(text.slice(gap + 2), true);
  if (head === null || tail === null) return null;
  // "::" stands for at least one group (RFC 5952 section 4.2.2 only discourages exactly one).
  const missing = 8 - head.length - tail.length;
  if (missing < 1) return null;
  return join([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** Formats a 128-bit value as RFC 5952 asks, v4-mapped addresses with a dotted quad (section 5). */
export function formatV6(value: bigint): string {
  if (value >> 32n === 0xffffn) return `::ffff:${formatV4(Number(value & 0xffffffffn))}`;
  const groups: number[] = [];
  for (let shift = 112n; shift >= 0n; shift -= 16n) groups.push(Number((value >> shift) & 0xffffn));
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (i + length < 8 && groups[i + length] === 0) length++;
    if (length > bestLength) {
      best = i;
      bestLength = length;
    }
    i += length;
  }
  const text = groups.map((group) => group.toString(16));
  if (best < 0) return text.join(':');
  return `${text.slice(0, best).join(':')}::${text.slice(best + bestLength).join(':')}`;
}

function parseGroups(text: string, last: boolean): number[] | null {
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (last && i === parts.length - 1 && part.includes('.')) {
      const quad = parseV4(part);
      if (quad < 0) return null;
      groups.push(Math.floor(quad / 65536), quad % 65536);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups.length <= 8 ? groups : null;
}

function join(groups: readonly number[]): bigint {
  let high = 0n;
  // Two steps of 64 bits keep the intermediate integers small.
  for (let i = 0; i < 4; i++) high = (high << 16n) | BigInt(groups[i] ?? 0);
  let low = 0n;
  for (let i = 4; i < 8; i++) low = (low << 16n) | BigInt(groups[i] ?? 0);
  return (high << 64n) | low;
}
