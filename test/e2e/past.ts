// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { datapathBinary } from '../../src/datapath/offline.js';
import { command } from '../../src/lab/command.js';
import type { Lab } from '../../src/lab/lab.js';
import { SECOND } from '../../src/lab/network.js';

/** What answers past the appliance take: addresses of the client there, and of its link. */
const CLIENTS = ['198.51.100.1/32', '2001:db8:1::1/128'] as const;

/** Gives a server the public addresses and a link of its own to the client, which its answers take. */
async function linkPast(
  lab: Lab,
  host: string,
  link: string,
  n: number,
  services: readonly string[],
): Promise<void> {
  const [server, wan] = [lab.prefix + host, `${lab.prefix}wan`];
  const peer = ['type', 'veth', 'peer', 'name', link, 'netns', wan];
  await command(['ip', '-n', server, 'link', 'add', link, ...peer]);
  const addresses = services.map((address) => address + (address.includes(':') ? '/128' : '/32'));
  const [near, far] = [2, 1].map((end) => [
    `address add 172.31.${n}.${end}/30 dev ${link}`,
    `address add 2001:db8:31:${n}::${end}/64 dev ${link} nodad`,
    `link set ${link} up`,
  ]) as [string[], string[]];
  near.push(...addresses.map((address) => `address add ${address} dev lo nodad`));
  for (const [namespace, lines] of [
    [server, near],
    [wan, far],
  ] as const)
    await command(['ip', '-n', namespace, '-batch', '-'], { input: lines.join('\n') });
  for (const client of CLIENTS) {
    const via = client.includes(':') ? `2001:db8:31:${n}::1` : `172.31.${n}.1`;
    await command(['ip', '-n', server, 'route', 'add', client, 'via', via]);
  }
  for (const namespace of [server, wan])
    await command([
      ...(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw'] as const),
      'net.ipv4.conf.all.rp_filter=0',
      `net.ipv4.conf.${link}.rp_filter=0`,
      'net.ipv4.conf.default.rp_filter=0',
    ]);
}

/** Lets the lab's server answer past the appliance, with a second address in each family. */
export async function answerPast(lab: Lab, services: readonly string[]): Promise<void> {
  await linkPast(lab, 'dmz', 'past', 0, services);
  const second = [
    'address add 10.20.0.12/24 dev eth0',
    'address add 2001:db8:14::12/64 dev eth0 nodad',
  ];
  await command(['ip', '-n', `${lab.prefix}dmz`, '-batch', '-'], { input: second.join('\n') });
}

/** Gives the dmz a second server on the same link, .12; both answer past the appliance where they can. */
export async function twoServers(lab: Lab, services: readonly string[]): Promise<void> {
  const [dmz, second] = [`${lab.prefix}dmz`, lab.prefix + SECOND];
  await command(['ip', 'netns', 'add', second]);
  const child = ['type', 'macvlan', 'mode', 'bridge'];
  await command(['ip', '-n', dmz, 'link', 'add', 'second', 'link', 'eth0', ...child]);
  await command(['ip', '-n', dmz, 'link', 'set', 'second', 'netns', second, 'name', 'eth0']);
  await command(['ip', 'netns', 'exec', second, 'ethtool', '-K', 'eth0', 'tx', 'off']);
  const lines = [
    'link set lo up',
    'link set eth0 up',
    'address add 10.20.0.12/24 dev eth0',
    'address add 2001:db8:14::12/64 dev eth0 nodad',
    'route add 0.0.0.0/0 via 10.20.0.1',
    'route add ::/0 via 2001:db8:14::1',
  ];
  await command(['ip', '-n', second, '-batch', '-'], { input: lines.join('\n') });
  await linkPast(lab, 'dmz', 'past', 0, services);
  await linkPast(lab, SECOND, 'past2', 1, services);
}

/** The lab's rule file without its assertions, with rules of `published` and more sections, in a folder. */
export function writeRules(
  lab: Lab,
  folder: string,
  rules: readonly string[],
  more: string,
): string {
  const file = path.join(folder, 'rules.yaml');
  mkdirSync(path.join(folder, 'parts'), { recursive: true });
  cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
    recursive: true,
  });
  const office = readFileSync(lab.rules, 'utf8');
  const first = 'rules:\n      - { name: web,';
  const written = rules.map((rule) => `- ${rule}\n      `).join('');
  const text = office
    .slice(0, office.indexOf('\nassert:'))
    .replace(first, `rules:\n      ${written}- { name: web,`);
  writeFileSync(file, `${text}${more}`);
  return file;
}

/** Runs a program at a host until the test ends it; resolves with its first line. */
export async function runAt(
  lab: Lab,
  host: string,
  argv: readonly string[],
): Promise<ChildProcess & { readonly firstLine: string }> {
  const child = spawn('ip', ['netns', 'exec', lab.prefix + host, ...argv], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return Object.assign(child, { firstLine: line.toString() });
}

/** Ends tunnels at a server of the lab; close its input to end it. */
export async function decapsulate(lab: Lab, host = 'dmz'): Promise<ChildProcess> {
  const program = path.join(path.dirname(datapathBinary()), 'decapsulate');
  const child = await runAt(lab, host, [program, 'tunnels']);
  await command(['ip', '-n', lab.prefix + host, 'link', 'set', 'tunnels', 'mtu', '1500', 'up']);
  return child;
}

const ECHO = `const [name, port, ...addresses] = process.argv.slice(1);
for (const address of addresses) {
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => socket.send(name + message, from.port, from.address));
  socket.bind(Number(port), address);
}
setImmediate(() => console.log('up'));`;

/** Echoes UDP at addresses of a server of the lab, with its name in front where it is given one. */
export function echoUdp(
  lab: Lab,
  addresses: readonly string[],
  { host = 'dmz', name = '', port = 5353 } = {},
): Promise<ChildProcess> {
  return runAt(lab, host, [process.execPath, '-e', ECHO, name, String(port), ...addresses]);
}
