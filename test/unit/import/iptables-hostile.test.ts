// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importIptables } from '../../../src/import/iptables/import.js';
import { load } from '../fixtures/load.js';
import { randomDump } from '../../reference/iptables-dumps.js';
import { randomFrom } from '../../reference/iptables-packets.js';

/** Never throws; makes a rule file that passes, or says why there is none; soon. */
function holds(text: string): void {
  const start = performance.now();
  const { text: yaml, refused, problems } = importIptables(text);
  expect(performance.now() - start).toBeLessThan(10_000);
  const lines = text.split('\n').length;
  for (const { line, message } of problems) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines);
    expect(message).not.toBe('');
  }
  if (refused !== undefined) return;
  const { model, diagnostics } = load(yaml);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(model).not.toBeNull();
}

const pieces = fc.constantFrom(
  ...[
    '*filter\n',
    'COMMIT\n',
    '\n',
    ' ',
    ':INPUT ACCEPT [0:0]\n',
    ':x - [0:0]\n',
    '-A INPUT ',
    '-A x ',
  ],
  ...[
    '-A FORWARD ',
    '-I INPUT 3 ',
    '-P OUTPUT DROP\n',
    '-N x\n',
    '! ',
    '-s ',
    '-d ',
    '-p tcp ',
    '-p 300 ',
  ],
  ...[
    '-i ',
    '-o ',
    'eth0 ',
    'any ',
    'local ',
    'lo+ ',
    '+ ',
    'a/b@c-very-long-name ',
    '-j ',
    '-g ',
    'x ',
  ],
  ...[
    'RETURN\n',
    'ACCEPT\n',
    'DROP\n',
    'LOG ',
    'REJECT --reject-with ',
    'NFQUEUE\n',
    '-m multiport ',
  ],
  ...[
    '--dports 1,2:3 ',
    '--ports 65536 ',
    '--dport :5 ',
    '-m tcp --tcp-flags ',
    'ALL NONE ',
    '"',
    '\\',
  ],
  ...['-m mac ! --mac-source 02:00:00:00:00:01 ', '-m time --timestart 23:00 --timestop 01:00 '],
  ...['-m time --weekdays Mon,Foo ', '-m recent --update --seconds 60 --hitcount 4 ', '-m limit '],
  ...['-m connlimit --connlimit-above 0 ', '-m hashlimit --hashlimit-above 5/sec ', '-m set '],
  ...[
    '--match-set null src ',
    '--match-set 10 dst ',
    '--match-set any src,dst ',
    '10.0.0.0/8 ',
    '::/0 ',
  ],
  ...[
    '0.0.0.1/0.0.0.255 ',
    '-m addrtype --dst-type LOCAL ',
    '--comment ',
    '\u0000',
    '\ud800',
    '\u202e',
  ],
  ...[
    'create null hash:ip\n',
    'add null 10.0.0.1\n',
    'add x y\n',
    'create any list:set\n',
    'add any any\n',
  ],
  ...[
    '-m state --state ',
    'NEW ',
    'ESTABLISHED ',
    '-f ',
    '[1:2] ',
    '-c 1 2 ',
    '__proto__ ',
    '-A __proto__ ',
  ],
);

describe('hostile dumps', () => {
  test('of any characters', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), holds), { numRuns: 500 });
    const behind = fc
      .string({ unit: 'binary', maxLength: 300 })
      .map((text) => `*filter\n-A INPUT ${text}`);
    fc.assert(fc.property(behind, holds), { numRuns: 500 });
  });

  test('of pieces of the syntax', { timeout: 120_000 }, () => {
    const text = fc.array(pieces, { maxLength: 80 }).map((list) => `*filter\n${list.join('')}`);
    fc.assert(fc.property(text, holds), { numRuns: 3000 });
  });

  test('cut and changed', { timeout: 120_000 }, () => {
    const edits = fc.array(
      fc.tuple(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.nat(40),
        fc.oneof(pieces, fc.string({ maxLength: 8 })),
      ),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(fc.nat(), edits, fc.boolean(), (seed, list, cut) => {
        const kind = { family: seed % 2 === 0 ? 4 : 6, chains: 4, rules: 6, unknown: 20 } as const;
        let text = randomDump(kind, randomFrom(seed));
        for (const [where, length, piece] of list) {
          const at = Math.floor(where * text.length);
          text = text.slice(0, at) + piece + text.slice(at + length);
        }
        holds(cut ? text.slice(0, seed % text.length) : text);
      }),
      { numRuns: 1500 },
    );
  });

  test.each([
    [
      'a long line',
      `*filter\n-A INPUT -m comment --comment "${'x'.repeat(2_000_000)}" -j ACCEPT\nCOMMIT\n`,
    ],
    [
      'a long name',
      `*filter\n:${'c'.repeat(100_000)} - [0:0]\n-A ${'c'.repeat(100_000)} -j DROP\nCOMMIT\n`,
    ],
    ['many words', `*filter\n-A INPUT ${'! -s 10.0.0.1 '.repeat(50_000)}-j DROP\nCOMMIT\n`],
    [
      'many ports',
      `*filter\n-A INPUT -p tcp -m multiport --dports ${Array.from({ length: 30_000 }, (_, i) => 2 * i).join(',')} -j DROP\nCOMMIT\n`,
    ],
    [
      'many interfaces',
      `*filter\n${Array.from({ length: 2000 }, (_, i) => `-A INPUT -i if${i} -j DROP\n`).join('')}COMMIT\n`,
    ],
    ['many tables', '*filter\nCOMMIT\n'.repeat(20_000)],
    [
      'chains in a row',
      `*filter\n${Array.from({ length: 5000 }, (_, i) => `:c${i} - [0:0]\n-A c${i} -j c${i + 1}\n`).join('')}-A INPUT -j c0\nCOMMIT\n`,
    ],
    [
      'chains in a circle',
      '*filter\n:a - [0:0]\n:b - [0:0]\n-A INPUT -j a\n-A a -g b\n-A b -j a\nCOMMIT\n',
    ],
  ])('%s', { timeout: 30_000 }, (_, text) => holds(text));

  test('chains that double at every call are refused with a figure', { timeout: 60_000 }, () => {
    const chains = Array.from({ length: 40 }, (_, i) => i);
    const rules = chains.map((i) =>
      [...Array(2).keys()]
        .map(
          (k) =>
            `-A c${i} -s ${10 + k}.${i}.0.0/16 -p udp -j c${i + 1}\n-A c${i} -d ${20 + k}.${i}.0.0/16 -j c${i + 1}`,
        )
        .join('\n'),
    );
    const text = [
      '*filter',
      ':INPUT DROP [0:0]',
      ':FORWARD DROP [0:0]',
      ...[...chains, 40].map((i) => `:c${i} - [0:0]`),
      '-A INPUT -j c0',
      ...rules,
      '-A c40 -j ACCEPT',
      'COMMIT',
      '',
    ].join('\n');
    holds(text);
    const all = [
      '*filter',
      ...[...chains, 40].map((i) => `:c${i} - [0:0]`),
      '-A INPUT -j c0',
      ...chains.map((i) => `-A c${i} -p tcp -j c${i + 1}\n-A c${i} -j c${i + 1}`),
      '-A c40 -p udp --dport 5 -j ACCEPT',
      'COMMIT',
      '',
    ].join('\n');
    const start = performance.now();
    expect(importIptables(all).refused).toBe(
      'written out, INPUT with its chains comes to more than 200,000 rules or 20,000,000 steps',
    );
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});
