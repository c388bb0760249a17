// SPDX-License-Identifier: BSD-3-Clause
import { rangeOf } from './address.js';
import { AddressSetBuilder } from './builder.js';
import { V6_WORDS, type Address, type AddressSet, type Prefix } from './sets.js';

/** A range of either family, as `ranges` lists them. */
export interface FamilyRange {
  readonly family: 4 | 6;
  readonly low: bigint;
  readonly high: bigint;
}

/** All addresses of the prefix. */
export function fromPrefix(prefix: Prefix): AddressSet {
  const builder = new AddressSetBuilder();
  builder.addRange(rangeOf(prefix));
  return builder.build();
}

/** Addresses that are in any of the sets. */
export function union(...sets: readonly AddressSet[]): AddressSet {
  const builder = new AddressSetBuilder();
  for (const set of sets) builder.addSet(set);
  return builder.build();
}

/** Addresses of `from` that are not in `except`. */
export function subtract(from: AddressSet, except: AddressSet): AddressSet {
  const builder = new AddressSetBuilder();
  for (const family of [4, 6] as const) {
    const holes = ranges(except, family);
    let next = 0;
    for (const { low: first, high } of ranges(from, family)) {
      let low = first;
      while (next < holes.length && (holes[next] as FamilyRange).high < low) next++;
      for (let i = next; i < holes.length && low <= high; i++) {
        const hole = holes[i] as FamilyRange;
        if (hole.low > high) break;
        if (hole.low > low) builder.addRange({ family, low, high: hole.low - 1n });
        low = hole.high + 1n;
      }
      if (low <= high) builder.addRange({ family, low, high });
    }
  }
  return builder.build();
}

/** Whether the address is in the set; binary search. */
export function contains(set: AddressSet, address: Address): boolean {
  return address.family === 4
    ? containsV4(set.v4, Number(address.value))
    : containsV6(set.v6, address.value);
}

export function isEmpty(set: AddressSet): boolean {
  return set.v4.length === 0 && set.v6.length === 0;
}

/** The ranges of one family, ascending. */
export function ranges(set: AddressSet, family: 4 | 6): FamilyRange[] {
  const found: FamilyRange[] = [];
  const { v4, v6 } = set;
  if (family === 4) {
    for (let i = 0; i < v4.length; i += 2) {
      found.push({ family, low: BigInt(v4[i] as number), high: BigInt(v4[i + 1] as number) });
    }
  } else {
    for (let i = 0; i < v6.length; i += V6_WORDS) {
      found.push({ family, low: join(v6, i), high: join(v6, i + 2) });
    }
  }
  return found;
}

function containsV4(v4: Uint32Array, value: number): boolean {
  let low = 0;
  let high = v4.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (value < (v4[middle * 2] as number)) high = middle - 1;
    else if (value > (v4[middle * 2 + 1] as number)) low = middle + 1;
    else return true;
  }
  return false;
}

function containsV6(v6: BigUint64Array, value: bigint): boolean {
  let low = 0;
  let high = v6.length / V6_WORDS - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (value < join(v6, middle * V6_WORDS)) high = middle - 1;
    else if (value > join(v6, middle * V6_WORDS + 2)) low = middle + 1;
    else return true;
  }
  return false;
}

function join(v6: BigUint64Array, at: number): bigint {
  return ((v6[at] as bigint) << 64n) | (v6[at + 1] as bigint);
}
