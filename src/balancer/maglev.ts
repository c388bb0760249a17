// SPDX-License-Identifier: BSD-3-Clause
import { createHash } from 'node:crypto';

/** Entries of a table unless given: a prime far above the number of backends. */
export const MAGLEV_ENTRIES = 65_537;

export interface MaglevBackend {
  /** What tells it from others: the same text on every appliance gives the same table. */
  readonly key: string;
  /** Share of entries against the others', above 0; a backend of weight 0 takes none and is left out. */
  readonly weight: number;
}

/** By address and port: on another appliance the names may be others. */
export function backendKey(address: string, port: number | null): string {
  return `${address} ${port ?? 0}`;
}

/**
 * Maglev's lookup table (Eisenbud et al., NSDI 2016, section 3.4) with weights: the index of a backend
 * for each of `entries` (a prime of at least 2). It depends on the backends' keys and weights alone,
 * neither on their order nor on tables before. Every backend fills entries in the order of a
 * permutation of its own, in turns as often as its weight says; so shares are even to one entry where
 * weights are equal, and few entries change hands when a backend comes or goes. Without backends
 * there is no table: null.
 */
export function maglevTable(
  backends: readonly MaglevBackend[],
  entries: number = MAGLEV_ENTRIES,
): Uint16Array | null {
  const turns = backends
    .map((backend, index) => new Turn(backend, index, entries))
    .filter(({ weight }) => weight > 0)
    // Code points, never the locale's order.
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  if (turns.length === 0) return null;
  const heaviest = Math.max(...turns.map(({ weight }) => weight));
  const table = new Uint16Array(entries);
  const taken = new Uint8Array(entries);
  for (let left = entries; ;) {
    for (const turn of turns) {
      turn.credit += turn.weight;
      if (turn.credit < heaviest) continue;
      turn.credit -= heaviest;
      const at = turn.next(taken);
      taken[at] = 1;
      table[at] = turn.index;
      if (--left === 0) return table;
    }
  }
}

/** Tables of the last two compilations: most commits change no balancer. */
export class MaglevTables {
  #now = new Map<string, Uint16Array | null>();
  #before = new Map<string, Uint16Array | null>();

  /** A compilation begins. */
  renew(): void {
    this.#before = this.#now;
    this.#now = new Map();
  }

  /** As `maglevTable`; not to be written to. */
  of(backends: readonly MaglevBackend[], entries: number): Uint16Array | null {
    const key = JSON.stringify([entries, ...backends.map((one) => [one.key, one.weight])]);
    const known = this.#now.get(key) ?? this.#before.get(key);
    const table = known ?? maglevTable(backends, entries);
    this.#now.set(key, table);
    return table;
  }
}

/** A backend while a table is filled: its permutation, and when it is due. */
class Turn {
  readonly key: string;
  readonly weight: number;
  readonly index: number;
  credit = 0;
  readonly #entries: number;
  readonly #skip: number;
  #at: number;

  constructor({ key, weight }: MaglevBackend, index: number, entries: number) {
    this.key = key;
    this.weight = weight;
    this.index = index;
    this.#entries = entries;
    const hash = createHash('sha256').update(key).digest();
    this.#at = hash.readUInt32LE(0) % entries;
    this.#skip = (hash.readUInt32LE(4) % (entries - 1)) + 1;
  }

  /** The next entry of its permutation that nobody has. */
  next(taken: Uint8Array): number {
    for (;;) {
      const at = this.#at;
      this.#at = (at + this.#skip) % this.#entries;
      if (taken[at] === 0) return at;
    }
  }
}
