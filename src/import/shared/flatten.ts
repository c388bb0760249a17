// SPDX-License-Identifier: BSD-3-Clause
import {
  covers,
  EVERYTHING,
  intersect,
  subtract,
  type Box,
  type Limit,
  type Space,
} from './box.js';
import type { Remarks } from './remarks.js';
import type { Chain, Rule } from './rule.js';
import type { RejectWith } from './rule.js';

/** One line of the list that the chains come to; the first that matches a packet decides. */
export type Event =
  | {
      readonly kind: 'decide';
      readonly box: Box;
      readonly allow: boolean;
      readonly with: RejectWith | null;
      /** null is the chain's own verdict. */
      readonly rule: Rule | null;
    }
  /** What is decided for the box from here on is logged. */
  | { readonly kind: 'log'; readonly box: Box; readonly rule: Rule }
  /** What is allowed in the box from here on is allowed up to the limit. */
  | { readonly kind: 'cap'; readonly box: Box; readonly limit: Limit; readonly rule: Rule };

/** The chains come to more than is sensible to write out. */
export class TooMuch extends Error {}

export const MOST_EVENTS = 200_000;
const MOST_STEPS = 20_000_000;
/** What a box in a region costs beyond one that is not. */
const HIT_STEPS = 8;
/** What a RETURN may be written out to before taking it out of what follows is tried. */
const SHORT = { events: 64, steps: 4000 };
/** Steps of such tries, beyond which what can be taken out is. */
const MOST_TRIED = 1_000_000;
const LONG = { events: MOST_EVENTS / 4, steps: MOST_STEPS / 4 };
/** Boxes that what is left of a chain may fall into. */
const MOST_PIECES = 8;

/** Where a chain goes on after a call. */
interface Frame {
  readonly chain: Chain;
  readonly index: number;
  readonly next: Frame | null;
}

/** `deny`: only what is denied is wanted, and with a limit only over that. */
type Mode = { readonly deny: false } | { readonly deny: true; readonly over: Limit | null };
const FULL: Mode = { deny: false };
const DENY: Mode = { deny: true, over: null };

/** What of a region a chain has not decided. `escaped`: some left it that is no more in `rest`. */
interface Left {
  readonly rest: readonly Box[];
  readonly escaped: boolean;
}

const NONE: readonly Box[] = [];

class Spent extends Error {}

/** Writes a base chain out as one list. Throws TooMuch beyond what is sensible. */
export function flatten(
  base: Chain,
  policy: boolean,
  chains: ReadonlyMap<string, Chain>,
  space: Space,
  remarks: Remarks | null,
): Event[] {
  const walk = new Walk(base, policy, chains, space, remarks);
  try {
    walk.resume({ chain: base, index: 0, next: null }, [EVERYTHING], FULL);
  } catch (error) {
    if (!(error instanceof Spent)) throw error;
    throw new TooMuch(
      `written out, ${base.name} with its chains comes to more than ${MOST_EVENTS.toLocaleString('en-US')} rules or ${MOST_STEPS.toLocaleString('en-US')} steps`,
    );
  }
  return walk.events;
}

class Walk {
  readonly events: Event[] = [];
  readonly #base: Chain;
  readonly #policy: boolean;
  readonly #chains: ReadonlyMap<string, Chain>;
  readonly #space: Space;
  readonly #remarks: Remarks | null;
  #steps = 0;
  #tried = 0;
  #most = { events: MOST_EVENTS, steps: MOST_STEPS };

  constructor(
    base: Chain,
    policy: boolean,
    chains: ReadonlyMap<string, Chain>,
    space: Space,
    remarks: Remarks | null,
  ) {
    this.#base = base;
    this.#policy = policy;
    this.#chains = chains;
    this.#space = space;
    this.#remarks = remarks;
  }

