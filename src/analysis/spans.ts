// SPDX-License-Identifier: BSD-3-Clause

/**
 * A set of numbers 0..2^32-1 as sorted, disjoint, non-adjacent inclusive lo, hi pairs; null is all
 * of them.
 */
export type Spans = Uint32Array | null;

export const NO_SPANS: Spans = new Uint32Array(0);

/** Whether the number is in the set; binary search. */
export function inSpans(spans: Spans, value: number): boolean {
  if (spans === null) return true;
  let low = 0;
  let high = spans.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (value < (spans[middle * 2] as number)) high = middle - 1;
    else if (value > (spans[middle * 2 + 1] as number)) low = middle + 1;
    else return true;
  }
  return false;
}

export function intersectSpans(a: Spans, b: Spans): Spans {
  if (a === null || a === b) return b;
  if (b === null) return a;
  const found: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const low = Math.max(a[i] as number, b[j] as number);
    const aHigh = a[i + 1] as number;
    const bHigh = b[j + 1] as number;
    if (low <= Math.min(aHigh, bHigh)) found.push(low, Math.min(aHigh, bHigh));
    if (aHigh <= bHigh) i += 2;
    if (bHigh <= aHigh) j += 2;
  }
  return Uint32Array.from(found);
}

/** What is in `a` and not in `b`; `last` is the greatest number there is. */
export function subtractSpans(a: Spans, b: Spans, last: number): Spans {
  if (b === null) return NO_SPANS;
  if (b.length === 0) return a;
  const from = a ?? Uint32Array.of(0, last);
  const found: number[] = [];
  let j = 0;
  for (let i = 0; i < from.length; i += 2) {
    let low = from[i] as number;
    const high = from[i + 1] as number;
    while (j < b.length && (b[j + 1] as number) < low) j += 2;
    for (let k = j; k < b.length && low <= high && (b[k] as number) <= high; k += 2) {
      if ((b[k] as number) > low) found.push(low, (b[k] as number) - 1);
      low = (b[k + 1] as number) + 1;
    }
    if (low <= high) found.push(low, high);
  }
  return Uint32Array.from(found);
}

export function uniteSpans(a: Spans, b: Spans, last: number): Spans {
  if (a === null || b === null) return null;
  const found: number[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    const mine = j >= b.length || (i < a.length && (a[i] as number) <= (b[j] as number));
    const low = (mine ? a[i] : b[j]) as number;
    const high = (mine ? a[i + 1] : b[j + 1]) as number;
    if (mine) i += 2;
    else j += 2;
    const end = found.length - 1;
    if (end > 0 && low <= (found[end] as number) + 1)
      found[end] = Math.max(found[end] as number, high);
    else found.push(low, high);
  }
  return found.length === 2 && found[0] === 0 && found[1] === last ? null : Uint32Array.from(found);
}

export function sameSpans(a: Spans, b: Spans): boolean {
  if (a === b) return true;
  if (a === null || b === null || a.length !== b.length) return false;
  return a.every((value, i) => value === b[i]);
}
