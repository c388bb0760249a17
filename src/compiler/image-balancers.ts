// SPDX-License-Identifier: BSD-3-Clause
import type { Balancer } from '../balancer/model.js';
import { backendKey, type MaglevTables } from '../balancer/maglev.js';
import { formatAddress } from '../net/address.js';
import { CONSTANTS as C, SECTIONS } from '../tables/layout.js';
import { SectionWriter, type StringsWriter } from '../tables/section.js';
import { Digest } from './digest.js';
import { addressBytes, synFields } from './image-interfaces.js';
import { ruleKey, slotOf, type Slots } from './slots.js';

const SCHEDULERS = {
  maglev: C.SCHEDULER_MAGLEV,
  'round-robin': C.SCHEDULER_ROUND_ROBIN,
  'least-connections': C.SCHEDULER_LEAST,
} as const;

/** BALANCE_*. */
export const BALANCE_MODES = {
  nat: C.BALANCE_NAT,
  'full-nat': C.BALANCE_FULL_NAT,
  direct: C.BALANCE_DIRECT,
  ipip: C.BALANCE_IPIP,
  gue: C.BALANCE_GUE,
} as const;

/** Writes balancers by slot, with their backends and the tables that have all of them. */
export class BalancersWriter {
  readonly balancers = new SectionWriter(SECTIONS.balancers);
  readonly backends = new SectionWriter(SECTIONS.backends);
  readonly maglev = new SectionWriter(SECTIONS.maglev);
  /** By name: the place in `balancers`, and what the balancer is, for the rule that leads to it. */
  readonly #known = new Map<string, { readonly index: number; readonly hash: Uint8Array }>();

  readonly #tables: MaglevTables;

  constructor(
    all: readonly Balancer[],
    slots: Slots,
    strings: StringsWriter,
    tables: MaglevTables,
  ) {
    this.#tables = tables;
    const slot = ({ name }: Balancer): number => slotOf(slots.balancers, name);
    for (const one of all.toSorted((a, b) => slot(a) - slot(b)))
      this.#add(one, slot(one), slots, strings);
  }

  index(name: string): number {
    return this.#get(name).index;
  }

  hash(name: string): Uint8Array {
    return this.#get(name).hash;
  }

  #add(one: Balancer, slot: number, slots: Slots, strings: StringsWriter): void {
    const digest = new Digest();
    const first = this.backends.count;
    for (const { name, address, port, weight } of one.backends) {
      const bytes = addressBytes(address);
      const record = {
        slot: slotOf(slots.backends, ruleKey(one.name, name)),
        port: one.mode === 'gue' ? one.guePort : (port ?? 0),
        weight,
        family: address.family,
        reserved: 0,
      };
      this.backends.add({ ...record, address: bytes, name: strings.add(name) });
      digest.words(bytes);
      digest.words(Object.values(record));
    }
    const table = this.#tables.of(
      one.backends.map((backend) => ({
        key: backendKey(formatAddress(backend.address), backend.port),
        weight: backend.name === one.sorry ? 0 : backend.weight,
      })),
      one.entries,
    );
    if (table === null) throw new Error(`balancer ${one.name} without a backend`);
    const place = this.maglev.count;
    this.maglev.addWords(table, 2);
    const index = this.balancers.count;
    const hash = digest.end();
    this.balancers.add({
      hash,
      name: strings.add(one.name),
      first_backend: first,
      backends: one.backends.length,
      first_entry: place,
      entries: one.entries,
      ...synFields(one.synCookies),
      slot,
      scheduler: SCHEDULERS[one.scheduler],
      mode: BALANCE_MODES[one.mode],
      prefix4: one.persistence?.v4 ?? 0,
      prefix6: one.persistence?.v6 ?? 0,
      flags:
        (one.proxy ? C.BALANCER_PROXY : 0) | (one.onFailure === 'reset' ? C.BALANCER_RESET : 0),
    });
    this.#known.set(one.name, { index, hash });
  }

  #get(name: string): { readonly index: number; readonly hash: Uint8Array } {
    const known = this.#known.get(name);
    if (known === undefined) throw new Error(`no balancer ${name}`);
    return known;
  }
}
