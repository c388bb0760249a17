// SPDX-License-Identifier: BSD-3-Clause
import { intersectRanges, rangesOf, type Range, type Ranges } from '../shared/ranges.js';
import { serviceText } from '../shared/services.js';
import { hasPorts } from '../../net/services.js';
import { ICMP, ICMPV6, portOf } from './names.js';
import type { Words } from './lines.js';

/** Protocol null: all. `to` holds destination ports, or ICMP type * 256 + code; null for all. */
export interface Service {
  readonly protocol: number | null;
  readonly from: Ranges | null;
  readonly to: Ranges | null;
}

export const EVERY: Service = { protocol: null, from: null, to: null };

const LAST = 65535n;

/** `eq P`, `neq P`, `lt P`, `gt P`, `range A B`; undefined if there is none, null if it is wrong. */
export function readPorts(words: Words): Ranges | null | undefined {
  const operator = words.peek();
  if (!['eq', 'neq', 'lt', 'gt', 'range'].includes(operator)) return undefined;
  words.next();
  const port = portOf(words.next());
  if (port === null) return null;
  const at = BigInt(port);
  switch (operator) {
    case 'eq':
      return [[at, at]];
    case 'neq':
      return rangesOf([...span(0n, at - 1n), ...span(at + 1n, LAST)]);
    case 'lt':
      return span(0n, at - 1n);
    case 'gt':
      return span(at + 1n, LAST);
    default: {
      const end = portOf(words.next());
      // The order does not matter to the ASA.
      return end === null ? null : BigInt(end) < at ? span(BigInt(end), at) : span(at, BigInt(end));
    }
  }
}

function span(low: bigint, high: bigint): Range[] {
  return low > high ? [] : [[low, high]];
}

export function isIcmp(protocol: number | null): boolean {
  return protocol === ICMP || protocol === ICMPV6;
}

/** What both let through, or null. */
export function bothServices(a: Service, b: Service): Service | null {
  if (a.protocol === null) return b;
  if (b.protocol === null) return a;
  if (a.protocol !== b.protocol) return null;
  const from = bothRanges(a.from, b.from);
  const to = bothRanges(a.to, b.to);
  return from?.length === 0 || to?.length === 0 ? null : { protocol: a.protocol, from, to };
}

function bothRanges(a: Ranges | null, b: Ranges | null): Ranges | null {
  return a === null ? b : b === null ? a : intersectRanges(a, b);
}

/** Services of the same source ports, as rules write them. */
export interface ServiceTexts {
  /** null for every one. */
  readonly services: readonly string[] | null;
  readonly sourcePorts: readonly string[] | null;
}

/** Rules take one list of source ports each: services by those. */
export function serviceTexts(list: readonly Service[]): ServiceTexts[] {
  const found = new Map<
    string,
    { services: Set<string> | null; ports: readonly string[] | null }
  >();
  for (const { protocol, from, to } of list) {
    if (from?.length === 0 || to?.length === 0) continue;
    const ports = from?.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)) ?? null;
    const key = ports?.join(',') ?? '';
    const one = found.get(key) ?? { services: new Set<string>(), ports };
    found.set(key, one);
    if (protocol === null) one.services = null;
    for (const [low, high] of to ?? [[0n, LAST] as const]) {
      const text = pieces(protocol, Number(low), Number(high));
      for (const piece of text) one.services?.add(piece);
    }
  }
  return [...found.values()].map(({ services, ports }) => ({
    services: services === null ? null : [...services],
    sourcePorts: ports,
  }));
}

/** Ranges of ICMP types and codes type by type. */
function pieces(protocol: number | null, low: number, high: number): string[] {
  if (protocol === null) return [];
  if (!isIcmp(protocol) || (low === 0 && high === 65535))
    return [
      serviceText({ protocol, low, high: hasPorts(protocol) || isIcmp(protocol) ? high : 65535 }) ??
        '',
    ];
  const list: string[] = [];
  for (let at = low; at <= high;) {
    const end = (at & 255) === 0 && at + 255 <= high ? at + 255 : at;
    list.push(serviceText({ protocol, low: at, high: end }) ?? '');
    at = end + 1;
  }
  return list;
}
