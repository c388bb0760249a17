// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileModel, type Compiled } from '../../../src/compiler/image.js';
import type { Model } from '../../../src/compiler/model.js';
import { noSlots, ruleKey, slotOf, type Slots } from '../../../src/compiler/slots.js';
import { decodeImage } from '../../../src/tables/decode.js';
import { CONSTANTS as C } from '../../../src/tables/layout.js';
import { validateImage } from '../../../src/tables/validate.js';
import { flows, models } from '../../reference/arbitraries.js';
import { firstMatch, imageMatch } from '../../reference/interpreter.js';
import { iface, model, policy, rule, services, set, zone } from '../../reference/models.js';

type Done = Extract<Compiled, { ok: true }>;

function compiled(one: Model, generation = 1, slots: Slots = noSlots()): Done {
  const done = compileModel(one, { generation, slots });
  if (!done.ok) throw new Error(done.diagnostics[0]?.message);
  return done;
}
const decoded = (one: Done) => decodeImage(one.image);
const partHashes = (one: Done) =>
  decoded(one)
    .records('parts')
    .map(({ hash }) => Buffer.from(hash).toString('hex'));
const pairHash = (one: Done, from: number, to: number) => {
  const pair = decoded(one)
    .records('pairs')
    .find((p) => p.from === from && p.to === to);
  return pair === undefined ? null : Buffer.from(pair.hash).toString('hex');
};

test('an image matches as its model does, for every zone pair', () => {
  fc.assert(
    fc.property(
      models({ policies: 6, rules: 8 }),
      fc.array(flows, { minLength: 20, maxLength: 20 }),
      (one, packets) => {
        const done = compiled(one);
        const image = decoded(done);
        validateImage(image);
        const zones = one.zones.map(({ name }) => name);
        for (const flow of packets)
          for (const from of [...zones, 'local'])
            for (const to of [...zones, 'local', null]) {
              const slot = (name: string | null) =>
                name === null
                  ? C.ZONE_NONE
                  : name === 'local'
                    ? C.ZONE_LOCAL
                    : slotOf(done.slots.zones, name);
              const want = firstMatch(one, from, to, flow);
              const got = imageMatch(image, slot(from), slot(to), flow);
              const key = want === null ? null : ruleKey(want.policy.name, want.rule.name);
              expect(got).toBe(key === null ? null : slotOf(done.slots.rules, key));
            }
      },
    ),
    { numRuns: 60 },
  );
});

describe('sets', () => {
  test('equal contents are written once, whoever uses them', () => {
    const group = set([[1, 5]], [[7n, 9n]]);
    const again = set([[1, 5]], [[7n, 9n]]);
    const service = services({ protocol: 6, destination: [80, 80] });
    const image = decoded(
      compiled(
        model({
          policies: [
            policy(
              'p',
              ['any'],
              ['any'],
              [
                rule('a', { source: group, destination: again, service }),
                rule('b', {
                  source: again,
                  service: services({ protocol: 6, destination: [80, 80] }),
                }),
              ],
            ),
          ],
        }),
      ),
    );
    expect(image.records('address_sets')).toEqual([{ first4: 0, count4: 1, first6: 0, count6: 1 }]);
    expect(image.records('ranges6')).toEqual([
      { lo_high: 0n, lo_low: 7n, hi_high: 0n, hi_low: 9n },
    ]);
    expect(image.records('service_sets')).toEqual([{ first: 0, count: 1 }]);
    expect(image.records('rules').map((r) => [r.source, r.destination, r.service])).toEqual([
      [0, 0, 0],
      [0, C.SET_ANY, 0],
    ]);
  });

  test('four IPv4 words are not one IPv6 range', () => {
    const four = set([
      [1, 2],
      [4, 5],
      [7, 8],
      [10, 11],
    ]);
    const six = { v4: new Uint32Array(0), v6: new BigUint64Array(four.v4.buffer) };
    const rules = [rule('a', { source: four }), rule('b', { source: six })];
    const image = decoded(compiled(model({ policies: [policy('p', ['any'], ['any'], rules)] })));
    expect(image.records('rules').map((r) => r.source)).toEqual([0, 1]);
  });
});

