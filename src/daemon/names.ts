// SPDX-License-Identifier: BSD-3-Clause
import { BUILT_IN_RULES } from '../firewall/built-in.js';
import { formatAddress, formatPrefix, type Range } from '../net/address.js';
import { readAddress } from '../tables/address.js';
import type { DecodedImage, ImageRecord } from '../tables/decode.js';
import { CONSTANTS } from '../tables/layout.js';
import { RulesOf, type RuleName } from './rule-names.js';
import { oneWayOf, type SlotNames } from '../trace/verdicts.js';

export interface InterfaceName {
  readonly slot: number;
  readonly name: string;
  /** null for a management interface. */
  readonly zone: string | null;
  readonly addresses: readonly string[];
  readonly mtu: number;
  /** Of a VLAN child. */
  readonly parent: string | null;
  readonly parentSlot: number | null;
  readonly vlan: number | null;
}

export interface BackendName {
  readonly slot: number;
  readonly name: string;
  readonly address: string;
  /** null keeps the one that was asked for. */
  readonly port: number | null;
  readonly weight: number;
  /** Of its balancer. */
  readonly mode: string;
}

export interface BalancerName {
  readonly slot: number;
  readonly name: string;
  /** Of its backends: a table is for one such hash. */
  readonly hash: Uint8Array;
  /** Of its table. */
  readonly entries: number;
  readonly scheduler: string;
  readonly mode: string;
  /** In the order that tables count them. */
  readonly backends: readonly BackendName[];
}

/** By BALANCE_*. */
const MODES = ['nat', 'full-nat', 'direct', 'ipip', 'gue'];
/** By SCHEDULER_*. */
const SCHEDULERS = ['maglev', 'round-robin', 'least-connections'];

/** A NAT rule with a pool of addresses. */
export interface Lender {
  readonly rule: string;
  readonly ranges: readonly Range[];
  readonly ports: readonly [number, number];
  /** Ports of a block; null where they are given out one by one. */
  readonly blockSize: number | null;
}

/**
 * Names for the slots of counters, logs and sessions. Names outlive the images they came with: a log
 * record or session may speak of a rule that is gone by now.
 */
