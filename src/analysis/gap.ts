// SPDX-License-Identifier: BSD-3-Clause
import type { Budget } from './budget.js';
import { Classes, spanClasses, type Bits, type Class } from './classes.js';
import { ALL_PORTS, inRects, type Rects, type ServiceArea } from './services.js';
import type { Area, Point, Universe } from './universe.js';

interface ServicePoint {
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
}

/**
 * Points of an area that none of the others hold, none where they cover it together. Exact: each
 * dimension is cut into classes of values that the same areas hold, and only classes that no other
 * makes needless are combined.
 */
export function findGaps(
  area: Area,
  others: readonly Area[],
  family: 4 | 6,
  universe: Universe,
  budget: Budget,
): Point[] {
  budget.take(1 + others.length);
  const last = universe.last(family);
  const pick = (one: 'src' | 'dst') =>
    spanClasses(
      area[one],
      others.map((other) => other[one]),
      last,
      budget,
    ).sorted();
  const sources = pick('src');
  const destinations = pick('dst');
  const areas = others.map((other) => other.svc);
  const services = serviceClasses(area.svc, areas, universe.protocols.length, budget).sorted();
  const both = new Uint32Array((others.length + 31) >>> 5);
  for (const src of sources)
    for (const dst of destinations) {
      budget.take(both.length);
      both.set(src.bits);
      if (!keep(both, dst.bits)) return points(family, src, dst, services[0] as Service);
      budget.take(services.length * both.length);
      for (const svc of services)
        if (disjoint(both, svc.bits)) return points(family, src, dst, svc);
    }
  return [];
}

type Service = Class<ServicePoint>;

/** The widest stretches of all three, then the others of each. */
function points(family: 4 | 6, src: Class<number>, dst: Class<number>, svc: Service): Point[] {
  const [s = 0] = src.values;
  const [d = 0] = dst.values;
  const [v = { protocol: 0, sport: 0, dport: 0 }] = svc.values;
  const found: Point[] = [{ family, src: s, dst: d, ...v }];
  for (const other of src.values.slice(1)) found.push({ family, src: other, dst: d, ...v });
  for (const other of dst.values.slice(1)) found.push({ family, src: s, dst: other, ...v });
  for (const other of svc.values.slice(1)) found.push({ family, src: s, dst: d, ...other });
  return found;
}

/** The classes of a service area by the `areas` that hold them; null stands for all services. */
export function serviceClasses(
  within: ServiceArea | null,
  areas: readonly (ServiceArea | null)[],
  protocols: number,
  budget: Budget,
): Classes<ServicePoint> {
  const always = new Uint32Array((areas.length + 31) >>> 5);
  const some: number[] = [];
  for (const [i, area] of areas.entries())
    if (area === null || area === within) set(always, i);
    else some.push(i);
  const classes = new Classes<ServicePoint>(budget);
  for (let protocol = 0; protocol < protocols; protocol++) {
    const own = within === null ? ALL_PORTS : within[protocol];
    if (own === undefined) continue;
    budget.take(1 + some.length);
    const bits = always.slice();
    const partial: (readonly [number, Rects])[] = [];
    for (const i of some) {
      const rects = (areas[i] as ServiceArea)[protocol];
      if (rects === ALL_PORTS || (rects !== undefined && rects === own)) set(bits, i);
      else if (rects !== undefined) partial.push([i, rects]);
    }
    cells(protocol, own, partial, bits, classes, budget);
  }
  return classes;
}

/** Cuts the ports of one protocol into cells that lie wholly in or out of every area. */
function cells(
  protocol: number,
  own: Rects,
  partial: readonly (readonly [number, Rects])[],
  always: Bits,
  classes: Classes<ServicePoint>,
  budget: Budget,
): void {
  const all = [own, ...partial.map(([, rects]) => rects)];
  const sports = cuts(all, 0);
  const dports = cuts(all, 2);
  const size = all.reduce((sum, rects) => sum + rects.length / 4, 0);
  const bits = always.slice();
  for (let s = 0; s + 1 < sports.length; s++)
    for (let d = 0; d + 1 < dports.length; d++) {
      const sport = sports[s] as number;
      const dport = dports[d] as number;
      if (!inRects(own, sport, dport)) continue;
      budget.take(size);
      bits.set(always);
      for (const [i, rects] of partial) if (inRects(rects, sport, dport)) set(bits, i);
      const wide = (sports[s + 1] as number) - sport;
      const high = (dports[d + 1] as number) - dport;
      classes.add(bits, wide * high, () => ({
        protocol,
        sport: sport + Math.floor((wide - 1) * 0.618),
        dport: dport + Math.floor((high - 1) * 0.618),
      }));
    }
}

/** Where ranges start, and where the last of them have ended. */
function cuts(all: readonly Rects[], at: 0 | 2): number[] {
  const found = new Set<number>();
  for (const rects of all)
    for (let i = at; i < rects.length; i += 4) {
      found.add(rects[i] as number);
      found.add((rects[i + 1] as number) + 1);
    }
  return [...found].sort((a, b) => a - b);
}

function set(bits: Bits, i: number): void {
  bits[i >>> 5] = (bits[i >>> 5] as number) | (1 << (i & 31));
}

function keep(bits: Bits, only: Bits): boolean {
  let any = 0;
  for (let w = 0; w < bits.length; w++) {
    const both = (bits[w] as number) & (only[w] as number);
    bits[w] = both;
    any |= both;
  }
  return any !== 0;
}

function disjoint(a: Bits, b: Bits): boolean {
  for (let w = 0; w < a.length; w++) if (((a[w] as number) & (b[w] as number)) !== 0) return false;
  return true;
}