describe('parts', () => {
  const small = (name: string, from: string, to: string) =>
    policy(name, [from], [to], [rule('one')]);
  const large = (name: string, rules = 257) =>
    policy(
      name,
      ['any'],
      ['any'],
      Array.from({ length: rules }, (_, i) => rule(`r${i}`)),
    );

  test('a policy above 256 rules stands alone, smaller neighbours lie together', () => {
    const image = decoded(
      compiled(
        model({
          policies: [
            small('a', 'any', 'any'),
            small('b', 'any', 'any'),
            large('c'),
            large('d', 256),
          ],
        }),
      ),
    );
    const policies = image.records('part_policies').map((one) => one.policy);
    expect(
      image
        .records('parts')
        .map((p) => policies.slice(p.first_policy, p.first_policy + p.policies)),
    ).toEqual([[0, 1], [2], [3]]);
    expect(image.records('pairs').every((p) => p.first_part === 0 && p.parts === 3)).toBe(true);
  });

  test('any has neither local nor, as a source, packets without a zone', () => {
    const image = decoded(compiled(model({ policies: [small('a', 'any', 'any')] })));
    expect(image.records('pairs').map(({ from, to }) => [from, to])).toEqual([
      [2, C.ZONE_NONE],
      [2, 2],
      [2, 3],
      [3, C.ZONE_NONE],
      [3, 2],
      [3, 3],
    ]);
  });

  test('policies without enabled rules make no pair', () => {
    const off = policy('off', ['any'], ['any'], [rule('one', { enabled: false })]);
    const image = decoded(compiled(model({ policies: [off] })));
    expect(image.records('pairs')).toEqual([]);
    expect(image.count('rules')).toBe(0);
  });

  test('the hash follows what rules match and do, not set ids, names or places', () => {
    const used = set([[100, 200]]);
    const base = model({
      policies: [policy('p', ['any'], ['any'], [rule('one', { source: used })])],
    });
    const first = compiled(base);
    const shifted = compiled(
      model({
        policies: [
          ...base.policies,
          policy('q', ['local'], ['local'], [rule('new', { source: set([[1, 1]]) })]),
        ],
      }),
      2,
      first.slots,
    );
    expect(partHashes(shifted)[0]).toBe(partHashes(first)[0]);
    const changes: [string, Parameters<typeof rule>[1]][] = [
      ['range', { source: set([[100, 201]]) }],
      ['any', { source: null }],
      ['family', { source: set([], [[100n, 200n]]) }],
      ['destination', { source: null, destination: used }],
      ['service', { source: used, service: services({ protocol: 6 }) }],
      ['action', { source: used, action: 'deny' }],
      ['log', { source: used, log: true }],
    ];
    const hashes = changes.map(
      ([, parts]) =>
        partHashes(
          compiled(
            model({ policies: [policy('p', ['any'], ['any'], [rule('one', parts)])] }),
            2,
            first.slots,
          ),
        )[0],
    );
    expect(new Set([...hashes, partHashes(first)[0]]).size).toBe(changes.length + 1);
  });

  test('a large set changes the hash as a small one does', () => {
    const ranges = Array.from({ length: 500 }, (_, i): [number, number] => [i * 4, i * 4 + 1]);
    const hash = (last: number) => {
      const source = set([...ranges.slice(0, -1), [1996, last]]);
      return partHashes(
        compiled(model({ policies: [policy('p', ['any'], ['any'], [rule('one', { source })])] })),
      )[0];
    };
    expect(hash(1997)).toBe(hash(1997));
    expect(hash(1998)).not.toBe(hash(1997));
  });

  test('an interface that moves changes the pairs of both zones and no other', () => {
    const zones = ['a', 'b', 'c'].map(zone);
    const policies = [small('p', 'any', 'any')];
    const at = (of: string) =>
      model({
        zones,
        policies,
        interfaces: [iface('x', of), iface('y', 'a'), iface('z', 'c')],
        routes: [],
      });
    const before = compiled(at('a'));
    const after = compiled(at('b'), 2, before.slots);
    const same = (from: number, to: number) =>
      pairHash(before, from, to) === pairHash(after, from, to);
    expect([same(2, 4), same(4, 3), same(4, 4), same(4, C.ZONE_NONE)]).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});

describe('slots', () => {
  const named = (...names: string[]) =>
    model({
      policies: [
        policy(
          'p',
          ['any'],
          ['any'],
          names.map((name) => rule(name)),
        ),
      ],
    });
  const slot = (done: Done, name: string) => slotOf(done.slots.rules, ruleKey('p', name));

  test('a name keeps its slot, also over a commit without it; a new one gets another', () => {
    const first = compiled(named('a', 'b'));
    expect([slot(first, 'a'), slot(first, 'b')]).toEqual([16, 17]);
    const second = compiled(named('c', 'b'), 2, first.slots);
    expect([slot(second, 'b'), slot(second, 'c')]).toEqual([17, 18]);
    expect(slot(compiled(named('a', 'b'), 3, second.slots), 'a')).toBe(16);
  });

  test('a slot is free 64 generations after its name left, and comes round last', () => {
    let done = compiled(named('a', 'b'));
    for (let generation = 2; generation <= 65; generation++)
      done = compiled(named('b'), generation, done.slots);
    expect(done.slots.rules.left.has(ruleKey('p', 'a'))).toBe(true);
    done = compiled(named('b', 'c'), 66, done.slots);
    expect(done.slots.rules.left.has(ruleKey('p', 'a'))).toBe(false);
    expect(slot(done, 'c')).toBe(18);
  });

  test('slots come round when the range is through, those of living names left out', () => {
    let done = compiled(model({ zones: [zone('kept')], interfaces: [], routes: [] }));
    for (let generation = 2; generation <= 300; generation++) {
      const zones = [zone('kept'), zone(`z${generation}`)];
      done = compiled(model({ zones, interfaces: [], routes: [] }), generation, done.slots);
      expect(slotOf(done.slots.zones, 'kept')).toBe(2);
    }
    // 254 slots, of which the first is taken: names 2 to 254 fill the round, 255 opens the next.
    expect(slotOf(done.slots.zones, 'z300')).toBe(3 + (300 - 255));
  });

  test('a VLAN child lies above its parent, whenever it became its child', () => {
    const port = (name: string) => iface(name, 'inside');
    const first = compiled(model({ interfaces: [port('child'), port('parent'), port('outside')] }));
    const second = compiled(
      model({
        interfaces: [
          iface('child', 'inside', { parent: 'parent', vlan: 7 }),
          port('parent'),
          port('outside'),
        ],
      }),
      2,
      first.slots,
    );
    validateImage(decoded(second));
    expect(slotOf(second.slots.interfaces, 'parent')).toBe(2);
    expect(slotOf(second.slots.interfaces, 'child')).toBe(4);
  });
});

describe('limits', () => {
  const message = (one: Model) => {
    const done = compileModel(one, { generation: 1, slots: noSlots(), file: 'big.yaml' });
    return done.ok ? null : done.diagnostics.map(({ code, file, message: m }) => [code, file, m]);
  };

  test('too many zones', () => {
    const zones = Array.from({ length: 255 }, (_, i) => zone(`z${i}`));
    expect(message(model({ zones, interfaces: [], routes: [] }))).toEqual([
      ['too-large', 'big.yaml', '255 zones, at most 254 are possible'],
    ]);
  });

  test('policies that multiply out over zone pairs', () => {
    const zones = Array.from({ length: 254 }, (_, i) => zone(`z${i}`));
    // Each zone is named by policies of its own, and all by a thousand.
    const policies = [
      ...zones.map(({ name }, i) => policy(`own${i}`, [name], [name], [rule('one')])),
      ...Array.from({ length: 1000 }, (_, i) => policy(`all${i}`, ['any'], ['any'], [rule('one')])),
    ];
    expect(message(model({ zones, policies, interfaces: [], routes: [] }))).toEqual([
      [
        'too-large',
        'big.yaml',
        'the policies of all zone pairs come to 129,669,286, at most 50,000,000 are possible; name zones in fewer policies',
      ],
    ]);
  });
});

test('equal models give equal hashes, whatever the generation', () => {
  const one = model({ policies: [policy('p', ['any'], ['any'], [rule('a')])] });
  const first = compiled(one);
  const second = compiled(one, 9, first.slots);
  expect(decoded(second).modelHash).toEqual(decoded(first).modelHash);
  expect(decoded(second).generation).toBe(9n);
  const other = compiled(model({ policies: [policy('p', ['any'], ['any'], [rule('b')])] }));
  expect(decoded(other).modelHash).not.toEqual(decoded(first).modelHash);
});
