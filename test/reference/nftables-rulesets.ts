// SPDX-License-Identifier: BSD-3-Clause
import { pick, type Random } from './iptables-packets.js';

const FOUR = [
  '10.0.0.0/8',
  '10.1.2.0/24',
  '10.1.2.3',
  '10.1.2.3-10.1.2.9',
  '192.168.0.0/16',
  '128.0.0.0/1',
  '{ 10.1.0.0/16, 172.16.0.1 }',
  '@lan',
  '@few',
  '$net',
];
const SIX = [
  '2001:db8::/32',
  '2001:db8:1::/48',
  '2001:db8:1:2::3',
  '2001:db8::5-2001:db8::ffff',
  '{ fd00::/8, 2001:db8:1:2::/64 }',
  '@six',
  '8000::/1',
];
const PORTS = [
  '22',
  '{ 80, 443 }',
  '1024-65535',
  '$ports',
  '@open',
  '!= 53',
  '< 1024',
  '{ ssh, 8000-8080 }',
];
const NAMES = [
  'eth0',
  'eth1',
  '"ppp0"',
  '"eth*"',
  '{ eth0, ppp0 }',
  '$inner',
  '!= eth0',
  '!= { eth1, lo }',
];

/** A ruleset of several tables and base chains with jumps, gotos, verdict maps, sets and definitions. */
export function randomNftables(random: Random): string {
  const lines = [
    '#!/usr/sbin/nft -f',
    'flush ruleset',
    'define net = 172.16.0.0/12',
    'define ports = { 22, 53, 8000-8010 }',
    'define inner = { eth1, eth2 }',
  ];
  const kinds = random(3) === 0 ? ['ip', 'ip6'] : ['inet'];
  for (const [t, family] of kinds.entries()) {
    lines.push(`table ${family} t${t} {`, ...SETS(family));
    const names = Array.from({ length: random(4) }, (_, i) => `c${i}`);
    for (const [i, name] of names.entries())
      lines.push(...chain(name, '', family, names.slice(i + 1), random));
    const hooks = [
      'input',
      'forward',
      ...(random(3) === 0 ? ['prerouting', 'forward', 'postrouting'] : []),
    ];
    for (const [n, hook] of hooks.entries()) {
      const priority = pick(['0', 'filter', '-10', '10', 'raw'], random);
      const head = `type filter hook ${hook} priority ${hook === 'prerouting' ? priority : priority === 'raw' ? '5' : priority}; policy ${pick(['accept', 'drop', 'accept'], random)};`;
      lines.push(...chain(`${hook}${n}`, head, family, names, random));
    }
    lines.push('}');
  }
  return `${lines.join('\n')}\n`;
}

const SETS = (family: string): string[] => [
  'set open { type inet_service; flags interval; elements = { 25, 110-143, 993 } }',
  ...(family === 'ip6'
    ? []
    : [
        'set lan {',
        'type ipv4_addr',
        'flags interval',
        'elements = { 10.0.0.0/24, 10.0.4.1,',
        ' 10.0.6.0-10.0.7.3, 10.9.0.0/16, 192.168.1.1 }',
        '}',
        'set few { type ipv4_addr; elements = { 10.1.2.3, 10.1.2.4 }; }',
        'set pairs { type ipv4_addr . inet_service; elements = { 10.1.2.3 . 80, 10.1.2.4 . 443 } }',
      ]),
  ...(family === 'ip'
    ? []
    : [
        'set six { type ipv6_addr; flags interval; elements = { 2001:db8:7::/48, fd00::1, 2001:db8:1::9, fd00::5-fd00::9 } }',
      ]),
];

function chain(
  name: string,
  head: string,
  family: string,
  callable: readonly string[],
  random: Random,
): string[] {
  const lines = [`chain ${name} {`, ...(head === '' ? [] : [head])];
  for (let n = random(7); n > 0; n--) lines.push(rule(family, callable, random));
  return [...lines, '}'];
}

function rule(family: string, callable: readonly string[], random: Random): string {
  const words: string[] = [];
  const maybe = (chance: number, text: () => string): void => {
    if (random(100) < chance) words.push(text());
  };
  const not = (): string => (random(5) === 0 ? '!= ' : '');
  maybe(25, () => `${pick(['iifname', 'iif', 'meta iifname'], random)} ${pick(NAMES, random)}`);
  maybe(12, () => `oifname ${pick(NAMES, random)}`);
  const six = family === 'ip6' || (family === 'inet' && random(2) === 0);
  if (six) maybe(40, () => `ip6 ${pick(['saddr', 'daddr'], random)} ${not()}${pick(SIX, random)}`);
  else maybe(40, () => `ip ${pick(['saddr', 'daddr'], random)} ${not()}${pick(FOUR, random)}`);
  const kind = random(11);
  if (kind < 3)
    words.push(`tcp ${pick(['dport', 'sport', 'dport'], random)} ${pick(PORTS, random)}`);
  else if (kind === 3) words.push(`udp dport ${pick(PORTS, random)}`);
  else if (kind === 4)
    words.push(six ? 'icmpv6 type { echo-request, packet-too-big }' : 'icmp type echo-request');
  else if (kind === 5)
    words.push(`meta l4proto ${pick(['{ tcp, udp }', 'udp', '!= tcp'], random)}`);
  else if (kind === 6)
    words.push(
      pick(['tcp flags syn', 'tcp flags & (fin|syn|rst|ack) == syn', 'tcp flags == ack'], random),
    );
  else if (kind === 7)
    words.push(
      pick(
        [
          'ct state established,related',
          'ct state { new, untracked }',
          'ct state new',
          'ct state invalid',
        ],
        random,
      ),
    );
  else if (kind === 8 && family !== 'ip6')
    words.push(
      pick(
        [
          'ip daddr . tcp dport @pairs',
          'ip saddr . udp dport { 10.1.2.3 . 53, 10.1.0.0/16 . 1000-2000 }',
        ],
        random,
      ),
    );
  else if (kind === 9) words.push('meta l4proto { tcp, udp } th dport 53');
  maybe(8, () => 'limit rate 10/minute burst 5 packets');
  maybe(5, () => 'limit rate over 100/second');
  maybe(20, () => 'counter');
  maybe(8, () => 'log prefix "a b: "');
  const end = random(14);
  const jump = (): string =>
    callable.length === 0
      ? 'accept'
      : `${pick(['jump', 'jump', 'goto'], random)} ${pick(callable, random)}`;
  if (end < 4) words.push('accept');
  else if (end < 6) words.push('drop');
  else if (end === 6) words.push('reject');
  else if (end === 7) words.push('return');
  else if (end === 8) words.push(`tcp dport vmap { 22 : ${jump()}, 80-90 : drop, 443 : accept }`);
  else if (end === 9) words.push(`iifname vmap { eth0 : ${jump()}, "ppp0" : return, lo : accept }`);
  else if (end === 10) words.push('ct state vmap { established : accept, invalid : drop }');
  else words.push(jump());
  return words.join(' ');
}
