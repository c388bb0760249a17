// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { filesOfGroup, renewGroups } from '../../../src/firewall/groups.js';
import type { List } from '../../../src/firewall/lists.js';
import { textReader } from '../../../src/rulefile/reader.js';

const FILE = `version: 1
groups:
  addresses:
    a: {from-file: a.txt}
    b: {from-file: [b.txt, a.txt], except: 10.0.0.0/31}
    ab: [a, b, 10.0.0.7]
    twice: [a, a]
    less: {include: ab, except: [b, 10.0.0.12]}
    deep: {include: [less, bogons], from-file: b.txt, except: a}
    fixed: [10.0.0.1]
`;

function load(a: string, b: string) {
  const texts = { 'x.yaml': FILE, 'a.txt': a, 'b.txt': b };
  const { groups } = loadModel('x.yaml', textReader(new Map(Object.entries(texts))));
  if (groups === null) throw new Error('the rule file has errors');
  return groups;
}

test('groups know the files they draw on', () => {
  const groups = load('', '');
  expect(groups.addresses.map((one) => [one.name, ...filesOfGroup(one, groups)])).toEqual([
    ['a', 'a.txt'],
    ['b', 'b.txt', 'a.txt'],
    ['ab', 'a.txt', 'b.txt'],
    ['twice', 'a.txt'],
    ['less', 'a.txt', 'b.txt'],
    ['deep', 'a.txt', 'b.txt'],
    ['fixed'],
    ['bogons'],
  ]);
});

test('groups renewed with new lists are those a load of the new files gives', () => {
  const list = fc
    .array(fc.nat(15), { maxLength: 6 })
    .map((all) => all.map((i) => `10.0.0.${i}\n`).join(''));
  const change = fc.record({ a: list, b: list, both: fc.boolean() });
  fc.assert(
    fc.property(list, list, fc.array(change, { maxLength: 3 }), (a, b, changes) => {
      let groups = load(a, b);
      let now = { a, b };
      for (const { a, b, both } of changes) {
        now = { a: both ? a : now.a, b };
        const wanted = load(now.a, now.b);
        const lists = new Map<string, List>();
        for (const name of both ? ['a.txt', 'b.txt'] : ['b.txt'])
          lists.set(name, wanted.lists.get(name) as List);
        const next = renewGroups(groups, lists);
        for (const [i, { set }] of groups.addresses.entries())
          expect(next.groups.addresses[i]!.set).toBe(next.renewed.get(set) ?? set);
        expect(next.groups.addresses).toEqual(wanted.addresses);
        groups = next.groups;
      }
    }),
  );
});
