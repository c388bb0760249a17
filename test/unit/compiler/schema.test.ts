// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { documentSchema } from '../../../src/compiler/document.js';
import { Collector } from '../../../src/diagnostics/collect.js';
import { Sources } from '../../../src/diagnostics/source.js';
import { Context } from '../../../src/rulefile/context.js';
import { parseText } from '../../../src/rulefile/parse.js';
import { typed } from '../../../src/rulefile/typed.js';

/** Mostly one of these, now and then anything else. */
const often = <T>(value: fc.Arbitrary<T>, other: fc.Arbitrary<unknown>, weight = 60) =>
  fc.oneof({ arbitrary: value, weight }, { arbitrary: other, weight: 1 });

const name = often(
  fc.constantFrom('a', 'inside', 'b-2', 'sg_1.x'),
  fc.constantFrom('-bad', 'x'.repeat(70), '', 'tcp/80', 'a b'),
).map(String);
const text = fc.oneof(name, fc.constantFrom('allow', 'true', '90s', '10.0.0.0/8', '0000:00:05.0'));
const anything = fc.oneof(
  text,
  fc.constantFrom(0, 1, -1, 4095, 65536, 1_000_000, 0.5),
  fc.boolean(),
  fc.array(text, { maxLength: 2 }),
  fc.dictionary(text, text, { maxKeys: 1 }),
);
const or = <T>(value: fc.Arbitrary<T>) => often(value, anything);
const number = (...good: number[]) => or(fc.constantFrom(...good));
const flag = or(fc.boolean());
const some = <T>(value: fc.Arbitrary<T>) =>
  or(fc.oneof(value, fc.array(value, { minLength: 1, maxLength: 2 })));
const list = (value: fc.Arbitrary<unknown>) => or(fc.array(value, { maxLength: 2 }));
const names = (value: fc.Arbitrary<unknown>) => or(fc.dictionary(name, value, { maxKeys: 2 }));
/** A map with all keys in `needed` and any of the rest; now and then without, or with a strange key. */
const map = (needed: Record<string, fc.Arbitrary<unknown>>, rest: typeof needed = {}) =>
  or(
    often(
      fc.record({ ...needed, ...rest }, { requiredKeys: Object.keys(needed) }),
      fc.record({ ...needed, ...rest, strange: text }, { requiredKeys: [] }),
    ),
  );

const members = fc.oneof(some(text), map({ include: some(text) }, { except: some(text) }));
const rule = map(
  { name, action: or(fc.constantFrom('allow', 'deny')) },
  {
    ...{ source: members, destination: members, service: some(text) },
    ...{
      'source-port': some(fc.oneof(text, number(0, 65535))),
      log: flag,
      enabled: flag,
      description: text,
    },
  },
);
const policy = map(
  { name, from: some(name), to: some(name), rules: list(rule) },
  { enabled: flag },
);
const port = map(
  {},
  { pci: or(fc.constant('0000:00:05.0')), mac: or(fc.constant('52:54:00:00:00:01')) },
);
const one = map(
  {},
  {
    ...{ port, zone: name, vlan: number(1, 4094), mtu: number(1280, 9216), management: flag },
    addresses: list(text),
  },
);
const route = map({ to: text }, { via: text, interface: text, distance: number(1, 255) });
const document = map(
  { version: number(1) },
  {
    system: map({}, { hostname: or(fc.constantFrom('edge1', 'a.b')) }),
    settings: map(
      {},
      {
        'max-sessions': number(1024, 4096),
        timeouts: map({}, { icmp: or(fc.constantFrom('90s', 5)) }),
      },
    ),
    interfaces: names(one),
    zones: names(map({}, { 'log-denied': flag })),
    groups: map({}, { addresses: names(members), services: names(some(text)) }),
    policies: list(policy),
    routing: map({}, { static: list(route) }),
    assert: list(text),
  },
);

/** What we read of a value written as JSON (which is YAML); undefined where something is wrong. */
function read(value: unknown): unknown {
  const sources = new Sources();
  const collector = new Collector(sources);
  const root = parseText(sources.add('x.yaml', JSON.stringify(value)), collector);
  if (root === null) return undefined;
  const loaded = typed(documentSchema)(root, new Context(sources, collector));
  return collector.errors === 0 ? plain(loaded) : undefined;
}

/** Maps as objects, as zod has them. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, one]: [string, unknown]) => [key, plain(one)]));
}

describe('reading by the schema', () => {
  it('reads what zod reads, and nothing that zod refuses', () => {
    let good = 0;
    fc.assert(
      fc.property(document, (value) => {
        const theirs = documentSchema.safeParse(value);
        const ours = read(value);
        if (theirs.success) {
          good++;
          expect(ours).toEqual(theirs.data);
        } else if (ours !== undefined) {
          // Only text that JSON knows as a number or boolean: we take it where text is wanted.
          expect(documentSchema.parse(ours)).toEqual(ours);
          expect(JSON.stringify(ours)).not.toBe(JSON.stringify(value));
        }
      }),
      { numRuns: 4000 },
    );
    // Both answers were tried often.
    expect(good).toBeGreaterThan(500);
    expect(good).toBeLessThan(3500);
  });
});
