// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { importAsa } from '../../../src/import/asa/import.js';
import { load } from '../fixtures/load.js';
import { randomAsa } from '../../reference/asa-configs.js';
import { randomFrom } from '../../reference/iptables-packets.js';

const HEAD = `ASA Version 9.12(4)
interface GigabitEthernet0/0
 nameif inside
 security-level 100
 ip address 10.1.0.1 255.255.0.0
interface GigabitEthernet0/1
 nameif outside
 security-level 0
 ip address 198.51.100.2 255.255.255.240
`;
const LINES = HEAD.split('\n').length - 1;

/** What is said of lines behind the head, counted from 1. */
function said(lines: string, head = HEAD): string[] {
  const { problems } = importAsa(head + lines);
  return problems.map(({ line, message }) => `${line - head.split('\n').length + 1}: ${message}`);
}

/** The file without what is in every one, description aside; it has no errors. */
function part(lines: string, from: RegExp, to: RegExp, head = HEAD): string[] {
  const { text } = importAsa(head + lines);
  const { diagnostics } = load(text);
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const all = text.split('\n');
  const start = all.findIndex((line) => from.test(line));
  if (start < 0) return [];
  const end = all.findIndex((line, i) => i > start && to.test(line));
  return all
    .slice(start + 1, end)
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('description:') && line !== '');
}

/** `key: value` of the one rule of an entry. */
function rule(entry: string, more = ''): string {
  const lines = `${more}access-list x extended ${entry}\naccess-group x in interface inside\n`;
  expect(said(lines)).toEqual([]);
  const keys = part(lines, /^ {2}- name: x$/, /^( {2}- name|$)/);
  return keys.filter((line) => !/^(from|to|rules|- name):/.test(line)).join(', ');
}

describe('an entry becomes a rule', () => {
  test.each([
    ['permit ip any any', 'action: allow'],
    ['permit ip any4 any6', "source: 0.0.0.0/0, destination: '::/0', action: allow"],
    ['deny tcp host 10.1.0.5 any eq www', 'source: 10.1.0.5, service: tcp/80, action: deny'],
    [
      'permit udp 10.1.0.0 255.255.0.0 gt 1023 any range 5000 5010',
      'source: 10.1.0.0/16, service: udp/5000-5010, source-port: 1024-65535, action: allow',
    ],
    ['permit tcp any any neq 22', 'service: [tcp/0-21, tcp/23-65535], action: allow'],
    ['permit icmp any any echo', 'service: icmp/8, action: allow'],
    ['permit icmp any any unreachable 4', 'service: icmp/3/4, action: allow'],
    ['permit icmp6 any any packet-too-big', 'service: icmpv6/2, action: allow'],
    [
      'permit esp any host 198.51.100.9',
      'destination: 198.51.100.9, service: proto/50, action: allow',
    ],
    ['permit ip 2001:db8::/32 any log', "source: '2001:db8::/32', action: allow, log: true"],
    ['permit tcp any any eq ssh log disable', 'service: tcp/22, action: allow'],
    [
      'permit tcp any any eq ssh log 4 interval 60 inactive',
      'service: tcp/22, action: allow, log: true, enabled: false',
    ],
    [
      'permit tcp any interface outside eq https',
      'destination: 198.51.100.2, service: tcp/443, action: allow',
    ],
  ])('%s', (entry, keys) => {
    expect(rule(entry)).toBe(keys);
  });

  test('with objects and groups in every position', () => {
    const objects = `object network web
 host 10.1.0.80
object-group network servers
 network-object object web
 network-object 10.1.9.0 255.255.255.0
object-group service ports tcp-udp
 port-object eq domain
object service alt
 service tcp destination eq 8080
object-group service mixed
 service-object object alt
 service-object icmp echo
 service-object udp source eq 53
`;
    expect(rule('permit object-group mixed object web object-group servers', objects)).toBe(
      'source: web, destination: servers, service: [icmp/8, tcp/8080], action: allow, source: web, destination: servers, service: udp, source-port: 53, action: allow',
    );
    expect(rule('permit tcp any object-group servers object-group ports', objects)).toBe(
      'destination: servers, service: tcp/53, action: allow',
    );
    expect(rule('permit udp any object-group ports object web', objects)).toBe(
      'destination: web, service: udp, source-port: 53, action: allow',
    );
  });

  test('with a time range', () => {
    const times = 'time-range work\n periodic weekdays 8:00 to 18:00\n';
    expect(rule('permit ip any any time-range work', times)).toBe(
      'action: allow, schedule: time-1',
    );
  });
});

