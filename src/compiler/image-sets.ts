// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import type { ServiceSet } from '../firewall/model.js';
import { V6_WORDS, type AddressSet } from '../net/sets.js';
import { CONSTANTS, SECTIONS } from '../tables/layout.js';
import { SectionWriter } from '../tables/section.js';
import type { Digest } from './digest.js';

type Words = Uint16Array | Uint32Array;

/** Sets up to this many words are compared and hashed where they are used, larger ones once. */
const SMALL = 16;

/**
 * Ids for contents, equal ones the same. A content is words, of which the first `split` are of
 * another kind than the rest. Rule files repeat small sets by the ten thousand, so this is an open
 * hash table over plain arrays.
 */
class Contents {
  readonly #words: Words[] = [];
  readonly #splits: number[] = [];
  readonly #hashes: number[] = [];
  readonly #digests = new Map<number, Uint32Array>();
  #slots = new Int32Array(1024).fill(-1);

  get count(): number {
    return this.#words.length;
  }

  /** The id of a content; it equals `count` before the call when the content is new. */
  id(words: Words, split: number): number {
    const hash = hashWords(words, split);
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    for (let id; (id = this.#slots[at] as number) >= 0; at = (at + 1) & mask) {
      if (
        this.#hashes[id] === hash &&
        this.#splits[id] === split &&
        equal(this.#words[id] as Words, words)
      )
        return id;
    }
    const id = this.#words.push(words) - 1;
    this.#splits.push(split);
    this.#hashes.push(hash);
    this.#slots[at] = id;
    if (this.count * 2 > this.#slots.length) this.#grow();
    return id;
  }

  /** Adds a content to a digest; its id leaves no trace. SET_ANY stands for no set. */
  digest(id: number, into: Digest): void {
    if (id === CONSTANTS.SET_ANY) {
      into.word(CONSTANTS.SET_ANY);
      return;
    }
    const words = this.#words[id] as Words;
    into.word(this.#splits[id] as number);
    into.word(words.length);
    if (words.length <= SMALL) into.words(words);
    else {
      let digest = this.#digests.get(id);
      if (digest === undefined) {
        const bytes = createHash('sha256').update(words).digest();
        digest = Uint32Array.from({ length: 8 }, (_, i) => bytes.readUInt32LE(i * 4));
        this.#digests.set(id, digest);
      }
      into.words(digest);
    }
  }

  #grow(): void {
    const mask = this.#slots.length * 2 - 1;
    this.#slots = new Int32Array(mask + 1).fill(-1);
    for (const [id, hash] of this.#hashes.entries()) {
      let at = hash & mask;
      while ((this.#slots[at] as number) >= 0) at = (at + 1) & mask;
      this.#slots[at] = id;
    }
  }
}

/** Writes address sets, each content once. */
export class AddressSets {
  readonly sets = new SectionWriter(SECTIONS.address_sets);
  readonly ranges4 = new SectionWriter(SECTIONS.ranges4);
  readonly ranges6 = new SectionWriter(SECTIONS.ranges6);
  readonly #contents = new Contents();
  readonly #known = new Map<AddressSet, number>();

  /** The id of a set, SET_ANY for null. */
  id(set: AddressSet | null): number {
    if (set === null) return CONSTANTS.SET_ANY;
    const { v4, v6 } = set;
    const known = this.#known.get(set);
    if (known !== undefined) return known;
    const words6 = v6.length > 0 ? new Uint32Array(v6.buffer, v6.byteOffset, v6.length * 2) : null;
    const next = this.#contents.count;
    const id = this.#contents.id(words6 === null ? v4 : join(v4, words6), v4.length);
    if (id === next) {
      const count4 = v4.length / 2;
      this.sets.addWords([this.ranges4.count, count4, this.ranges6.count, v6.length / V6_WORDS]);
      this.ranges4.addWords(v4);
      // The words of a range lie in the image as in memory: both are little-endian.
      if (words6 !== null) this.ranges6.addWords(words6);
    }
    this.#known.set(set, id);
    return id;
  }

  digest(id: number, into: Digest): void {
    this.#contents.digest(id, into);
  }
}

/** Writes service sets, each content once. */
export class ServiceSets {
  readonly sets = new SectionWriter(SECTIONS.service_sets);
  readonly services = new SectionWriter(SECTIONS.services);
  readonly #contents = new Contents();
  readonly #known = new Map<ServiceSet, number>();

  /** The id of a set, SET_ANY for null. */
  id(set: ServiceSet | null): number {
    if (set === null) return CONSTANTS.SET_ANY;
    const known = this.#known.get(set);
    if (known !== undefined) return known;
    const words = serviceWords(set);
    const next = this.#contents.count;
    const id = this.#contents.id(words, 0);
    if (id === next) {
      this.sets.addWords([this.services.count, set.services.length]);
      this.services.addWords(words, 2);
    }
    this.#known.set(set, id);
    return id;
  }

  digest(id: number, into: Digest): void {
    this.#contents.digest(id, into);
  }
}

/** The services in the form of their section. */
function serviceWords({ services }: ServiceSet): Uint16Array {
  const words = new Uint16Array(services.length * 5);
  let at = 0;
  for (const { protocol, source, destination } of services) {
    words[at++] = protocol;
    words[at++] = source[0];
    words[at++] = source[1];
    words[at++] = destination[0];
    words[at++] = destination[1];
  }
  return words;
}

function join(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length === 0) return b;
  const both = new Uint32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function hashWords(words: Words, split: number): number {
  let hash = words.length ^ (split << 16);
  for (let i = 0; i < words.length; i++) {
    hash = Math.imul(hash ^ (words[i] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}

function equal(a: Words, b: Words): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
