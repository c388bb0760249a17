// SPDX-License-Identifier: BSD-3-Clause

/** Inclusive ranges of numbers: sorted, disjoint and not adjacent. */
export type Range = readonly [bigint, bigint];
export type Ranges = readonly Range[];

/** The canonical form of ranges in any order, overlapping or not. */
export function rangesOf(list: readonly Range[]): Ranges {
  const sorted = [...list].sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
  const merged: [bigint, bigint][] = [];
  for (const [low, high] of sorted) {
    const last = merged.at(-1);
    if (last === undefined || low > last[1] + 1n) merged.push([low, high]);
    else if (high > last[1]) last[1] = high;
  }
  return merged;
}

export function intersectRanges(a: Ranges, b: Ranges): Ranges {
  const both: Range[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const [aLow, aHigh] = a[i] as Range;
    const [bLow, bHigh] = b[j] as Range;
    const low = aLow > bLow ? aLow : bLow;
    const high = aHigh < bHigh ? aHigh : bHigh;
    if (low <= high) both.push([low, high]);
    if (aHigh <= bHigh) i++;
    if (bHigh <= aHigh) j++;
  }
  return both;
}

/** What of `from` is not in `except`. */
export function subtractRanges(from: Ranges, except: Ranges): Ranges {
  const left: Range[] = [];
  let next = 0;
  for (const [first, high] of from) {
    let low = first;
    while (next < except.length && (except[next] as Range)[1] < low) next++;
    for (let i = next; i < except.length && low <= high; i++) {
      const [holeLow, holeHigh] = except[i] as Range;
      if (holeLow > high) break;
      if (holeLow > low) left.push([low, holeLow - 1n]);
      low = holeHigh + 1n;
    }
    if (low <= high) left.push([low, high]);
  }
  return left;
}

/** Whether every number of `inner` is in `outer`. */
export function coversRanges(outer: Ranges, inner: Ranges): boolean {
  return subtractRanges(inner, outer).length === 0;
}

/** All from 0 to `most` that is not in the ranges. */
export function complement(ranges: Ranges, most: bigint): Ranges {
  return subtractRanges([[0n, most]], ranges);
}
