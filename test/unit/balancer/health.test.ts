// SPDX-License-Identifier: BSD-3-Clause
import { createSocket } from 'node:dgram';
import { createServer as createHttp } from 'node:http';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ask } from '../../../src/balancer/health/ask.js';
import type { Check, CheckKind, Target } from '../../../src/balancer/health/check.js';
import { Checker } from '../../../src/balancer/health/checker.js';
import { afterAnswer, unknownHealth, type Health } from '../../../src/balancer/health/state.js';

const open: { close(): unknown }[] = [];
afterAll(() => Promise.all(open.map((one) => one.close())));

const at = (port: number, address = '127.0.0.1'): Target => ({ address, family: 4, port });
const check = (how: CheckKind, parts: Partial<Check> = {}): Check => ({
  ask: how,
  interval: 1000,
  timeout: 500,
  rise: 2,
  fall: 3,
  ...parts,
});
const once = (how: CheckKind, target: Target, parts: Partial<Check> = {}) =>
  ask(check(how, parts), target, new AbortController().signal);

async function listening(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A port where nobody listens: one that was given out and closed. */
async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('asking', () => {
  const page = { kind: 'http', tls: false, path: '/health', host: null, verify: false } as const;
  const ok = [[200, 299]] as const;

  it('TCP', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => {})));
    expect(await once({ kind: 'tcp' }, at(port))).toEqual({ good: true, why: 'connected' });
    expect(await once({ kind: 'tcp' }, at(await closedPort()))).toEqual({
      good: false,
      why: 'connection refused',
    });
  });

  it('HTTP, by status and body', async () => {
    const server = createHttp((request, response) => {
      response.statusCode = request.url === '/health' ? 200 : 503;
      response.end(`host ${request.headers.host ?? ''}`);
    });
    const port = await listening(server);
    const of = (parts: object) => once({ ...page, status: ok, body: null, ...parts }, at(port));
    expect(await of({})).toEqual({ good: true, why: '200 OK' });
    expect(await of({ path: '/' })).toEqual({ good: false, why: '503 Service Unavailable' });
    expect(await of({ host: 'shop.example', body: 'host shop.example' })).toEqual({
      good: true,
      why: '200 OK, the body fits',
    });
    expect(await of({ body: 'ready' })).toEqual({
      good: false,
      why: "200 OK, but the body lacks 'ready'",
    });
  });

  it('what never answers runs into its timeout', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => {})));
    const start = performance.now();
    const answer = await once({ ...page, status: ok, body: null }, at(port), { timeout: 200 });
    expect(answer).toEqual({ good: false, why: 'no answer in 200 ms' });
    expect(performance.now() - start).toBeLessThan(1000);
  });

  it('TLS, of a server that speaks none', async () => {
    const port = await listening(createServer((socket) => socket.on('error', () => {}).end('no')));
    const answer = await once({ kind: 'tls', name: null, verify: false }, at(port));
    expect(answer.good).toBe(false);
  });

  it('UDP, with and without an answer to expect', async () => {
    const server = createSocket('udp4');
    open.push({ close: () => server.close() });
    await new Promise<void>((resolve) => server.bind(0, '127.0.0.1', resolve));
    server.on('message', (_, { port, address }) => server.send('pong 1', port, address));
    const send = Buffer.from('ping');
    const to = at(server.address().port);
    const closed = at(await closedPort());
    const of = (expect: string | null) => ({ kind: 'udp', send, expect }) as const;
    expect(await once(of('pong'), to)).toEqual({ good: true, why: 'answered' });
    expect(await once(of('PONG'), to)).toEqual({ good: false, why: "the answer lacks 'PONG'" });
    expect(await once(of(null), closed)).toEqual({ good: false, why: 'connection refused' });
  });

  it('ICMP', async () => {
    expect(await once({ kind: 'icmp' }, at(0))).toEqual({ good: true, why: 'answered' });
  });
});

describe('health', () => {
  const after = (
    answers: string,
    { up, rise, fall }: { up: boolean | null } & Pick<Check, 'rise' | 'fall'>,
  ) => {
    let health: Health = { ...unknownHealth(0), up };
    return Array.from(answers)
      .map((one, i) => {
        const entry = { good: one === '+', why: one, at: i, took: 1 };
        health = afterAnswer(health, entry, check({ kind: 'tcp' }, { rise, fall }));
        return health.up === null ? '?' : health.up ? 'u' : 'd';
      })
      .join('');
  };

  it('changes after rise good or fall bad answers in a row', () => {
    expect(after('--+---++-++', { up: true, rise: 2, fall: 3 })).toBe('uuuuuddu' + 'uuu');
    expect(after('-+-+-+', { up: true, rise: 1, fall: 1 })).toBe('dududu');
  });

  it('begins with the first good answer, or with fall bad ones', () => {
    expect(after('+', { up: null, rise: 5, fall: 3 })).toBe('u');
    expect(after('---', { up: null, rise: 5, fall: 3 })).toBe('??d');
    expect(after('--+', { up: null, rise: 5, fall: 3 })).toBe('??u');
  });
});

describe('many backends', () => {
  it('a thousand checks a second are kept up with', async () => {
    const server = createServer((socket) => socket.on('error', () => {}));
    open.push(server);
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const { port } = server.address() as AddressInfo;
    let asked = 0;
    const ups = new Set<string>();
    let allUp = () => {};
    const everyone = new Promise<void>((resolve) => (allUp = resolve));
    const checker = new Checker({
      ask: (...one) => (asked++, ask(...one)),
      changed: (key, { up }) => {
        if (up === true && ups.add(key).size === 1000) allUp();
      },
    });
    const all = new Map(
      Array.from({ length: 1000 }, (_, i) => {
        const target = at(port, `127.1.${Math.floor(i / 200)}.${(i % 200) + 1}`);
        return [`b${i}`, { check: check({ kind: 'tcp' }), target }] as const;
      }),
    );
    checker.configure(all);
    const start = performance.now();
    await everyone;
    // Three rounds more, by their count.
    await vi.waitUntil(() => asked >= 4000, { timeout: 10_000 });
    const seconds = (performance.now() - start) / 1000;
    const late = checker.takeWorstLate();
    checker.stop();
    process.stdout.write(
      `${(asked / seconds).toFixed(0)} checks a second, at most ${late.toFixed(0)} ms late\n`,
    );
    expect(seconds).toBeLessThan(6);
  }, 20_000);
});
