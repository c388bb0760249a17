// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';
import type { Rule, ServiceSet } from '../firewall/model.js';
import { V6_WORDS, type AddressSet } from '../net/sets.js';
import { ListMemory } from '../rulefile/lists.js';
import { CONSTANTS } from '../tables/layout.js';
import { TextMemory } from '../tables/section.js';
import type { Digest } from './digest.js';
import type { NumberMemory } from './slots.js';
import type { RuleColumns } from './image-columns.js';

type Words = Uint16Array | Uint32Array;

/** Sets up to this many words are compared and hashed where they are used, larger ones once. */
const SMALL = 16;

/** What equal sets are: words, of which the first `split` are of another kind than the rest. */
export interface Content {
  readonly words: Words;
  readonly split: number;
  readonly hash: number;
  digest: Uint32Array | null;
  /** The image it was last written to, and its id there. */
  turn: number;
  id: number;
}

/**
 * The contents of sets, equal ones the same. Rule files repeat small sets by the ten thousand, so this
 * is an open hash table over plain arrays; it outlives an image, as most sets do.
 */
class Contents<S extends object> {
  #known = new WeakMap<S, Content>();
  #slots: (Content | undefined)[] = Array.from({ length: 1024 });
  #count = 0;
  #turn = 0;
  /** Contents of the last image. */
  used = 0;

  /** Another image begins. */
  renew(): number {
    this.used = 0;
    return ++this.#turn;
  }

  /** Whether most are of no image any more. */
  get crowded(): boolean {
    return this.#count > 2 * this.used + 1024;
  }

  /** Forgets what the last image did not have: whoever holds a content asks anew. */
  tidy(): void {
    this.#known = new WeakMap();
    const stay = this.#slots.filter((one) => one?.turn === this.#turn);
    this.#slots = Array.from({ length: this.#slots.length });
    this.#count = stay.length;
    for (const one of stay) this.#place(one as Content);
  }

  of(set: S, words: (set: S) => readonly [words: Words, split: number]): Content {
    const known = this.#known.get(set);
    if (known !== undefined) return known;
    const content = this.#equal(...words(set));
    this.#known.set(set, content);
    return content;
  }

