// SPDX-License-Identifier: BSD-3-Clause
import type { Budget } from './budget.js';
import type { Spans } from './spans.js';

/** A set of areas by their index, 32 a word. */
export type Bits = Uint32Array;

/** Values that are kept of a class, each of another stretch. */
const MOST_VALUES = 64;

/** Values of one dimension that the same areas hold. */
export interface Class<V> {
  readonly bits: Bits;
  /** One for each stretch of them, the widest first: fewest rules are likely to be there. */
  readonly values: V[];
  width: number;
}

/**
 * The classes that matter for finding a value in no area: a class whose areas are all in another
 * one's too makes that other needless.
 */
export class Classes<V> {
  readonly list: Class<V>[] = [];
  readonly #budget: Budget;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Adds a stretch of values of the given width; the bits are copied where they are kept. */
  add(bits: Bits, width: number, value: () => V): void {
    const { list } = this;
    this.#budget.take(1 + list.length * bits.length);
    let kept = 0;
    for (let i = 0; i < list.length; i++) {
      const one = list[i] as Class<V>;
      if (isSubset(one.bits, bits)) {
        if (!isSubset(bits, one.bits)) return;
        if (width > one.width) {
          one.width = width;
          one.values.unshift(value());
        } else if (one.values.length < MOST_VALUES) one.values.push(value());
        return;
      }
      if (!isSubset(bits, one.bits)) list[kept++] = one;
    }
    list.length = kept;
    list.push({ bits: bits.slice(), values: [value()], width });
  }

  /** Those with the fewest areas first. */
  sorted(): Class<V>[] {
    const counted = this.list.map((one) => ({ one, count: count(one.bits) }));
    return counted.sort((a, b) => a.count - b.count).map(({ one }) => one);
  }
}

/** The classes of the numbers in `within` by the `areas` that hold them. */
export function spanClasses(
  within: Spans,
  areas: readonly Spans[],
  last: number,
  budget: Budget,
): Classes<number> {
  const words = (areas.length + 31) >>> 5;
  const always = new Uint32Array(words);
  const sets: Uint32Array[] = [];
  const bits: Bits[] = [];
  const known = new Map<Uint32Array, Bits>();
  for (const [i, area] of areas.entries()) {
    let into = area === null || area === within ? always : known.get(area);
    if (into === undefined) {
      into = new Uint32Array(words);
      known.set(area as Uint32Array, into);
      sets.push(area as Uint32Array);
      bits.push(into);
    }
    into[i >>> 5] = (into[i >>> 5] as number) | (1 << (i & 31));
  }
  const classes = new Classes<number>(budget);
  const at = new Uint32Array(sets.length);
  const from = within ?? Uint32Array.of(0, last);
  const now = new Uint32Array(words);
  for (let r = 0; r < from.length; r += 2) {
    const high = from[r + 1] as number;
    for (let x = from[r] as number; x <= high;) {
      let end = high;
      now.set(always);
      for (let s = 0; s < sets.length; s++) {
        const set = sets[s] as Uint32Array;
        let i = at[s] as number;
        while (i < set.length && (set[i + 1] as number) < x) i = skip(set, i, x);
        at[s] = i;
        if (i >= set.length) continue;
        const low = set[i] as number;
        if (low <= x) {
          end = Math.min(end, set[i + 1] as number);
          unite(now, bits[s] as Bits);
        } else end = Math.min(end, low - 1);
      }
      budget.take(1 + sets.length);
      const width = end - x + 1;
      const start = x;
      classes.add(now, width, () => start + Math.floor((width - 1) * 0.618));
      x = end + 1;
    }
  }
  return classes;
}

/** The next range that may end at x or after it: in growing steps, then by halves. */
function skip(set: Uint32Array, from: number, x: number): number {
  let step = 2;
  let low = from;
  while (low + step < set.length && (set[low + step + 1] as number) < x) {
    low += step;
    step *= 2;
  }
  let high = Math.min(low + step, set.length);
  low += 2;
  while (low < high) {
    const middle = low + (((high - low) >>> 2) << 1);
    if ((set[middle + 1] as number) < x) low = middle + 2;
    else high = middle;
  }
  return low;
}

export function unite(into: Bits, more: Bits): void {
  for (let w = 0; w < into.length; w++) into[w] = (into[w] as number) | (more[w] as number);
}

function isSubset(a: Bits, b: Bits): boolean {
  for (let w = 0; w < a.length; w++) if (((a[w] as number) & ~(b[w] as number)) !== 0) return false;
  return true;
}

function count(bits: Bits): number {
  let sum = 0;
  for (let word of bits) for (; word !== 0; word = (word & (word - 1)) >>> 0) sum++;
  return sum;
}
