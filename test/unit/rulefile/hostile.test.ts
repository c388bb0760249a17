// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { load, shown } from '../fixtures/load.js';

const OFFICE = readFileSync('rules/office.yaml', 'utf8');
const GROUPS = readFileSync('rules/parts/groups.yaml', 'utf8');

describe('hostile text', () => {
  it.each([
    ['- '.repeat(20_000), '1:81 too-deep: lists and maps are nested more than 40 deep'],
    [`x: ${'['.repeat(5000)}`, '1:43 too-deep: lists and maps are nested more than 40 deep'],
    ['{'.repeat(100_000), '1:40 too-deep: lists and maps are nested more than 40 deep'],
    ['version: 1\u0000', '1:11 text-invalid: character U+0000 cannot be part of a rule file'],
    ['a: \ud800', '1:4 text-invalid: character U+D800 cannot be part of a rule file'],
    ['a: \udc00b', '1:4 text-invalid: character U+DC00 cannot be part of a rule file'],
    ['', '1:1 file-empty: there is nothing in this file [the smallest rule file is: version: 1]'],
    [
      '\ufeff',
      '1:1 file-empty: there is nothing in this file [the smallest rule file is: version: 1]',
    ],
    [
      '---\n',
      '1:1 file-empty: there is nothing in this file [the smallest rule file is: version: 1]',
    ],
    ['7', '1:1 wrong-kind: a map is expected here, not text'],
    ['[version, 1]', '1:1 wrong-kind: a map is expected here, not a list'],
    [
      'version: 1\n<<: {zones: {}}\n',
      '2:1 yaml-feature: YAML merge keys are not part of the language',
    ],
    [
      '%YAML 1.2\n---\nversion: 1\n',
      '1:1 yaml-feature: YAML directives are not part of the language',
    ],
    ['version: 1\nzones: !x {}\n', '2:8 yaml-feature: YAML tags are not part of the language'],
    ['version: 1\n__proto__: {}\n', "2:1 unknown-key: there is no key '__proto__' here"],
    [
      'version: 1\nzones:\n\ta: {}\n',
      '3:1 yaml-syntax: tab characters must not be used in indentation [indent with spaces: YAML does not allow tabs there]',
    ],
  ])('%#: is refused with its place', (text, wanted) => {
    const start = performance.now();
    expect(shown(text)[0]).toBe(wanted);
    expect(performance.now() - start).toBeLessThan(2000);
  });

  it('keeps keys that are names of object members apart', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const zones = names.map((name) => `${name}: {}`).join(', ');
    expect(load(`version: 1\nzones: {${zones}}\n`).model?.zones.map((zone) => zone.name)).toEqual(
      names,
    );
    expect(shown('version: 1\nzones: {a: {toString: 1}}\n')).toEqual([
      "2:13 unknown-key: there is no key 'toString' here",
    ]);
  });

  it('is refused quickly where it is large', () => {
    const start = performance.now();
    expect(load(`version: 1\nzones: {${'a: {}, '.repeat(100_000)}}\n`).diagnostics).toHaveLength(
      101,
    );
    const chain = Array.from({ length: 50_000 }, (_, i) => `g${i}: [g${i + 1}]`).join(', ');
    expect(shown(`version: 1\ngroups: {addresses: {${chain}, g50000: []}}\n`)[0]).toMatch(
      /too-deep: groups are nested more than 64 deep$/,
    );
    const many = Array.from({ length: 1500 }, (_, i) => `g${i}`);
    const all = many.map((name, i) => `${name}: [${many.slice(0, i).join(', ')}]`).join(', ');
    expect(load(`version: 1\ngroups: {addresses: {${all}}}\n`).model).not.toBeNull();
    expect(performance.now() - start).toBeLessThan(6000);
  });
});

/** Never throws; what is wrong has a place in a file that was read, and is told. */
function holds(text: string): void {
  const { model, diagnostics } = load(text, { 'parts/groups.yaml': GROUPS });
  for (const { file, line, column, message, severity } of diagnostics) {
    expect(file).toMatch(/^(x\.yaml|parts\/groups\.yaml)$/);
    expect(line).toBeGreaterThan(0);
    expect(column).toBeGreaterThan(0);
    expect(message).not.toBe('');
    if (severity === 'error') expect(model).toBeNull();
  }
  if (model === null) expect(diagnostics.some((one) => one.severity === 'error')).toBe(true);
}

const pieces = fc.constantFrom(
  ...[
    'version: 1\n',
    'zones',
    'policies',
    'groups: {addresses: ',
    'include: ',
    'x.yaml',
    'parts/groups.yaml',
  ],
  ...[
    '- ',
    ': ',
    '\n',
    '  ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '&a ',
    '*a',
    '!!str ',
    '? ',
    '| \n',
    '> \n',
    "'",
    '"',
  ],
  ...[
    '# ',
    '---\n',
    '...\n',
    '%TAG ',
    '<<: ',
    '10.0.0.1',
    '::1',
    'tcp/80',
    'any',
    'null',
    '~',
    '__proto__',
    '\t',
    '\r',
  ],
);

describe('random text', () => {
  it('of any characters is judged', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), holds), { numRuns: 500 });
  });

  it('of pieces of the language is judged', () => {
    const text = fc.array(pieces, { maxLength: 60 }).map((list) => list.join(''));
    fc.assert(fc.property(text, holds), { numRuns: 3000 });
  });

  it('made from a good file by cutting and changing is judged', () => {
    const place = fc.nat(OFFICE.length);
    const edits = fc.array(
      fc.tuple(place, fc.nat(40), fc.oneof(pieces, fc.string({ maxLength: 8 }))),
      {
        minLength: 1,
        maxLength: 4,
      },
    );
    fc.assert(
      fc.property(edits, (list) => {
        let text = OFFICE;
        for (const [at, length, piece] of list)
          text = text.slice(0, at) + piece + text.slice(at + length);
        holds(text);
      }),
      { numRuns: 1500 },
    );
  });
});
