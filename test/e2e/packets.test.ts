// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { PacketShown } from '../../src/daemon/api/packets.js';
import { command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { INTERNET } from '../../src/lab/network.js';
import { builtProgram } from '../../src/lab/program.js';

let lab: Lab;
let folder: string;

beforeAll(async () => {
  lab = await Lab.start();
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-packets-'));
  const { code } = await lab.sluice('apply', lab.rules);
  expect(code).toBe(0);
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true });
});

/** A command that looks at packets, once it does. */
async function looking(...args: string[]): Promise<{ child: ChildProcess; output: () => string }> {
  const child = spawn(process.execPath, [builtProgram('cli/main'), ...args], {
    env: { ...process.env, ...lab.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  let said = '';
  await new Promise<void>((resolve, reject) => {
    const hear = (text: string): void => {
      said += text;
      if (said.includes('Ctrl-C ends')) resolve();
    };
    child.stderr.setEncoding('utf8').on('data', hear);
    // The shell has one stream for both.
    child.stdout.on('data', hear);
    child.on('close', () => reject(new Error(`it ended: ${said}`)));
  });
  return { child, output: () => output };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'close')) as [number | null];
  return code;
}

/** Comments of the packets of a little-endian pcapng file, read block by block (the RFC's draft). */
function comments(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at < bytes.length; at += bytes.readUInt32LE(at + 4)) {
    expect(bytes.readUInt32LE(at + bytes.readUInt32LE(at + 4) - 4)).toBe(
      bytes.readUInt32LE(at + 4),
    );
    if (bytes.readUInt32LE(at) !== 6) continue;
    let option = at + 28 + ((bytes.readUInt32LE(at + 20) + 3) & ~3);
    for (; bytes.readUInt16LE(option) !== 0;) {
      const length = bytes.readUInt16LE(option + 2);
      if (bytes.readUInt16LE(option) === 1)
        found.push(bytes.subarray(option + 4, option + 4 + length).toString('utf8'));
      option += 4 + ((length + 3) & ~3);
    }
  }
  return found;
}

test('packets are shown as they end their way, with what became of them', async () => {
  const { child, output } = await looking(
    ...['monitor', 'packets', '--zone', 'inside', '--protocol', 'udp', '--port', '53'],
    ...['--count', '2', '--json'],
  );
  const flow = await lab.hosts.inside.udp(INTERNET.v4, 53);
  await flow.echo('one');
  expect(await ended(child)).toBe(0);
  const packets = output()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as PacketShown);
  expect(packets).toHaveLength(2);
  const [there, back] = packets as [PacketShown, PacketShown];
  expect([there.from, there.to, there.in, there.reason]).toEqual([
    'inside',
    'internet',
    'inside',
    null,
  ]);
  expect(there.destination).toBe(`${INTERNET.v4}:53`);
  expect(there.rule?.line).toBeGreaterThan(0);
  expect(back.out).toBe('inside');
  // The frame is the one that left: the payload is at its end.
  for (const { frame, length } of packets) {
    const bytes = Buffer.from(frame, 'base64');
    expect(bytes.length).toBe(length);
    expect(bytes.subarray(0, 64).toString('latin1')).toContain('one');
  }
});

test('a file of dropped packets has reason and rule as comments, and tcpdump reads it', async () => {
  const file = path.join(folder, 'drops.pcapng');
  const { child } = await looking(
    ...['monitor', 'packets', '--dropped', '--port', '25', '--write', file, '--count', '1'],
  );
  await lab.hosts.inside.tcp(INTERNET.v4, 25, 2000).catch(() => undefined);
  expect(await ended(child)).toBe(0);
  expect(comments(readFileSync(file))).toEqual([
    expect.stringMatching(
      /^dropped: policy-(deny|reject), by \S+\/\S+ \(\S+:\d+\); in inside, inside>internet$/,
    ),
  ]);
  const text = await command(['tcpdump', '-n', '-r', file]);
  expect(text).toContain(`> ${INTERNET.v4}.25: Flags [S]`);
});

test('trace says what is made of the next real packet', async () => {
  const { child, output } = await looking('trace', '--next', '--port', '53', '--new');
  const flow = await lab.hosts.inside.udp(INTERNET.v4, 53);
  await flow.echo('two');
  expect(await ended(child)).toBe(0);
  expect(output()).toMatch(/parse +pass +IPv4, protocol 17\n/);
  expect(output()).toMatch(/session +new/);
  expect(output()).toMatch(/route +found/);
  expect(output()).toMatch(/policy +allow +inside -> internet, \S+\/\S+ \(\S+:\d+\)/);
  expect(output()).toMatch(/result +allow +out wan\n$/);
});

test('a filter that names nothing there is and numbers out of range are refused', async () => {
  const cases: readonly (readonly [string[], string])[] = [
    [['--zone', 'insid'], "there is no zone 'insid', did you mean 'inside'?"],
    [['--rate', '0'], "rate '0' is no number from 1 to 100000"],
    [['--snap', '99999'], "snap '99999' is no number from 0 to 9216"],
    [
      ['--source', '10.0.0.1', '--destination', '2001:db8::1'],
      'the addresses are of different families',
    ],
  ];
  for (const [args, message] of cases) {
    const { code, stderr } = await lab.sluice('monitor', 'packets', ...args);
    expect([code, stderr]).toEqual([1, `sluice: ${message}\n`]);
  }
});

test('captures are few at once, and one whose reader went away makes room', async () => {
  const readers = [];
  for (let i = 0; i < 4; i++) readers.push(await looking('monitor', 'packets', '--port', '9'));
  const { code, stderr } = await lab.sluice('monitor', 'packets');
  expect([code, stderr]).toEqual([1, 'sluice: 4 captures run already\n']);
  for (const { child } of readers) child.kill('SIGINT');
  for (const { child } of readers) expect(await ended(child)).toBe(0);
  const { child } = await looking('monitor', 'packets', '--port', '9');
  child.kill('SIGINT');
  expect(await ended(child)).toBe(0);
});

test('the shell has both', async () => {
  const wrong = await lab.sluice('shell', '-c', 'monitor packets zone nowhere match port 53');
  expect([wrong.code, wrong.stdout + wrong.stderr]).toEqual([
    1,
    expect.stringContaining("there is no zone 'nowhere'"),
  ]);
  const { child, output } = await looking('shell', '-c', 'trace next match port 53');
  await (await lab.hosts.inside.udp(INTERNET.v4, 53)).echo('three');
  expect(await ended(child)).toBe(0);
  expect(output()).toContain('out wan');
});
