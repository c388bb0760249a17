// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import {
  ANY_PROTOCOL,
  NO_EXTRA,
  type Limit,
  type Policy,
  type Rule,
  type RuleExtra,
  type ServiceSet,
} from '../../src/firewall/model.js';
import type { AddressSet } from '../../src/net/sets.js';
import { policy, rule, set } from './models.js';

/** A world small enough to try all of it: few addresses, protocols and ports, and two zones. */
export const ZONES = ['a', 'b'];
const V4 = [0, 1, 2, 3];
const V6 = [0, 1];
const PORTS = [0, 67, 68, 65535];
const ICMPV6 = [0, 133 * 256, 143 * 256 + 255];
/** Between the values that rules use. */
const PORTS_TOO = [...PORTS, 30, 30_000];
const ICMPV6_TOO = [...ICMPV6, 50 * 256, 131 * 256, 135 * 256, 140 * 256, 152 * 256, 65_535];

/** A packet, with what conditions look at. */
export interface Packet {
  /** Place among FLOWS. */
  readonly flow: number;
  readonly family: 4 | 6;
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly dscp: number;
  readonly open: boolean;
  readonly over: boolean;
}

const FLOWS = [4, 6].flatMap((family) => {
  const tcp = PORTS_TOO.flatMap((s) => PORTS_TOO.map((d) => [17, s, d] as const));
  const icmp = ICMPV6_TOO.map((d) => [58, 0, family === 6 ? d : 0] as const);
  const addresses = family === 4 ? [...V4, 200] : [...V6, 200];
  return addresses.flatMap((source) =>
    addresses.flatMap((destination) =>
      [...tcp, ...icmp, [47, 0, 0] as const].map(([protocol, sourcePort, destinationPort]) => ({
        ...{ family: family as 4 | 6, source, destination },
        ...{ protocol, sourcePort, destinationPort },
      })),
    ),
  );
});

/** Every packet with every state of what conditions look at. */
export const PACKETS: readonly Packet[] = FLOWS.flatMap((one, flow) =>
  [false, true].flatMap((open) =>
    [false, true].flatMap((over) => [0, 46].map((dscp) => ({ ...one, flow, dscp, open, over }))),
  ),
);

export const PLAIN_PACKETS = PACKETS.filter(({ dscp, open, over }) => dscp === 0 && open && !over);

const span = (most: number) =>
  fc
    .tuple(fc.nat(most), fc.nat(most))
    .map(([x, y]): [number, number] => (x <= y ? [x, y] : [y, x]));
const addresses: fc.Arbitrary<AddressSet> = fc
  .record({
    v4: fc.option(span(3), { freq: 5 }),
    v6: fc.option(span(1), { freq: 3 }),
    all: fc.nat(9),
  })
  .map(({ v4, v6, all }) => {
    if (all === 0) return set([[0, 0xffffffff]], [[0n, (1n << 128n) - 1n]]);
    return set(v4 === null ? [] : [v4], v6 === null ? [] : [[BigInt(v6[0]), BigInt(v6[1])]]);
  });
/** As groups with `except` are: with holes. */
const holed = fc.constant(
  set(
    [
      [0, 0],
      [2, 2],
    ],
    [[1n, 1n]],
  ),
);
const ports = span(3).map(([x, y]): [number, number] => [PORTS[x]!, PORTS[y]!]);
const ANY: readonly [number, number] = [0, 65535];
const services: fc.Arbitrary<ServiceSet> = fc
  .array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc
          .tuple(ports, ports)
          .map(([s, d]) => ({ protocol: 17, source: s, destination: d })),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          { protocol: ANY_PROTOCOL, source: ANY, destination: ANY },
          { protocol: 47, source: ANY, destination: ANY },
        ),
      },
      {
        weight: 1,
        arbitrary: span(2).map(([x, y]) => ({
          protocol: 58,
          source: ANY,
          destination: [ICMPV6[x]!, ICMPV6[y]!] as [number, number],
        })),
      },
    ),
    { minLength: 1, maxLength: 2 },
  )
  .map((list) => ({ services: list }));

const LIMIT: Limit = {
  rate: { every: 1, burst: 1 },
  sourceRate: null,
  sessions: 0,
  sourceSessions: 0,
  sourceLength: { v4: 32, v6: 64 },
  over: 'deny',
};
const extras: fc.Arbitrary<RuleExtra | null> = fc.oneof(
  { weight: 6, arbitrary: fc.constant(null) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom<Partial<RuleExtra>>(
        { dscp: 1n << 46n },
        { dscp: 1n },
        { dscp: (1n << 46n) | 1n },
        { schedule: 'office' },
        { limit: LIMIT },
        { limit: { ...LIMIT, over: 'next' } },
        { setDscp: 8 },
      )
      .map((some) => ({ ...NO_EXTRA, ...some })),
  },
);

