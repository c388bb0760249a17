// SPDX-License-Identifier: BSD-3-Clause
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { attempt } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { runAt, writeRules } from './past.js';

/** Services with the PROXY protocol: mode, address, what more there is, and who speaks first. */
const SERVICES = [
  ['nat', 'nat', '198.51.100.6', '', 8443],
  ['full', 'full-nat', '198.51.100.7', '', 8443],
  ['guarded', 'full-nat', '198.51.100.8', 'syn-cookies: { above: 1 }, ', 8443],
  ['greeter', 'full-nat', '198.51.100.9', '', 8444],
  ['greeter-guarded', 'nat', '198.51.100.10', 'syn-cookies: { above: 1 }, ', 8444],
  ['six', 'full-nat', '2001:db8:1::66', '', 8443],
] as const;

/*
 * A server that wants the header (PROXY protocol 2.2) and nothing else first: on 8443 it says whom
 * it is about, and how many bytes came after it; on 8444 it speaks as soon as it has the header.
 */
const SERVER = `const net = require('node:net');
const address = (bytes) => bytes.length === 4 ? bytes.join('.') : bytes.toString('hex');
const serve = (port, greets) => net.createServer((socket) => {
  let got = Buffer.alloc(0), about = null, count = 0, ends = 0;
  socket.on('error', () => undefined);
  socket.on('data', (bytes) => {
    if (about === null) {
      got = Buffer.concat([got, bytes]);
      if (got.length < 16 || got.length < 16 + got.readUInt16BE(14)) return;
      if (got.toString('hex', 0, 12) !== '0d0a0d0a000d0a515549540a') return socket.end('no header\\n');
      if (got[12] === 0x20) return socket.end('HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n');
      const n = got[13] === 0x11 ? 4 : 16, at = 16 + 2 * n;
      about = address(got.subarray(16, 16 + n)) + ' ' + got.readUInt16BE(at) + ' ' +
        address(got.subarray(16 + n, at)) + ' ' + got.readUInt16BE(at + 2);
      if (greets) socket.write('hello ' + about + '\\n');
      bytes = got.subarray(16 + got.readUInt16BE(14));
    }
    count += bytes.length;
    if (bytes.includes(10)) socket.end(about + ' ' + count + '\\n');
  });
}).listen(port, '::', () => console.log('up'));
serve(8443, false); serve(8444, true);`;

/** Sends so many bytes and a line's end, once it was greeted where it waits for that; what came back. */
const CLIENT = `const [host, port, bytes, waits] = process.argv.slice(1);
const socket = require('node:net').connect(Number(port), host);
let got = '';
const send = () => socket.write('x'.repeat(Number(bytes)) + '\\n');
socket.on('connect', () => { if (waits !== 'yes') send(); });
socket.on('data', (text) => {
  if (got === '' && waits === 'yes') send();
  got += text;
});
socket.on('close', () => console.log(socket.localPort ?? own, got.trim().replace('\\n', ' | ')));
let own; socket.once('ready', () => { own = socket.localPort; });
setTimeout(() => socket.destroy(), 8000).unref();`;

describe('the PROXY protocol', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-proxy-'));
  let lab: Lab;
  let server: ChildProcess;
  beforeAll(async () => {
    lab = await Lab.start({ workers: 2 });
    server = await runAt(lab, 'dmz', [process.execPath, '-e', SERVER]);
    const balancers = SERVICES.map(([name, mode, at, more, port]) => {
      const address = at.includes(':') ? '2001:db8:14::11' : '10.20.0.11';
      return `  ${name}: { at: '${at}', service: tcp/80, mode: ${mode}, proxy: v2, ${more}check: { http: /, interval: 200ms, timeout: 200ms, rise: 1 }, backends: { one: { address: '${address}', port: ${port} } } }\n`;
    });
    const file = writeRules(
      lab,
      folder,
      SERVICES.map(
        ([name]) => `{ name: ${name}, destination: { balancer: ${name} }, action: allow }`,
      ),
      `\nbalancers:\n${balancers.join('')}`,
    );
    const { code, stderr } = await lab.sluice('apply', file);
    expect([code, stderr]).toEqual([0, '']);
    // The server answers checks by HTTP only to who says LOCAL.
    await until(
      'the checks',
      10_000,
      async () =>
        (await lab.sluice('show', 'balancers')).stdout.match(/ up /g)?.length === SERVICES.length,
    );
  });
  afterAll(async () => {
    server.kill();
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  const talk = async (at: string, bytes: number, waits: boolean): Promise<string[]> => {
    const node = [process.execPath, '-e', CLIENT, at, '80', String(bytes), waits ? 'yes' : 'no'];
    const { stdout } = await attempt(['ip', 'netns', 'exec', `${lab.prefix}wan`, ...node]);
    return stdout.trim().split(' ');
  };

  test.each(SERVICES)('%s: the server knows the client', async (_, __, at, ___, port) => {
    const client = at.includes(':') ? '20010db8000100000000000000000001' : '198.51.100.1';
    const service = at.includes(':') ? '20010db8000100000000000000000066' : at;
    for (const bytes of [1, 5000, 200_000]) {
      const [own = '', ...said] = await talk(at, bytes, port === 8444);
      const about = [client, own, service, '80'];
      const greeting = port === 8444 ? ['hello', ...about, '|'] : [];
      expect(said).toEqual([...greeting, ...about, String(bytes + 1)]);
    }
  });
});
