// SPDX-License-Identifier: BSD-3-Clause
import { describe, expect, test } from 'vitest';
import { loadModel } from '../../../src/compiler/load.js';
import { importClassbench } from '../../../src/import/classbench.js';
import { textReader } from '../../../src/rulefile/reader.js';
import { classbenchSets, readClassbench, setText } from '../../reference/classbench.js';

const ALL = '0 : 65535';
const rulesOf = (text: string) =>
  importClassbench(text)
    .text.split('\n')
    .filter((line) => line.includes('{ name: r'))
    .map((line) => line.trim());

describe('a line becomes a rule', () => {
  test.each([
    [
      `@10.1.2.3/32\t20.0.0.0/8\t${ALL}\t80 : 80\t0x06/0xFF\t0x0000/0x0200\t`,
      'source: 10.1.2.3/32, destination: 20.0.0.0/8, service: tcp/80,',
    ],
    [`@0.0.0.0/0 0.0.0.0/0 ${ALL} ${ALL} 0x00/0x00 0x0/0x0`, ''],
    [
      '@ 10.255.0.1/16   0.0.0.0/0 1:5 20:30 0x11/0xff',
      'source: 10.255.0.0/16, service: udp/20-30, source-port: 1-5,',
    ],
    [`@0.0.0.0/0 0.0.0.0/0 7 : 7 ${ALL} 0x00/0x00`, 'service: [tcp, udp, sctp], source-port: 7,'],
    [`@0.0.0.0/0 0.0.0.0/0 1 : 2 3 : 4 0x01/0xFF`, 'service: icmp,'],
    [`@0.0.0.0/0 0.0.0.0/0 1 : 2 3 : 4 0x2f/0xFF`, 'service: proto/47,'],
    [`@0.0.0.0/0 0.0.0.0/0 9 : 9 5 : 5 0x06/0xFE`, 'service: [tcp/5, proto/7], source-port: 9,'],
    [
      `@2001:db8::1/32 ::/0 ${ALL} ${ALL} 0x84/0xFF`,
      "source: '2001:db8::/32', destination: '::/0', service: sctp,",
    ],
  ])('%s', (line, keys) => {
    const inner = ['{ name: r0,', keys, 'action: allow }'].filter(Boolean).join(' ');
    expect(rulesOf(line)).toEqual([`- ${inner}`]);
  });
});

test('lines that are no rules are named and keep their index', () => {
  const good = `@1.0.0.0/8 2.0.0.0/8 ${ALL} ${ALL} 0x06/0xFF`;
  const text = [
    '# a comment',
    good,
    '',
    'what is this',
    '@1.0.0.0 2.0.0.0/8 0 : 1 0 : 1 0x06/0xFF',
    '@1.0.0.0/8 2.0.0.0/33 0 : 1 0 : 1 0x06/0xFF',
    '@1.0.0.0/8 2.0.0.0/8 5 : 1 0 : 1 0x06/0xFF',
    '@1.0.0.0/8 2.0.0.0/8 0 : 70000 0 : 1 0x06/0xFF',
    '@1.0.0.0/8 2001::/16 0 : 1 0 : 1 0x06/0xFF',
    '@1.0.0.0/8 2.0.0.0/8 0 : 1 0 : 1 0x106/0xFF',
    '@1.0.0.0/8 2.0.0.0/8 0 : 1',
    good,
  ].join('\r\n');
  const { problems, rules } = importClassbench(text);
  expect(rules).toBe(2);
  expect(rulesOf(text).map((line) => line.slice(0, 12))).toEqual(['- { name: r0', '- { name: r8']);
  const range = 'a port range is not two ports of 0..65535, the lower first';
  expect(problems).toEqual([
    { line: 4, message: 'not a rule: it does not start with @' },
    { line: 5, message: "source '1.0.0.0' is not a prefix" },
    { line: 6, message: "destination '2.0.0.0/33' is not a prefix" },
    { line: 7, message: range },
    { line: 8, message: range },
    { line: 9, message: 'source and destination are of different address families' },
    { line: 10, message: 'protocol or its mask is above 0xFF' },
    { line: 11, message: 'not of the form @SRC DST LO : HI LO : HI PROTO/MASK' },
  ]);
});

describe.skipIf(classbenchSets('_1k').length === 0)('samples (../shared/data/classbench)', () => {
  test.each(classbenchSets('_1k'))('%s passes check, rule by rule', (name) => {
    const text = setText(name);
    const imported = importClassbench(text);
    expect(imported.problems).toEqual([]);
    const { model, diagnostics } = loadModel(
      'set.yaml',
      textReader(new Map([['set.yaml', imported.text]])),
    );
    expect(diagnostics).toEqual([]);
    expect(model?.policies[0]?.rules.map((rule) => rule.name)).toEqual(
      readClassbench(text).map((_, i) => `r${i}`),
    );
  });
});
