// SPDX-License-Identifier: BSD-3-Clause
import { pick, type Random } from './iptables-packets.js';

const ADDRESSES = ['any', 'any', 'any4', 'host 10.1.2.3', '10.1.0.0 255.255.0.0', '10.2.0.0 255.255.255.0', 'object web', 'object net', 'object span', 'object-group all', 'object-group servers', '128.0.0.0 128.0.0.0']; // prettier-ignore
const PORTS = ['eq www', 'eq 443', 'neq 22', 'lt 1024', 'gt 1023', 'range 8000 8100', 'object-group webports', '']; // prettier-ignore
const NAMES = ['inside', 'outside', 'dmz', 'guests'];

/** A configuration of four interfaces with lists at random places, objects and groups in every position. */
export function randomAsa(random: Random): string {
  const lines = [': Saved', 'ASA Version 9.12(4)', '!', 'hostname fw'];
  for (const [i, name] of NAMES.entries())
    lines.push(
      `interface GigabitEthernet0/${i}`,
      ` nameif ${name}`,
      ` security-level ${pick([0, 50, 50, 100], random)}`,
      ` ip address 10.${i + 1}.0.1 255.255.0.0`,
    );
  lines.push(
    ...[
      'object network web',
      ' host 10.3.0.80',
      'object network net',
      ' subnet 10.3.4.0 255.255.254.0',
    ],
    ...['object network span', ' range 10.1.2.3 10.1.3.200'],
    ...['object service high', ' service tcp source gt 1023 destination eq 8080'],
    ...[
      'object-group network servers',
      ' network-object host 10.3.0.25',
      ' network-object object net',
    ],
    ...[
      'object-group network all',
      ' group-object servers',
      ' network-object 10.2.0.0 255.255.0.0',
      ' network-object object web',
    ],
    ...['object-group service webports tcp', ' port-object eq www', ' port-object range 8000 8010'],
    ...[
      'object-group service mixed',
      ' service-object tcp destination eq https',
      ' service-object udp destination range 5000 5100',
      ' service-object object high',
      ' service-object icmp echo',
      ' service-object tcp-udp destination eq domain',
    ],
    ...['object-group icmp-type pings', ' icmp-object echo', ' icmp-object echo-reply'],
    ...['object-group protocol tunnels', ' protocol-object gre', ' protocol-object esp'],
  );
  for (const kind of ['inter', 'intra'])
    if (random(2) === 0) lines.push(`same-security-traffic permit ${kind}-interface`);
  const lists = Array.from({ length: 1 + random(4) }, (_, i) => `list${i}`);
  for (const list of lists)
    for (let n = 1 + random(7); n > 0; n--)
      lines.push(`access-list ${list} extended ${entry(random)}`);
  for (const name of NAMES) {
    if (random(2) === 0) lines.push(`access-group ${pick(lists, random)} in interface ${name}`);
    if (random(3) === 0) lines.push(`access-group ${pick(lists, random)} out interface ${name}`);
  }
  if (random(3) === 0) lines.push(`access-group ${pick(lists, random)} global`);
  return [...lines, 'route outside 0.0.0.0 0.0.0.0 10.2.0.254 1', ''].join('\n');
}

function entry(random: Random): string {
  const action = random(3) === 0 ? 'deny' : 'permit';
  const [from, to] = [pick(ADDRESSES, random), pick(ADDRESSES, random)];
  const log = pick(['', '', ' log', ' inactive'], random);
  switch (random(9)) {
    case 0:
      return `${action} ip ${from} ${to}${log}`;
    case 1:
      return `${action} icmp ${from} ${to}${pick(['', ' echo', ' object-group pings'], random)}`;
    case 2:
      return `${action} object-group mixed ${from} ${to}`;
    case 3:
      return `${action} object high ${from} ${to}${log}`;
    case 4:
      return `${action} object-group tunnels ${from} ${to}`;
    case 5:
      return `${action} udp ${from} ${to} ${pick(['eq domain', 'range 5000 5050', 'neq 53'], random)}${log}`;
    default: {
      const source =
        random(4) === 0 ? ` ${pick(['gt 1023', 'eq 443', 'object-group webports'], random)}` : '';
      return `${action} tcp ${from}${source} ${to} ${pick(PORTS, random)}`.trim() + log;
    }
  }
}