  #equal(words: Words, split: number): Content {
    const hash = hashWords(words, split);
    const mask = this.#slots.length - 1;
    let at = hash & mask;
    for (let one; (one = this.#slots[at]) !== undefined; at = (at + 1) & mask)
      if (one.hash === hash && one.split === split && equal(one.words, words)) return one;
    const content = { words, split, hash, digest: null, turn: 0, id: 0 };
    this.#slots[at] = content;
    if (++this.#count * 2 > this.#slots.length) this.#grow();
    return content;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = Array.from({ length: old.length * 2 });
    for (const one of old) if (one !== undefined) this.#place(one);
  }

  #place(content: Content): void {
    const mask = this.#slots.length - 1;
    let at = content.hash & mask;
    while (this.#slots[at] !== undefined) at = (at + 1) & mask;
    this.#slots[at] = content;
  }
}

/** Sets, texts and rules of one image after another: those that stayed are known. */
export class SetMemory {
  readonly addresses = new Contents<AddressSet>();
  readonly services = new Contents<ServiceSet>();
  readonly texts = new TextMemory();
  /** Of the rules of a policy. */
  rules = new ListMemory<Rule, RuleColumns>();
  readonly numbers: NumberMemory = new WeakMap();

  /** Another image begins. */
  renew(): void {
    if (![this.addresses, this.services, this.texts].some(({ crowded }) => crowded)) return;
    for (const one of [this.addresses, this.services, this.texts]) one.tidy();
    this.rules = new ListMemory();
  }

  source(set: AddressSet | null): Content | null {
    return set === null ? null : this.addresses.of(set, addressWords);
  }

  service(set: ServiceSet | null): Content | null {
    return set === null ? null : this.services.of(set, serviceWords);
  }
}

/** Ids of sets in one image, in the order they are first asked for. */
class Ids<S extends object> {
  readonly #contents: Contents<S>;
  readonly #turn: number;
  readonly #written: Content[] = [];

  constructor(contents: Contents<S>) {
    this.#contents = contents;
    this.#turn = contents.renew();
  }

  /** All so far, by their ids. */
  get all(): readonly Content[] {
    return this.#written;
  }

  id(content: Content): number {
    if (content.turn !== this.#turn) {
      content.turn = this.#turn;
      content.id = this.#written.push(content) - 1;
      this.#contents.used++;
    }
    return content.id;
  }

  /** Adds a content to a digest; its id leaves no trace. SET_ANY stands for no set. */
  digest(id: number, into: Digest): void {
    into.words(meaningOf(id === CONSTANTS.SET_ANY ? null : (this.#written[id] as Content)));
  }
}

/** A content as words that say where they end. */
export function meaningOf(content: Content | null): number[] {
  if (content === null) return [CONSTANTS.SET_ANY];
  const { words, split } = content;
  if (words.length <= SMALL) return [split, words.length, ...words];
  if (content.digest === null) {
    const bytes = createHash('sha256').update(words).digest();
    content.digest = Uint32Array.from({ length: 8 }, (_, i) => bytes.readUInt32LE(i * 4));
  }
  return [split, words.length, ...content.digest];
}

/** Address sets of one image, each content once. */
export class AddressSets {
  readonly #ids: Ids<AddressSet>;
  readonly #memory: SetMemory;

  constructor(memory: SetMemory) {
    this.#memory = memory;
    this.#ids = new Ids(memory.addresses);
  }

  /** The id of a set, SET_ANY for null. */
  id(set: AddressSet | null): number {
    return this.of(this.#memory.source(set));
  }

  of(content: Content | null): number {
    return content === null ? CONSTANTS.SET_ANY : this.#ids.id(content);
  }

  digest(id: number, into: Digest): void {
    this.#ids.digest(id, into);
  }

  /** The sections of all sets that have ids. */
  sections() {
    const { all } = this.#ids;
    let words4 = 0;
    let words6 = 0;
    for (const { words, split } of all) {
      words4 += split;
      words6 += words.length - split;
    }
    const sets = new Uint32Array(all.length * 4);
    const ranges4 = new Uint32Array(words4);
    // The words of a range lie in the image as in memory: both are little-endian.
    const ranges6 = new Uint32Array(words6);
    let [at, at4, at6] = [0, 0, 0];
    for (const { words, split } of all) {
      sets[at++] = at4 / 2;
      sets[at++] = split / 2;
      sets[at++] = at6 / (2 * V6_WORDS);
      sets[at++] = (words.length - split) / (2 * V6_WORDS);
      for (let i = 0; i < split; i++) ranges4[at4++] = words[i] as number;
      for (let i = split; i < words.length; i++) ranges6[at6++] = words[i] as number;
    }
    return {
      sets: bytesOf(sets),
      ranges4: bytesOf(ranges4),
      ranges6: bytesOf(ranges6),
      count: all.length,
      ranges: words4 / 2 + words6 / (2 * V6_WORDS),
    };
  }
}

/** Service sets of one image, each content once. */
export class ServiceSets {
  readonly #ids: Ids<ServiceSet>;
  readonly #memory: SetMemory;

  constructor(memory: SetMemory) {
    this.#memory = memory;
    this.#ids = new Ids(memory.services);
  }

  /** The id of a set, SET_ANY for null. */
  id(set: ServiceSet | null): number {
    return this.of(this.#memory.service(set));
  }

  of(content: Content | null): number {
    return content === null ? CONSTANTS.SET_ANY : this.#ids.id(content);
  }

  digest(id: number, into: Digest): void {
    this.#ids.digest(id, into);
  }

  /** The sections of all sets that have ids. */
  sections() {
    const { all } = this.#ids;
    const sets = new Uint32Array(all.length * 2);
    const services = new Uint16Array(all.reduce((sum, { words }) => sum + words.length, 0));
    let at = 0;
    for (const [id, { words }] of all.entries()) {
      sets.set([at / SERVICE_WORDS, words.length / SERVICE_WORDS], id * 2);
      services.set(words, at);
      at += words.length;
    }
    return { sets: bytesOf(sets), services: bytesOf(services), count: all.length };
  }
}

/** 16-bit words of a service. */
const SERVICE_WORDS = 5;

function bytesOf({ buffer, byteOffset, byteLength }: Words): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The ranges of IPv4, then those of IPv6 in 32-bit words. */
function addressWords({ v4, v6 }: AddressSet): readonly [words: Words, split: number] {
  if (v6.length === 0) return [v4, v4.length];
  return [join(v4, new Uint32Array(v6.buffer, v6.byteOffset, v6.length * 2)), v4.length];
}

/** The services in the form of their section. */
function serviceWords({ services }: ServiceSet): readonly [words: Words, split: number] {
  const words = new Uint16Array(services.length * SERVICE_WORDS);
  let at = 0;
  for (const { protocol, source, destination } of services) {
    words[at++] = protocol;
    words[at++] = source[0];
    words[at++] = source[1];
    words[at++] = destination[0];
    words[at++] = destination[1];
  }
  return [words, 0];
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
