// SPDX-License-Identifier: BSD-3-Clause
import type { ChildProcess } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HelpersShown } from '../../src/daemon/show/helpers.js';
import type { SessionShown } from '../../src/daemon/show/sessions.js';
import { attempt } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { runAt, writeRules } from './past.js';

/** An FTP server for everybody at each address, which sends its data to no other one. */
const SERVER = `import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer
import logging
logging.basicConfig(level=logging.ERROR)
authorizer = DummyAuthorizer()
authorizer.add_anonymous(sys.argv[1], perm='elradfmwMT')
FTPHandler.authorizer = authorizer
FTPHandler.passive_ports = range(30000, 30100)
loop = IOLoop.instance()
servers = [FTPServer((address, 21), FTPHandler, ioloop=loop) for address in sys.argv[2:]]
print('up', flush=True)
loop.loop()`;

/**
 * Speaks FTP itself: writes each piece when the one before was acknowledged, and waits for a reply
 * after the last one of a line; prints the replies, and what came over the data connection it listens on.
 */
const PIECES = `const net = require('node:net');
const [host, own, ...lines] = process.argv.slice(1);
const socket = net.connect({ host, port: 21, localAddress: own });
socket.setNoDelay(true);
const data = net.createServer((other) => other.on('data', (bytes) => { arrived(bytes.length); }));
let arrived; const come = () => new Promise((resolve) => { arrived = resolve; });
let heard = '', wake = () => undefined;
socket.on('data', (bytes) => { heard += bytes; wake(); });
const reply = async () => {
  for (;;) {
    const end = /^\\d{3} .*\\r\\n/m.exec(heard);
    if (end) { heard = heard.slice(end.index + end[0].length); return end[0].trim(); }
    await new Promise((resolve) => { wake = resolve; });
  }
};
const acknowledged = () => new Promise((resolve) => setTimeout(resolve, 60));
data.listen(0, own, async () => {
  const port = data.address().port;
  console.log(await reply());
  for (const line of lines) {
    const where = [...own.split('.'), port >> 8, port & 255];
    const text = line.replace('OWN', where.join(',')).replace('PARTS', where.join('_,_'));
    const bytes = come();
    for (const piece of text.split('_')) { socket.write(piece); await acknowledged(); }
    socket.write('\\r\\n');
    const said = await Promise.race([reply(), new Promise((resolve) => setTimeout(resolve, 2500, 'silence'))]);
    console.log(said);
    if (said === 'silence') break;
    if (/^(125|150)/.test(said)) console.log(await reply(), 'with', await bytes);
  }
  process.exit();
});`;

const MODES = [
  ['EPSV', []],
  ['PASV', ['--disable-epsv', '--no-ftp-skip-pasv-ip']],
  ['EPRT', ['--ftp-port', '-']],
  ['PORT', ['--disable-eprt', '--ftp-port', '-']],
] as const;

/** From a host to an address: through which translation. */
const WAYS = [
  ['source NAT', 'inside', '203.0.113.80'],
  ['destination NAT', 'wan', '198.51.100.3'],
  ['both', 'inside', '198.51.100.3'],
  ['no NAT', 'inside', '10.20.0.11'],
  ['source NAT of IPv6', 'inside', '2001:db8:ffff::80'],
  ['destination NAT of IPv6', 'wan', '2001:db8:1::21'],
  ['no NAT of IPv6', 'inside', '2001:db8:14::11'],
] as const;

