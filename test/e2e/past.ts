// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { datapathBinary } from '../../src/datapath/offline.js';
import { command } from '../../src/lab/command.js';
import type { Lab } from '../../src/lab/lab.js';

/** What answers past the appliance take: addresses of the client there, and of its link. */
const CLIENTS = ['198.51.100.1/32', '2001:db8:1::1/128'] as const;

/**
 * Gives the lab's servers the public addresses, a second address in each family, and a link of their
 * own to the client, which their answers take.
 */
export async function answerPast(lab: Lab, services: readonly string[]): Promise<void> {
  const [dmz, wan] = [`${lab.prefix}dmz`, `${lab.prefix}wan`];
  const link = ['link', 'add', 'past', 'type', 'veth', 'peer', 'name', 'past', 'netns', wan];
  await command(['ip', '-n', dmz, ...link]);
  const addresses = services.map((address) => address + (address.includes(':') ? '/128' : '/32'));
  for (const [namespace, lines] of [
    [
      dmz,
      [
        ...addresses.map((address) => `address add ${address} dev lo nodad`),
        'address add 10.20.0.12/24 dev eth0',
        'address add 2001:db8:14::12/64 dev eth0 nodad',
        'address add 172.31.0.2/30 dev past',
        'address add 2001:db8:31::2/64 dev past nodad',
        'link set past up',
      ],
    ],
    [
      wan,
      [
        'address add 172.31.0.1/30 dev past',
        'address add 2001:db8:31::1/64 dev past nodad',
        'link set past up',
      ],
    ],
  ] as const)
    await command(['ip', '-n', namespace, '-batch', '-'], { input: lines.join('\n') });
  for (const client of CLIENTS) {
    const via = client.includes(':') ? '2001:db8:31::1' : '172.31.0.1';
    await command(['ip', '-n', dmz, 'route', 'add', client, 'via', via]);
  }
  for (const namespace of [dmz, wan])
    await command([
      ...(['ip', 'netns', 'exec', namespace, 'sysctl', '-qw'] as const),
      'net.ipv4.conf.all.rp_filter=0',
      'net.ipv4.conf.past.rp_filter=0',
      'net.ipv4.conf.default.rp_filter=0',
    ]);
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

/** Ends tunnels at the lab's servers; close its input to end it. */
export async function decapsulate(lab: Lab): Promise<ChildProcess> {
  const program = path.join(path.dirname(datapathBinary()), 'decapsulate');
  const child = await runAt(lab, 'dmz', [program, 'tunnels']);
  await command(['ip', '-n', `${lab.prefix}dmz`, 'link', 'set', 'tunnels', 'mtu', '1500', 'up']);
  return child;
}

const ECHO = `for (const address of process.argv.slice(1)) {
  const socket = require('node:dgram').createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.on('message', (message, from) => socket.send(message, from.port, from.address));
  socket.bind(5353, address);
}
setImmediate(() => console.log('up'));`;

/** Echoes UDP at public addresses of the lab's servers. */
export function echoUdp(lab: Lab, addresses: readonly string[]): Promise<ChildProcess> {
  return runAt(lab, 'dmz', [process.execPath, '-e', ECHO, ...addresses]);
}