const rules = fc.record({
  source: fc.option(fc.oneof(addresses, holed), { freq: 2 }),
  destination: fc.option(addresses, { freq: 1 }),
  service: fc.option(services, { freq: 2 }),
  action: fc.constantFrom('allow' as const, 'allow' as const, 'deny' as const),
  log: fc.nat(5).map((n) => n === 0),
  extra: extras,
  enabled: fc.nat(9).map((n) => n > 0),
});
const sides = fc.uniqueArray(fc.constantFrom(...ZONES, 'any', 'local'), {
  minLength: 1,
  maxLength: 2,
});

export const policies: fc.Arbitrary<Policy[]> = fc
  .array(
    fc.record({
      from: fc.oneof(
        { weight: 2, arbitrary: fc.constant<string[]>(['a']) },
        { weight: 1, arbitrary: sides },
      ),
      to: fc.oneof(
        { weight: 2, arbitrary: fc.constant<string[]>(['b']) },
        { weight: 1, arbitrary: sides },
      ),
      rules: fc.array(rules, { maxLength: 6 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((list) =>
    list.map((one, p) =>
      policy(
        `p${p}`,
        one.from,
        one.to,
        one.rules.map((parts, i) => rule(`r${p}-${i}`, parts)),
      ),
    ),
  );

/** Every pair of zones packets can have; '' is no route. */
export const PAIRS: readonly (readonly [string, string])[] = [...ZONES, 'local'].flatMap((from) =>
  ['', ...ZONES, 'local'].map((to) => [from, to] as const),
);

/** Rules asked for a pair in turn. */
export function rulesOf(all: readonly Policy[], from: string, to: string): Rule[] {
  const fits = (names: readonly string[], zone: string) =>
    names.some((name) => (name === 'any' ? zone !== 'local' : name === zone));
  return all
    .filter((one) => fits(one.from, from) && fits(one.to, to))
    .flatMap((one) => one.rules.filter(({ enabled }) => enabled));
}

/** The few addresses there are need no more than numbers. */
const known = {
  4: new WeakMap<AddressSet, [number, number][]>(),
  6: new WeakMap<AddressSet, [number, number][]>(),
};

function rangesOf(set_: AddressSet, family: 4 | 6): [number, number][] {
  let found = known[family].get(set_);
  if (found === undefined) {
    const words = family === 4 ? [...set_.v4] : [...set_.v6].map(Number);
    found = [];
    const value = (i: number) =>
      family === 4 ? words[i]! : words[2 * i]! * 2 ** 64 + words[2 * i + 1]!;
    for (let i = 0; i < words.length / (family === 4 ? 1 : 2); i += 2)
      found.push([value(i), value(i + 1)]);
    known[family].set(set_, found);
  }
  return found;
}

const tables = new WeakMap<Rule, readonly boolean[]>();

/** Whether addresses and service of a rule fit a packet. */
export function fits(one: Rule, { flow }: Packet): boolean {
  let table = tables.get(one);
  if (table === undefined) {
    table = FLOWS.map((packet) => fitsFlow(one, packet));
    tables.set(one, table);
  }
  return table[flow]!;
}

function fitsFlow(one: Rule, packet: (typeof FLOWS)[number]): boolean {
  const within = (set_: AddressSet | null, address: number) =>
    set_ === null ||
    rangesOf(set_, packet.family).some(([low, high]) => address >= low && address <= high);
  const served =
    one.service === null ||
    one.service.services.some(
      ({ protocol, source, destination }) =>
        (protocol === ANY_PROTOCOL || protocol === packet.protocol) &&
        packet.sourcePort >= source[0] &&
        packet.sourcePort <= source[1] &&
        packet.destinationPort >= destination[0] &&
        packet.destinationPort <= destination[1],
    );
  return served && within(one.source, packet.source) && within(one.destination, packet.destination);
}

/** Whether a rule decides a packet that it fits. */
export function holds({ extra }: Rule, packet: Packet): boolean {
  if (extra === null) return true;
  if (extra.dscp !== null && ((extra.dscp >> BigInt(packet.dscp)) & 1n) === 0n) return false;
  if (extra.schedule !== null && !packet.open) return false;
  return extra.limit?.over !== 'next' || !packet.over;
}

/** What becomes of a packet, as text; a limit is like no other. */
export function fate(list: readonly Rule[], packet: Packet): string {
  const found = list.find((one) => fits(one, packet) && holds(one, packet));
  if (found === undefined) return 'default deny';
  const { limit = null, setDscp = null } = found.extra ?? {};
  const own = limit === null ? '' : found.name;
  return [found.action, found.log, setDscp, own].join(' ');
}