describe('the FTP helper', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-ftp-'));
  const big = randomBytes(2_000_000);
  let lab: Lab;
  const servers: ChildProcess[] = [];
  beforeAll(async () => {
    lab = await Lab.start({ workers: 2 });
    mkdirSync(path.join(folder, 'root'));
    writeFileSync(path.join(folder, 'root', 'big'), big);
    const serve = (host: string, ...addresses: string[]) =>
      runAt(lab, host, ['/usr/bin/python3', '-c', SERVER, path.join(folder, 'root'), ...addresses]);
    servers.push(
      await serve('wan', '203.0.113.80', '2001:db8:ffff::80'),
      await serve('dmz', '10.20.0.11', '2001:db8:14::11'),
    );
    const file = writeRules(
      lab,
      folder,
      ['{ name: ftp, destination: server, service: tcp/21, action: allow, helper: ftp }'],
      `
nat:
  source:
    - { name: office, from: inside, to: internet, translate-to: interface }
    - { name: office6, from: inside, to: internet, source: '2001:db8:a::/64', translate-to: interface }
    - { name: to-servers, from: inside, to: dmz, destination: 10.20.0.11, service: tcp/21, source: 10.1.0.11, translate-to: interface }
  forwards:
    - { name: ftp, at: 198.51.100.3, service: tcp/21, translate-to: 10.20.0.11 }
    - { name: ftp6, at: '2001:db8:1::21', service: tcp/21, translate-to: '2001:db8:14::11' }
`,
    );
    const out = `  - name: ftp-out
    from: inside
    to: internet
    rules: [{ name: ftp, service: tcp/21, action: allow, helper: ftp }]

  - name: published`;
    writeFileSync(file, readFileSync(file, 'utf8').replace('  - name: published', out));
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
  });
  afterAll(async () => {
    for (const server of servers) server.kill();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const at = (host: string, ...argv: string[]) =>
    attempt(['ip', 'netns', 'exec', lab.prefix + host, ...argv]);

  async function fetched(host: string, address: string, options: readonly string[]) {
    const url = `ftp://${address.includes(':') ? `[${address}]` : address}/big`;
    const out = path.join(folder, 'out');
    const { code, stderr } = await at(
      host,
      ...['curl', '-sS', '-m', '15', '-o', out, ...options, url],
    );
    if (code !== 0) return stderr.trim();
    const { stdout } = await attempt(['sha256sum', out]);
    return stdout.split(' ')[0];
  }

  describe.each(WAYS)('%s', (_, host, address) => {
    const both = MODES.filter(([mode]) => !address.includes(':') || mode.startsWith('E'));
    test.each(both)('%s', async (__, options) => {
      const hash = createHash('sha256').update(big).digest('hex');
      expect(await fetched(host, address, options)).toBe(hash);
    });
  });

  async function speak(...lines: string[]): Promise<string[]> {
    const { stdout } = await at(
      'inside',
      ...[process.execPath, '-e', PIECES, '203.0.113.80', '10.1.0.10'],
      ...['USER anonymous', 'PASS x', ...lines],
    );
    return stdout.trim().split('\n').slice(3);
  }

  test('commands in pieces', async () => {
    const said = await speak('P_OR_T OWN', 'NLST', 'PO_RT_ PARTS_', 'NLST');
    expect(said).toEqual([
      expect.stringMatching(/^200 /),
      expect.stringMatching(/^125 /),
      expect.stringMatching(/^226 .* with 5$/),
      expect.stringMatching(/^200 /),
      expect.stringMatching(/^125 /),
      expect.stringMatching(/^226 .* with 5$/),
    ]);
  });

  async function drops(): Promise<Map<string, number>> {
    const { stdout } = await lab.sluice('show', 'drops', '--json');
    const { drops: all } = JSON.parse(stdout) as { drops: { reason: string; packets: number }[] };
    return new Map(all.map(({ reason, packets }) => [reason, packets]));
  }

  test.each([
    ['helper-bounce', 'PORT 10,1,0,99,40,1'],
    ['helper-low-port', 'PORT 10,1,0,10,0,22'],
    ['helper-malformed', 'PORT 10,1,0,10'],
  ])('%s', async (reason, line) => {
    const before = (await drops()).get(reason) ?? 0;
    expect(await speak(line)).toEqual(['silence']);
    expect((await drops()).get(reason)).toBeGreaterThan(before);
  });

  test('sessions say whose they are', async () => {
    await fetched('inside', '203.0.113.80', []);
    const { stdout } = await lab.sluice('show', 'sessions', '--json');
    const { sessions } = JSON.parse(stdout) as { sessions: SessionShown[] };
    const ours = sessions.filter(({ rule }) => rule === 'ftp-out/ftp');
    expect(new Set(ours.map(({ helper }) => helper))).toEqual(new Set(['parent', 'child']));
    const shown = JSON.parse(
      (await lab.sluice('show', 'helpers', '--json')).stdout,
    ) as HelpersShown;
    expect(shown.taken).toBeGreaterThan(0);
    expect(shown.opened).toBeGreaterThanOrEqual(shown.taken);
    for (const { helper, destination_port } of ours)
      if (helper === 'parent') expect(destination_port).toBe(21);
  });
});
