// SPDX-License-Identifier: BSD-3-Clause
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { SecretShown } from '../../src/daemon/api/vpn.js';
import { Lab } from '../../src/lab/lab.js';
import { attempt, type CommandResult } from '../../src/lab/command.js';
import { EDGE } from '../../src/lab/network.js';
import { parseOpenMetrics } from '../reference/openmetrics.js';
import { Ca } from '../reference/pki.js';

const ADMIN = 'token-of-the-automation-0001';
const VIEWER = 'token-of-the-viewer-00000002';
const SCRAPER = 'token-of-prometheus-00000003';

let lab: Lab;
let folder: string;
let keys: { edge: string; other: string };

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'sluice-listeners-'));
  const ca = new Ca(folder, 'ca');
  const clients = new Ca(folder, 'clients');
  const edge = ca.issue('edge', 'edge1', ['127.0.0.1', '10.1.0.1', '::1']);
  for (const name of ['alice', 'bob', 'carol']) clients.issue(name, name);
  new Ca(folder, 'strangers').issue('mallory', 'alice');
  keys = { edge, other: ca.issue('other', 'other', ['127.0.0.1']) };
  lab = await Lab.start();
  for (const [name, value] of [
    ['edge-key', edge],
    ['automation', ADMIN],
    ['looker', VIEWER],
    ['scraper', SCRAPER],
    ['short', 'abc'],
  ])
    await lab.api.post('/secrets', { name, value });
  const { code, stderr } = await apply({ api: API, metrics: METRICS });
  expect([code, stderr]).toEqual([0, '']);
});
afterAll(async () => {
  await lab.close();
  rmSync(folder, { recursive: true, force: true });
});

const TLS = 'certificate: edge.pem, key: {secret: edge-key}';
const TOKENS =
  'tokens: {automation: {role: admin, token: {secret: automation}}, looker: {token: {secret: looker}}}';
const API = `{listen: ["127.0.0.1:8443", "[::1]:8443", "10.1.0.1:8443"], ${TLS}, clients: clients.pem, ${TOKENS}}`;
const METRICS = `{listen: "127.0.0.1:9443", ${TLS}, token: {secret: scraper}}`;

/** The lab's rules with these listeners, and with the API open to admins inside. */
function apply({ api = '', metrics = '' }): Promise<CommandResult> {
  const at = path.join(folder, 'rules.yaml');
  mkdirSync(path.join(folder, 'parts'), { recursive: true });
  cpSync(path.join(path.dirname(lab.rules), 'parts'), path.join(folder, 'parts'), {
    recursive: true,
  });
  const office = readFileSync(lab.rules, 'utf8');
  const system = [
    'system:',
    '  hostname: edge1',
    '  users: {alice: {role: operator}, bob: {}}',
    ...(api === '' ? [] : [`  api: ${api}`]),
    ...(metrics === '' ? [] : [`  metrics: ${metrics}`]),
  ];
  const text = office
    .replace('system: { hostname: edge1 }', system.join('\n'))
    .replace(
      '- { name: ssh,',
      '- { name: api, source: admins, service: tcp/8443, action: allow }\n      $&',
    );
  writeFileSync(at, text);
  return lab.sluice('apply', at);
}

interface Call {
  readonly host?: string;
  readonly port?: number;
  readonly token?: string;
  readonly client?: string;
  readonly body?: string;
  readonly type?: string;
  readonly from?: string;
  readonly ca?: string;
}

/** Status and body of a request over TLS; a status of 0 is a connection that fails. */
async function call(
  target: string,
  { host = '127.0.0.1', port = 8443, token, client, body, type, from = EDGE, ca = 'ca' }: Call = {},
): Promise<{ status: number; body: string }> {
  const pem = (name: string) => path.join(folder, name);
  const { stdout } = await attempt([
    ...(['ip', 'netns', 'exec', lab.prefix + from, 'curl', '-sg', '--max-time', '20'] as const),
    ...['--cacert', pem(`${ca}.pem`), '-w', '\n%{http_code}'],
    ...(token === undefined ? [] : ['-H', `authorization: Bearer ${token}`]),
    ...(client === undefined
      ? []
      : ['--cert', pem(`${client}.pem`), '--key', pem(`${client}.key`)]),
    ...(body === undefined
      ? []
      : ['-d', body, '-H', `content-type: ${type ?? 'application/json'}`]),
    `https://${host}:${port}${target}`,
  ]);
  const cut = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(cut + 1)), body: stdout.slice(0, cut) };
}

