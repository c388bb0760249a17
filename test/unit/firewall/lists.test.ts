// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { render } from '../../../src/diagnostics/render.js';
import { Source } from '../../../src/diagnostics/source.js';
import { MOST_BAD_LINES, MOST_LIST_ENTRIES } from '../../../src/firewall/limits.js';
import { parseList } from '../../../src/firewall/lists.js';
import { formatAddress, parseMember } from '../../../src/net/address.js';
import { ranges } from '../../../src/net/algebra.js';
import { AddressSetBuilder } from '../../../src/net/builder.js';
import type { AddressSet } from '../../../src/net/sets.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { BASE } from '../fixtures/codes.js';

/** Ranges as text, and what was reported, each as LINE:COLUMN CODE. */
function read(text: string, base = 0) {
  const source = new Source('list.txt', text, base);
  const reports: string[] = [];
  const list = parseList(source, (code, span) => {
    const { line, column } = source.position(span.offset - base);
    reports.push(`${line}:${column} ${code}`);
  });
  return { list, reports, ranges: list === undefined ? null : texts(list.set) };
}

function texts(set: AddressSet): string[] {
  return ([4, 6] as const).flatMap((family) =>
    ranges(set, family).map(
      ({ low, high }) =>
        `${formatAddress({ family, value: low })}-${formatAddress({ family, value: high })}`,
    ),
  );
}

describe('a list', () => {
  test('has an address, prefix or range a line, comments and blank lines', () => {
    const text =
      '# first\r\n\r\n10.0.0.0/8 ; SBL1\r\n  192.0.2.7\t# one\n\t\n;\n198.51.100.1 - 198.51.100.9\r' +
      '2001:db8::/32\n::ffff:192.0.2.1\n2001:db8:1::-2001:db8:1::ff\n0.0.0.0/32\n10.1.0.0/16\n192.0.2.8';
    expect(read(text)).toMatchObject({
      list: { entries: 9 },
      reports: [],
      ranges: [
        '0.0.0.0-0.0.0.0',
        '10.0.0.0-10.255.255.255',
        '192.0.2.7-192.0.2.8',
        '198.51.100.1-198.51.100.9',
        '::ffff:192.0.2.1-::ffff:192.0.2.1',
        '2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
      ],
    });
  });

  test('may hold nothing', () => {
    for (const text of ['', '\n\n', '# nothing'])
      expect(read(text)).toMatchObject({ list: { entries: 0 }, ranges: [] });
  });

  test('with a bad line is none, and every bad line is named', () => {
    const { list, reports } = read(
      '10.0.0.1\n x\n\n1.2.3.4/33\n::1/08\n1.2.3.4 5.6.7.8 # y\n0/0\n',
      700,
    );
    expect(list).toBeUndefined();
    expect(reports).toEqual(
      ['2:2', '4:1', '5:1', '6:1', '7:1'].map((at) => `${at} address-invalid`),
    );
  });

  test('warns of bits beyond a prefix and takes its network', () => {
    expect(read('10.1.2.3/8\n2001:db8::1/32\n')).toMatchObject({
      reports: ['1:1 prefix-host-bits', '2:1 prefix-host-bits'],
      ranges: ['10.0.0.0-10.255.255.255', '2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
    });
  });

  test('ends at its limits', () => {
    const many = `${'10.0.0.1\n'.repeat(MOST_LIST_ENTRIES)}# end\n`;
    expect(read(many)).toMatchObject({ list: { entries: MOST_LIST_ENTRIES }, reports: [] });
    expect(read(`${many} 10.0.0.2`)).toMatchObject({
      list: undefined,
      reports: [`${MOST_LIST_ENTRIES + 2}:2 too-large`],
    });
    expect(read('x\n'.repeat(5000)).reports).toHaveLength(MOST_BAD_LINES);
    expect(read(`1${'0'.repeat(1e6)}`).reports).toEqual(['1:1 address-invalid']);
  });

  test('of 100,000 prefixes is read well within a second', () => {
    const line = (i: number): string =>
      i % 2 === 0
        ? `${1 + (i % 200)}.${(i >> 8) & 255}.${i & 255}.0/24`
        : `2a00:${i.toString(16).slice(-4)}:${(i * 7).toString(16).slice(-4)}::/48`;
    const text = Array.from({ length: 100_000 }, (_, i) => line(i)).join('\n');
    const start = performance.now();
    expect(read(text).list?.entries).toBe(100_000);
    expect(performance.now() - start).toBeLessThan(1000);
  });
});

/** What a list means, said as plainly as can be: lines, comments cut off, blanks trimmed. */
function plainly(text: string): { bad: number[]; set: AddressSet } {
  const builder = new AddressSetBuilder();
  const bad: number[] = [];
  for (const [i, line] of text.split(/\r\n|\r|\n/).entries()) {
    const entry = line.replace(/[#;].*$/s, '').replace(/^[ \t]+|[ \t]+$/g, '');
    if (entry === '') continue;
    const range = parseMember(entry);
    if (typeof range === 'string') bad.push(i + 1);
    else builder.addRange(range);
  }
  return { bad, set: builder.build() };
}

const piece = fc.oneof(
  fc.ipV4(),
  fc.ipV6(),
  fc.tuple(fc.ipV4(), fc.nat(34)).map(([a, n]) => `${a}/${n}`),
  fc.tuple(fc.ipV6(), fc.nat(130)).map(([a, n]) => `${a}/${n}`),
  fc.tuple(fc.ipV4(), fc.ipV4()).map(([a, b]) => `${a}-${b}`),
  fc.tuple(fc.ipV6(), fc.ipV6()).map(([a, b]) => `${a} - ${b}`),
  fc.constantFrom(
    '\n',
    '\r\n',
    '\r',
    '\n\n',
    ' ',
    '\t',
    '#',
    ' ; x',
    '::',
    '0.0.0.0/0',
    '::/0',
    '/',
    '.',
  ),
  fc.string({ maxLength: 4 }),
);
const lists = fc.array(fc.tuple(piece, fc.constantFrom('\n', '\r\n', '', '\n')), { maxLength: 30 });

function judge(text: string): void {
  const { list, reports } = read(text);
  const { bad, set } = plainly(text);
  const named = reports.filter((one) => one.endsWith('address-invalid'));
  expect(named.map((one) => Number(one.split(':')[0]))).toEqual(bad);
  expect(list?.set).toEqual(bad.length > 0 ? undefined : set);
}

describe('any text', () => {
  test('made of pieces of lists is read as its lines say, each bad one named', () => {
    fc.assert(
      fc.property(lists, (parts) => judge(parts.flat().join(''))),
      { numRuns: 3000 },
    );
  });

  test('made from a good list by changing characters', () => {
    const good = '10.0.0.0/8 # a\n2001:db8::/32\r\n192.0.2.1-192.0.2.9\n\n::1\n198.51.100.0/24;b\n';
    const change = fc.tuple(fc.nat(good.length), fc.nat(3), fc.string({ maxLength: 2 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        let text = good;
        for (const [at, less, more] of changes)
          text = text.slice(0, at) + more + text.slice(at + less);
        judge(text);
      }),
      { numRuns: 3000 },
    );
  });

  test('of random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) =>
        judge(Buffer.from(bytes).toString('latin1')),
      ),
      { numRuns: 2000 },
    );
  });
});

