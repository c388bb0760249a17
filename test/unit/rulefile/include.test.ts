// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it } from 'vitest';
import { loadModel, ruleFileTexts } from '../../../src/compiler/load.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { load, modelOf, shown } from '../fixtures/load.js';

const HEAD = 'version: 1\nzones: {a: {}, b: {}}\n';

describe('include', () => {
  it('merges the sections of a file into those that are there', () => {
    const model = modelOf(`${HEAD}include: [parts/one.yaml, parts/two.yaml]\n`, {
      'parts/one.yaml': 'zones: {c: {}}\ngroups: {addresses: {x: [10.0.0.1]}}\n',
      'parts/two.yaml': 'include: deep/three.yaml\ngroups: {addresses: {y: [x]}}\n',
      'parts/deep/three.yaml': 'zones: {d: {}}\n',
    });
    expect(model.zones.map((zone) => zone.name)).toEqual(['a', 'b', 'c', 'd']);
    expect(model.zones[3]!.at).toEqual({ file: 'parts/deep/three.yaml', line: 1, column: 9 });
  });

  it('splices lists where it stands, and a single map as one item', () => {
    const policy = (name: string) => `{name: ${name}, from: a, to: b, rules: []}`;
    const model = modelOf(
      `${HEAD}policies:\n  - ${policy('p1')}\n  - include: parts/p.yaml\n  - ${policy('p4')}\n  - include: [one.yaml]\n`,
      { 'parts/p.yaml': `- ${policy('p2')}\n- ${policy('p3')}\n`, 'one.yaml': `${policy('p5')}\n` },
    );
    expect(model.policies.map((one) => one.name)).toEqual(['p1', 'p2', 'p3', 'p4', 'p5']);
    expect(model.policies[2]!.at).toEqual({ file: 'parts/p.yaml', line: 2, column: 3 });
  });

  it('works at the level of named things and rules', () => {
    const model = modelOf(
      `${HEAD}zones2: 0\n`.replace('zones2: 0\n', '') +
        'interfaces: {include: ifs.yaml}\npolicies: [{name: p, from: a, to: b, rules: [{include: rules.yaml}]}]\n',
      { 'ifs.yaml': 'i: {zone: a}\n', 'rules.yaml': '[{name: r, action: deny}]' },
    );
    expect(model.interfaces[0]!.name).toBe('i');
    expect(model.policies[0]!.rules[0]!.name).toBe('r');
  });

  it('leaves include/except of address sets alone', () => {
    const model = modelOf(
      `${HEAD}groups: {addresses: {x: {include: [10.0.0.0/30], except: 10.0.0.1}}}\n` +
        'policies: [{name: p, from: a, to: b, rules: [{name: r, source: {include: x}, action: deny}]}]\n',
    );
    expect([...model.policies[0]!.rules[0]!.source!.v4]).toEqual([
      0x0a000000, 0x0a000000, 0x0a000002, 0x0a000003,
    ]);
  });

  it('names both places of a duplicate', () => {
    const { diagnostics } = load(`${HEAD}include: y.yaml\n`, { 'y.yaml': 'zones:\n  b: {}\n' });
    expect(diagnostics).toMatchObject([
      {
        code: 'duplicate-key',
        message: "'b' is defined in two files",
        file: 'y.yaml',
        line: 2,
        column: 3,
        related: [{ file: 'x.yaml', line: 2, column: 16, message: 'first defined here' }],
      },
    ]);
  });

  it('reports what cannot be taken in at the place that asks for it', () => {
    expect(shown(`${HEAD}include: [no.yaml, {a: b}]\n`)).toEqual([
      "3:11 file-missing: there is no file 'no.yaml'",
      "3:20 include-form: 'include' names a file or a list of files",
    ]);
    expect(
      shown(`${HEAD}include: y.yaml\n`, {
        'y.yaml': 'include: z.yaml',
        'z.yaml': 'include: ./y.yaml',
      }),
    ).toEqual(['z.yaml:1:10 include-cycle: the file includes itself: y.yaml -> z.yaml -> y.yaml']);
    expect(shown(`${HEAD}include: y.yaml\n`, { 'y.yaml': 'a: [\n' })).toEqual([
      'y.yaml:2:1 yaml-syntax: deficient indentation [Flow sequence in block collection must be sufficiently indented and end with a ]]',
    ]);
  });

  it('does not call names unknown that a missing file may define', () => {
    const policies =
      'policies: [{name: p, from: a, to: c, rules: [{name: r, source: g, action: deny}]}]\n';
    expect(shown(`${HEAD}include: no.yaml\n${policies}`)).toEqual([
      "3:10 file-missing: there is no file 'no.yaml'",
    ]);
  });

  it('bounds depth and number of files', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 30 }, (_, i) => [`f${i}.yaml`, `include: f${i + 1}.yaml`]),
    );
    expect(shown(`${HEAD}include: f0.yaml\n`, chain)).toEqual([
      'f14.yaml:1:10 too-deep: files include one another more than 16 deep',
    ]);
    const twice = Object.fromEntries(
      Array.from({ length: 14 }, (_, i) => [
        `f${i}.yaml`,
        `[include: f${i + 1}.yaml, include: f${i + 1}.yaml]`,
      ]),
    );
    expect(shown(`${HEAD}policies: [include: f0.yaml]\n`, { ...twice, 'f14.yaml': '[]' })).toEqual([
      expect.stringMatching(
        /^f\d+\.yaml:1:\d+ too-large: the rule file includes more than 1000 files$/,
      ),
    ]);
  });

  it('gives the texts a rule file consists of, which load alike', () => {
    const files = new Map([
      ['dir/x.yaml', `${HEAD}include: ../y.yaml\n`],
      ['y.yaml', 'zones: {c: {}}\n'],
      ['other.yaml', 'not read'],
    ]);
    const texts = ruleFileTexts('dir/x.yaml', textReader(files));
    expect([...texts.keys()]).toEqual(['dir/x.yaml', 'y.yaml']);
    expect(loadModel('dir/x.yaml', textReader(texts)).model).toEqual(
      loadModel('dir/x.yaml', textReader(files)).model,
    );
  });
});
