// SPDX-License-Identifier: BSD-3-Clause
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { CandidateTold } from '../../src/daemon/api/candidates.js';
import type { TunnelsShown } from '../../src/daemon/show/vpn.js';
import { attempt } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { EDGE } from '../../src/lab/network.js';
import { until } from '../../src/lab/until.js';
import { Ca } from '../reference/pki.js';
import { Strongswan } from './strongswan.js';
import { tunnelRules } from './tunnel-rules.js';

/* What is secret is put in by every way there is, used, and then looked for everywhere. */

const SECRETS = new Map([
  ['hq', 'psk-Zr4wq9LkV1yhB0dX'],
  ['ppk', 'ppk-Tn7cJ2mQe5sYpU8a'],
  ['anna', 'eap-Hk3vR6gWx0fNzD1i'],
  ['automation', 'api-Qb8tM4uSj2eLcK7o'],
  ['looker', 'api-Wd5xF9pGa6nVrI3y'],
  ['scraper', 'metrics-Ey1hC8kZb4'],
]);
const GUESS = 'guess-Xo2rP7wDm5qTsU0v';

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-secrets-'));
let lab: Lab;
let peer: Strongswan;
/** Lines of the private key's body. */
let pem: string[];

beforeAll(async () => {
  lab = await Lab.start();
  const ca = new Ca(folder, 'ca');
  const key = ca.issue('edge', 'edge1', ['127.0.0.1', 'edge.example']);
  pem = key.split('\n').filter((line) => line.length > 30 && !line.startsWith('-'));
  peer = new Strongswan(`${lab.prefix}wan`);
  await peer.addresses('203.0.113.81/32', '10.50.0.1/32');
  await peer.start();
  await peer.load(
    `hq { version = 2
  local_addrs = 203.0.113.81
  remote_addrs = 198.51.100.2
  ppk_id = ppk.example
  ppk_required = yes
  local { auth = psk
    id = hq.example }
  remote { auth = psk
    id = edge.example }
  children { hq { local_ts = 10.50.0.1/32
    remote_ts = 10.1.0.0/16
    esp_proposals = aes128gcm16-x25519 } } }`,
    `ike-hq { id = hq.example\n secret = "${SECRETS.get('hq')!}" }
ppk-hq { id = ppk.example\n secret = "${SECRETS.get('ppk')!}" }`,
  );
  for (const [name, value] of [...SECRETS, ['edge-key', key] as const]) {
    const put = await attempt([process.execPath, 'build/js/cli/main.js', 'secret', 'put', name], {
      input: value,
      env: lab.environment,
    });
    expect([put.code, put.stderr]).toEqual([0, '']);
  }
  const tls = 'certificate: edge.pem, key: { secret: edge-key }';
  const tunnels = new Map([
    [
      'hq',
      'peer: 203.0.113.81, local-id: edge.example, remote-id: hq.example, psk: { secret: hq }, ppk: { id: ppk.example, secret: ppk }, esp-proposals: aes128gcm16-x25519',
    ],
    [
      'phones',
      'peer: any, local-id: edge.example, certificate: edge.pem, key: { secret: edge-key }, clients: { eap: mschapv2, users: { anna: { secret: anna } }, pool: 10.90.0.0/24 }',
    ],
  ]);
  const rules = path.join(folder, 'rules.yaml');
  writeFileSync(
    rules,
    tunnelRules(lab, tunnels, ['{ to: 10.50.0.0/16, interface: hq }']).replace(
      'system: { hostname: edge1 }',
      `system:
  users: { alice: { role: operator } }
  api: { listen: 127.0.0.1:8443, ${tls}, tokens: { automation: { role: admin, token: { secret: automation } }, looker: { token: { secret: looker } } } }
  metrics: { listen: 127.0.0.1:9443, ${tls}, token: { secret: scraper } }`,
    ),
  );
  const { code, stderr } = await lab.sluice('apply', rules);
  expect([code, stderr]).toEqual([0, '']);
  await until('the tunnel', 60_000, async () => {
    const { tunnels: shown } = await lab.show<TunnelsShown>('vpn', 'tunnels');
    return shown.find(({ name }) => name === 'hq')?.state === 'up';
  });
});
afterAll(async () => {
  await peer.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

/** In plain, and as programs write bytes: hex, Base64. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [secret, bytes.toString('hex'), bytes.toString('base64').replace(/=+$/, '')];
}

/** Names of the secrets that a text has; what it is of is told with them. */
function leaks(of: string, text: string): string[] {
  const low = text.toLowerCase();
  const found = [...SECRETS, ['a guess', GUESS] as const].filter(([, secret]) =>
    formsOf(secret).some((form) => text.includes(form) || low.includes(form.toLowerCase())),
  );
  const key = pem.some((line) => text.includes(line)) ? ['edge-key'] : [];
  return [...found.map(([name]) => name), ...key].map((name) => `${of}: ${name}`);
}

const curl = (...args: string[]) =>
  attempt([
    ...(['ip', 'netns', 'exec', lab.prefix + EDGE, 'curl', '-s'] as const),
    ...['--cacert', path.join(folder, 'ca.pem'), ...args],
  ]);

/** The appliance's processes: those of the lab's namespace, and what they have started. */
function processes(): string[] {
  const own = readlinkSync(`/proc/${lab.daemonPid}/ns/net`);
  return readdirSync('/proc').filter((pid) => {
    if (!/^[0-9]+$/.test(pid)) return false;
    try {
      return readlinkSync(`/proc/${pid}/ns/net`) === own;
    } catch {
      return false; // it ended
    }
  });
}

/** Files under a folder, sockets and the like left out. */
function filesOf(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((one) => one.isFile())
    .map((one) => path.join(one.parentPath, one.name));
}

test('every secret is in use', async () => {
  const bearer = (name: string) => `authorization: Bearer ${SECRETS.get(name)!}`;
  const code = ['-o', '/dev/null', '-w', '%{http_code}'];
  const api = 'https://127.0.0.1:8443/show/version';
  for (const name of ['automation', 'looker'])
    expect((await curl(...code, '-H', bearer(name), api)).stdout).toBe('200');
  expect(
    (await curl(...code, '-H', bearer('scraper'), 'https://127.0.0.1:9443/metrics')).stdout,
  ).toBe('200');
  expect((await curl(...code, '-H', `authorization: Bearer ${GUESS}`, api)).stdout).toBe('401');
});

test('no show, API answer or command has a secret', { timeout: 300_000 }, async () => {
  const said: [string, string][] = [];
  const document = (await lab.api.get('/openapi.json')) as {
    paths: Record<string, Record<string, unknown>>;
  };
  const { id } = (await lab.api.post('/candidates', {
    mode: 'private',
    user: 'test',
    from: 'here',
  })) as CandidateTold;
  // These do not end; what they tell is in the log and in the journal.
  const endless = ['/log', '/packets', '/candidates/{id}/hold'];
  const targets = Object.entries(document.paths)
    .filter(([target, methods]) => 'get' in methods && !endless.includes(target))
    .map(([target]) => target.replace(/\{\w+\}/g, id));
  expect(targets.length).toBeGreaterThan(25);
  for (const target of [
    ...targets,
    ...['set', 'yaml', 'json'].map((format) => `/configuration?format=${format}`),
  ])
    for (const read of [() => lab.api.get(target), () => lab.api.text(target)])
      said.push([target, await read().then(JSON.stringify, (error: unknown) => String(error))]);
  for (const line of [
    'show tech',
    'show configuration | display set',
    'show configuration',
    'show vpn log',
    'configure; set system hostname edge2; show | compare; commit check; rollback 0; exit discard',
  ]) {
    const { stdout, stderr } = await lab.sluice('shell', '-c', line);
    expect(stdout + stderr).not.toBe('');
    said.push([line, stdout + stderr]);
  }
  for (const args of [['show', 'log'], ['secret', 'list'], ['vpn', 'log'], ['doctor']]) {
    const { stdout, stderr } = await lab.sluice(...args);
    said.push([args.join(' '), stdout + stderr]);
  }
  // They were asked, and say what they should.
  expect(said.some(([of, text]) => of === '/secrets' && text.includes('automation'))).toBe(true);
  expect(said.some(([of, text]) => of === 'show tech' && text.includes('===== doctor'))).toBe(true);
  // What a request had wrong in it is not told again either.
  for (const value of SECRETS.values()) {
    const wrong = { name: 'x y', value, more: value };
    said.push(['a bad request', await lab.api.post('/secrets', wrong).then(String, String)]);
  }
  expect(said.flatMap(([of, text]) => leaks(of, text))).toEqual([]);
});

test('no process shows a secret to others, or would leave one in a core', () => {
  const pids = processes();
  const commands = pids.map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
  for (const program of ['daemon/main.js', 'sluice-datapath', 'charon'])
    expect(commands.some((line) => line.includes(program))).toBe(true);
  const found = pids.flatMap((pid, i) => [
    ...leaks(`cmdline of ${pid}`, commands[i]!),
    ...leaks(`environ of ${pid}`, readFileSync(`/proc/${pid}/environ`, 'latin1')),
  ]);
  expect(found).toEqual([]);
  for (const [i, pid] of pids.entries()) {
    const limit = /^Max core file size\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'));
    if (/daemon\/main|sluice-datapath|charon/.test(commands[i]!))
      expect([commands[i]!.replaceAll('\0', ' '), limit?.[1]]).toEqual([expect.any(String), '0']);
  }
});

test('secrets lie in files that root alone reads, and in no other', () => {
  const where: string[] = [];
  for (const file of filesOf(lab.runDirectory)) {
    // The tables, counters and copies of plugins are large; a secret there is one all the same.
    const text = readFileSync(file, 'latin1');
    if (leaks('', text).length > 0) where.push(path.relative(lab.runDirectory, file));
  }
  const stored = path.join(lab.runDirectory, 'secrets');
  expect(where.toSorted()).toEqual(
    [...SECRETS.keys(), 'edge-key'].map((name) => `secrets/${name}`).toSorted(),
  );
  expect(statSync(stored).mode & 0o777).toBe(0o700);
  for (const file of filesOf(stored))
    expect([file, statSync(file).mode & 0o777]).toEqual([file, 0o600]);
  // Nobody else comes to logs and the journal.
  expect(statSync(lab.runDirectory).mode & 0o007).toBe(0);
});
