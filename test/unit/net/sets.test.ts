// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  contains,
  fromPrefix,
  isEmpty,
  ranges,
  subtract,
  union,
} from '../../../src/net/algebra.js';
import { AddressSetBuilder } from '../../../src/net/builder.js';
import type { AddressSet } from '../../../src/net/sets.js';

type Plain = [family: 4 | 6, low: number, high: number][];

// A small space at the top of each family: neighbours, overlaps and the last address all occur.
const SPACE = 64;
const TOP = { 4: 1n << 32n, 6: 1n << 128n } as const;
const at = (family: 4 | 6, index: number) => TOP[family] - BigInt(SPACE) + BigInt(index);
const plain: fc.Arbitrary<Plain> = fc.array(
  fc
    .tuple(fc.constantFrom<4 | 6>(4, 6), fc.nat(SPACE - 1), fc.nat(12))
    .map(([family, low, more]): Plain[number] => [family, low, Math.min(SPACE - 1, low + more)]),
  { maxLength: 12 },
);

function build(ranges: Plain): AddressSet {
  const builder = new AddressSetBuilder();
  for (const [family, low, high] of ranges) {
    builder.addRange({ family, low: at(family, low), high: at(family, high) });
  }
  return builder.build();
}

const holds = (set: Plain, family: 4 | 6, index: number) =>
  set.some(([of, low, high]) => of === family && low <= index && index <= high);

function expectSame(set: AddressSet, wanted: (family: 4 | 6, index: number) => boolean): void {
  for (const family of [4, 6] as const) {
    for (let index = 0; index < SPACE; index++) {
      const value = at(family, index);
      expect(contains(set, { family, value })).toBe(wanted(family, index));
    }
    const list = ranges(set, family);
    for (const [i, { low, high }] of list.entries()) {
      expect(low <= high).toBe(true);
      const next = list[i + 1];
      // Sorted, disjoint and not adjacent.
      if (next !== undefined) expect(next.low > high + 1n).toBe(true);
    }
  }
}

describe('AddressSet', () => {
  it('holds what was added', () => {
    fc.assert(fc.property(plain, (a) => expectSame(build(a), (family, i) => holds(a, family, i))));
  });

  it('joins IPv6 ranges that meet across the words they lie in', () => {
    // Ends near multiples of 2^32, 2^64 and 2^96.
    const near = fc
      .tuple(fc.constantFrom(0n, 32n, 64n, 96n), fc.bigInt(0n, 3n), fc.bigInt(0n, 3n))
      .map(([bits, times, less]) => (times << bits) + 3n - less);
    const range = fc.tuple(near, near).map(([a, b]): [bigint, bigint] => (a < b ? [a, b] : [b, a]));
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), (all) => {
        const builder = new AddressSetBuilder();
        for (const [low, high] of all) builder.addV6(low, high);
        const merged: [bigint, bigint][] = [];
        for (const [low, high] of all.toSorted((a, b) => Number(a[0] - b[0]))) {
          const last = merged.at(-1);
          if (last === undefined || low > last[1] + 1n) merged.push([low, high]);
          else if (high > last[1]) last[1] = high;
        }
        const built = ranges(builder.build(), 6).map(({ low, high }) => [low, high]);
        expect(built).toEqual(merged);
      }),
      { numRuns: 2000 },
    );
  });

  it('unites', () => {
    fc.assert(
      fc.property(plain, plain, (a, b) =>
        expectSame(
          union(build(a), build(b)),
          (family, i) => holds(a, family, i) || holds(b, family, i),
        ),
      ),
    );
  });

  it('subtracts', () => {
    fc.assert(
      fc.property(plain, plain, (a, b) =>
        expectSame(
          subtract(build(a), build(b)),
          (family, i) => holds(a, family, i) && !holds(b, family, i),
        ),
      ),
    );
  });

  it('spans whole families', () => {
    const all = fromPrefix({ address: { family: 6, value: 0n }, length: 0 });
    expect(ranges(all, 6)).toEqual([{ family: 6, low: 0n, high: (1n << 128n) - 1n }]);
    expect(isEmpty(subtract(all, all))).toBe(true);
    const four = fromPrefix({ address: { family: 4, value: 0n }, length: 0 });
    expect([...four.v4]).toEqual([0, 0xffffffff]);
  });

  it('builds 100,000 members in well under a second', () => {
    const start = performance.now();
    const builder = new AddressSetBuilder();
    for (let i = 0; i < 100_000; i++) {
      const low = (i * 2_654_435_761) % 2 ** 32;
      builder.addV4(low, low);
      builder.addV6(BigInt(low) << 64n, BigInt(low) << 64n);
    }
    const set = builder.build();
    expect(set.v4.length).toBe(200_000);
    expect(set.v6.length).toBe(400_000);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});
