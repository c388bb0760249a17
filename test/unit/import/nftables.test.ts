// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importNftables } from '../../../src/import/nftables/import.js';
import { load } from '../fixtures/load.js';
import { randomFrom } from '../../reference/iptables-packets.js';
import { randomNftables } from '../../reference/nftables-rulesets.js';

const ruleset = (rules: string, more = ''): string =>
  `table inet filter {\n${more}chain input { type filter hook input priority 0; policy drop;\n${rules}\n}\nchain out { type filter hook forward priority 0; policy drop; }\n}\n`;

/** Rules of input as they come out, descriptions and the policy aside; the file has no errors. */
function rulesOf(rules: string, more = ''): string[] {
  const { text } = importNftables(ruleset(rules, more));
  const { diagnostics } = load(text);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const input = text.slice(text.indexOf('policies:'), text.indexOf('- name: out'));
  return input
    .split('      - name: ')
    .slice(1)
    .filter((rule) => !rule.includes('policy drop of chain'))
    .map((rule) =>
      rule
        .split('\n')
        .map((line) => line.trim())
        .filter((line) =>
          /^(source|destination|service|source-port|action|limit|log|tcp-flags|reject-with|dscp):/.test(
            line,
          ),
        )
        .join(', '),
    );
}

const said = (rules: string, more = ''): string[] => {
  const before =
    ruleset('', more)
      .split('\n')
      .indexOf('chain input { type filter hook input priority 0; policy drop;') + 1;
  return importNftables(ruleset(rules, more)).problems.map(
    ({ line, message }) => `${line - before}: ${message}`,
  );
};

describe('a rule becomes a rule', () => {
  test.each([
    ['tcp dport 22 accept', ['service: tcp/22, action: allow']],
    [
      'ip saddr 10.0.0.0/8 tcp dport { 80, 443 } accept',
      ['source: 10.0.0.0/8, service: [tcp/80, tcp/443], action: allow'],
    ],
    [
      'ip6 saddr != 2001:db8::/32 drop',
      ["source: { include: '::/0', except: '2001:db8::/32' }, action: deny"],
    ],
    ['meta l4proto { tcp, udp } th dport 53 accept', ['service: [tcp/53, udp/53], action: allow']],
    [
      'icmp type echo-request limit rate 5/second burst 10 packets accept',
      [
        'source: 0.0.0.0/0, service: icmp/8, action: allow, limit: { rate: 5/s, burst: 10, over: next }',
      ],
    ],
    [
      'icmpv6 type { nd-neighbor-solicit, nd-router-advert } accept',
      ["source: '::/0', service: [icmpv6/134, icmpv6/135], action: allow"],
    ],
    ['udp sport 67 udp dport 68 accept', ['service: udp/68, source-port: 67, action: allow']],
    [
      'log prefix "in: " reject with icmpx type admin-prohibited',
      ['action: reject, reject-with: admin-prohibited, log: true'],
    ],
    [
      'tcp flags & (fin|syn|rst|ack) == syn tcp dport 1-1023 reject with tcp reset',
      [
        'service: tcp/1-1023, tcp-flags: { set: [syn], clear: [fin, rst, ack] }, action: reject, reject-with: tcp-reset',
      ],
    ],
    [
      'ip saddr . tcp dport { 10.0.0.1 . 22, 10.0.0.2 . 80 } accept',
      [
        'source: 10.0.0.1, service: tcp/22, action: allow',
        'source: 10.0.0.2, service: tcp/80, action: allow',
      ],
    ],
    [
      'tcp dport vmap { 22 : accept, 23 : drop }',
      ['service: tcp/22, action: allow', 'service: tcp/23, action: deny'],
    ],
  ])('%s', (rule, rules) => {
    const order = (text: string) => text.split(/, (?=[a-z-]+: )/).sort();
    expect(rulesOf(rule).map(order)).toEqual(rules.map(order));
    expect(said(rule)).toEqual([]);
  });

  test.each([
    'ct state established,related accept',
    'ct state vmap { established : accept, invalid : drop }',
    'iif lo accept',
    'iifname "lo" accept',
  ])('%s needs none', (rule) => {
    expect(rulesOf(rule)).toEqual([]);
    expect(said(rule)).toEqual([]);
  });

  test('named sets of addresses are groups, and definitions what they stand for', () => {
    const set =
      'set lan { type ipv4_addr; flags interval; elements = { 10.0.0.0/24, 10.0.2.1,\n10.0.3.1-10.0.3.9, 10.9.0.0/16 } }\n';
    expect(rulesOf('ip saddr @lan accept', set)).toEqual(['source: lan, action: allow']);
    const { text } = importNftables(
      `define ports = { 22, 80 }\n${ruleset('tcp dport $ports accept')}`,
    );
    expect(text).toContain('service: [tcp/22, tcp/80]');
  });
});

