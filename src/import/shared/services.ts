// SPDX-License-Identifier: BSD-3-Clause
import { hasPorts, PROTOCOLS } from '../../net/services.js';

/** Protocol null: all. `low` and `high`: ports, or ICMP type * 256 + code. */
export interface Service {
  readonly protocol: number | null;
  readonly low: number;
  readonly high: number;
}

export const EVERY: Service = { protocol: null, low: 0, high: 65535 };

const NAMES = new Map<number, string>(Object.entries(PROTOCOLS).map(([name, n]) => [n, name]));
const OTHERS = new Map<string, number>([
  ['ah', 51],
  ['dccp', 33],
  ['egp', 8],
  ['esp', 50],
  ['gre', 47],
  ['icmp6', 58],
  ['igmp', 2],
  ['ipip', 4],
  ['ipv6-icmp', 58],
  ['ospf', 89],
  ['pgm', 113],
  ['rsvp', 46],
  ['udplite', 136],
  ['vrrp', 112],
]);

/** The number of a protocol by name or number, or null where there is none such. */
export function protocolOf(text: string): number | null {
  const name = text.toLowerCase();
  const known = Object.hasOwn(PROTOCOLS, name)
    ? PROTOCOLS[name as keyof typeof PROTOCOLS]
    : OTHERS.get(name);
  if (known !== undefined) return known;
  return /^\d{1,3}$/.test(name) && Number(name) <= 255 ? Number(name) : null;
}

/**
 * A service from a protocol and two numbers, as clouds have them: ports, or ICMP type and code, and
 * null or -1 for all. A string says why it is none.
 */
export function serviceOf(
  protocol: number,
  from: number | null,
  to: number | null,
): Service | string {
  const all = { protocol, low: 0, high: 65535 };
  const first = from === null || from < 0 ? null : from;
  const second = to === null || to < 0 ? null : to;
  if (protocol === PROTOCOLS.icmp || protocol === PROTOCOLS.icmpv6) {
    if (first === null) return all;
    if (first > 255 || (second ?? 0) > 255) return `ICMP type ${first}, code ${String(to)}`;
    const type = first * 256;
    return second === null
      ? { protocol, low: type, high: type + 255 }
      : { protocol, low: type + second, high: type + second };
  }
  if (!hasPorts(protocol) || (first === null && second === null)) return all;
  const low = first ?? 0;
  const high = second ?? first ?? 65535;
  if (low > high || high > 65535) return `ports ${low} to ${high}`;
  return { protocol, low, high };
}

/** What both let through, or null. */
export function both(a: Service, b: Service): Service | null {
  if (a.protocol === null) return b;
  if (b.protocol === null) return a;
  const low = Math.max(a.low, b.low);
  const high = Math.min(a.high, b.high);
  return a.protocol === b.protocol && low <= high ? { protocol: a.protocol, low, high } : null;
}

/** As rules have it; null for every one. */
export function serviceText({ protocol, low, high }: Service): string | null {
  if (protocol === null) return null;
  const name = NAMES.get(protocol) ?? `proto/${protocol}`;
  if (low === 0 && high === 65535) return name;
  if (hasPorts(protocol)) return low === high ? `${name}/${low}` : `${name}/${low}-${high}`;
  const type = `${name}/${low >> 8}`;
  return low === high ? `${type}/${low & 255}` : type;
}

/** Words that are no names of zones or groups. */
const RESERVED = new Set(['any', 'local', 'bogons', 'proto', ...Object.keys(PROTOCOLS)]);

/** May a zone and a group be called so? Nothing that reads as an address. */
export function isName(text: string): boolean {
  return (
    /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}$/.test(text) &&
    !/^[0-9.-]+$/.test(text) &&
    !RESERVED.has(text)
  );
}