export class Names {
  readonly #zones = new Map<number, string>([
    [CONSTANTS.ZONE_NONE, 'none'],
    [CONSTANTS.ZONE_LOCAL, 'local'],
  ]);
  readonly #interfaces = new Map<number, InterfaceName>();
  /** What is built in, and rules that are gone. */
  readonly #rules = new Map<number, RuleName>();
  #current = new RulesOf(null);
  #currentInterfaces: readonly InterfaceName[] = [];
  #lenders: readonly Lender[] = [];
  #balancers: readonly BalancerName[] = [];
  readonly #backends = new Map<number, BackendName>();

  /** By the slots of their interfaces. */
  #tunnels: ReadonlyMap<number, string> = new Map();

  constructor() {
    for (const [slot, name] of BUILT_IN_RULES)
      this.#rules.set(slot, { slot, policy: null, name, file: null, line: null });
  }

  /** Takes the names of an image that comes into force. */
  take(image: DecodedImage): void {
    for (const { name, slot } of image.records('zones')) this.#zones.set(slot, image.string(name));
    this.#currentInterfaces = image.records('interfaces').map((one) => this.#interface(image, one));
    const rules = new RulesOf(image);
    for (const rule of this.#current.missingIn(rules)) this.#rules.set(rule.slot, rule);
    this.#current = rules;
    this.#tunnels = new Map(
      image.records('tunnels').map(({ iface, name }) => [iface, image.string(name)]),
    );
    this.#lenders = lendersOf(image);
    this.#balancers = balancersOf(image);
    for (const one of this.#balancers)
      for (const backend of one.backends) this.#backends.set(backend.slot, backend);
  }

  /** Rules of the running image in match order, the built-in ones last. */
  get rules(): readonly RuleName[] {
    const builtIn = [...BUILT_IN_RULES.keys()].map((slot) => this.#rules.get(slot) as RuleName);
    return [...this.#current.all, ...builtIn];
  }

  /** Balancers of the running image. */
  get balancers(): readonly BalancerName[] {
    return this.#balancers;
  }

  /** NAT rules of the running image that give out addresses of their own. */
  get lenders(): readonly Lender[] {
    return this.#lenders;
  }

  get interfaces(): readonly InterfaceName[] {
    return this.#currentInterfaces;
  }

  /** POLICY/RULE of a slot, or what is built in by its own name. */
  rule(slot: number): string {
    const rule = this.ruleAt(slot);
    return rule === null ? `rule slot ${slot}` : ruleName(rule);
  }

  /** The names as the trace of a packet takes them. */
  get slots(): SlotNames {
    return {
      rule: (slot) => {
        const rule = this.ruleAt(slot);
        if (rule === null || rule.policy === null) return null;
        const { policy, name, file, line } = rule;
        return { policy, name, file: file ?? '', line: line ?? 0 };
      },
      interface: (slot) => this.interface(slot),
      zone: (slot) => this.zone(slot),
      tunnel: (slot) => this.#tunnels.get(slot) ?? null,
      backend: (slot) => this.#backends.get(slot)?.name ?? null,
      oneWay: (slot) => oneWayOf(this.#backends.get(slot)?.mode),
    };
  }

  /** The rule of a slot, or what is built in; null for one never heard of. */
  ruleAt(slot: number): RuleName | null {
    return this.#current.at(slot) ?? this.#rules.get(slot) ?? null;
  }

  zone(slot: number): string {
    return this.#zones.get(slot) ?? `zone slot ${slot}`;
  }

  /** null for slot 0, which is no interface. */
  interface(slot: number): string | null {
    if (slot === CONSTANTS.IFACE_NONE) return null;
    return this.#interfaces.get(slot)?.name ?? `interface slot ${slot}`;
  }

  get ruleSlots(): ReadonlyMap<string, number> {
    const all = [...this.#rules.values(), ...this.#current.all];
    return new Map(all.map((rule) => [ruleName(rule), rule.slot]));
  }

  get zoneSlots(): ReadonlyMap<string, number> {
    return new Map([...this.#zones].map(([slot, name]) => [name, slot]));
  }

  /** By name, of those in force. */
  get interfaceSlots(): ReadonlyMap<string, number> {
    return new Map(this.#currentInterfaces.map(({ name, slot }) => [name, slot]));
  }

  #interface(image: DecodedImage, record: ImageRecord<'interfaces'>): InterfaceName {
    const { slot, zone, mtu, vlan, parent, first_address, addresses } = record;
    const child = parent !== CONSTANTS.IFACE_NONE;
    const one = {
      slot,
      name: image.string(record.name),
      zone: zone === CONSTANTS.ZONE_NONE ? null : this.zone(zone),
      addresses: image
        .records('addresses')
        .slice(first_address, first_address + addresses)
        .map(addressText),
      mtu,
      parent: child ? this.interface(parent) : null,
      parentSlot: child ? parent : null,
      vlan: child ? vlan : null,
    };
    this.#interfaces.set(slot, one);
    return one;
  }
}

function balancersOf(image: DecodedImage): BalancerName[] {
  const backends = image.records('backends');
  return image
    .records('balancers')
    .map(({ name, first_backend: first, backends: count, ...one }) => ({
      slot: one.slot,
      name: image.string(name),
      hash: one.hash,
      entries: one.entries,
      scheduler: SCHEDULERS[one.scheduler] ?? 'maglev',
      mode: MODES[one.mode] ?? 'nat',
      backends: backends.slice(first, first + count).map((backend) => ({
        slot: backend.slot,
        name: image.string(backend.name),
        address: formatAddress(readAddress(backend.address, backend.family)),
        port: backend.port === 0 || one.mode === CONSTANTS.BALANCE_GUE ? null : backend.port,
        mode: MODES[one.mode] ?? 'nat',
        weight: backend.weight,
      })),
    }));
}

/** The NAT rules of an image that draw on pools, or change one prefix for another. */
function lendersOf(image: DecodedImage): Lender[] {
  const translations = image.records('translations');
  const range = <N extends 'ranges4' | 'ranges6'>(section: N, first: number, count: number) =>
    Array.from({ length: count }, (_, i) => image.record(section, first + i));
  return [...image.column('rules', 'action')].flatMap((action, i) => {
    if (action !== CONSTANTS.ACTION_TRANSLATE) return [];
    const { extra, name } = image.record('rules', i);
    const one = translations[extra];
    if (
      one?.kind !== CONSTANTS.NAT_POOL &&
      (one?.kind !== CONSTANTS.NAT_64 || one.pool === CONSTANTS.SET_ANY)
    )
      return [];
    const { first4, count4, first6, count6 } = image.record('address_sets', one.pool);
    const four = range('ranges4', first4, count4).map(({ lo, hi }) => ({
      family: 4 as const,
      low: BigInt(lo),
      high: BigInt(hi),
    }));
    const six = range('ranges6', first6, count6).map((range) => ({
      family: 6 as const,
      low: (range.lo_high << 64n) | range.lo_low,
      high: (range.hi_high << 64n) | range.hi_low,
    }));
    const ports: readonly [number, number] = [one.port_lo, one.port_hi];
    const blockSize = one.blocks === 0 ? null : one.match_lo;
    return [{ rule: image.string(name), ranges: [...four, ...six], ports, blockSize }];
  });
}

function ruleName({ policy, name }: RuleName): string {
  return policy === null ? name : `${policy}/${name}`;
}

function addressText({ address, family, length }: ImageRecord<'addresses'>): string {
  return formatPrefix({ address: readAddress(address, family), length });
}