describe('what has no equivalent is named with its line', () => {
  test.each([
    [
      'crypto map m 10 match address x',
      ['1: crypto map m 10 match address x: no equivalent: it is left out'],
    ],
    [
      'access-list s standard permit 10.0.0.0 255.0.0.0',
      [
        '1: access-list s standard permit 10.0.0.0 255.0.0.0: a standard list chooses routes: it is left out',
      ],
    ],
    [
      'access-list x extended permit tcp user A\\b any any',
      [
        '1: access-list x extended permit tcp user A\\b any any: user A\\b has no equivalent: the entry is left out',
      ],
    ],
    [
      'access-list x extended deny tcp security-group name g any any',
      [
        '1: access-list x extended deny tcp security-group name g any any: security-group name g has no equivalent: the entry denies without it',
      ],
    ],
    [
      'access-list x extended deny frob any any',
      [
        "1: access-list x extended deny frob any any: there is no protocol 'frob': all that gets here is denied",
      ],
    ],
    [
      'access-group y in interface inside',
      ["1: there is no access list 'y': what it is for is denied"],
    ],
    [
      'access-group y in interface dmz',
      [
        "1: there is no access list 'y': what it is for is denied",
        "1: access-group y in interface dmz: there is no interface 'dmz': it is left out",
      ],
    ],
    [
      'object network n\n fqdn v4 www.example.com',
      [
        '2: fqdn v4 www.example.com: the addresses of a name are not in the file: they are to be filled in',
      ],
    ],
    [
      'route outside 0 0 198.51.100.1 1 track 1',
      ['1: track 1: routes are not tracked: this one is always there'],
    ],
    [
      'global (outside) 1 interface',
      ['1: global (outside) 1 interface: of before 8.3, and the file is not: it is left out'],
    ],
  ])('%s', (lines, problems) => {
    expect(said(`${lines}\n`)).toEqual(problems);
    expect(LINES).toBe(9);
  });

  test('a file that is none is refused', () => {
    expect(importAsa('hello\nworld\n').refused).toBe('there is no command of an ASA in it');
  });
});

describe('levels', () => {
  test('higher to lower is open without a list, and nothing else', () => {
    const { text } = importAsa(HEAD);
    expect(text).toContain('- name: inside.level\n    from: inside\n    to: outside\n');
    expect(text).not.toContain('from: outside\n    to: inside');
  });

  test('a list at the way out is asked as well', () => {
    const lines = `access-list in extended permit tcp any any
access-list in extended permit udp any any eq domain
access-list out extended deny ip any host 192.0.2.1
access-list out extended permit tcp any any eq www
access-group in in interface inside
access-group out out interface outside
`;
    expect(part(lines, /^ {2}- name: in-outside$/, /^ {2}- name/).filter((line) => !line.startsWith('- name'))).toEqual([
      'from: inside', 'to: outside', 'rules:',
      'destination: 192.0.2.1', 'service: tcp', 'action: deny',
      'service: tcp/80', 'action: allow',
      'destination: 192.0.2.1', 'service: udp/53', 'action: deny',
    ]); // prettier-ignore
  });
});