describe('what has no equivalent is named with its line', () => {
  test.each([
    ['ip ttl 1 accept', ['1: ip ttl 1: no equivalent, so the rule lets nothing in']],
    ['ip ttl 1 drop', ['1: ip ttl 1: no equivalent, so the rule denies without this condition']],
    ['meta mark set 1', ['1: meta mark set 1: no equivalent: it is left out']],
    ['jump nowhere', ["1: there is no chain 'nowhere': what goes there is denied"]],
    [
      'tcp dport $none accept',
      [
        '1: $none is not defined: what it stands in is not understood',
        '1: dport $none: no equivalent, so the rule lets nothing in',
      ],
    ],
    [
      'counter',
      ['1: a rule without a verdict only counts: it is left out, for every rule here counts'],
    ],
  ])('%s', (rule, problems) => {
    expect(said(rule)).toEqual(problems);
  });

  test('an include is the absolute path, then the folder of the file, else named', () => {
    const text = `include "/etc/vars.nft"\n${ruleset('tcp dport $p accept')}`;
    const read = (path: string) => (path === 'dir/vars.nft' ? 'define p = 22\n' : null);
    expect(importNftables(text, { file: 'dir/x.nft', read }).problems).toEqual([]);
    expect(importNftables(text, { file: 'y.nft', read }).problems[0]).toEqual({
      line: 1,
      message: 'include "/etc/vars.nft": there is no such file: it is left out',
    });
  });

  test('an include in a table, a chain or a set stands where it is', () => {
    const files = new Map([
      ['d/rules.nft', 'tcp dport $p accept\ninclude "more.nft"\n'],
      ['d/more.nft', 'udp dport 53 accept\n'],
      ['d/parts/1.nft', 'define p = 22\n'],
      ['d/parts/2.nft', 'chain late { udp dport 9 accept\n bogus thing\n}\n'],
    ]);
    const { text, problems } = importNftables(
      ruleset('include "rules.nft"\njump late\ninclude "none/*.nft"', 'include "parts/*.nft"\n'),
      {
        file: 'd/x.nft',
        read: (path) => files.get(path) ?? null,
        list: (pattern) => (pattern === 'd/parts/*.nft' ? [...files.keys()].slice(2) : []),
      },
    );
    expect(problems).toEqual([
      { line: 2, message: '2.nft:2: bogus thing: no equivalent: the rule is left out' },
      { line: 6, message: 'include "none/*.nft": no file has such a name: it is left out' },
    ]);
    for (const service of ['tcp/22', 'udp/53', 'udp/9']) expect(text).toContain(service);
  });

  test('a file that includes itself ends', () => {
    const text = `include "x.nft"\n${ruleset('accept')}include "x.nft"\n`;
    const { problems } = importNftables(text, { file: 'x.nft', read: () => text });
    const message = 'include "x.nft": it includes itself: it is left out';
    expect(problems).toEqual([
      { line: 1, message },
      { line: 8, message },
    ]);
  });

  test('a file of definitions alone allows nothing, and says so', () => {
    const { text, problems, refused } = importNftables('define a = 22\n');
    expect(refused).toBeUndefined();
    expect(problems).toEqual([
      { line: 1, message: 'there is no table of ip, ip6 or inet in it: nothing is allowed' },
    ]);
    expect(load(text).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(text).toContain('policies: []');
  });

  test('a file without a table is refused', () => {
    expect(importNftables('flush ruleset\n').refused).toBe(
      'there is no table of ip, ip6 or inet in it',
    );
  });
});

test('translation becomes the section nat', () => {
  const { text, problems } = importNftables(`table ip nat {
chain pre { type nat hook prerouting priority dstnat;
iifname "wan" ip daddr 198.51.100.3 tcp dport 8080 dnat to 10.0.0.5:80
iifname "wan" ip daddr 198.51.100.3 dnat to tcp dport map { 25 : 10.0.0.25, 993 : 10.0.0.26 }
}
chain post { type nat hook postrouting priority srcnat;
oifname "wan" ip saddr 10.0.0.0/24 ip daddr 10.9.0.0/16 accept
oifname "wan" ip saddr 10.0.0.7 snat to 198.51.100.7
oifname "wan" masquerade
}
}
`);
  expect(problems).toEqual([]);
  expect(load(text).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const nat = text
    .slice(text.indexOf('nat:'), text.indexOf('routing:'))
    .split('\n')
    .map((line) => line.trim());
  expect(nat.filter((line) => line !== '' && !line.startsWith('description')).join('\n')).toBe(`nat:
source:
- name: nat-7
from: any
to: wan
source: 10.0.0.0/24
destination: 10.9.0.0/16
translate-to: none
- name: nat-8
from: any
to: wan
source: 10.0.0.7
translate-to: 198.51.100.7
- name: nat-9
from: any
to: wan
source: 0.0.0.0/0
translate-to: interface
forwards:
- name: nat-3
from: wan
at: 198.51.100.3
service: tcp/8080
translate-to: 10.0.0.5
port: 80
- name: nat-4
from: wan
at: 198.51.100.3
service: tcp/25
translate-to: 10.0.0.25
- name: nat-4.2
from: wan
at: 198.51.100.3
service: tcp/993
translate-to: 10.0.0.26`);
});

describe('any text at all', () => {
  const words = [
    'table inet f {',
    'chain c {',
    'type filter hook input priority 0;',
    'policy drop;',
    '}',
    '{',
    'tcp',
    'dport',
    'ip',
    'saddr',
    '10.0.0.1',
    '10.0.0.0/8',
    '{ 1, 2 }',
    'vmap',
    ':',
    'accept',
    'drop',
    'jump c',
    'goto d',
    '@s',
    '$x',
    'define x =',
    '!=',
    '.',
    ',',
    '-',
    'set s {',
    'type ipv4_addr',
    'elements =',
    'limit rate',
    '5/second',
    'over',
    'log prefix "x"',
    'ct state new',
    'iifname "a*"',
    'include "x"',
    '\n',
    ';',
    'add rule inet f c',
    'insert rule inet f c',
    'dnat to 10.0.0.1:80',
    'masquerade',
    'type nat hook postrouting priority 0;',
    '"',
    '\\\n',
    '(',
    '|',
    'fib daddr type local',
    'reject with',
    'meta mark set',
    'oif',
    'map',
  ];
  const holds = (text: string): void => {
    const { text: file, refused, problems } = importNftables(text, { read: () => null });
    const count = text.split('\n').length;
    for (const { line } of problems) expect(line).toBeLessThanOrEqual(count);
    if (refused !== undefined) return;
    expect(load(file).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  };

  test('makes a file that passes, or none', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), (list) =>
        holds(`table inet f {\nchain c { type filter hook input priority 0;\n${list.join(' ')}`),
      ),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) =>
        holds(`table ip x {\n${text}`),
      ),
      { numRuns: 100 },
    );
  });

  test('rulesets with words gone astray', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(...words)), { maxLength: 6 }),
        (seed, changes) => {
          const parts = randomNftables(randomFrom(seed)).split(/(?<=\s)/);
          for (const [at, word] of changes) parts[at % parts.length] = `${word} `;
          holds(parts.join(''));
        },
      ),
      { numRuns: 100 },
    );
  });

  test('10,000 rules in seconds', () => {
    const rules = Array.from(
      { length: 10_000 },
      (_, i) => `ip saddr 10.1.${i >> 8}.${i & 255} tcp dport ${1 + (i % 60_000)} accept`,
    );
    const start = process.cpuUsage();
    const { rules: made } = importNftables(ruleset(rules.join('\n')));
    const took = process.cpuUsage(start).user / 1000;
    process.stdout.write(`10,000 rules in ${took.toFixed(0)} ms of CPU\n`);
    expect(took).toBeLessThan(10_000);
    expect(made).toBeGreaterThan(10_000);
  });
});
