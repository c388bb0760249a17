// SPDX-License-Identifier: BSD-3-Clause
import type { Book, Entry } from './book.js';
import { BudgetError, type Budget } from './budget.js';
import { cover } from './cover.js';
import { findGaps } from './gap.js';
import { decidesFor } from './rules.js';
import { intersectAreasOf, type Area, type Point } from './universe.js';

const FAMILIES = [4, 6] as const;

/** Steps that a rule may take at first, and once all others are done. */
const STEPS = [500_000, 50_000_000];

/** Why a rule is needless, and the rules that make it so. */
export interface Finding {
  /**
   * `shadowed`: all it matches is decided before it, some of it otherwise. `contradicts`: that, by
   * one rule with the same match. `covered`: decided before it by rules with its action.
   * `repeated`: what is left to it is decided alike by later rules.
   */
  readonly kind: 'shadowed' | 'contradicts' | 'covered' | 'repeated';
  readonly entry: Entry;
  readonly by: readonly Entry[];
}

export interface Reach {
  readonly findings: readonly Finding[];
  /** Rules that would have taken more work than allowed. */
  readonly skipped: readonly Entry[];
}

/**
 * Rules that can go without any packet's fate changing: each alone or all together. `lists` has, for
 * each policy, the lists of policies that are asked for the zone pairs it fits; a finding holds in
 * all of them. `from` is the first policy whose rules are looked at.
 */
export function needlessRules(
  book: Book,
  lists: readonly (readonly (readonly number[])[])[],
  from: number,
  budget: Budget,
): Reach {
  return new Search(book, lists, budget).run(from);
}

class Search {
  readonly #book: Book;
  readonly #lists: readonly (readonly (readonly number[])[])[];
  readonly #budget: Budget;
  readonly #findings = new Map<Entry, Finding>();

  constructor(book: Book, lists: readonly (readonly (readonly number[])[])[], budget: Budget) {
    this.#book = book;
    this.#lists = lists;
    this.#budget = budget;
  }

  run(from: number): Reach {
    const all = this.#book.entries.slice(from).flat();
    // All that never matches is known before the search for what later rules repeat: of two equal
    // rules it is the second that goes.
    const unknown = new Set(this.#each(all, (entry) => this.#before(entry)));
    const left = all.filter((entry) => !this.#findings.has(entry));
    for (const entry of this.#each(left, (one) => this.#after(one))) unknown.add(entry);
    const order = (a: Entry, b: Entry) => a.policy - b.policy || a.index - b.index;
    const findings = [...this.#findings.values()].sort((a, b) => order(a.entry, b.entry));
    const skipped = [...unknown].filter((entry) => !this.#findings.has(entry));
    return { findings, skipped: skipped.sort(order) };
  }

  /** Searches for all, the hard ones last; what remains unknown comes back. */
  #each(entries: readonly Entry[], search: (entry: Entry) => Finding | null): readonly Entry[] {
    let left = entries;
    for (const steps of STEPS) {
      left = left.filter((entry) => !this.#try(entry, steps, search));
    }
    return left;
  }

  /** Whether the search came to an end. */
  #try(entry: Entry, steps: number, search: (entry: Entry) => Finding | null): boolean {
    if (entry.area[4] === null && entry.area[6] === null) return true;
    try {
      this.#budget.next(steps);
      const finding = search(entry);
      if (finding !== null) this.#findings.set(entry, finding);
      return true;
    } catch (error) {
      if (!(error instanceof BudgetError)) throw error;
      return false;
    }
  }

  /** Whether all that a rule matches is decided before it. */
  #before(entry: Entry): Finding | null {
    const { rule } = entry;
    const by = this.#everywhere(entry, (point, list) =>
      this.#earlier(point, entry, list, (other) => decidesFor(other.rule, rule)),
    );
    if (by === null) return null;
    const alike = (other: Entry) => other.rule.action === rule.action;
    if (by.every(alike)) return { kind: 'covered', entry, by };
    const covering = by.some(alike)
      ? this.#everywhere(entry, (point, list) =>
          this.#earlier(
            point,
            entry,
            list,
            (other) => alike(other) && decidesFor(other.rule, rule),
          ),
        )
      : null;
    if (covering !== null) return { kind: 'covered', entry, by: covering };
    const [only] = by;
    const same = by.length === 1 && only !== undefined && this.#sameMatch(only, entry);
    return { kind: same ? 'contradicts' : 'shadowed', entry, by };
  }