const log = () => readFileSync(path.join(lab.runDirectory, 'sluiced.log'), 'utf8');
const status = async (target: string, how: Call = {}) => (await call(target, how)).status;

test('a token, or a certificate of a user, is let in with its role and nobody else is', async () => {
  const version = '/show/version';
  expect(await status(version, { token: ADMIN })).toBe(200);
  expect(await status(version, { token: VIEWER, host: '[::1]' })).toBe(200);
  expect(await status(version, { client: 'alice' })).toBe(200);
  expect(await status(version)).toBe(401);
  expect(await status(version, { token: `${ADMIN}x` })).toBe(401);
  expect(await status('/nowhere', { token: SCRAPER })).toBe(401);
  expect(await status('/nowhere', { token: VIEWER })).toBe(404);
  // A certificate does not make up for a token that is wrong.
  expect(await status(version, { token: 'no', client: 'alice' })).toBe(401);
  expect(await status(version, { client: 'mallory' })).toBe(401);
  // Ours, and no user.
  expect(await status(version, { client: 'carol' })).toBe(403);
  const confirm = { body: '{}' };
  expect(await status('/confirm', { ...confirm, token: VIEWER })).toBe(403);
  expect(await status('/confirm', { ...confirm, client: 'bob' })).toBe(403);
  expect(await status('/confirm', { ...confirm, client: 'alice' })).toBe(409);
  expect(await status('/secrets', { client: 'alice' })).toBe(403);
  // What a browser would send for another site.
  expect(await status('/confirm', { ...confirm, client: 'alice', type: 'text/plain' })).toBe(415);
  // By a port of the fast path, where the policy allows it.
  expect(await status(version, { token: ADMIN, host: '10.1.0.1', from: 'inside' })).toBe(200);
});

test('changes are in the audit log with who made them, and refusals without what was sent', async () => {
  expect(await status('/reload-groups', { client: 'alice', body: '{}' })).toBe(200);
  expect(await status('/reload-groups', { token: ADMIN, body: '{}' })).toBe(200);
  expect(await status('/reload-groups', { token: 'guessed-token-guessed', body: '{}' })).toBe(401);
  const lines = log()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const audit = lines.filter(({ what }) => what === '/reload-groups');
  expect(audit.map(({ user, from }) => [user, from])).toEqual([
    ['alice', '127.0.0.1'],
    ['automation', '127.0.0.1'],
  ]);
  expect(lines.some(({ event, from }) => event === 'access-refused' && from === '127.0.0.1')).toBe(
    true,
  );
  expect(log()).not.toContain('guessed-token');
  const { secrets } = (await lab.api.get('/secrets')) as { secrets: SecretShown[] };
  expect(Object.fromEntries(secrets.map(({ name, needed_by }) => [name, needed_by]))).toMatchObject(
    {
      automation: 'system.api',
      scraper: 'system.metrics',
      short: null,
    },
  );
  await expect(lab.api.delete('/secrets/scraper')).rejects.toThrow('system.metrics needs it');
});

test('metrics have their own listener, with nothing beside them', async () => {
  const { status: code, body } = await call('/metrics', { port: 9443, token: SCRAPER });
  expect(code).toBe(200);
  expect(parseOpenMetrics(body).get('sluice_datapath_up')?.samples[0]?.value).toBe(1);
  expect(await status('/metrics', { port: 9443 })).toBe(401);
  expect(await status('/metrics', { port: 9443, token: ADMIN })).toBe(401);
  expect(await status('/show/version', { port: 9443, token: SCRAPER })).toBe(404);
});

