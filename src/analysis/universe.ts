// SPDX-License-Identifier: BSD-3-Clause
import type { Rule, ServiceSet } from '../firewall/model.js';
import { ranges } from '../net/algebra.js';
import type { AddressSet } from '../net/sets.js';
import { inRects, intersectAreas, protocolsOf, serviceArea, type ServiceArea } from './services.js';
import { inSpans, intersectSpans, type Spans } from './spans.js';

/** What a rule matches in one family: every combination of the three. */
export interface Area {
  readonly src: Spans;
  readonly dst: Spans;
  /** null is every service. */
  readonly svc: ServiceArea | null;
}

/** A packet as rules see it; addresses and the protocol are numbers of the universe. */
export interface Point {
  readonly family: 4 | 6;
  readonly src: number;
  readonly dst: number;
  /** Index in `Universe.protocols`. */
  readonly protocol: number;
  readonly sport: number;
  readonly dport: number;
}

/** The sets a universe is made for. */
export interface Sets {
  readonly addresses: Iterable<AddressSet>;
  readonly services: Iterable<ServiceSet>;
}

/**
 * The numbers in which a model's sets are said. An IPv4 address is itself; IPv6 addresses that no
 * set tells apart share the number of their stretch, so that both families are 32-bit numbers.
 */
export class Universe {
  readonly protocols: readonly number[];
  /** The one of `protocols` that stands for all that no rule names. */
  readonly other: number | null;
  /** First addresses of the stretches of IPv6, ascending from 0. */
  readonly #starts: readonly bigint[];
  readonly #numbers: ReadonlyMap<bigint, number>;
  readonly #spans = new Map<AddressSet, Spans>();
  readonly #areas = {
    4: new Map<ServiceSet, ServiceArea>(),
    6: new Map<ServiceSet, ServiceArea>(),
  };

  constructor({ addresses, services }: Sets) {
    const { all, other } = protocolsOf(services);
    this.protocols = all;
    this.other = other;
    const starts = new Set([0n]);
    for (const set of new Set(addresses))
      for (const { low, high } of ranges(set, 6)) {
        starts.add(low);
        if (high < LAST_V6) starts.add(high + 1n);
      }
    this.#starts = [...starts].sort((a, b) => (a < b ? -1 : 1));
    this.#numbers = new Map(this.#starts.map((start, i) => [start, i]));
  }

  /** The greatest number that stands for addresses of the family. */
  last(family: 4 | 6): number {
    return family === 4 ? 0xffffffff : this.#starts.length - 1;
  }

  /** The addresses that a number stands for. */
  addresses(family: 4 | 6, number: number): { low: bigint; high: bigint } {
    if (family === 4) return { low: BigInt(number), high: BigInt(number) };
    const next = this.#starts[number + 1];
    return {
      low: this.#starts[number] as bigint,
      high: next === undefined ? LAST_V6 : next - 1n,
    };
  }

  /** The numbers of a set's addresses of one family. */
  spans(set: AddressSet | null, family: 4 | 6): Spans {
    if (set === null) return null;
    if (family === 4) return whole(set.v4, 0xffffffff) ? null : set.v4;
    let spans = this.#spans.get(set);
    if (spans === undefined) {
      const found: number[] = [];
      for (const { low, high } of ranges(set, 6)) {
        const after = high === LAST_V6 ? this.#starts.length : this.#numbers.get(high + 1n);
        found.push(this.#numbers.get(low) as number, (after as number) - 1);
      }
      const list = Uint32Array.from(found);
      spans = whole(list, this.last(6)) ? null : list;
      this.#spans.set(set, spans);
    }
    return spans;
  }

  /** What a service set means in one family. */
  services(set: ServiceSet | null, family: 4 | 6): ServiceArea | null {
    if (set === null) return null;
    let area = this.#areas[family].get(set);
    if (area === undefined) {
      area = serviceArea(set, family, this.protocols);
      this.#areas[family].set(set, area);
    }
    return area;
  }

  /** What a rule matches in one family, or null for nothing. */
  area({ source, destination, service }: Matches, family: 4 | 6): Area | null {
    const src = this.spans(source, family);
    const dst = this.spans(destination, family);
    const svc = this.services(service, family);
    if (src?.length === 0 || dst?.length === 0) return null;
    if (svc?.every((rects) => rects === undefined) === true) return null;
    return { src, dst, svc };
  }
}

export type Matches = Pick<Rule, 'source' | 'destination' | 'service'>;

export const LAST_V6 = (1n << 128n) - 1n;

export function inArea({ src, dst, svc }: Area, point: Point): boolean {
  if (!inSpans(dst, point.dst) || !inSpans(src, point.src)) return false;
  if (svc === null) return true;
  const rects = svc[point.protocol];
  return rects !== undefined && inRects(rects, point.sport, point.dport);
}

/** What is in both areas, or null for nothing. */
export function intersectAreasOf(a: Area, b: Area): Area | null {
  if (apart(a.dst, b.dst) || apart(a.src, b.src)) return null;
  const src = intersectSpans(a.src, b.src);
  if (src?.length === 0) return null;
  const dst = intersectSpans(a.dst, b.dst);
  if (dst?.length === 0) return null;
  const svc = intersectAreas(a.svc, b.svc);
  return svc === undefined ? null : { src, dst, svc };
}

/** Whether bounds alone show that nothing is in both. */
function apart(a: Spans, b: Spans): boolean {
  if (a === null || b === null) return false;
  return (
    (a[0] as number) > (b[b.length - 1] as number) || (b[0] as number) > (a[a.length - 1] as number)
  );
}

/** The sets that rules use. */
export function setsOf(rules: Iterable<Matches>): Sets {
  const addresses = new Set<AddressSet>();
  const services = new Set<ServiceSet>();
  for (const { source, destination, service } of rules) {
    if (source !== null) addresses.add(source);
    if (destination !== null) addresses.add(destination);
    if (service !== null) services.add(service);
  }
  return { addresses, services };
}

function whole(spans: Uint32Array, last: number): boolean {
  return spans.length === 2 && spans[0] === 0 && spans[1] === last;
}
