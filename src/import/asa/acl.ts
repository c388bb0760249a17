// SPDX-License-Identifier: BSD-3-Clause
import { Words } from './lines.js';
import type { Line } from './lines.js';
import { asaProtocol } from './names.js';
import { builtIn, icmpTail, type Objects, type Side } from './objects.js';
import { EVERY, isIcmp, readPorts, type Service } from './services.js';
import { addressTexts, ALL_V4, ALL_V6, prefixed } from './spans.js';
import type { Ranges } from '../shared/ranges.js';

/** An entry of an access list. */
export interface Entry {
  readonly line: number;
  readonly text: string;
  readonly acl: string;
  /** Place in its list, from 1. */
  readonly number: number;
  readonly permit: boolean;
  readonly source: Side;
  readonly destination: Side;
  readonly services: readonly Service[];
  readonly log: boolean;
  readonly timeRange: string | null;
  readonly active: boolean;
  readonly remark: string | null;
}

/** What an entry says behind `permit` or `deny`. */
export type Read = Pick<
  Entry,
  'source' | 'destination' | 'services' | 'log' | 'timeRange' | 'active'
> & {
  /** Conditions without equivalent, as written. */
  readonly missing: readonly string[];
};

export const ANY: Side = { value: null, set: null, open: false };
export const ANY4: Side = { value: '0.0.0.0/0', set: ALL_V4, open: false };
export const ANY6: Side = { value: '::/0', set: ALL_V6, open: false };

/** What entries ask of the rest of the file. */
export interface Around {
  readonly objects: Objects;
  /** `any` is of IPv4 alone before 9.0, where IPv6 has lists of its own. */
  readonly any: Side;
  /** The address of an interface by `nameif`, or null. */
  readonly own: (nameif: string) => Side | null;
}

/** An entry after `permit` or `deny`; a string says what of it has no equivalent. */
export function readEntry(
  words: Words,
  { objects, any, own }: Around,
  { line }: Line,
): Read | string {
  const protocols = protocolsOf(words, objects);
  if (typeof protocols === 'string') return protocols;
  const missing: string[] = [];
  identity(words, missing);
  const source = readSide(words, objects, any, own, line);
  if (typeof source === 'string') return source;
  const from = portsOf(words, objects, 'source');
  if (from === null) return `no ports: '${words.peek()}'`;
  identity(words, missing);
  const destination = readSide(words, objects, any, own, line);
  if (typeof destination === 'string') return destination;
  const to = portsOf(words, objects, 'destination');
  if (to === null) return `no ports: '${words.peek()}'`;
  const services = withPorts(protocols, from, to, words, objects);
  if (typeof services === 'string') return services;
  let log = false;
  let active = true;
  let timeRange: string | null = null;
  while (!words.done) {
    const word = words.next();
    if (word === 'log') {
      log = true;
      if (words.take('disable')) log = false;
      else if (!['interval', 'time-range', 'inactive', ''].includes(words.peek())) words.next();
      if (words.take('interval')) words.next();
    } else if (word === 'time-range') timeRange = words.next();
    else if (word === 'inactive') active = false;
    else return `'${word}' has no equivalent`;
  }
  return { source, destination, services, log, timeRange, active, missing };
}

/** PROTOCOL, `object NAME` or `object-group NAME`. */
function protocolsOf(words: Words, objects: Objects): readonly Service[] | string {
  const word = words.next();
  if (word !== 'object' && word !== 'object-group') {
    const protocol = asaProtocol(word);
    return protocol === null
      ? `there is no protocol '${word}'`
      : [{ ...EVERY, protocol: protocol ?? null }];
  }
  const name = words.next();
  const found = objects.services(name);
  if (found !== null) return found;
  const built = builtIn(name);
  return built === null ? `there is no service '${name}'` : [built];
}

/** Users and security groups ahead of an address: there is nothing like it. */
function identity(words: Words, missing: string[]): void {
  for (;;) {
    const word = words.peek();
    const more = {
      user: 1,
      'user-group': 1,
      'object-group-user': 1,
      'object-group-security': 1,
      'security-group': 2,
    }[word];
    if (more === undefined) return;
    missing.push(Array.from({ length: more + 1 }, () => words.next()).join(' '));
  }
}

function readSide(
  words: Words,
  objects: Objects,
  any: Side,
  own: Around['own'],
  line: number,
): Side | string {
  const word = words.next();
  switch (word) {
    case 'any':
      return any;
    case 'any4':
      return ANY4;
    case 'any6':
      return ANY6;
    case 'object':
    case 'object-group':
      return objects.side(words.next(), line);
    case 'interface': {
      const name = words.next();
      return own(name) ?? objects.side(`interface-${name}`, line);
    }
    case 'host': {
      const name = words.next();
      const set = objects.host(name);
      return set === null ? `'${name}' is no address` : literal(set);
    }
    default: {
      if (word.includes('/')) {
        const set = prefixed(word);
        return set === null ? `'${word}' is no prefix` : literal(set);
      }
      const mask = words.next();
      const set = objects.subnet(word, mask);
      if (set === null) return `'${word} ${mask}' are no address and mask`;
      return set.v4[0]?.[0] === 0n && set.v4[0][1] === 0xffffffffn ? ANY4 : literal(set);
    }
  }
}

function literal(set: NonNullable<Side['set']>): Side {
  const value = addressTexts(set);
  return { value: value.length === 1 ? (value[0] as string) : value, set, open: false };
}

/** Ports behind an address; undefined for none, null where they are wrong. */
function portsOf(
  words: Words,
  objects: Objects,
  end: 'source' | 'destination',
): Ranges | null | undefined {
  if (words.peek() === 'object-group') {
    const name = words.peek(1);
    // Behind the source it may as well be the destination.
    if (objects.holder(name) !== 'ports') return undefined;
    if (end === 'source' && objects.isNetwork(name)) return undefined;
    words.next();
    words.next();
    return objects.ports(name) ?? [];
  }
  return readPorts(words);
}

function withPorts(
  protocols: readonly Service[],
  from: Ranges | undefined,
  to: Ranges | undefined,
  words: Words,
  objects: Objects,
): readonly Service[] | string {
  if (words.peek() === 'object-group' || words.peek() === 'object') {
    const name = words.peek(1);
    const types = objects.services(name);
    if (types === null) return `there is no group '${name}'`;
    words.next();
    words.next();
    return protocols.flatMap(({ protocol }) =>
      types
        .filter((one) => isIcmp(one.protocol) && isIcmp(protocol))
        .map((one) => ({ ...one, protocol })),
    );
  }
  const [only] = protocols;
  if (protocols.length === 1 && only !== undefined && isIcmp(only.protocol) && only.to === null) {
    const service = icmpTail(words, only.protocol as number);
    return service === null ? 'there is no such type and code' : [service];
  }
  if (from === undefined && to === undefined) return protocols;
  // Of a group of protocols only those with ports are meant.
  const ported = protocols.filter(({ protocol }) => [6, 17, 132].includes(protocol ?? 0));
  if (ported.length === 0) return 'ports of a protocol that has none';
  return ported.map(({ protocol, from: f, to: t }) => ({ protocol, from: from ?? f, to: to ?? t }));
}
