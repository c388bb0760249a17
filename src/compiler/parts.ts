// SPDX-License-Identifier: BSD-3-Clause
import { CONSTANTS } from '../tables/layout.js';
import { Digest } from './digest.js';
import { LimitError, figure } from './limits.js';

const { ZONE_NONE, ZONE_LOCAL } = CONSTANTS;

/** A policy with more rules than this is a part of its own, so that it is built once and shared. */
export const ALONE_RULES = 256;

/** Bounds of what zone pairs multiply out to: policies looked at over all pairs, rules of all parts. */
export const MAX_PAIR_STEPS = 50_000_000;
export const MAX_PART_RULES = 4 * CONSTANTS.MAX_RULES;

/** A policy that has enabled rules, as this step sees it. */
export interface PartPolicy {
  /** Index in the image's policies. */
  readonly index: number;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly rules: number;
  /** Of its rules as they match and act. */
  readonly hash: Uint8Array;
}

export interface PartZone {
  readonly name: string;
  readonly slot: number;
  /** Slots of its interfaces, ascending. */
  readonly interfaces: readonly number[];
}

export interface Part {
  readonly hash: Uint8Array;
  readonly policies: readonly number[];
}
export interface Pair {
  readonly from: number;
  readonly to: number;
  readonly hash: Uint8Array;
  /** Indexes of parts; pairs with equal parts share the array. */
  readonly parts: readonly number[];
}

/** Zones that the same policies name on one side. */
interface ZoneClass {
  readonly zones: number[];
  /** Ascending positions in the list of policies. */
  readonly policies: readonly number[];
}

/** The parts, and for every zone pair that a policy fits those to ask, by from, then to. */
export function buildParts(
  zones: readonly PartZone[],
  policies: readonly PartPolicy[],
): { parts: Part[]; pairs: Pair[] } {
  const named = new Map(zones.map(({ name, slot }) => [name, slot]));
  const all = zones.map(({ slot }) => slot);
  const froms = classify(policies, (policy) => expand(policy.from, named, all));
  const tos = classify(policies, (policy) => expand(policy.to, named, [ZONE_NONE, ...all]));

  let steps = 0;
  for (const from of froms)
    for (const to of tos) steps += from.policies.length + to.policies.length;
  if (steps > MAX_PAIR_STEPS)
    throw new LimitError(
      `the policies of all zone pairs come to ${figure(steps)}, at most ${figure(MAX_PAIR_STEPS)} are possible; name zones in fewer policies`,
    );

  const builder = new PartBuilder(policies);
  const context = new Map(zones.map((zone) => [zone.slot, zone.interfaces]));
  const pairs: Pair[] = [];
  for (const from of froms) {
    for (const to of tos) {
      const parts = builder.parts(intersect(from.policies, to.policies));
      if (parts.length === 0) continue;
      for (const source of from.zones)
        for (const target of to.zones) {
          const digest = new Digest();
          // An interface that moves to another zone has the sessions of both judged again.
          for (const zone of [source, target]) {
            const interfaces = context.get(zone) ?? [];
            digest.word(zone);
            digest.word(interfaces.length);
            for (const slot of interfaces) digest.word(slot);
          }
          for (const part of parts) digest.words((builder.list[part] as Part).hash);
          pairs.push({ from: source, to: target, hash: digest.end(), parts });
        }
    }
  }
  pairs.sort((a, b) => a.from - b.from || a.to - b.to);
  return { parts: builder.list, pairs };
}

function expand(
  names: readonly string[],
  zones: ReadonlyMap<string, number>,
  any: readonly number[],
): Set<number> {
  const slots = new Set<number>();
  for (const name of names) {
    if (name === 'any') for (const slot of any) slots.add(slot);
    else if (name === 'local') slots.add(ZONE_LOCAL);
    else {
      const slot = zones.get(name);
      if (slot === undefined) throw new Error(`policy names zone ${name}, which the model lacks`);
      slots.add(slot);
    }
  }
  return slots;
}

function classify(
  policies: readonly PartPolicy[],
  side: (policy: PartPolicy) => Set<number>,
): ZoneClass[] {
  const lists = new Map<number, number[]>();
  for (const [position, policy] of policies.entries())
    for (const slot of side(policy)) {
      const list = lists.get(slot);
      if (list === undefined) lists.set(slot, [position]);
      else list.push(position);
    }
  const classes = new Map<string, ZoneClass>();
  for (const [slot, list] of lists) {
    const key = list.join();
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { zones: [slot], policies: list });
    else known.zones.push(slot);
  }
  return [...classes.values()];
}

function intersect(a: readonly number[], b: readonly number[]): number[] {
  const both: number[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    const x = a[i] as number;
    const y = b[j] as number;
    if (x === y) both.push(x);
    if (x <= y) i++;
    if (y <= x) j++;
  }
  return both;
}

/** Cuts lists of policies into parts; equal runs are one part, equal lists one array. */
class PartBuilder {
  readonly list: Part[] = [];
  readonly #policies: readonly PartPolicy[];
  readonly #known = new Map<string, number>();
  readonly #lists = new Map<string, readonly number[]>();
  #rules = 0;

  constructor(policies: readonly PartPolicy[]) {
    this.#policies = policies;
  }

  parts(positions: readonly number[]): readonly number[] {
    const key = positions.join();
    const known = this.#lists.get(key);
    if (known !== undefined) return known;
    const parts: number[] = [];
    let run: PartPolicy[] = [];
    const close = (): void => {
      if (run.length > 0) parts.push(this.#part(run));
      run = [];
    };
    for (const position of positions) {
      const policy = this.#policies[position] as PartPolicy;
      if (policy.rules > ALONE_RULES) {
        close();
        parts.push(this.#part([policy]));
      } else run.push(policy);
    }
    close();
    this.#lists.set(key, parts);
    return parts;
  }

  #part(run: readonly PartPolicy[]): number {
    const policies = run.map(({ index }) => index);
    const key = policies.join();
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    for (const { rules } of run) this.#rules += rules;
    if (this.#rules > MAX_PART_RULES)
      throw new LimitError(
        `the rules of all zone pairs come to more than ${figure(MAX_PART_RULES)}; name zones in fewer policies`,
      );
    const digest = new Digest();
    for (const { hash } of run) digest.words(hash);
    const part = this.list.push({ hash: digest.end(), policies }) - 1;
    this.#known.set(key, part);
    return part;
  }
}