describe('in a rule file', () => {
  const GROUPS = `groups:
  addresses:
    bad: {from-file: lists/bad.txt}
    more: {include: [bad, 192.0.2.0/24], from-file: [lists/a.txt, lists/bad.txt], except: 10.0.0.0/9}
    none: {from-file: lists/none.txt}
policies:
  - name: p
    from: internet
    to: inside
    rules:
      - {name: a, action: deny, source: more}
      - {name: b, action: deny, source: {from-file: lists/none.txt}}
`;
  const load = (files: Record<string, string>, text = BASE + GROUPS) =>
    loadModel(
      'edge/x.yaml',
      textReader(new Map(Object.entries({ ...files, 'edge/x.yaml': text }))),
    );

  test('files are relative to it, stand beside include and except, and may be empty', () => {
    const { model, groups, diagnostics } = load({
      'edge/lists/bad.txt': '10.0.0.0/8\n',
      'edge/lists/a.txt': '2001:db8::/32',
      'edge/lists/none.txt': '# none yet\n',
    });
    expect(diagnostics.map((one) => render(one).split('\n')[0])).toEqual([
      "edge/x.yaml:17:41: warning set-empty: the source of rule 'b' holds no address, so it never matches",
    ]);
    expect(texts(model!.policies[0]!.rules[0]!.source!)).toEqual([
      '10.128.0.0-10.255.255.255',
      '192.0.2.0-192.0.2.255',
      '2001:db8::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff',
    ]);
    expect([...groups!.lists].map(([path, { entries }]) => [path, entries])).toEqual([
      ['edge/lists/bad.txt', 1],
      ['edge/lists/a.txt', 1],
      ['edge/lists/none.txt', 0],
    ]);
  });

  test('a bad line is shown in its file once, a missing file where it is named', () => {
    const { model, diagnostics } = load({
      'edge/lists/bad.txt': '10.0.0.1\n  010.0.0.1  # octal?\n',
      'edge/lists/none.txt': '',
    });
    expect(model).toBeNull();
    expect(diagnostics.slice(0, 1).map(render)).toEqual([
      "edge/x.yaml:9:54: error file-missing: there is no file 'edge/lists/a.txt'\n" +
        '    9 |     more: {include: [bad, 192.0.2.0/24], from-file: [lists/a.txt, lists/bad.txt], except: 10.0.0.0/9}\n' +
        '      |                                                      ^~~~~~~~~~~',
    ]);
    expect(diagnostics.filter(({ file }) => file === 'edge/lists/bad.txt').map(render)).toEqual([
      "edge/lists/bad.txt:2:3: error address-invalid: '010.0.0.1' is not an address: " +
        'numbers with a leading zero are read as octal by some programs and refused here\n' +
        '    2 |   010.0.0.1  # octal?\n' +
        '      |   ^~~~~~~~~',
    ]);
  });

  test.each([
    [
      '{except: 10.0.0.1}',
      "x.yaml:3:23: error missing-key: a set of addresses needs the key 'include' or 'from-file'",
    ],
    ['{from-file: ""}', "x.yaml:3:35: error wrong-value: '' is not the path of a file"],
    [
      '{from-file: {a: b}}',
      'x.yaml:3:35: error wrong-kind: text or a list is expected here, not a map',
    ],
  ])('%s is refused', (value, shows) => {
    const text = `version: 1\ngroups:\n  addresses: {listed: ${value}}\n`;
    const { diagnostics } = loadModel('x.yaml', textReader(new Map([['x.yaml', text]])));
    expect(diagnostics.map((one) => render(one).split('\n')[0])).toEqual([shows]);
  });
});
