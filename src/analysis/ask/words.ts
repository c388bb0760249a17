// SPDX-License-Identifier: BSD-3-Clause
import { NO_EXTRA, type Rule } from '../../firewall/model.js';
import { formatAddress, formatPrefix } from '../../net/address.js';
import { hasPorts, ICMP_TYPES, ICMPV6_TYPES, PROTOCOLS } from '../../net/services.js';
import { sameServices, tidy } from '../algebra.js';
import { isIcmp, type Rects, type ServiceArea } from '../services.js';
import type { Spans } from '../spans.js';
import type { Universe } from '../universe.js';

const NAMES = new Map<number, string>(Object.entries(PROTOCOLS).map(([name, n]) => [n, name]));

/** Addresses as prefixes where they are such, else as ranges. */
export function addressWords(spans: Spans, family: 4 | 6, universe: Universe): string[] {
  const list = spans ?? Uint32Array.of(0, universe.last(family));
  const words: string[] = [];
  for (let i = 0; i < list.length; i += 2) {
    const { low } = universe.addresses(family, list[i] as number);
    const { high } = universe.addresses(family, list[i + 1] as number);
    words.push(rangeWord(family, low, high));
  }
  return words;
}

function rangeWord(family: 4 | 6, low: bigint, high: bigint): string {
  const bits = family === 4 ? 32 : 128;
  const address = { family, value: low };
  if (low === high) return formatAddress(address);
  const size = high - low + 1n;
  const length = bits - (size.toString(2).length - 1);
  if ((size & (size - 1n)) === 0n && low % size === 0n) return formatPrefix({ address, length });
  return `${formatAddress(address)}-${formatAddress({ family, value: high })}`;
}

/** Services as rules write them; `any` for all that can open a session. */
export function serviceWords(
  area: ServiceArea,
  opening: ServiceArea,
  family: 4 | 6,
  universe: Universe,
): string[] {
  if (sameServices(area, opening)) return ['any'];
  const others = universe.other;
  return area.flatMap((rects, i) => {
    if (rects === undefined) return [];
    const protocol = universe.protocols[i] as number;
    const name = NAMES.get(protocol) ?? `proto/${protocol}`;
    if (protocol === others) return ['other protocols'];
    if (isIcmp(protocol, family)) return typeWords(name, rects, family);
    if (!hasPorts(protocol)) return [name];
    return portWords(name, tidy(rects), opening[i] as Rects);
  });
}

function typeWords(name: string, rects: Rects, family: 4 | 6): string[] {
  const types = [...(family === 4 ? ICMP_TYPES : ICMPV6_TYPES)];
  const words: string[] = [];
  for (let i = 0; i < rects.length; i += 4)
    for (let at = rects[i + 2] as number; at <= (rects[i + 3] as number); at += 256) {
      const type = at >> 8;
      words.push(`${name}/${types.find(([, one]) => one === type)?.[0] ?? type}`);
    }
  return words;
}

function portWords(name: string, rects: Rects, whole: Rects): string[] {
  const words: string[] = [];
  for (let i = 0; i < rects.length; i += 4) {
    const [s0, s1, d0, d1] = rects.slice(i, i + 4) as [number, number, number, number];
    const to = d0 <= 1 && d1 === 65535 ? name : `${name}/${range(d0, d1)}`;
    const from = s0 <= (whole[0] as number) && s1 === 65535 ? '' : ` from port ${range(s0, s1)}`;
    words.push(to + from);
  }
  return words;
}

function range(low: number, high: number): string {
  return low === high ? String(low) : `${low}-${high}`;
}

/** What a rule looks at that a question does not say, in words; null for nothing. */
export function conditionWords({ action, extra }: Rule): string | null {
  const { sourceMacs, tcpFlags, dscp, schedule, forward, balancer, limit } = extra ?? NO_EXTRA;
  const words: string[] = [];
  if (schedule !== null) words.push(`schedule '${schedule}'`);
  if (forward !== null) words.push(`forward '${forward}'`);
  if (balancer !== null) words.push(`balancer '${balancer}'`);
  if (sourceMacs.length > 0) words.push('source MAC');
  if (tcpFlags !== null) words.push('TCP flags');
  if (dscp !== null) words.push('DSCP');
  if (limit !== null && (action === 'allow' || limit.over === 'next')) words.push('limit');
  return words.length === 0 ? null : words.join(', ');
}
