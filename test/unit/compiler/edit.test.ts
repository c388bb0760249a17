// SPDX-License-Identifier: BSD-3-Clause
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compare } from '../../../src/compiler/edit/compare.js';
import { edit } from '../../../src/compiler/edit/edit.js';
import { mergeChanges } from '../../../src/compiler/edit/merge.js';
import { setLines, textLines, viewOf } from '../../../src/compiler/edit/view.js';
import { writeYaml } from '../../../src/compiler/edit/yaml.js';
import { grammar } from '../../../src/compiler/grammar.js';
import { loadModel, loadTree, readTree } from '../../../src/compiler/load.js';
import { diskReader, textReader } from '../../../src/rulefile/reader.js';
import type { Config, Operation } from '../../../src/rulefile/config.js';
import type { Node } from '../../../src/rulefile/tree.js';
import { wordsOf } from '../../../src/rulefile/words.js';

const OFFICE = 'rules/office.yaml';
const { root } = grammar();

function tree(text: string): Node {
  const read = readTree('x.yaml', textReader(new Map([['x.yaml', text]])));
  if (read.root === null) throw new Error(JSON.stringify(read.collector.list()));
  return read.root;
}
const office = (): Node => readTree(OFFICE, diskReader).root!;
const view = (node: Node): Config => viewOf(node, root);

/** The operation of a line as people type it. */
function operation(line: string): Operation {
  const [op, ...words] = wordsOf(line) as [string, ...string[]];
  if (op === 'insert') {
    const at = words.findLastIndex((word) => ['before', 'after', 'first', 'last'].includes(word));
    const [where, anchor] = words.slice(at) as ['before', string];
    const path = words.slice(0, at);
    return { op, path, where, ...(words.length > at + 1 ? { anchor } : {}) };
  }
  if (op === 'rename' || op === 'copy')
    return { op, path: words.slice(0, -2), to: words.at(-1) as string };
  return { op: op as 'set', path: words };
}

function done(node: Node, ...lines: string[]): Node {
  for (const line of lines) {
    const outcome = edit(node, operation(line) as never);
    if ('message' in outcome) throw new Error(`${line}: ${JSON.stringify(outcome)}`);
    node = outcome.root;
  }
  return node;
}

const sets = (node: Node): string[] => setLines(view(node), []);

const SMALL = `version: 1
zones: {a: {}, b: {}}
policies:
  - name: p
    from: a
    to: b
    rules:
      - {name: one, source: 10.0.0.0/8, action: allow}
      - {name: two, service: [tcp/80, tcp/443], action: deny}
`;

