// SPDX-License-Identifier: BSD-3-Clause
import { V6_WORDS, type AddressSet } from './sets.js';

const LOW_64 = 0xffffffffffffffffn;
/** 32-bit words of an IPv6 range, as they lie in `AddressSet.v6` on a little-endian machine. */
const WORDS = 2 * V6_WORDS;
/** Places of the words of an address, the most significant first. */
const ORDER = [1, 0, 3, 2] as const;
const FULL = 0xffffffff;

/** Most sets have one family: an empty array of their own would cost more than their ranges. */
const NO_V4 = new Uint32Array(0);
const NO_V6 = new BigUint64Array(0);

/** Collects ranges in any order, overlapping or not, and builds the canonical AddressSet. */
export class AddressSetBuilder {
  // Pairs hi, lo: on a little-endian machine a 64-bit view of a pair sorts by lo, then hi.
  #v4 = new Uint32Array(16);
  #v4Length = 0;
  #v6 = new Uint32Array(0);
  #v6Length = 0;

  /** Ranges held so far, merged or not. */
  get size(): number {
    return this.#v4Length / 2 + this.#v6Length / WORDS;
  }

  addV4(low: number, high: number): void {
    if (this.#v4Length === this.#v4.length) {
      const grown = new Uint32Array(this.#v4.length * 2);
      grown.set(this.#v4);
      this.#v4 = grown;
    }
    this.#v4[this.#v4Length++] = high;
    this.#v4[this.#v4Length++] = low;
  }

  addV6(low: bigint, high: bigint): void {
    const at = this.#roomV6(WORDS);
    const words = new BigUint64Array(this.#v6.buffer, at * 4, V6_WORDS);
    words[0] = low >> 64n;
    words[1] = low & LOW_64;
    words[2] = high >> 64n;
    words[3] = high & LOW_64;
  }

  /** The prefix of `length` bits around an address of eight groups of 16 bits. */
  addPrefixV6(groups: Uint16Array, length: number): void {
    const at = this.#roomV6(WORDS);
    for (let i = 0; i < 4; i++) {
      const host = Math.min(32, Math.max(0, 32 * (i + 1) - length));
      const mask = host === 32 ? FULL : 2 ** host - 1;
      const word = (((groups[i * 2] as number) << 16) | (groups[i * 2 + 1] as number)) >>> 0;
      const place = at + (ORDER[i] as number);
      this.#v6[place] = word & ~mask;
      this.#v6[place + 4] = word | mask;
    }
  }

  addRange(range: { readonly family: 4 | 6; readonly low: bigint; readonly high: bigint }): void {
    if (range.family === 4) this.addV4(Number(range.low), Number(range.high));
    else this.addV6(range.low, range.high);
  }

  addSet(set: AddressSet): void {
    const { v4, v6 } = set;
    for (let i = 0; i < v4.length; i += 2) this.addV4(v4[i] as number, v4[i + 1] as number);
    const words = new Uint32Array(v6.buffer, v6.byteOffset, v6.length * 2);
    const at = this.#roomV6(words.length);
    this.#v6.set(words, at);
  }

  build(): AddressSet {
    return { v4: this.#buildV4(), v6: this.#buildV6() };
  }

  #roomV6(words: number): number {
    const at = this.#v6Length;
    this.#v6Length += words;
    if (this.#v6Length > this.#v6.length) {
      const grown = new Uint32Array(Math.max(this.#v6Length, this.#v6.length * 2));
      grown.set(this.#v6.subarray(0, at));
      this.#v6 = grown;
    }
    return at;
  }

  #buildV4(): Uint32Array {
    if (this.#v4Length === 0) return NO_V4;
    const pairs = this.#v4.slice(0, this.#v4Length);
    if (pairs.length > 2) new BigUint64Array(pairs.buffer).sort();
    let out = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const high = pairs[i] as number;
      const low = pairs[i + 1] as number;
      const last = pairs[out - 1] as number;
      if (out > 0 && low <= last + 1) {
        if (high > last) pairs[out - 1] = high;
      } else {
        pairs[out++] = low;
        pairs[out++] = high;
      }
    }
    return out === 0 ? NO_V4 : pairs.slice(0, out);
  }

  #buildV6(): BigUint64Array {
    if (this.#v6Length === 0) return NO_V6;
    const all = this.#v6;
    const merged = new Uint32Array(this.#v6Length);
    let out = 0;
    for (const at of this.#sortedV6()) {
      if (out > 0 && !beyond(all, at, merged, out - 4)) {
        if (compare(all, at + 4, merged, out - 4) > 0)
          merged.set(all.subarray(at + 4, at + WORDS), out - 4);
      } else {
        merged.set(all.subarray(at, at + WORDS), out);
        out += WORDS;
      }
    }
    return new BigUint64Array(merged.buffer.slice(0, out * 4));
  }

  /** Places of the ranges, by their first address. */
  #sortedV6(): Uint32Array {
    const all = this.#v6;
    const places = new Uint32Array(this.#v6Length / WORDS);
    let sorted = true;
    for (let i = 0; i < places.length; i++) {
      places[i] = i * WORDS;
      if (sorted && i > 0) sorted = compare(all, (i - 1) * WORDS, all, i * WORDS) <= 0;
    }
    return sorted ? places : places.sort((a, b) => compare(all, a, all, b));
  }
}

/** Order of the addresses at two places. */
function compare(a: Uint32Array, i: number, b: Uint32Array, k: number): number {
  for (const place of ORDER) {
    const difference = (a[i + place] as number) - (b[k + place] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether an address lies behind another with a gap between. */
function beyond(a: Uint32Array, i: number, b: Uint32Array, k: number): boolean {
  if (compare(a, i, b, k) <= 0) return false;
  // Not the one after b: a - 1 == b, with the borrow taken from the least significant word up.
  let borrow = 1;
  for (const place of [2, 3, 0, 1]) {
    const word = (a[i + place] as number) - borrow;
    borrow = word < 0 ? 1 : 0;
    if (word >>> 0 !== b[k + place]) return true;
  }
  return false;
}