test('what cannot listen is refused by the commit with its place, and all stays', async () => {
  const blocker = spawn('ip', [
    ...['netns', 'exec', lab.prefix + EDGE, process.execPath, '-e'],
    `require('node:net').createServer().listen(8555, '127.0.0.1', () => console.log('up'))`,
  ]);
  await once(blocker.stdout, 'data');
  const other = (text: string) => API.replace('"127.0.0.1:8443"', text);
  const before = await lab.show<{ generation: number }>('version');
  for (const [api, message] of [
    [
      other('"127.0.0.1:8555"'),
      /rules\.yaml:9:18: error listener-refused: 127\.0\.0\.1:8555 cannot be listened at: another program has it/,
    ],
    [
      API.replace('edge.pem', 'other.pem'),
      /rules\.yaml:9:\d+: error listener-refused: the secret 'edge-key' is not the private key of '\S*other\.pem'/,
    ],
    [
      API.replace('edge-key', 'short'),
      /error listener-refused: the secret 'short' is no private key in PEM without a passphrase/,
    ],
    [
      API.replace('{secret: looker}', '{secret: short}'),
      /error listener-refused: the token 'short' has less than 16 bytes/,
    ],
    [API.replace('{secret: looker}', '{secret: none}'), /error secret-missing: .*'none'/],
  ] as const) {
    const { code, stderr } = await apply({ api, metrics: METRICS });
    expect([code, stderr]).toEqual([1, expect.stringMatching(message)]);
  }
  blocker.kill();
  expect(await lab.show('version')).toMatchObject({ generation: before.generation });
  expect(await status('/show/version', { token: ADMIN })).toBe(200);
});

test('a changed listener is applied by the commit; sessions of old credentials end', async () => {
  const follower = spawn('ip', [
    ...['netns', 'exec', lab.prefix + EDGE, 'curl', '-sN', '--cacert', path.join(folder, 'ca.pem')],
    ...['-H', `authorization: Bearer ${VIEWER}`, 'https://127.0.0.1:8443/log'],
  ]);
  const ended = once(follower, 'exit');
  // It follows: a denied packet shows.
  const heard = once(follower.stdout, 'data');
  await attempt([
    ...(['ip', 'netns', 'exec', `${lab.prefix}wan`, process.execPath, '-e'] as const),
    `require('node:dgram').createSocket('udp4').send('x', 9, '10.1.0.10', function () { this.close(); })`,
  ]);
  await heard;
  const moved = `{listen: ["127.0.0.1:8444"], ${TLS}, ${TOKENS}}`;
  const body = JSON.stringify({ name: 'looker', value: `${VIEWER}-new` });
  // The answer comes by the connection that the change ends.
  expect(await status('/secrets', { token: ADMIN, body })).toBe(200);
  await ended;
  expect(await status('/show/version', { token: VIEWER })).toBe(401);
  expect(await status('/show/version', { token: `${VIEWER}-new` })).toBe(200);
  expect((await apply({ api: moved })).code).toBe(0);
  expect(await status('/show/version', { token: ADMIN })).toBe(0);
  expect(await status('/metrics', { port: 9443, token: SCRAPER })).toBe(0);
  expect(await status('/show/version', { port: 8444, token: ADMIN })).toBe(200);
  expect(await status('/show/version', { port: 8444, client: 'alice' })).toBe(401);
  await lab.api.post('/secrets', { name: 'other-key', value: keys.other });
  expect(
    (await apply({ api: moved.replace('edge-key', 'other-key').replace('edge.pem', 'other.pem') }))
      .code,
  ).toBe(0);
  expect(await status('/show/version', { port: 8444, token: ADMIN })).toBe(200);
  expect((await apply({})).code).toBe(0);
  expect(await status('/show/version', { port: 8444, token: ADMIN })).toBe(0);
});

test('an address that comes later is listened at once it does', async () => {
  const { code, stderr } = await apply({
    api: API.replace('"127.0.0.1:8443"', '"10.99.0.1:8443"'),
  });
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(
      /warning listener-waits: no interface has the address of 10\.99\.0\.1:8443 yet/,
    ),
  ]);
  await lab.inEdge('ip', 'address', 'add', '10.99.0.1/32', 'dev', 'lo');
  const deadline = Date.now() + 10_000;
  const listens = (line: string) => /"listening".*"10\.99\.0\.1:8443"/.test(line);
  while (!log().split('\n').some(listens)) {
    if (Date.now() > deadline) throw new Error('it does not listen');
    await wait(50);
  }
});