describe('operations', () => {
  test('set makes what is missing, and words may go on with keys of the same map', () => {
    const before = tree(SMALL);
    const after = done(before, 'set policies p rules three source 10.1.0.0/16 lan action allow');
    expect(compare(view(before), view(after)).commands).toEqual([
      'set policies p rules three source 10.1.0.0/16',
      'set policies p rules three source lan',
      'set policies p rules three action allow',
    ]);
    expect(done(before, 'set zones a')).toBe(before);
    expect(view(before)).toEqual(view(tree(SMALL)));
  });

  test('values add up where they are a list, and replace each other where they are not', () => {
    const node = done(
      tree(SMALL),
      'set policies p rules one source 10.9.0.0/16',
      'set policies p rules one action reject',
    );
    expect(sets(node).filter((line) => line.includes('rules one'))).toEqual([
      'set policies p rules one source 10.0.0.0/8',
      'set policies p rules one source 10.9.0.0/16',
      'set policies p rules one action reject',
    ]);
  });

  test('a list of values becomes a set with exceptions', () => {
    const node = done(tree(SMALL), 'set policies p rules one source except 10.9.0.0/16');
    expect(sets(node).filter((line) => line.includes('source'))).toEqual([
      'set policies p rules one source include 10.0.0.0/8',
      'set policies p rules one source except 10.9.0.0/16',
    ]);
    expect(sets(done(node, 'set policies p rules one source 10.7.0.0/16'))).toContain(
      'set policies p rules one source include 10.7.0.0/16',
    );
  });

  test('delete takes away one value, and with the last one the key', () => {
    const node = done(tree(SMALL), 'delete policies p rules two service tcp/80');
    expect(sets(node).filter((line) => line.includes('service'))).toEqual([
      'set policies p rules two service tcp/443',
    ]);
    expect(sets(done(node, 'delete policies p rules two service tcp/443'))).toEqual(
      sets(done(node, 'delete policies p rules two service')),
    );
    expect(sets(done(tree(SMALL), 'delete zones a', 'delete zones b'))[1]).toBe(
      'set policies p from a',
    );
  });

  test('rename changes what refers to the name, in assertions too', () => {
    const before = sets(office());
    const after = sets(
      done(
        office(),
        'rename zones inside to office',
        'rename interfaces wan to uplink',
        'rename groups addresses lan to desks',
        'rename groups services published to offered',
        'rename policies office-out to outward',
        'rename policies outward rules browse to web',
      ),
    );
    const renamed = before.map((line) =>
      line
        .replace(/^(set policies .* from|set interfaces inside zone) inside$/, '$1 office')
        .replace('set zones inside', 'set zones office')
        .replace('set interfaces wan ', 'set interfaces uplink ')
        .replace(/^(set routing .* interface) wan$/, '$1 uplink')
        .replace('set groups addresses lan ', 'set groups addresses desks ')
        .replace(/^(set .* (?:source|destination|include)) lan$/, '$1 desks')
        .replace('set groups services published ', 'set groups services offered ')
        .replace(/^(set .* service) published$/, '$1 offered')
        .replace('policies office-out rules browse', 'policies outward rules web')
        .replace('policies office-out', 'policies outward')
        .replace(/^(set assert ")wan /, '$1uplink ')
        .replace(/^(set assert ".*) out wan/, '$1 out uplink')
        .replace('office-out/browse', 'outward/web')
        .replace('office-out/', 'outward/'),
    );
    expect(after).toEqual(renamed);
    expect(after.filter((line, i) => line !== before[i]).length).toBeGreaterThan(20);
  });

  test('a renamed backend and a name in a file of its own kind alone', () => {
    const text = `version: 1
zones: {a: {}, b: {}}
groups: {addresses: {one: [10.0.0.0/8]}, services: {one: [tcp/1]}}
policies:
  - {name: p, from: a, to: b, rules: [{name: one, source: one, service: one, action: allow}]}
assert: ["x tcp 10.1.1.1:1 10.2.2.2:2 => allow p/one backend one|two out one"]
`;
    const group = sets(done(tree(text), 'rename groups addresses one to uno'));
    expect(group.filter((line) => line.includes('uno'))).toEqual([
      'set groups addresses uno 10.0.0.0/8',
      'set policies p rules one source uno',
    ]);
    const rule = sets(done(tree(text), 'rename policies p rules one to uno'));
    expect(rule.filter((line) => line.includes('uno'))).toEqual([
      'set policies p rules uno source one',
      'set policies p rules uno service one',
      'set policies p rules uno action allow',
      'set assert "x tcp 10.1.1.1:1 10.2.2.2:2 => allow p/uno backend one|two out one"',
    ]);
  });

  test('rename, copy and insert', () => {
    const node = done(
      tree(SMALL),
      'rename policies p rules one to uno',
      'copy policies p rules two to three',
      'insert policies p rules three before uno',
      'insert policies p rules new last',
    );
    const names = sets(node).flatMap((line) => /rules (\w+)(?: action.*)?$/.exec(line)?.[1] ?? []);
    expect(names).toEqual(['three', 'uno', 'two', 'new']);
  });

  test('deactivated parts stay in the text and are left out of the model', () => {
    const text = readFileSync('rules/office.yaml', 'utf8');
    expect(text).toContain('name: browse');
    const node = done(office(), 'deactivate policies office-out rules browse');
    const { text: yaml } = writeYaml(node, root);
    expect(yaml).toContain('inactive:\n  - "policies office-out rules browse"\n');
    const again = readTree('y.yaml', textReader(new Map([['y.yaml', yaml]]))).root!;
    expect(view(again)).toEqual(view(node));
    expect(sets(done(again, 'activate policies office-out rules browse'))).toEqual(sets(office()));
  });
});

test.each([
  ['set policies p rulez one', 2, "there is no key 'rulez' here", 'rules'],
  ['set policies p rules one action alow', 5, "'alow' is not allow or deny or reject", 'allow'],
  ['set policies p rules one action', 5, 'a value is missing here', null],
  ['set interfaces wan mtu 20', 3, '20 is not from 1280 to 9216', null],
  ['delete policies p rules tow', 3, "there is no 'tow' here", 'two'],
  ['rename policies p rules one to two', 4, "there is a 'two' already", null],
  ['insert policies p rules one before tow', 5, "there is no 'tow' here", 'two'],
  [
    'set policies p rules one action allow enabeled false',
    6,
    "there is no key 'enabeled' here",
    'enabled',
  ],
])('%s', (line, word, message, suggestion) => {
  expect(edit(tree(SMALL), operation(line) as never)).toMatchObject({
    word,
    message,
    suggestions: suggestion === null ? [] : [suggestion],
  });
});

describe('forms', () => {
  test('canonical YAML loads to the same model, each node where it is placed', () => {
    const node = office();
    const { text, root: placed } = writeYaml(node, root);
    const read = readTree('x.yaml', textReader(new Map([['x.yaml', text]])));
    expect(view(read.root!)).toEqual(view(node));
    const leave = new Set(['quoted', 'end']);
    const plain = (one: Node): unknown =>
      JSON.parse(
        JSON.stringify({ ...one, offset: 0 }, (key, value: unknown) =>
          leave.has(key) ? undefined : value,
        ),
      );
    expect(plain(placed)).toEqual(plain(read.root!));
    const { model } = loadTree({ ...read, root: placed });
    expect(model?.policies.map((one) => one.name)).toEqual(
      loadModel(OFFICE, diskReader).model?.policies.map((one) => one.name),
    );
  });

  test('the set commands of a configuration make it from nothing', () => {
    const lines = sets(office());
    const made = done(tree('version: 1\n'), ...lines);
    expect(sets(made).toSorted()).toEqual(lines.toSorted());
    expect(view(done(made, ...lines))).toEqual(view(made));
  });

  test('a part in braces', () => {
    const { config } = { config: view(tree(SMALL)) };
    expect(textLines(config).slice(5, 12)).toEqual([
      'policies {',
      '    p {',
      '        from a;',
      '        to b;',
      '        rules {',
      '            one {',
      '                source 10.0.0.0/8;',
    ]);
  });
});

/** Edits of a small file that leave it well formed. */
const edits = fc.array(
  fc.oneof(
    fc
      .tuple(
        fc.constantFrom('one', 'two', 'three', 'four'),
        fc.constantFrom('10.0.0.0/8', 'lan', '192.0.2.1'),
      )
      .map(([rule, value]) => `set policies p rules ${rule} source ${value}`),
    fc
      .tuple(fc.constantFrom('one', 'two', 'three'), fc.constantFrom('allow', 'deny'))
      .map(([rule, action]) => `set policies p rules ${rule} action ${action}`),
    fc
      .constantFrom('a', 'b', 'c')
      .map((zone) => `set zones ${zone} description "it's ${zone}: \\"x\\" #1"`),
    fc.constantFrom('one', 'two').map((rule) => `delete policies p rules ${rule}`),
    fc.constantFrom('one', 'two').map((rule) => `deactivate policies p rules ${rule}`),
    fc
      .tuple(fc.constantFrom('one', 'two', 'five'), fc.constantFrom('first', 'last'))
      .map(([rule, where]) => `insert policies p rules ${rule} ${where}`),
  ),
  { maxLength: 8 },
);

function some(node: Node, lines: readonly string[]): Node {
  for (const line of lines) {
    const outcome = edit(node, operation(line) as never);
    if (!('message' in outcome)) node = outcome.root;
  }
  return node;
}

test('any edited tree survives its canonical text, and its comparison leads to it', () => {
  fc.assert(
    fc.property(edits, edits, (first, second) => {
      const a = some(tree(SMALL), first);
      const b = some(a, second);
      expect(view(tree(writeYaml(b, root).text))).toEqual(view(b));
      const { commands, differences } = compare(view(a), view(b));
      expect(view(done(a, ...commands))).toEqual(view(b));
      expect(differences.length === 0).toBe(commands.length === 0);
    }),
    { numRuns: 300 },
  );
});

describe('two people', () => {
  const base = tree(SMALL);

  test('what touches different places comes together', () => {
    const mine = done(base, 'set policies p rules one log true', 'set zones mine');
    const theirs = done(
      base,
      'set policies p rules new action deny',
      'insert policies p rules new first',
      'delete policies p rules two',
    );
    const merged = mergeChanges(base, mine, theirs, root);
    if ('conflicts' in merged) throw new Error(JSON.stringify(merged));
    expect(sets(merged.root)).toEqual(
      sets(done(theirs, 'set policies p rules one log true', 'set zones mine')),
    );
  });

  test('what touches one place is named', () => {
    const mine = done(base, 'set policies p rules one action deny');
    const theirs = done(base, 'delete policies p rules one');
    expect(mergeChanges(base, mine, theirs, root)).toEqual({
      conflicts: [['policies', 'p', 'rules', 'one', 'action']],
    });
  });
});
