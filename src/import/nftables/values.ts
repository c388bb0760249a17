// SPDX-License-Identifier: BSD-3-Clause
import { addressRanges, spanRanges } from '../shared/addresses.js';
import { dscpClass, icmpRange, numberOf, portRange, protocolNumber } from '../shared/names.js';
import { rangesOf, type Range, type Ranges } from '../shared/ranges.js';
import type { Element, Node } from './ruleset.js';

/** What an expression is about, in the terms of boxes. */
export type Field =
  | 'src'
  | 'dst'
  | 'proto'
  | 'sport'
  | 'dport'
  | 'icmp'
  | 'code'
  | 'dscp'
  | 'in'
  | 'out'
  | 'mac'
  | 'state'
  | 'family';

/** ICMP types as nft calls them, where iptables has another name. */
const ICMP6 = new Map([
  ['mld-listener-reduction', 132],
  ['nd-router-solicit', 133],
  ['nd-router-advert', 134],
  ['nd-neighbor-solicit', 135],
  ['nd-neighbor-advert', 136],
  ['nd-redirect', 137],
  ['router-renumbering', 138],
  ['ind-neighbor-solicit', 141],
  ['ind-neighbor-advert', 142],
  ['mld2-listener-report', 143],
]);
const ICMP4 = new Map([
  ['info-request', 15],
  ['info-reply', 16],
]);
/** Of a type alone: iptables knows some of these names as a type and a code. */
const CODES = new Map([
  ['net-unreachable', 0],
  ['host-unreachable', 1],
  ['prot-unreachable', 2],
  ['port-unreachable', 3],
  ['frag-needed', 4],
  ['net-prohibited', 9],
  ['host-prohibited', 10],
  ['admin-prohibited', 13],
]);
const CODES6 = new Map([
  ['no-route', 0],
  ['admin-prohibited', 1],
  ['addr-unreachable', 3],
  ['port-unreachable', 4],
]);

/** A word of a field as numbers, or null where it is none of it. */
export function numbersOf(text: string, field: Field, family: 4 | 6): Ranges | null {
  switch (field) {
    case 'src':
    case 'dst':
      return text.includes('-') ? spanRanges(text, family) : addressRanges(text, family);
    case 'sport':
    case 'dport':
      return spanned(text, (one) => {
        const range = portRange(one);
        return range === null || range[0] !== range[1] ? null : Number(range[0]);
      });
    case 'proto':
      return spanned(text, (one) => protocolNumber(one));
    case 'icmp': {
      const named = (family === 4 ? ICMP4 : ICMP6).get(text);
      if (named !== undefined) return [[BigInt(named * 256), BigInt(named * 256 + 255)]];
      const plain = icmpRange(text, family);
      if (plain !== null && !text.includes('/')) return plain;
      const types = spanned(text, (one) => numberOf(one, 255));
      return types?.map(([low, high]) => [low * 256n, high * 256n + 255n] as const) ?? null;
    }
    case 'code': {
      const codes = spanned(
        text,
        (one) => (family === 4 ? CODES : CODES6).get(one) ?? numberOf(one, 255),
      );
      if (codes === null) return null;
      const all: Range[] = [];
      for (let type = 0n; type < 256n; type++)
        for (const [low, high] of codes) all.push([type * 256n + low, type * 256n + high]);
      return rangesOf(all);
    }
    case 'dscp':
      return spanned(text, (one) => dscpClass(one) ?? numberOf(one, 63));
    default:
      return null;
  }
}

/** `A` or `A-B`, where names may have hyphens of their own. */
function spanned(text: string, number: (one: string) => number | null): Ranges | null {
  const whole = number(text);
  if (whole !== null) return [[BigInt(whole), BigInt(whole)]];
  const [low, high, more] = text.split('-');
  if (low === undefined || high === undefined || more !== undefined) return null;
  const [first, last] = [number(low), number(high)];
  return first === null || last === null || first > last ? null : [[BigInt(first), BigInt(last)]];
}

/** The words of an element's key, one for each field it has; options of the element are left out. */
export function keyWords({ key }: Element): string[] {
  const words: string[] = [];
  let part: string[] = [];
  for (const node of key) {
    if (node.kind !== 'word') return [];
    if (OPTIONS.has(node.text) && !node.quoted && part.length > 0) break;
    if (node.text === '.' && !node.quoted) {
      words.push(part.join(' '));
      part = [];
    } else part.push(node.text);
  }
  words.push(part.join(' '));
  return words.map((word) => word.replace(/ - /, '-'));
}

const OPTIONS = new Set(['timeout', 'expires', 'counter', 'comment', 'limit', 'ct']);

export function wordOf(node: Node | undefined): string {
  return node?.kind === 'word' ? node.text : '';
}
