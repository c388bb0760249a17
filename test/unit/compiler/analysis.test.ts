// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, it, test } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { importClassbench } from '../../../src/import/classbench.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { classbenchSets, setText } from '../../reference/classbench.js';
import { BASE } from '../fixtures/codes.js';

const loaded = (text: string) =>
  loadModel('x.yaml', textReader(new Map([['x.yaml', text]])), { analyse: true });

/** `LINE CODE: MESSAGE (notes)` of what `check` finds about rules. */
function found(policies: string, more = ''): string[] {
  return loaded(`${BASE}${more}policies:\n${policies}`).diagnostics.map(
    ({ line, code, message, related }) =>
      `${line} ${code}: ${message}${related.map((one) => ` (${one.line}: ${one.message})`).join('')}`,
  );
}

const one = (from: string, to: string, name: string, ...rules: string[]) =>
  `  - name: ${name}\n    from: ${from}\n    to: ${to}\n    rules:\n${rules.map((rule) => `      - {${rule}}\n`).join('')}`;

describe('rules among themselves', () => {
  it('are shadowed by policies before theirs, in every zone pair they fit', () => {
    const block = one('inside', 'any', 'block', 'name: all, service: tcp/25, action: deny');
    const mail = 'name: mail, service: tcp/25, action: allow';
    expect(found(block + one('inside', 'internet', 'out', mail))).toEqual([
      "16 rule-contradicts: rule 'out/mail' allows what 'block/all' before it denies, with the same match, so it never matches (11: contradicted by 'block/all', which denies it)",
    ]);
    // From elsewhere it matches.
    expect(found(block + one('[inside, internet]', 'any', 'out', mail))).toEqual([]);
    // Nor does `any` include the appliance itself.
    expect(found(block + one('inside', '[any, local]', 'out', mail))).toEqual([]);
  });

  it('are covered by several together, over groups with exceptions and both families', () => {
    const groups =
      'groups: {addresses: {lan: {include: [10.1.0.0/16, "2001:db8:a::/64"], except: [10.1.9.0/24]}}}\n';
    const rules = [
      'name: lan, source: lan, service: tcp, action: allow',
      'name: rest, source: 10.1.9.0/24, service: tcp/1-1023, action: allow',
      'name: web, source: [10.1.0.0/16, "2001:db8:a::7"], service: tcp/80, action: allow',
    ];
    expect(found(one('inside', 'internet', 'p', ...rules), groups)).toEqual([
      "14 rule-redundant: rule 'p/web' never matches: 2 rules before it allow all of it already (12: covered by 'p/lan', which allows it) (13: covered by 'p/rest', which allows it)",
    ]);
    expect(
      found(one('inside', 'internet', 'p', ...rules).replace('1-1023', '81-1023'), groups),
    ).toEqual([]);
  });

  it('are not covered by rules that may pass a packet by, nor by disabled ones', () => {
    const second = 'name: b, source: 10.1.0.7, service: tcp/80, action: deny';
    for (const condition of ['dscp: ef', 'in: inside', 'limit: {rate: 5/s, over: next}'])
      expect(
        found(
          one(
            'inside',
            'internet',
            'p',
            `name: a, service: tcp, action: allow, ${condition}`,
            second,
          ),
        ),
      ).toEqual([]);
    const off = 'name: a, service: tcp, action: allow, enabled: false';
    expect(found(one('inside', 'internet', 'p', off, second))).toEqual([]);
    // The same condition on both is none between them.
    const both = ['name: a, service: tcp, dscp: ef, action: allow', `${second}, dscp: ef`];
    expect(found(one('inside', 'internet', 'p', ...both))).toEqual([
      "12 rule-shadowed: rule 'p/b' never matches: 'p/a' before it allows all that it denies (11: shadowed by 'p/a', which allows it)",
    ]);
  });

  it('do something where they log, limit or differ, and where they only partly overlap', () => {
    const pairs = [
      ['service: tcp/23, action: deny, log: true', 'service: tcp, action: deny'],
      ['service: tcp/23, action: allow, limit: {rate: 5/s}', 'service: tcp, action: allow'],
      ['service: tcp/23, action: reject', 'service: tcp, action: deny'],
      ['source: 10.1.0.0/17, action: allow', 'service: tcp/80, action: deny'],
      ['service: tcp/23, action: deny', 'service: udp, action: allow'],
    ] as const;
    for (const [a, b] of pairs)
      expect(found(one('inside', 'internet', 'p', `name: a, ${a}`, `name: b, ${b}`))).toEqual([]);
  });

  it('repeat later ones only where nothing between does otherwise', () => {
    const [a, b, c] = [
      'name: a, source: 10.1.0.7, service: tcp/80, action: allow',
      'name: b, service: tcp/443, action: deny',
      'name: c, source: 10.1.0.0/16, service: tcp, action: allow',
    ];
    expect(found(one('inside', 'internet', 'p', a, b, c))).toEqual([
      "11 rule-redundant: rule 'p/a' changes nothing: 'p/c' after it allows all that is left to it as well (13: repeated by 'p/c', which allows it)",
    ]);
    const across = b.replace('443', '80');
    expect(found(one('inside', 'internet', 'p', a, across, c))).toEqual([]);
  });

  it('allow everything only between zones', () => {
    const all = 'name: a, action: allow';
    expect(found(one('inside', '[internet, local]', 'p', all))).toEqual([
      "11 rule-any-any: rule 'p/a' allows everything from inside to internet or local",
    ]);
    expect(found(one('inside', 'inside', 'p', all))).toEqual([]);
    expect(found(one('inside', 'internet', 'p', 'name: a, action: deny'))).toEqual([]);
    expect(found(one('inside', 'internet', 'p', `${all}, dscp: ef`))).toEqual([]);
  });

  it('come after what the appliance decides by itself', () => {
    const ssh = 'name: ssh, service: tcp/22, action: deny';
    expect(found(one('local', 'any', 'p', ssh))).toEqual([
      "11 rule-shadowed: rule 'p/ssh' never matches: the built-in rule 'from the appliance itself' allows all that it denies",
    ]);
  });
});

describe('ClassBench sets', () => {
  test.each([...classbenchSets('_1k'), ...classbenchSets('_10k')])(
    '%s is compared in whole',
    { timeout: 60_000 },
    (name) => {
      const { diagnostics, stages } = loaded(importClassbench(setText(name)).text);
      const counts = new Map<string, number>();
      for (const { code } of diagnostics) counts.set(code, (counts.get(code) ?? 0) + 1);
      expect(counts.has('rule-not-analysed')).toBe(false);
      const figures = [...counts].map(([code, count]) => `${code} ${count}`).join(', ');
      process.stdout.write(`${name}: ${Math.round(stages.analysis ?? 0)} ms, ${figures}\n`);
    },
  );
});
