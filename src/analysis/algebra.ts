// SPDX-License-Identifier: BSD-3-Clause
import type { Budget } from './budget.js';
import { ALL_PORTS, type Rects, type ServiceArea } from './services.js';
import { sameSpans, subtractSpans, uniteSpans } from './spans.js';
import { intersectAreasOf, type Area, type Universe } from './universe.js';

/** What is in an area and not in another, in parts that share nothing. */
export function subtractArea(a: Area, b: Area, family: 4 | 6, universe: Universe): Area[] {
  const both = intersectAreasOf(a, b);
  if (both === null) return [a];
  const parts: Area[] = [];
  const last = universe.last(family);
  const src = subtractSpans(a.src, b.src, last);
  if (src?.length !== 0) parts.push({ ...a, src });
  const dst = subtractSpans(a.dst, b.dst, last);
  if (dst?.length !== 0) parts.push({ ...a, src: both.src, dst });
  const svc = subtractServices(a.svc ?? all(universe), b.svc);
  if (svc !== undefined) parts.push({ src: both.src, dst: both.dst, svc });
  return parts;
}

/** Parts that share nothing, put together where they differ in one dimension alone. */
export function condense(
  areas: readonly Area[],
  family: 4 | 6,
  universe: Universe,
  budget: Budget,
): Area[] {
  const last = universe.last(family);
  const merges: ((a: Area, b: Area) => Area | null)[] = [
    (a, b) =>
      sameSpans(a.src, b.src) && sameSpans(a.dst, b.dst)
        ? { ...a, svc: uniteServices(a.svc, b.svc) }
        : null,
    (a, b) =>
      sameSpans(a.src, b.src) && sameServices(a.svc, b.svc)
        ? { ...a, dst: uniteSpans(a.dst, b.dst, last) }
        : null,
    (a, b) =>
      sameSpans(a.dst, b.dst) && sameServices(a.svc, b.svc)
        ? { ...a, src: uniteSpans(a.src, b.src, last) }
        : null,
  ];
  let left: readonly Area[] = areas;
  for (let before = -1; before !== left.length;) {
    before = left.length;
    for (const merge of merges) left = mergeAll(left, merge, budget);
  }
  return [...left];
}

/** One pass: each area goes into the first that it can be merged with. */
function mergeAll(
  areas: readonly Area[],
  merge: (a: Area, b: Area) => Area | null,
  budget: Budget,
): Area[] {
  const kept: Area[] = [];
  for (const area of areas) {
    budget.take(1 + kept.length);
    const at = kept.findIndex((one) => merge(one, area) !== null);
    const merged = at < 0 ? null : merge(kept[at] as Area, area);
    if (merged === null) kept.push(area);
    else kept[at] = merged;
  }
  return kept;
}

/** What is in `a` and not in `b`; undefined for nothing. */
export function subtractServices(a: ServiceArea, b: ServiceArea | null): ServiceArea | undefined {
  if (b === null) return undefined;
  const area = a.map((mine, i) => {
    const theirs = b[i];
    if (mine === undefined || theirs === undefined) return mine;
    const rects = subtractRects(mine, theirs);
    return rects.length === 0 ? undefined : tidy(rects);
  });
  return area.every((rects) => rects === undefined) ? undefined : area;
}

export function uniteServices(a: ServiceArea | null, b: ServiceArea | null): ServiceArea | null {
  if (a === null || b === null) return null;
  return a.map((mine, i) => {
    const theirs = b[i];
    if (mine === undefined || theirs === undefined) return mine ?? theirs;
    return tidy([...mine, ...theirs]);
  });
}

export function sameServices(a: ServiceArea | null, b: ServiceArea | null): boolean {
  if (a === b) return true;
  if (a === null || b === null) return false;
  return a.every((mine, i) => {
    const theirs = b[i];
    if (mine === undefined || theirs === undefined) return mine === theirs;
    const [one, two] = [tidy(mine), tidy(theirs)];
    return one.length === two.length && one.every((bound, k) => bound === two[k]);
  });
}

/** Every service, said in full. */
export function all(universe: Universe): ServiceArea {
  return universe.protocols.map(() => ALL_PORTS);
}

function subtractRects(from: Rects, holes: Rects): number[] {
  let left = [...from];
  for (let h = 0; h < holes.length; h += 4) {
    const [s0, s1, d0, d1] = holes.slice(h, h + 4) as [number, number, number, number];
    const next: number[] = [];
    for (let i = 0; i < left.length; i += 4) {
      const [a0, a1, b0, b1] = left.slice(i, i + 4) as [number, number, number, number];
      if (a1 < s0 || a0 > s1 || b1 < d0 || b0 > d1) {
        next.push(a0, a1, b0, b1);
        continue;
      }
      if (a0 < s0) next.push(a0, s0 - 1, b0, b1);
      if (a1 > s1) next.push(s1 + 1, a1, b0, b1);
      const low = Math.max(a0, s0);
      const high = Math.min(a1, s1);
      if (b0 < d0) next.push(low, high, b0, d0 - 1);
      if (b1 > d1) next.push(low, high, d1 + 1, b1);
    }
    left = next;
  }
  return left;
}

/** The one form of a set of rectangles: strips of source ports, each with its destination ports. */
export function tidy(rects: Rects): Rects {
  if (rects === ALL_PORTS || rects.length === 4) return rects;
  const cuts = new Set<number>();
  for (let i = 0; i < rects.length; i += 4)
    cuts.add(rects[i] as number).add((rects[i + 1] as number) + 1);
  const edges = [...cuts].sort((a, b) => a - b);
  const strips: { low: number; high: number; ports: number[] }[] = [];
  for (let e = 0; e + 1 < edges.length; e++) {
    const low = edges[e] as number;
    const ranges: [number, number][] = [];
    for (let i = 0; i < rects.length; i += 4)
      if ((rects[i] as number) <= low && (rects[i + 1] as number) >= low)
        ranges.push([rects[i + 2] as number, rects[i + 3] as number]);
    ranges.sort((a, b) => a[0] - b[0]);
    const ports: number[] = [];
    for (const [from, to] of ranges) {
      const end = ports.length - 1;
      if (end > 0 && from <= (ports[end] as number) + 1)
        ports[end] = Math.max(ports[end] as number, to);
      else ports.push(from, to);
    }
    const before = strips.at(-1);
    const high = (edges[e + 1] as number) - 1;
    if (before?.high === low - 1 && before.ports.join() === ports.join()) before.high = high;
    else if (ports.length > 0) strips.push({ low, high, ports });
  }
  return strips.flatMap(({ low, high, ports }) => {
    const found: number[] = [];
    for (let i = 0; i < ports.length; i += 2)
      found.push(low, high, ports[i] as number, ports[i + 1] as number);
    return found;
  });
}
