// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt, command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { writeRules } from './past.js';

/** Sends to a port until something comes back; says so. */
const ECHOED = `const [own, host, port] = process.argv.slice(1);
const socket = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
socket.bind(0, own);
socket.on('message', (bytes) => { console.log('echo', bytes.length); process.exit(); });
setInterval(() => socket.send(Buffer.alloc(172, 0x80), Number(port), host), 100);
setTimeout(() => { console.log('silence'); process.exit(); }, 2500);`;

/** Who calls whom, and how each is known to the other. */
const WAYS = [
  {
    name: 'source NAT',
    ...{ caller: 'inside', own: '10.1.0.10', seen: '198.51.100.2' },
    ...{ callee: 'wan', at: '203.0.113.80', real: '203.0.113.80' },
  },
  {
    name: 'destination NAT',
    ...{ caller: 'wan', own: '198.51.100.1', seen: '198.51.100.1' },
    ...{ callee: 'dmz', at: '198.51.100.3', real: '10.20.0.11' },
  },
  {
    name: 'both',
    ...{ caller: 'inside', own: '10.1.0.10', seen: '10.20.0.1' },
    ...{ callee: 'dmz', at: '198.51.100.3', real: '10.20.0.11' },
  },
  {
    name: 'no NAT, of IPv6',
    ...{ caller: 'inside', own: '2001:db8:a::10', seen: '2001:db8:a::10' },
    ...{ callee: 'dmz', at: '2001:db8:14::11', real: '2001:db8:14::11' },
  },
] as const;

const literal = (address: string) => (address.includes(':') ? `[${address}]` : address);

describe('the SIP helper', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-sip-'));
  let lab: Lab;
  beforeAll(async () => {
    lab = await Lab.start({ workers: 2 });
    const file = writeRules(
      lab,
      folder,
      [
        '{ name: sip, destination: server, service: [udp/5060, tcp/5060], action: allow, helper: sip }',
      ],
      `
nat:
  source:
    - { name: office, from: inside, to: internet, translate-to: interface }
    - { name: to-servers, from: inside, to: dmz, source: 10.1.0.10, service: [udp/5060, tcp/5060], translate-to: interface }
  forwards:
    - { name: sip, at: 198.51.100.3, service: udp/5060, translate-to: 10.20.0.11 }
    - { name: sip-tcp, at: 198.51.100.3, service: tcp/5060, translate-to: 10.20.0.11 }
`,
    );
    const out = `  - name: sip-out
    from: inside
    to: internet
    rules: [{ name: sip, service: [udp/5060, tcp/5060], action: allow, helper: sip }]

  - name: published`;
    writeFileSync(file, readFileSync(file, 'utf8').replace('  - name: published', out));
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const within = (host: string) => ['netns', 'exec', lab.prefix + host];

  function sipp(host: string, log: string, ...args: readonly string[]): ChildProcess {
    const options = ['-nostdin', '-rtp_echo', '-trace_msg', '-message_file', log];
    return spawn('ip', [...within(host), 'sipp', ...options, ...args], {
      cwd: folder,
      stdio: 'ignore',
    });
  }

  async function echoed(host: string, own: string, to: string, port: number): Promise<string> {
    const argv = [...within(host), process.execPath, '-e', ECHOED, own, to, String(port)];
    return (await attempt(['ip', ...argv])).stdout.trim();
  }

  const read = (file: string): string => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };

  const calls = WAYS.flatMap((way) => [
    { ...way, over: 'UDP', transport: 'u1' },
    { ...way, over: 'TCP', transport: 't1' },
  ]);

  test.each(calls)('a call over $over with $name', async (one) => {
    const { name, over, transport, caller, own, seen, callee, at, real } = one;
    const log = (who: string) =>
      path.join(folder, `${name}-${over}-${who}.log`.replaceAll(' ', '-'));
    // Nobody has announced anything yet.
    expect(await echoed(caller, own, at, 7000)).toBe('silence');
    const media = (address: string, port: number) =>
      ['-i', literal(address), '-mi', literal(address), '-mp', String(port)] as const;
    const phone = sipp(callee, log('callee'), '-sn', 'uas', '-t', transport, ...media(real, 7000));
    // A connection that is refused is not tried again.
    await until('the phone', 10_000, async () => {
      const sockets = ['ss', '-Hln', over === 'TCP' ? '-t' : '-u', 'sport = :5060'];
      return (await command(['ip', ...within(callee), ...sockets])) !== '';
    });
    const call = sipp(
      caller,
      log('caller'),
      ...[
        '-sn',
        'uac',
        '-t',
        transport,
        ...media(own, 6000),
        '-m',
        '1',
        '-d',
        '8000',
        `${literal(at)}:5060`,
      ],
    );
    const ended = new Promise<number | null>((resolve) => call.on('exit', resolve));
    try {
      await until('the answer', 15_000, () => Promise.resolve(/\nACK /.test(read(log('callee')))));
      expect(await echoed(caller, own, at, 7000)).toBe('echo 172');
      expect(await echoed(callee, real, seen, 6000)).toBe('echo 172');
      expect(await ended).toBe(0);
    } finally {
      phone.kill();
      call.kill();
    }
    const heard = read(log('callee'));
    expect(heard).toContain(`IP${own.includes(':') ? 6 : 4} ${seen}`);
    expect(heard).toMatch(new RegExp(`^Via: .*${literal(seen).replace('[', '\\[')}`, 'm'));
    // Of the caller's own address nothing is left but in names.
    if (seen !== own) {
      expect(heard).not.toMatch(new RegExp(`^(INVITE|Via|Contact|c=|o=).*${own}`, 'm'));
      expect(read(log('caller'))).toMatch(new RegExp(`^Via: .*${own}`, 'm'));
    }
    if (real !== at)
      expect(read(log('caller'))).not.toMatch(new RegExp(`^(Contact|c=|o=).*${real}`, 'm'));
  });
});
