// SPDX-License-Identifier: BSD-3-Clause
import { fileAt } from '../diagnostics/position.js';
import type { Policy, Rule } from '../firewall/model.js';
import type { NatRule } from '../nat/model.js';
import { commonEnds } from '../rulefile/lists.js';
import { CONSTANTS } from '../tables/layout.js';
import { LimitError, figure } from './limits.js';
import { balancerKey, natKey } from './image-nat.js';
import type { Model } from './model.js';

/**
 * Numbers by which counters, logs and sessions know a name. A name keeps its slot from commit to
 * commit, and for RETAIN generations after it left the model: a rolled back commit finds the
 * counters where they were, and no session or log record still on its way is told under another name.
 * Beyond that, slots are given out in a circle, so a freed one rests as long as the range allows.
 */
export interface SlotMap {
  readonly next: number;
  /** The generation whose model has these names. */
  readonly generation: number;
  readonly slots: ReadonlyMap<string, number>;
  /** Names that left the model and have their slots still. */
  readonly left: ReadonlyMap<string, SlotEntry>;
}
export interface SlotEntry {
  readonly slot: number;
  /** The last generation whose model had the name. */
  readonly last: number;
}

/** The slots of one generation; plain data, to be kept with it. */
export interface Slots {
  readonly zones: SlotMap;
  readonly interfaces: SlotMap;
  /** By `ruleKey`. */
  readonly rules: SlotMap;
  readonly balancers: SlotMap;
  /** By `ruleKey` of balancer and backend. */
  readonly backends: SlotMap;
}

/** Generations a freed slot stays with its name. */
export const RETAIN = 64;

export function noSlots(): Slots {
  const slots = new Map<string, number>();
  const none = { next: 0, generation: 0, slots, left: new Map<string, SlotEntry>() };
  return { zones: none, interfaces: none, rules: none, balancers: none, backends: none };
}

/** A rule's identity; names hold no control characters. */
export function ruleKey(policy: string, rule: string): string {
  return `${policy}\0${rule}`;
}

export interface Assigned {
  readonly slots: Slots;
  /** Slots of all rules in file order, disabled ones too, then those of NAT and balancers. */
  readonly rules: Uint32Array;
}

/** Slots for everything in the model, disabled rules too. Throws LimitError when a range is full. */
export function assignSlots(
  previous: Slots,
  model: Model,
  generation: number,
  memory: NumberMemory = new WeakMap(),
): Assigned {
  const { ZONE_FIRST, MAX_ZONES, IFACE_NONE, MAX_IFACES, RULE_FIRST, MAX_RULES } = CONSTANTS;
  const { BALANCER_FIRST, MAX_BALANCERS, BACKEND_FIRST, MAX_BACKENDS } = CONSTANTS;
  const parents = new Map<string, string>();
  for (const { name, parent } of model.interfaces) if (parent !== null) parents.set(name, parent);
  const ports = model.interfaces.map(({ name }) => name).filter((name) => !parents.has(name));
  const others = [
    ...model.nat.rules.map((rule) => natKey(rule)),
    ...model.balancers.map(({ name }) => balancerKey(name)),
  ];
  const zones = assign(
    previous.zones,
    model.zones.map(({ name }) => name),
    { what: 'zones', first: ZONE_FIRST, end: MAX_ZONES },
    generation,
  );
  const interfaces = assign(
    previous.interfaces,
    [...ports, ...parents.keys()],
    { what: 'interfaces', first: IFACE_NONE + 1, end: MAX_IFACES },
    generation,
    parents,
  );
  let numbered = sameNames(
    memory,
    previous.rules,
    { policies: model.policies, others },
    generation,
  );
  if (numbered === null) {
    const rules: string[] = [];
    for (const policy of model.policies)
      for (const rule of policy.rules) rules.push(ruleKey(policy.name, rule.name));
    numbered = assign(
      previous.rules,
      [...rules, ...others],
      { what: 'rules', first: RULE_FIRST, end: MAX_RULES },
      generation,
    );
  }
  memory.set(numbered.map.slots, { policies: model.policies, others, slots: numbered.slots });
  const balancers = assign(
    previous.balancers,
    model.balancers.map(({ name }) => name),
    { what: 'balancers', first: BALANCER_FIRST, end: MAX_BALANCERS },
    generation,
  );
  const backends = assign(
    previous.backends,
    model.balancers.flatMap((one) => one.backends.map(({ name }) => ruleKey(one.name, name))),
    { what: 'backends', first: BACKEND_FIRST, end: MAX_BACKENDS },
    generation,
  );
  const slots = {
    zones: zones.map,
    interfaces: interfaces.map,
    rules: numbered.map,
    balancers: balancers.map,
    backends: backends.map,
  };
  return { slots, rules: numbered.slots };
}

/** The slot of a name the model has. */
export function slotOf(map: SlotMap, name: string): number {
  const slot = map.slots.get(name);
  if (slot === undefined) throw new Error(`no slot for ${name}`);
  return slot;
}

export interface RuleAtSlot {
  readonly policy: Policy;
  readonly rule: Rule;
  readonly file: string;
  readonly line: number;
}

