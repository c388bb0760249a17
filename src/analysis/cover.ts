// SPDX-License-Identifier: BSD-3-Clause
import type { Entry } from './book.js';
import type { Budget } from './budget.js';
import { findGaps } from './gap.js';
import { inArea, type Area, type Point, type Universe } from './universe.js';

/**
 * Rules that cover an area together, or null where a point has none. `find` names a rule for a
 * point; those it names are all that is ever looked at, so the rest of a rule set costs nothing.
 * `seeds` are rules that may cover and were found before.
 */
export function cover(
  area: Area,
  family: 4 | 6,
  seeds: readonly Entry[],
  find: (point: Point) => Entry | null,
  universe: Universe,
  budget: Budget,
): Entry[] | null {
  const found: Entry[] = [];
  const areas: Area[] = [];
  for (const entry of seeds) {
    const own = entry.area[family];
    if (own === null) continue;
    found.push(entry);
    areas.push(own);
  }
  for (;;) {
    const gaps = findGaps(area, areas, family, universe, budget);
    if (gaps.length === 0) return found;
    const before = areas.length;
    for (const gap of gaps) {
      budget.take(areas.length - before);
      if (areas.slice(before).some((own) => inArea(own, gap))) continue;
      const entry = find(gap);
      const own = entry?.area[family];
      if (entry === null || own === null || own === undefined) return null;
      found.push(entry);
      areas.push(own);
    }
  }
}
