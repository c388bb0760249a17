// SPDX-License-Identifier: BSD-3-Clause

const COLON = 58;
const DOT = 46;

/**
 * Reads an IPv6 address at a place of a text into its eight groups, without making any object; for
 * large lists. Takes the forms of RFC 4291 section 2.2 without a dotted quad. Returns the place after
 * it, or -1 where there is none that `parseV6` takes too.
 */
export function readV6(text: string, start: number, groups: Uint16Array): number {
  let at = start;
  let count = 0;
  let gap = -1;
  if (text.charCodeAt(at) === COLON) {
    if (text.charCodeAt(at + 1) !== COLON) return -1;
    gap = 0;
    at += 2;
  }
  for (;;) {
    let value = 0;
    let digits = 0;
    for (let digit; (digit = hexDigit(text.charCodeAt(at))) >= 0; at++) {
      if (++digits > 4) return -1;
      value = value * 16 + digit;
    }
    if (digits === 0) {
      // Only right after "::" may an address end without a group.
      if (gap !== count) return -1;
      break;
    }
    if (count === 8 || text.charCodeAt(at) === DOT) return -1;
    groups[count++] = value;
    if (text.charCodeAt(at) !== COLON) break;
    at++;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return -1;
      gap = count;
      at++;
    }
  }
  if (gap < 0) return count === 8 ? at : -1;
  if (count === 8) return -1;
  groups.copyWithin(8 - (count - gap), gap, count);
  groups.fill(0, gap, 8 - (count - gap));
  return at;
}

function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const letter = c | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
