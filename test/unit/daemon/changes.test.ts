// SPDX-License-Identifier: BSD-3-Clause
import { expect, test } from 'vitest';
import { compileModel } from '../../../src/compiler/image.js';
import { noSlots } from '../../../src/compiler/slots.js';
import type { ChangedRule, RuleChanges } from '../../../src/daemon/api/types.js';
import { ruleChanges } from '../../../src/daemon/changes.js';
import { decodeImage, type DecodedImage } from '../../../src/tables/decode.js';
import { BASE } from '../fixtures/codes.js';
import { modelOf } from '../fixtures/load.js';

/** An image of one policy with these rules, by name with what else they say. */
function image(
  rules: Readonly<Record<string, string>>,
  groups = 'lan: [10.1.0.0/16]',
): DecodedImage {
  const lines = Object.entries(rules).map(([name, text]) => `      - {name: ${name}, ${text}}\n`);
  const model = modelOf(
    `${BASE}groups: {addresses: {${groups}}}\npolicies:\n  - name: p\n    from: inside\n    to: internet\n    rules:\n${lines.join('')}`,
  );
  const compiled = compileModel(model, { generation: 1, slots: noSlots() });
  if (!compiled.ok) throw new Error('does not compile');
  return decodeImage(compiled.image);
}

function shown(changes: RuleChanges): Record<string, string[]> {
  const name = ({ policy, rule }: ChangedRule): string => `${policy}/${rule}`;
  return Object.fromEntries(
    (Object.entries(changes) as [string, ChangedRule[]][]).map(([kind, all]) => [
      kind,
      all.map(name),
    ]),
  );
}

const NONE = { added: [], removed: [], changed: [], moved: [] };
const RULES = {
  a: 'service: tcp/80, action: allow',
  b: 'source: lan, action: deny',
  c: 'service: udp/53, action: allow, log: true',
  d: 'destination: 192.0.2.0/24, action: allow',
};

test('equal rules have not changed, whatever numbers their sets have', () => {
  const { a, b, c, d } = RULES;
  expect(shown(ruleChanges(image(RULES), image(RULES)))).toEqual(NONE);
  const more = { x: 'source: 192.0.2.1, service: tcp/99, action: deny', a, b, c, d };
  expect(shown(ruleChanges(image(RULES), image(more)))).toEqual({ ...NONE, added: ['p/x'] });
  expect(shown(ruleChanges(image(more), image(RULES)))).toEqual({ ...NONE, removed: ['p/x'] });
});

test.each([
  ['action', { ...RULES, a: 'service: tcp/80, action: deny' }, 'p/a'],
  ['service', { ...RULES, a: 'service: tcp/81, action: allow' }, 'p/a'],
  ['log', { ...RULES, c: 'service: udp/53, action: allow' }, 'p/c'],
  ['destination', { ...RULES, d: 'destination: 192.0.2.0/25, action: allow' }, 'p/d'],
  ['disabled', { ...RULES, d: `${RULES.d}, enabled: false` }, null],
])('a rule with another %s', (_, rules, changed) => {
  const wanted = changed === null ? { removed: ['p/d'] } : { changed: [changed] };
  expect(shown(ruleChanges(image(RULES), image(rules)))).toEqual({ ...NONE, ...wanted });
});

test('a group that changes changes the rules that use it', () => {
  const after = image(RULES, 'lan: [10.1.0.0/17]');
  expect(shown(ruleChanges(image(RULES), after))).toEqual({ ...NONE, changed: ['p/b'] });
});

test('the fewest moves are told, with their new place', () => {
  const { a, b, c, d } = RULES;
  const changes = ruleChanges(image(RULES), image({ d, a, b, c }));
  expect(shown(changes)).toEqual({ ...NONE, moved: ['p/d'] });
  expect(changes.moved[0]).toEqual({ policy: 'p', rule: 'd', file: 'x.yaml', line: 12 });
  expect(shown(ruleChanges(image(RULES), image({ b, a, c, d }))).moved).toHaveLength(1);
});

test('on a box without rules all are new', () => {
  expect(shown(ruleChanges(null, image(RULES))).added).toEqual(['p/a', 'p/b', 'p/c', 'p/d']);
});
