// SPDX-License-Identifier: BSD-3-Clause
import { V6_WORDS, type AddressSet } from './sets.js';

const LOW_64 = 0xffffffffffffffffn;

/** Collects ranges in any order, overlapping or not, and builds the canonical AddressSet. */
export class AddressSetBuilder {
  // Pairs hi, lo: on a little-endian machine a 64-bit view of a pair sorts by lo, then hi.
  #v4 = new Uint32Array(16);
  #v4Length = 0;
  readonly #v6: (readonly [bigint, bigint])[] = [];

  /** Ranges held so far, merged or not. */
  get size(): number {
    return this.#v4Length / 2 + this.#v6.length;
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
    this.#v6.push([low, high]);
  }

  addRange(range: { readonly family: 4 | 6; readonly low: bigint; readonly high: bigint }): void {
    if (range.family === 4) this.addV4(Number(range.low), Number(range.high));
    else this.addV6(range.low, range.high);
  }

  addSet(set: AddressSet): void {
    const { v4, v6 } = set;
    for (let i = 0; i < v4.length; i += 2) this.addV4(v4[i] as number, v4[i + 1] as number);
    for (let i = 0; i < v6.length; i += V6_WORDS) this.#v6.push(rangeAt(v6, i));
  }

  build(): AddressSet {
    return { v4: this.#buildV4(), v6: this.#buildV6() };
  }

  #buildV4(): Uint32Array {
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
    return pairs.slice(0, out);
  }

  #buildV6(): BigUint64Array {
    const ranges = this.#v6.toSorted((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0));
    const merged: [bigint, bigint][] = [];
    for (const [low, high] of ranges) {
      const last = merged.at(-1);
      if (last !== undefined && low <= last[1] + 1n) {
        if (high > last[1]) last[1] = high;
      } else merged.push([low, high]);
    }
    const words = new BigUint64Array(merged.length * V6_WORDS);
    for (const [i, [low, high]] of merged.entries()) {
      words.set([low >> 64n, low & LOW_64, high >> 64n, high & LOW_64], i * V6_WORDS);
    }
    return words;
  }
}

function rangeAt(v6: BigUint64Array, at: number): readonly [bigint, bigint] {
  const word = (i: number) => v6[at + i] as bigint;
  return [(word(0) << 64n) | word(1), (word(2) << 64n) | word(3)];
}