/** The model's rules by slot. */
export function rulesBySlot(model: Model, slots: Slots): Map<number, RuleAtSlot> {
  const found = new Map<number, RuleAtSlot>();
  for (const policy of model.policies)
    for (const [i, rule] of policy.rules.entries()) {
      const slot = slotOf(slots.rules, ruleKey(policy.name, rule.name));
      const line = policy.places.lines[i] ?? 0;
      found.set(slot, { policy, rule, file: fileAt(policy.places, i), line });
    }
  return found;
}

/** The model's NAT rules by slot. */
export function natBySlot(model: Model, slots: Slots): Map<number, NatRule> {
  return new Map(model.nat.rules.map((rule) => [slotOf(slots.rules, natKey(rule)), rule]));
}

interface Range {
  readonly what: string;
  readonly first: number;
  readonly end: number;
}

/** A name in `above` gets a slot above that of the name it maps to, which stands before it. */
function assign(
  previous: SlotMap,
  names: readonly string[],
  range: Range,
  generation: number,
  above: ReadonlyMap<string, string> = new Map(),
): { map: SlotMap; slots: Uint32Array } {
  const { what, first, end } = range;
  if (names.length > end - first)
    throw new LimitError(
      `${figure(names.length)} ${what}, at most ${figure(end - first)} are possible`,
    );
  const same = above.size === 0 ? unchanged(previous, names, generation) : null;
  if (same !== null) return same;
  const entries = new Map<string, SlotEntry>();
  const held = new Uint8Array(end);
  const take = (name: string, slot: number, last: number): void => {
    if (generation - last > RETAIN) return;
    entries.set(name, { slot, last });
    held[slot] = 1;
  };
  for (const [name, { slot, last }] of previous.left) take(name, slot, last);
  for (const [name, slot] of previous.slots) take(name, slot, previous.generation);

  const slots = new Uint32Array(names.length);
  let next = Math.max(previous.next, first);
  const search = (from: number, to: number): number | undefined => {
    const slot = held.indexOf(0, from);
    return slot >= 0 && slot < to ? slot : undefined;
  };
  const free = (floor: number): number | undefined =>
    search(Math.max(next, floor), end) ?? search(floor, end);
  for (const [i, name] of names.entries()) {
    const parent = above.get(name);
    const floor = parent === undefined ? first : (entries.get(parent)?.slot ?? first) + 1;
    const known = entries.get(name);
    if (known !== undefined && known.slot >= floor) {
      entries.set(name, { slot: known.slot, last: generation });
      slots[i] = known.slot;
      continue;
    }
    // The slot that does not fit below the new parent rests under a name nothing has.
    if (known !== undefined) entries.set(`${name}\0${known.slot}`, known);
    let slot = free(floor);
    if (slot === undefined) {
      const kept = new Set(names);
      for (const [old, entry] of entries) {
        if (kept.has(old)) continue;
        entries.delete(old);
        held[entry.slot] = 0;
      }
      slot = free(floor);
    }
    if (slot === undefined) throw new LimitError(`no number is left for ${name} among ${what}`);
    entries.set(name, { slot, last: generation });
    held[slot] = 1;
    slots[i] = slot;
    next = slot + 1 < end ? slot + 1 : first;
  }
  const now = new Map<string, number>();
  for (const [i, name] of names.entries()) {
    now.set(name, slots[i] as number);
    entries.delete(name);
  }
  return { map: { next, generation, slots: now, left: entries }, slots };
}

/** What rules the slots of a generation were given to, by its map. */
export type NumberMemory = WeakMap<ReadonlyMap<string, number>, Named & { slots: Uint32Array }>;

interface Named {
  readonly policies: readonly Policy[];
  /** Keys of what stands behind them. */
  readonly others: readonly string[];
}

/** Where the rules have the names they had in the order they had: most are the very same ones. */
function sameNames(
  memory: NumberMemory,
  previous: SlotMap,
  { policies, others }: Named,
  generation: number,
): { map: SlotMap; slots: Uint32Array } | null {
  const before = memory.get(previous.slots);
  if (before === undefined || generation - previous.generation > RETAIN) return null;
  if (before.policies.length !== policies.length || before.others.length !== others.length)
    return null;
  if (others.some((name, i) => name !== before.others[i])) return null;
  const same = policies.every(({ name, rules }, i) => {
    const old = before.policies[i] as Policy;
    if (old.name !== name || old.rules.length !== rules.length) return false;
    const { from, rest } = commonEnds(old.rules, rules);
    for (let k = from; k < rules.length - rest; k++)
      if (old.rules[k]?.name !== rules[k]?.name) return false;
    return true;
  });
  return same ? { map: later(previous, generation), slots: before.slots } : null;
}

/** The same names a generation later. */
function later(previous: SlotMap, generation: number): SlotMap {
  const stay = ([, { last }]: [string, SlotEntry]): boolean => generation - last <= RETAIN;
  return { ...previous, generation, left: new Map([...previous.left].filter(stay)) };
}

/** Where the model has the names it had, in whatever order; null where it has not. */
function unchanged(
  previous: SlotMap,
  names: readonly string[],
  generation: number,
): { map: SlotMap; slots: Uint32Array } | null {
  if (names.length !== previous.slots.size || generation - previous.generation > RETAIN)
    return null;
  const slots = new Uint32Array(names.length);
  for (let i = 0; i < names.length; i++) {
    const slot = previous.slots.get(names[i] as string);
    if (slot === undefined) return null;
    slots[i] = slot;
  }
  return { map: later(previous, generation), slots };
}
