// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { expect, it } from 'vitest';
import { SyslogSender, syslogLine } from '../../../src/telemetry/syslog.js';

const LINE = syslogLine(
  { at: '2026-11-30T01:02:03.000Z', event: 'deny', severity: 4, text: '{"a":\n"ä"}' },
  'edge1',
  7,
);
const FRAMED = `${Buffer.byteLength(LINE)} ${LINE}`;

/** Collects what comes over connections until there are so many bytes. */
class Collector {
  readonly #server: Server;
  readonly sockets: Socket[] = [];
  #text = '';
  #wake: () => void = () => undefined;

  constructor(server: Server, event = 'connection') {
    this.#server = server;
    server.on(event, (socket: Socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (chunk: Buffer) => {
        this.#text += chunk.toString('utf8');
        this.#wake();
      });
    });
  }

  async listen(port = 0): Promise<number> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return (this.#server.address() as AddressInfo).port;
  }

  async got(text: string): Promise<void> {
    while (this.#text !== text) {
      if (!text.startsWith(this.#text)) throw new Error(`got ${this.#text}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

it('has the head of RFC 5424 and no line ends', () => {
  expect(LINE).toBe('<132>1 2026-11-30T01:02:03.000Z edge1 sluice 7 deny - {"a": "ä"}');
});

it('goes over UDP, a datagram each', async () => {
  const server = createSocket('udp4');
  server.bind(0, '127.0.0.1');
  await once(server, 'listening');
  const sender = new SyslogSender({
    to: '127.0.0.1',
    port: server.address().port,
    transport: 'udp',
  });
  const came = once(server, 'message') as Promise<[Buffer]>;
  sender.send(LINE);
  expect((await came)[0].toString('utf8')).toBe(LINE);
  sender.close();
  server.close();
});

it('goes over TCP with its length, and again once a server comes back', async () => {
  const first = new Collector(createServer());
  const port = await first.listen();
  const sender = new SyslogSender({ to: '127.0.0.1', port, transport: 'tcp' });
  sender.send(LINE);
  await first.got(FRAMED);
  await first.close();
  while (sender.state.connected) await new Promise((resolve) => setImmediate(resolve));
  sender.send(LINE);
  sender.send(LINE);
  expect(sender.state).toMatchObject({ connected: false, sent: 1, lost: 0 });
  const second = new Collector(createServer());
  await second.listen(port);
  await second.got(FRAMED + FRAMED);
  sender.close();
  await second.close();
});

it('loses the oldest where a server stays away, and counts them', () => {
  const sender = new SyslogSender({ to: '127.0.0.1', port: 1, transport: 'tcp' });
  for (let i = 0; i < 10_003; i++) sender.send('x');
  expect(sender.state).toMatchObject({ connected: false, sent: 0, lost: 3 });
  sender.close();
});

it('goes over TLS to who has a good certificate, and to no other', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-syslog-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name)) as [
    string,
    string,
  ];
  const made = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1'],
    ],
    { encoding: 'utf8' },
  );
  expect([made.status, made.status === 0 ? '' : made.stderr]).toEqual([0, '']);
  const files = { key: readFileSync(key), cert: readFileSync(cert) };
  rmSync(folder, { recursive: true });
  const server = new Collector(createTlsServer(files), 'secureConnection');
  const to = { to: '127.0.0.1', port: await server.listen(), transport: 'tls' } as const;
  const stranger = new SyslogSender(to);
  stranger.send(LINE);
  while (stranger.state.problem === null) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(stranger.state).toMatchObject({ sent: 0, problem: 'self-signed certificate' });
  stranger.close();
  const sender = new SyslogSender(to, files.cert.toString());
  sender.send(LINE);
  await server.got(FRAMED);
  sender.close();
  await server.close();
});
