// SPDX-License-Identifier: BSD-3-Clause
import { ANY_PROTOCOL, type ServiceSet } from '../firewall/model.js';
import { hasPorts, PROTOCOLS } from '../net/services.js';

/** Rectangles of ports as source low, high, destination low, high, one after the other. */
export type Rects = readonly number[];

export const ALL_PORTS: Rects = [0, 65535, 0, 65535];

/**
 * What a service set means in one family: rectangles by index of the protocol in the universe's
 * list; undefined for none of it. Protocols without ports have ALL_PORTS or nothing.
 */
export type ServiceArea = readonly (Rects | undefined)[];

/** Whether the protocol is the ICMP of the family: type and code stand where others have a port. */
export function isIcmp(protocol: number, family: 4 | 6): boolean {
  return protocol === (family === 4 ? PROTOCOLS.icmp : PROTOCOLS.icmpv6);
}

/**
 * Numbers to stand for the protocols that no rule names: those for experiments first (RFC 3692), none
 * that is an extension header of IPv6 where another is free (RFC 7045).
 */
const EXTENSIONS = [0, 43, 44, 51, 60, 135, 139, 140];
const OTHERS = [
  ...[253, 254],
  ...Array.from({ length: 256 }, (_, i) => i).filter((one) => !EXTENSIONS.includes(one)),
  ...EXTENSIONS,
];

/** Protocol numbers that differ for some rule, with one more for all others alike if any are left. */
export function protocolsOf(sets: Iterable<ServiceSet>): { all: number[]; other: number | null } {
  const named = new Set<number>(Object.values(PROTOCOLS));
  for (const { services } of sets) for (const one of services) named.add(one.protocol);
  named.delete(ANY_PROTOCOL);
  const other = OTHERS.find((one) => !named.has(one));
  if (other !== undefined) named.add(other);
  return { all: [...named].sort((a, b) => a - b), other: other ?? null };
}

/** The area of a set among `protocols`, which must hold all that it names. */
export function serviceArea(
  { services }: ServiceSet,
  family: 4 | 6,
  protocols: readonly number[],
): ServiceArea {
  return protocols.map((protocol) => {
    const rects: number[] = [];
    for (const { protocol: named, source, destination } of services) {
      if (named !== protocol && named !== ANY_PROTOCOL) continue;
      const ports = hasPorts(protocol);
      const types = isIcmp(protocol, family);
      // Where nothing stands in the place of ports the fast path sees zeros.
      if (!ports && source[0] > 0) continue;
      if (!ports && !types && destination[0] > 0) continue;
      const from = ports ? source : [0, 65535];
      const to = ports || types ? destination : [0, 65535];
      rects.push(from[0], from[1], to[0], to[1]);
    }
    if (rects.length === 0) return undefined;
    for (let i = 0; i < rects.length; i += 4)
      if (ALL_PORTS.every((bound, k) => rects[i + k] === bound)) return ALL_PORTS;
    return rects;
  });
}

/** Whether the ports are in one of the rectangles. */
export function inRects(rects: Rects, sport: number, dport: number): boolean {
  for (let i = 0; i < rects.length; i += 4)
    if (
      sport >= (rects[i] as number) &&
      sport <= (rects[i + 1] as number) &&
      dport >= (rects[i + 2] as number) &&
      dport <= (rects[i + 3] as number)
    )
      return true;
  return false;
}

/** What is in both; undefined for nothing. */
export function intersectAreas(
  a: ServiceArea | null,
  b: ServiceArea | null,
): ServiceArea | null | undefined {
  if (a === null || a === b) return b;
  if (b === null) return a;
  const area = a.map((mine, i) => {
    const theirs = b[i];
    if (mine === undefined || theirs === undefined) return undefined;
    const rects = intersectRects(mine, theirs);
    return rects.length === 0 ? undefined : rects;
  });
  return area.every((rects) => rects === undefined) ? undefined : area;
}

export function intersectRects(a: Rects, b: Rects): Rects {
  if (a === ALL_PORTS || a === b) return b;
  if (b === ALL_PORTS) return a;
  const found: number[] = [];
  for (let i = 0; i < a.length; i += 4)
    for (let j = 0; j < b.length; j += 4) {
      const s0 = Math.max(a[i] as number, b[j] as number);
      const s1 = Math.min(a[i + 1] as number, b[j + 1] as number);
      const d0 = Math.max(a[i + 2] as number, b[j + 2] as number);
      const d1 = Math.min(a[i + 3] as number, b[j + 3] as number);
      if (s0 <= s1 && d0 <= d1) found.push(s0, s1, d0, d1);
    }
  return found;
}