  /** Whether what is left to a rule is decided alike by later ones. */
  #after(entry: Entry): Finding | null {
    if (entry.effect === null) return null;
    const later = new Set<Entry>();
    const by = this.#everywhere(entry, (point, list) => {
      const before = this.#standing(point, entry, list);
      if (before !== null) return before;
      const next = this.#later(point, entry, list);
      if (next !== null) later.add(next);
      return next;
    });
    if (by === null || later.size === 0) return null;
    for (const list of this.#lists[entry.policy] ?? [])
      for (const family of FAMILIES) if (!this.#undisturbed(entry, list, family, by)) return null;
    return { kind: 'repeated', entry, by: by.filter((other) => later.has(other)) };
  }

  /** Rules that cover an entry in both families and in every list, as `find` names them. */
  #everywhere(
    entry: Entry,
    find: (point: Point, list: readonly number[]) => Entry | null,
  ): Entry[] | null {
    const by: Entry[] = [];
    for (const list of this.#lists[entry.policy] ?? [])
      for (const family of FAMILIES) {
        const area = entry.area[family];
        if (area === null) continue;
        const seeds = by.filter((other) => list.includes(other.policy));
        const found = this.#cover(area, family, seeds, (point) => find(point, list));
        if (found === null) return null;
        for (const other of found) if (!by.includes(other)) by.push(other);
      }
    return by.length === 0 ? null : by;
  }

  #cover(area: Area, family: 4 | 6, seeds: readonly Entry[], find: (point: Point) => Entry | null) {
    return cover(area, family, seeds, find, this.#book.universe, this.#budget);
  }

  #earlier(
    point: Point,
    { policy, at }: Entry,
    list: readonly number[],
    wanted: (other: Entry) => boolean,
  ): Entry | null {
    for (const place of list) {
      if (place > policy) break;
      const end = place === policy ? at : Infinity;
      const found = this.#book.first(point, place, 0, end, this.#budget, wanted);
      if (found !== null) return found;
    }
    return null;
  }

  /** As #earlier, of those that stay when what was found so far goes. */
  #standing(point: Point, entry: Entry, list: readonly number[]): Entry | null {
    return this.#earlier(
      point,
      entry,
      list,
      (other) =>
        decidesFor(other.rule, entry.rule) && this.#findings.get(other)?.kind !== 'repeated',
    );
  }

  /** The later rule that decides a point alike, with nothing before it that might do otherwise. */
  #later(point: Point, entry: Entry, list: readonly number[]): Entry | null {
    for (const place of list) {
      if (place < entry.policy) continue;
      let from = place === entry.policy ? entry.at + 1 : 0;
      for (;;) {
        const found = this.#book.first(point, place, from, Infinity, this.#budget, () => true);
        if (found === null) break;
        if (found.effect !== entry.effect) return null;
        if (this.#mayDecide(found, entry)) return found;
        from = found.at + 1;
      }
    }
    return null;
  }

  /** Whether a later rule can be trusted to stay and to decide what an earlier one would. */
  #mayDecide(other: Entry, entry: Entry): boolean {
    return !this.#findings.has(other) && decidesFor(other.rule, entry.rule);
  }

  /** Whether no rule between an entry and those that repeat it would do otherwise to what it has. */
  #undisturbed(
    entry: Entry,
    list: readonly number[],
    family: 4 | 6,
    by: readonly Entry[],
  ): boolean {
    const area = entry.area[family];
    if (area === null) return true;
    const before = (a: Entry, b: Entry) =>
      a.policy < b.policy || (a.policy === b.policy && a.at < b.at);
    const others = by.filter((other) => list.includes(other.policy));
    const last = others.reduce((a, b) => (before(a, b) ? b : a), entry);
    for (const place of list) {
      if (place < entry.policy || place > last.policy) continue;
      const rules = this.#book.entries[place] ?? [];
      const end = place === last.policy ? last.at : rules.length;
      for (let i = place === entry.policy ? entry.at : -1; ;) {
        const next = this.#book.near(entry, family, place, i + 1, end, this.#budget);
        this.#budget.take(1);
        if (next >= end) break;
        i = next;
        const other = rules[i] as Entry;
        const theirs = other.area[family];
        const shared = theirs === null ? null : intersectAreasOf(area, theirs);
        if (shared === null) continue;
        const seeds = others.filter((one) => before(one, other));
        const found = this.#cover(shared, family, seeds, (point) => {
          const first = this.#standing(point, entry, list);
          if (first !== null) return first;
          const next = this.#later(point, entry, list);
          return next !== null && before(next, other) ? next : null;
        });
        if (found === null) return false;
      }
    }
    return true;
  }

  #sameMatch(a: Entry, b: Entry): boolean {
    return FAMILIES.every((family) => {
      const [one, two] = [a.area[family], b.area[family]];
      if (one === null || two === null) return one === two;
      const within = (x: Area, y: Area) =>
        findGaps(x, [y], family, this.#book.universe, this.#budget).length === 0;
      return within(one, two) && within(two, one);
    });
  }
}
