// SPDX-License-Identifier: BSD-3-Clause
import type { Balancer } from '../balancer/model.js';
import type { NatRule, Translation } from '../nat/model.js';
import type { AddressSet } from '../net/sets.js';
import { CONSTANTS as C, SECTIONS } from '../tables/layout.js';
import { SectionWriter } from '../tables/section.js';
import { BALANCE_MODES } from './image-balancers.js';
import type { Digest } from './digest.js';
import { addressBytes } from './image-interfaces.js';
import { slotOf, type Slots } from './slots.js';

/** Sets by content, as the image's writer has them. */
interface SetIds {
  id(set: AddressSet | null): number;
  digest(id: number, into: Digest): void;
}

/** Writes what NAT rules do. */
export class TranslationsWriter {
  readonly translations = new SectionWriter(SECTIONS.translations);
  readonly #sets: SetIds;

  constructor(sets: SetIds) {
    this.#sets = sets;
  }

  /** The index of a translation; what it means goes into the digest. */
  add(translation: Translation, digest: Digest): number {
    const record = this.#record(translation);
    const index = this.translations.count;
    this.translations.add(record);
    const { address, pool, ...rest } = record;
    digest.words(address);
    this.#sets.digest(pool, digest);
    digest.words(Object.values(rest));
    return index;
  }

  /** The index of what leads to a balancer, by its place in the image. */
  addBalancer({ family, hairpin, mode }: Balancer, pool: number, digest: Digest): number {
    const flags = hairpin ? C.NAT_HAIRPIN : 0;
    const index = this.translations.count;
    this.translations.add({ ...NOTHING(), pool, kind: C.NAT_BALANCER, family, flags });
    digest.words([C.NAT_BALANCER, family, flags, BALANCE_MODES[mode]]);
    return index;
  }

  #record(translation: Translation) {
    const none = NOTHING();
    switch (translation.kind) {
      case 'none':
        return none;
      case 'interface':
        return { ...none, ...portsOf(translation.ports), kind: C.NAT_INTERFACE };
      case 'pool': {
        const { ports, family, addresses } = translation;
        const pool = this.#sets.id(addresses);
        return { ...none, ...portsOf(ports), pool, kind: C.NAT_POOL, family };
      }
      case 'nat64': {
        const { prefix, addresses, ports } = translation;
        return {
          ...none,
          ...portsOf(ports),
          address: addressBytes(prefix.address),
          pool: addresses === null ? C.SET_ANY : this.#sets.id(addresses),
          kind: C.NAT_64,
          family: 6,
          length: prefix.length,
        };
      }
      case 'prefix': {
        const { prefix, ports, hairpin, neutral = false } = translation;
        const [low = 0, high = 0] = ports?.range ?? [];
        return {
          ...none,
          address: addressBytes(prefix.address),
          port_lo: low,
          port_hi: high,
          match_lo: ports?.matched ?? 0,
          kind: C.NAT_PREFIX,
          family: prefix.address.family,
          length: prefix.length,
          flags: (hairpin ? C.NAT_HAIRPIN : 0) | (neutral ? C.NAT_NEUTRAL : 0),
        };
      }
    }
  }
}

function portsOf({
  range: [low, high],
  preserve,
  parity,
  blocks,
}: Extract<Translation, { kind: 'pool' }>['ports']) {
  const flags = (preserve ? C.NAT_PRESERVE : 0) | (parity ? C.NAT_PARITY : 0);
  return {
    port_lo: low,
    port_hi: high,
    match_lo: blocks?.size ?? 0,
    blocks: blocks?.most ?? 0,
    flags,
  };
}

const NOTHING = () => ({
  address: new Uint8Array(16),
  pool: C.SET_ANY as number,
  port_lo: 0,
  port_hi: 0,
  match_lo: 0,
  kind: C.NAT_NONE as number,
  family: 0,
  length: 0,
  flags: 0,
  blocks: 0,
});

/** The policy a NAT rule lies in; no name of the file is like it. */
export function natPolicy(direction: NatRule['direction'] | 'balancer'): string {
  return `\u0001${direction}`;
}

/** What the slots of rules know a NAT rule by, as `ruleKey` makes it. */
export function natKey({ name, direction }: Pick<NatRule, 'name' | 'direction'>): string {
  return `${natPolicy(direction)}\0${name}`;
}

/** The same of the rule that leads to a balancer. */
export function balancerKey(name: string): string {
  return `${natPolicy('balancer')}\0${name}`;
}

/** The slot of what gave a rule's destination: a forward or a balancer. */
export function balancerSlot(slots: Slots, name: string): number {
  return slotOf(slots.rules, balancerKey(name));
}

/** The slot of the forward a rule names. */
export function forwardSlot(slots: Slots, name: string): number {
  return slotOf(slots.rules, natKey({ name, direction: 'destination' }));
}
