// SPDX-License-Identifier: BSD-3-Clause
import { formatAddress } from '../../net/address.js';
import { lastAddress, prefixText } from './addresses.js';
import type { Box, Limit, Side } from './box.js';
import { flagNames, type FlagCondition } from './flags.js';
import { complement, type Range, type Ranges } from './ranges.js';
import type { Value } from './yaml.js';

const NAMED = new Map([
  [6, 'tcp'],
  [17, 'udp'],
  [132, 'sctp'],
]);

/** The addresses as rules write them; `notIn` names the group of all that is not in a group. */
export function addressValue(side: Side, family: 4 | 6, notIn: (name: string) => string): Value {
  const [first, ...others] = side.inc;
  const all = family === 4 ? '0.0.0.0/0' : '::/0';
  if (first !== undefined) {
    const outside = side.set === null ? [] : complement(side.set, lastAddress(family));
    const except = [...texts(outside, family), ...side.exc, ...others.map(notIn)];
    return except.length === 0 ? first : { include: first, except: oneOrList(except) };
  }
  if (side.exc.length > 0) {
    const include = side.set === null ? [all] : texts(side.set, family);
    return { include: oneOrList(include), except: oneOrList(side.exc) };
  }
  const set = side.set ?? [[0n, lastAddress(family)]];
  const direct = texts(set, family);
  const around: Range = [(set[0] as Range)[0], (set.at(-1) as Range)[1]];
  for (const [hull, text] of [
    [[0n, lastAddress(family)] as Range, all],
    [around, prefixText(around, family)],
  ] as const) {
    if (text === null) continue;
    const holes = texts(holesOf(hull, set), family);
    if (holes.length > 0 && holes.length < direct.length)
      return { include: text, except: oneOrList(holes) };
  }
  return oneOrList(direct);
}

/** Ranges as prefixes, addresses and LOW-HIGH. */
export function texts(ranges: Ranges, family: 4 | 6): string[] {
  return ranges.map((range) => {
    const [low, high] = range;
    const first = formatAddress({ family, value: low });
    if (low === high) return first;
    return prefixText(range, family) ?? `${first}-${formatAddress({ family, value: high })}`;
  });
}

/** `service` and `source-port` of a rule; empty for any. */
export function serviceValues({ proto, sport, dport, icmp }: Box, family: 4 | 6) {
  const found: { service?: Value; 'source-port'?: Value } = {};
  if (proto === null) return found;
  const list: string[] = [];
  for (const [low, high] of proto)
    for (let p = Number(low); p <= Number(high); p++) {
      const name = NAMED.get(p);
      if (name !== undefined)
        list.push(
          ...(dport === null ? [name] : dport.map((range) => `${name}/${portText(range)}`)),
        );
      else if (p === (family === 4 ? 1 : 58)) list.push(...icmpTexts(icmp, family));
      else list.push(`proto/${p}`);
    }
  found.service = oneOrList(list);
  if (sport !== null) found['source-port'] = oneOrList(sport.map(portText));
  return found;
}

export function limitValue(limit: Limit, over: 'next' | 'deny', family: 4 | 6): Value {
  const { rate, burst, sessions, ratePerSource, sessionsPerSource, sourcePrefix } = limit;
  return {
    ...(rate === undefined ? {} : { rate }),
    ...(burst === undefined ? {} : { burst }),
    ...(sessions === undefined ? {} : { sessions }),
    ...(ratePerSource === undefined ? {} : { 'rate-per-source': ratePerSource }),
    ...(sessionsPerSource === undefined ? {} : { 'sessions-per-source': sessionsPerSource }),
    ...(sourcePrefix === undefined ? {} : { 'source-prefix': { [`v${family}`]: sourcePrefix } }),
    over,
  };
}

export function flagValue({ set, clear, not }: FlagCondition): Value {
  const cube = {
    ...(set === 0 ? {} : { set: flagNames(set) }),
    ...(clear === 0 ? {} : { clear: flagNames(clear) }),
  };
  return not ? { not: cube } : cube;
}

export function bitsOf(bits: bigint): number[] {
  const found: number[] = [];
  for (let i = 0; bits >> BigInt(i) > 0n; i++) if (((bits >> BigInt(i)) & 1n) === 1n) found.push(i);
  return found;
}

export function oneOrList(list: readonly string[]): Value {
  return list.length === 1 ? (list[0] as string) : list;
}

function holesOf([low, high]: Range, set: Ranges): Ranges {
  const holes: Range[] = [];
  let next = low;
  for (const [first, last] of set) {
    if (first > next) holes.push([next, first - 1n]);
    next = last + 1n;
  }
  if (next <= high) holes.push([next, high]);
  return holes;
}

function portText([low, high]: Range): string {
  return low === high ? String(low) : `${low}-${high}`;
}

/** Types whole where all codes are meant, else code by code. */
function icmpTexts(icmp: Ranges | null, family: 4 | 6): string[] {
  const name = family === 4 ? 'icmp' : 'icmpv6';
  if (icmp === null) return [name];
  const list: string[] = [];
  for (const [low, high] of icmp)
    for (let at = low; at <= high;) {
      const type = at >> 8n;
      if ((at & 255n) === 0n && at + 255n <= high) {
        list.push(`${name}/${type}`);
        at += 256n;
      } else list.push(`${name}/${type}/${at++ & 255n}`);
    }
  return list;
}
