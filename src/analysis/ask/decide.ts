// SPDX-License-Identifier: BSD-3-Clause
import { NO_EXTRA, type Policy, type Rule } from '../../firewall/model.js';
import { PROTOCOLS } from '../../net/services.js';
import { subtractArea } from '../algebra.js';
import type { Book, Entry } from '../book.js';
import type { Budget } from '../budget.js';
import { fitsZone } from '../pairs.js';
import { ALL_PORTS } from '../services.js';
import { intersectAreasOf, type Area, type Universe } from '../universe.js';

/** Where packets enter and leave, by names; the zone '' is no route. */
export interface Passage {
  readonly from: string;
  readonly to: string;
  readonly in: string | null;
  readonly out: string | null;
}

/** Packets that the same rules decide. */
export interface Decided {
  readonly area: Area;
  /** Rules that may decide, in turn, where their conditions hold; and the one that does else. */
  readonly rules: readonly Entry[];
  /** False where even the last may pass it by: then it is denied by default. */
  readonly settled: boolean;
}

/** Cuts areas by the rules that decide their packets in a passage. */
export function decide(
  areas: readonly Area[],
  family: 4 | 6,
  passage: Passage,
  book: Book,
  policies: readonly Policy[],
  budget: Budget,
): Decided[] {
  const done: Decided[] = [];
  const left: Decided[] = areas.map((area) => ({ area, rules: [], settled: false }));
  for (const [place, policy] of policies.entries()) {
    if (!fitsZone(policy.from, passage.from) || !fitsZone(policy.to, passage.to)) continue;
    for (const entry of book.entries[place] ?? []) {
      const kind = kindOf(entry.rule, passage);
      const own = matched(entry, family, book.universe);
      if (kind === 'never' || own === null) continue;
      // Most rules meet few of the areas: only those that are met are replaced.
      const fresh: Decided[] = [];
      let kept = 0;
      budget.take(left.length);
      for (const one of left) {
        const hit = intersectAreasOf(one.area, own);
        if (hit === null) {
          left[kept++] = one;
          continue;
        }
        const found = { area: hit, rules: [...one.rules, entry] };
        if (kind === 'always') done.push({ ...found, settled: true });
        else fresh.push({ ...found, settled: false });
        for (const area of subtractArea(one.area, own, family, book.universe)) {
          budget.take(8);
          fresh.push({ ...one, area });
        }
      }
      left.length = kept;
      for (const one of fresh) left.push(one);
      if (left.length === 0) return done;
    }
  }
  return [...done, ...left];
}

/** What a rule matches; with TCP flags that is TCP alone. */
function matched({ area, rule }: Entry, family: 4 | 6, universe: Universe): Area | null {
  const own = area[family];
  if (own === null || (rule.extra?.tcpFlags ?? null) === null) return own;
  const tcp = universe.protocols.map((one) => (one === PROTOCOLS.tcp ? ALL_PORTS : undefined));
  return intersectAreasOf(own, { src: null, dst: null, svc: tcp });
}

/** Whether a rule decides what fits it in a passage. */
function kindOf({ extra }: Rule, { in: entry, out }: Passage): 'always' | 'never' | 'maybe' {
  const { in: ins, out: outs, ...more } = extra ?? NO_EXTRA;
  if (ins.length > 0 && (entry === null || !ins.includes(entry))) return 'never';
  if (outs.length > 0 && (out === null || !outs.includes(out))) return 'never';
  const certain =
    more.sourceMacs.length === 0 &&
    more.tcpFlags === null &&
    more.dscp === null &&
    more.schedule === null &&
    more.forward === null &&
    more.balancer === null &&
    more.limit?.over !== 'next';
  return certain ? 'always' : 'maybe';
}