  /** Goes on at a frame and those behind it, to the verdict of the base chain. */
  resume(frame: Frame | null, region: readonly Box[], mode: Mode): void {
    let left = region;
    for (let at = frame; at !== null; at = at.next) {
      // What escapes a chain goes on behind it; only the first chain's region is ours to shrink.
      const { rest, escaped } = this.#run(at.chain, at.index, left, at.next, mode);
      if (rest.length === 0 && !escaped) return;
      if (!escaped) left = rest;
    }
    if (mode.deny && this.#policy) return;
    this.#decide(left, this.#policy, null, null, mode);
  }

  #run(chain: Chain, from: number, region: readonly Box[], next: Frame | null, mode: Mode): Left {
    this.#remarks?.reached(chain.key ?? chain.name);
    let left: Left = { rest: region, escaped: false };
    for (let i = from; i < chain.rules.length; i++) {
      const rule = chain.rules[i] as Rule;
      for (const box of rule.boxes) {
        const hit = this.#overlap(left.rest, box);
        if (hit === NONE) continue;
        left = this.#apply(rule, hit, left, { chain, index: i + 1, next }, mode);
        if (left.rest.length === 0) return left;
      }
    }
    return left;
  }

  #apply(rule: Rule, hit: readonly Box[], left: Left, here: Frame, mode: Mode): Left {
    const { target, partly, over } = rule;
    for (const skip of mode.deny ? [] : rule.skips) {
      const passing = this.#overlap(hit, skip);
      if (passing.length === 0 || this.#try(LONG, () => this.resume(here, passing, FULL))) continue;
      this.#remarks?.problem(
        rule.line,
        `what is not of a MAC address cannot be told apart here: ${target.kind === 'deny' ? 'all is denied' : 'the rule is left out'}`,
      );
      if (target.kind !== 'deny') return left;
    }
    if (over !== null) {
      if (target.kind === 'deny') this.#cap(hit, over, rule);
      else if (target.kind === 'chain')
        this.#run(this.#chain(target.name), 0, hit, null, { deny: true, over });
      return left;
    }
    switch (target.kind) {
      case 'accept':
        if (partly) return left;
        if (!mode.deny) this.#decide(hit, true, null, rule, mode);
        return this.#done(left, hit, mode);
      case 'deny':
        if (mode.deny && mode.over !== null) {
          this.#cap(hit, mode.over, rule);
          return left;
        }
        this.#decide(hit, false, target.with, rule, mode);
        return this.#done(left, hit, mode);
      case 'return':
        if (!partly) return this.#leave(hit, left, here.next, mode);
        if (!mode.deny) this.resume(here.next, hit, DENY);
        return left;
      case 'chain':
        return this.#call(rule, target.name, target.goto, hit, left, here, mode);
      case 'log':
        if (!partly && !mode.deny) for (const box of hit) this.#add({ kind: 'log', box, rule });
        return left;
      case 'pass':
        return left;
    }
  }

  #call(
    rule: Rule,
    name: string,
    goto: boolean,
    hit: readonly Box[],
    left: Left,
    here: Frame,
    mode: Mode,
  ): Left {
    const called = this.#chain(name);
    if (rule.partly) {
      const { rest } = this.#run(called, 0, hit, null, mode.deny ? mode : DENY);
      if (goto && !mode.deny) this.resume(here.next, rest, DENY);
      return left;
    }
    const { rest, escaped } = this.#run(called, 0, hit, goto ? here.next : here, mode);
    if (rest.length === 0 && !escaped) return this.#done(left, hit, mode);
    if (!goto) return left;
    return this.#leave(escaped ? hit : rest, left, here.next, mode);
  }

  /** The packets leave the chain undecided: what follows in it is not for them. */
  #leave(hit: readonly Box[], left: Left, next: Frame | null, mode: Mode): Left {
    const without = this.#without(left.rest, unlimited(hit, left));
    if (without?.length === 0) return { rest: [], escaped: true };
    const escape = without === null ? left : { rest: without, escaped: true };
    if (mode.deny) return escape;
    const simple = without !== null && without.length <= left.rest.length;
    if (!simple || this.#tried < MOST_TRIED) {
      const before = this.#steps;
      const done = this.#try(SHORT, () => this.resume(next, hit, FULL));
      this.#tried += this.#steps - before;
      if (done) return left;
    }
    if (without !== null && without.length <= Math.min(MOST_PIECES, left.rest.length + 2))
      return escape;
    if (this.#try(LONG, () => this.resume(next, hit, FULL))) return left;
    if (without === null) throw new Spent();
    return escape;
  }

  /** Runs what adds events, and takes them back if it comes to more than `budget`. */
  #try(budget: { readonly events: number; readonly steps: number }, run: () => void): boolean {
    const outer = this.#most;
    const length = this.events.length;
    this.#most = {
      events: Math.min(outer.events, length + budget.events),
      steps: Math.min(outer.steps, this.#steps + budget.steps),
    };
    try {
      run();
      return true;
    } catch (error) {
      if (!(error instanceof Spent)) throw error;
      this.events.length = length;
      if (this.#steps > outer.steps) throw error;
      return false;
    } finally {
      this.#most = outer;
    }
  }

  #decide(
    boxes: readonly Box[],
    allow: boolean,
    with_: RejectWith | null,
    rule: Rule | null,
    mode: Mode,
  ): void {
    if (mode.deny && mode.over !== null) return;
    for (const box of boxes) {
      // A limit on the way to a denial is not shared with what else lies that way.
      const own = rule?.boxes.some((one) => one.limits.length === box.limits.length) === true;
      const shown = allow || own || box.limits.length === 0 ? box : { ...box, limits: [] };
      this.#add({ kind: 'decide', box: shown, allow, with: with_, rule });
    }
  }

  #cap(boxes: readonly Box[], limit: Limit, rule: Rule): void {
    for (const box of boxes) this.#add({ kind: 'cap', box: { ...box, limits: [] }, limit, rule });
  }

  #add(event: Event): void {
    this.events.push(event);
    if (this.events.length > this.#most.events) throw new Spent();
  }

  /** What is left once the packets are decided. Where the list is in order it need not shrink. */
  #done(left: Left, hit: readonly Box[], mode: Mode): Left {
    const decided = unlimited(hit, left);
    if (left.rest.every((box) => decided.some((one) => covers(one, box))))
      return { ...left, rest: [] };
    if (!mode.deny) return left;
    const without = this.#without(left.rest, decided);
    return without === null || without.length > MOST_PIECES ? left : { ...left, rest: without };
  }

  /** What of a region is in a box; NONE for nothing. */
  #overlap(region: readonly Box[], box: Box): readonly Box[] {
    let found = NONE;
    for (const one of region) {
      if (++this.#steps > this.#most.steps) throw new Spent();
      const both = intersect(one, box);
      if (both === null) continue;
      this.#steps += HIT_STEPS;
      found = found === NONE ? [both] : [...found, both];
    }
    return found;
  }

  #without(region: readonly Box[], hit: readonly Box[]): Box[] | null {
    let left = [...region];
    for (const one of hit) {
      const pieces: Box[] = [];
      for (const box of left) {
        if (++this.#steps > this.#most.steps) throw new Spent();
        const outside = subtract(box, one, this.#space);
        if (outside === null) return null;
        pieces.push(...outside);
      }
      left = pieces;
    }
    return left;
  }

  #chain(name: string): Chain {
    return this.#chains.get(name) as Chain;
  }
}

/** The boxes without the limits that everything left is under as well. */
function unlimited(hit: readonly Box[], { rest }: Left): readonly Box[] {
  const shared = rest[0]?.limits.length ?? 0;
  if (shared === 0) return hit;
  return hit.map((box) => (box.limits.length === shared ? { ...box, limits: [] } : box));
}