describe('translation', () => {
  const nat = (lines: string, head = HEAD) => part(lines, /^nat:$/, /^(routing:|$)/, head);
  test.each([
    [
      'object network web\n host 10.1.0.80\n nat (inside,outside) static 198.51.100.4',
      ['static:', '- name: nat-12', 'zone: outside', 'inside: 10.1.0.80', 'outside: 198.51.100.4'],
    ],
    [
      'object network lan\n subnet 10.1.0.0 255.255.0.0\n nat (inside,outside) dynamic interface',
      [
        'source:',
        '- name: nat-12',
        'from: inside',
        'to: outside',
        'source: lan',
        'translate-to: interface',
      ],
    ],
    [
      'object network web\n host 10.1.0.80\n nat (inside,outside) static interface service tcp 80 8080',
      [
        'forwards:',
        '- name: nat-12',
        'from: outside',
        'at: outside',
        'service: tcp/8080',
        'translate-to: 10.1.0.80',
        'port: 80',
      ],
    ],
    [
      'object network a\n subnet 10.1.0.0 255.255.0.0\nobject network b\n subnet 10.9.0.0 255.255.0.0\nnat (inside,outside) source static a a destination static b b no-proxy-arp route-lookup',
      [
        'source:',
        '- name: nat-14',
        'from: inside',
        'to: outside',
        'source: a',
        'destination: b',
        'translate-to: none',
      ],
    ],
  ])('%s', (lines, keys) => {
    expect(said(`${lines}\n`)).toEqual([]);
    expect(nat(`${lines}\n`)).toEqual(keys);
  });

  const OLD = HEAD.replace('9.12(4)', '8.2(5)');

  test('before 8.3 lists have addresses as they are seen', () => {
    const lines = `static (inside,outside) 198.51.100.4 10.1.0.80 netmask 255.255.255.255
static (inside,outside) tcp interface 2222 10.1.0.22 22 netmask 255.255.255.255
nat (inside) 1 10.1.0.0 255.255.0.0
global (outside) 1 interface
access-list in extended permit tcp any host 198.51.100.4 eq www
access-list in extended permit tcp any interface outside eq 2222
access-group in in interface outside
`;
    expect(said(lines, OLD)).toEqual([]);
    expect(nat(lines, OLD).filter((line) => !line.startsWith('- name'))).toEqual([
      'source:', 'from: inside', 'to: outside', 'source: 10.1.0.0/16', 'translate-to: interface',
      'static:', 'zone: outside', 'inside: 10.1.0.80', 'outside: 198.51.100.4',
      'forwards:', 'from: outside', 'at: outside', 'service: tcp/2222', 'translate-to: 10.1.0.22', 'port: 22',
    ]); // prettier-ignore
    expect(part(lines, /^ {2}- name: in$/, /^ {2}- name/, OLD).filter((line) => !line.startsWith('- name'))).toEqual([
      'from: outside', 'to: any', 'rules:',
      'source: 0.0.0.0/0', 'destination: 10.1.0.80', 'service: tcp/80', 'action: allow',
      'source: 0.0.0.0/0', 'destination: { forward: static-11 }', 'service: tcp', 'action: allow',
      'source: 0.0.0.0/0', 'destination: 198.51.100.2', 'service: tcp/2222', 'action: allow',
    ]); // prettier-ignore
  });
});

describe('any text at all', () => {
  const words = HEAD.split(/\s+/).concat(
    ...[
      'access-list x extended',
      'permit',
      'deny',
      'tcp',
      'any',
      'host',
      'object-group',
      'object network n',
      'nat (inside,outside)',
      'static',
      'dynamic',
      'interface',
      'eq',
      'range',
      '\n',
      '\n ',
      'access-group x in interface inside',
      'route outside 0 0',
      'object-group network n',
      'group-object n',
      'service tcp',
      '1.2.3.4',
      '255.255.0.255',
      '::1/64',
      'time-range t\n periodic',
      'ssh',
      'icmp permit',
      "'",
      '{',
      'vlan 5',
      'interface Vlan1',
      'source',
      'destination static',
      '!',
      ': x',
    ],
  );
  const holds = (text: string): void => {
    const { text: file, refused, problems } = importAsa(text);
    const count = text.split('\n').length;
    for (const { line } of problems) expect(line).toBeLessThanOrEqual(count);
    if (refused !== undefined) return;
    expect(load(file).diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  };

  test('makes a file that passes, or none', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...words), { maxLength: 60 }), (list) =>
        holds(HEAD + list.join(' ')),
      ),
      { numRuns: 300 },
    );
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) =>
        holds(`hostname x\n${text}`),
      ),
      { numRuns: 100 },
    );
  });

  test('configurations with words gone astray', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.array(fc.tuple(fc.nat(), fc.constantFrom(...words)), { maxLength: 8 }),
        (seed, changes) => {
          const parts = randomAsa(randomFrom(seed)).split(/(?<=\s)/);
          for (const [at, word] of changes) parts[at % parts.length] = `${word} `;
          holds(parts.join(''));
        },
      ),
      { numRuns: 200 },
    );
  });

  test('10,000 entries in seconds', () => {
    const entries = Array.from(
      { length: 10_000 },
      (_, i) =>
        `access-list x extended permit tcp host 10.1.${i >> 8}.${i & 255} any eq ${1 + (i % 60_000)}`,
    );
    const start = process.cpuUsage();
    const { rules } = importAsa(
      `${HEAD}${entries.join('\n')}\naccess-group x in interface inside\n`,
    );
    const took = process.cpuUsage(start).user / 1000;
    process.stdout.write(`10,000 entries in ${took.toFixed(0)} ms of CPU\n`);
    expect(rules).toBeGreaterThan(10_000);
    expect(took).toBeLessThan(10_000);
  });
});
