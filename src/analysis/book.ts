// SPDX-License-Identifier: BSD-3-Clause
import type { Policy, Rule } from '../firewall/model.js';
import type { Budget } from './budget.js';
import { Lookup } from './lookup.js';
import { effectOf } from './rules.js';
import { NO_SPANS, type Spans } from './spans.js';
import { setsOf, Universe, type Area, type Point } from './universe.js';

interface ByFamily<T> {
  readonly 4: T;
  readonly 6: T;
}

/** An enabled rule in its place. */
export interface Entry {
  /** Places of its policy in the list, and of the rule among all of the policy. */
  readonly policy: number;
  readonly index: number;
  /** Place among the enabled rules of its policy. */
  readonly at: number;
  readonly rule: Rule;
  readonly effect: string | null;
  readonly area: ByFamily<Area | null>;
}

/** All enabled rules of an ordered list of policies, ready to be asked. */
export class Book {
  readonly universe: Universe;
  /** Enabled rules by policy. */
  readonly entries: readonly (readonly Entry[])[];
  readonly #lookups: readonly ByFamily<Lookup>[];
  readonly #bounds: readonly ByFamily<Uint32Array>[];
  /** For each rule the first one after it with another effect. */
  readonly #ends: readonly Uint32Array[];

  constructor(policies: readonly Policy[], universe: Universe = universeOf(policies)) {
    this.universe = universe;
    this.entries = policies.map((policy, place) => {
      const found: Entry[] = [];
      for (const [index, rule] of policy.rules.entries()) {
        if (!rule.enabled) continue;
        const area = { 4: universe.area(rule, 4), 6: universe.area(rule, 6) };
        const effect = effectOf(rule, policy);
        found.push({ policy: place, index, at: found.length, rule, effect, area });
      }
      return found;
    });
    this.#lookups = this.entries.map((list) => ({
      4: new Lookup(list.map((entry) => entry.area[4])),
      6: new Lookup(list.map((entry) => entry.area[6])),
    }));
    this.#bounds = this.entries.map((list) => ({ 4: boundsOf(list, 4), 6: boundsOf(list, 6) }));
    this.#ends = this.entries.map(effectEnds);
  }

  /** The first wanted rule that matches, of those in [from, to) of a policy's enabled ones. */
  first(
    point: Point,
    policy: number,
    from: number,
    to: number,
    budget: Budget,
    wanted: (entry: Entry) => boolean,
  ): Entry | null {
    const list = this.entries[policy] as readonly Entry[];
    const lookup = (this.#lookups[policy] as ByFamily<Lookup>)[point.family];
    budget.take(1);
    const at = lookup.first(point, from, Math.min(to, list.length), budget, (place) =>
      wanted(list[place] as Entry),
    );
    return at < to ? (list[at] ?? null) : null;
  }

  /** The first rule of [from, to) of a policy's that does otherwise and may share a packet. */
  near(
    { area, effect }: Entry,
    family: 4 | 6,
    policy: number,
    from: number,
    to: number,
    budget: Budget,
  ): number {
    const list = this.entries[policy] as readonly Entry[];
    const bounds = (this.#bounds[policy] as ByFamily<Uint32Array>)[family];
    const alikeEnds = this.#ends[policy] as Uint32Array;
    const own = area[family];
    if (own === null) return to;
    const [sourceLow, sourceHigh] = ends(own.src);
    const [targetLow, targetHigh] = ends(own.dst);
    for (let i = from; i < to; i++) {
      // Looking at bounds is a small step; eight of them count as one.
      if ((i & 7) === 0) budget.take(1);
      if (list[i]?.effect === effect) {
        i = (alikeEnds[i] as number) - 1;
        continue;
      }
      const b = i * 4;
      if (
        (bounds[b] as number) <= sourceHigh &&
        (bounds[b + 1] as number) >= sourceLow &&
        (bounds[b + 2] as number) <= targetHigh &&
        (bounds[b + 3] as number) >= targetLow
      )
        return i;
    }
    return to;
  }
}

function effectEnds(entries: readonly Entry[]): Uint32Array {
  const found = new Uint32Array(entries.length);
  for (let i = entries.length - 1; i >= 0; i--) {
    const same = entries[i]?.effect === entries[i + 1]?.effect;
    found[i] = same && i + 1 < entries.length ? (found[i + 1] as number) : i + 1;
  }
  return found;
}

/** Bounds of source and destination, four numbers a rule; none lie within those of a null area. */
function boundsOf(entries: readonly Entry[], family: 4 | 6): Uint32Array {
  const bounds = new Uint32Array(entries.length * 4);
  for (const [i, { area }] of entries.entries()) {
    const own = area[family];
    const [source, target] = own === null ? [NO_SPANS, NO_SPANS] : [own.src, own.dst];
    bounds.set([...ends(source), ...ends(target)], i * 4);
  }
  return bounds;
}

function ends(spans: Spans): [low: number, high: number] {
  if (spans === null) return [0, 0xffffffff];
  return spans.length === 0 ? [1, 0] : [spans[0] as number, spans[spans.length - 1] as number];
}

function universeOf(policies: readonly Policy[]): Universe {
  return new Universe(setsOf(policies.flatMap(({ rules }) => rules.filter((one) => one.enabled))));
}
