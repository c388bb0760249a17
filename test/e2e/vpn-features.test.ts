// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DropShown } from '../../src/daemon/show/drops.js';
import type { EngineShown } from '../../src/daemon/show/engines.js';
import type { ChildShown, TunnelsShown } from '../../src/daemon/show/vpn.js';
import { attempt, command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { runAt } from './past.js';
import { Strongswan } from './strongswan.js';
import { tunnelRules } from './tunnel-rules.js';

/*
 * What IKE has beside keys and proofs, with a strongSwan of theirs: limits of use, authentication
 * anew, a post-quantum preshared key, revocation by CRL and OCSP, and a peer that moves.
 */
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vpn-features-'));
let lab: Lab;
let near: Strongswan;
let far: Strongswan;
const ends: (() => void)[] = [];

const PSK = 'psk: { secret: psk }';
const cert = (name: string): string =>
  `certificate: edge.pem, key: { secret: edge-key }, ca: ca.pem, revocation: strict, remote-id: ${name}.example`;
const TUNNELS = new Map<string, string>([
  ['packets', `${PSK}, lifetimes: { packets: 20 }`],
  ['bytes', `${PSK}, lifetimes: { bytes: 20k }`],
  ['again', `${PSK}, lifetimes: { reauthenticate: 15s }`],
  ['quantum', `${PSK}, ppk: { id: mixed, secret: mixed }`],
  ['crl-good', cert('crl-good')],
  ['crl-bad', cert('crl-bad')],
  ['ocsp-good', cert('ocsp-good')],
  ['ocsp-bad', cert('ocsp-bad')],
  ['roams', `${PSK}, start: respond`],
  ['cookie', `${PSK}, start: respond`],
  ['steady', PSK],
]);
const NAMES = [...TUNNELS.keys()];
const NEAR = NAMES.filter((name) => name !== 'roams');
const SECRETS = 'ike-all { secret = "psk of all" }\nppk-q { id = mixed\n secret = "mixed in" }';
const isCert = (name: string): boolean => /^(crl|ocsp)-/.test(name);
const peerOf = (name: string): string => `203.0.113.${81 + NAMES.indexOf(name)}`;
const serverOf = (name: string): string => `10.${50 + NAMES.indexOf(name)}.0.1`;

function rules(): string {
  const tunnels = NAMES.map((name) => {
    const ids = isCert(name) ? 'local-id: edge.example' : `local-id: edge, remote-id: ${name}`;
    const peer = name === 'roams' ? 'any' : peerOf(name);
    return [
      name,
      `peer: ${peer}, ${ids}, esp-proposals: aes128gcm16-x25519, ${TUNNELS.get(name)}`,
    ] as const;
  });
  const routes = NAMES.map((name) => `{ to: ${serverOf(name)}/32, interface: ${name} }`);
  return tunnelRules(lab, new Map(tunnels), routes);
}

function theirs(name: string): string {
  const auth = isCert(name) ? 'auth = pubkey' : 'auth = psk';
  return `${name} { version = 2
  ${name === 'roams' ? '' : `local_addrs = ${peerOf(name)}`}
  remote_addrs = 198.51.100.2
  ${name === 'quantum' ? 'ppk_id = mixed\n ppk_required = yes' : ''}
  local { ${auth}
    ${isCert(name) ? `certs = ${name}.pem\n id = ${name}.example` : `id = ${name}`} }
  remote { ${auth}
    ${isCert(name) ? 'cacerts = ca.pem\n id = edge.example' : 'id = edge'} }
  children { ${name} { local_ts = ${serverOf(name)}/32
    remote_ts = 10.1.0.0/16
    esp_proposals = aes128gcm16-x25519
    start_action = none } } }\n`;
}

/** A CA of openssl's, whose certificates say where to ask for them. */
async function certificates(): Promise<void> {
  const openssl = (...args: string[]) => command(['openssl', ...args]);
  const file = (name: string): string => `${folder}/${name}`;
  const subject = (name: string): string[] => ['-subj', `/CN=${name}`];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  writeFileSync(
    file('ca.cnf'),
    `[ca]\ndefault_ca = it\n[it]\ndatabase = ${file('index')}\nserial = ${file('serial')}
new_certs_dir = ${folder}\ndefault_md = sha256\npolicy = any\ndefault_days = 60\ndefault_crl_days = 30\nunique_subject = no
copy_extensions = copy\n[any]\ncommonName = supplied\n`,
  );
  writeFileSync(file('index'), '');
  writeFileSync(file('serial'), '1000\n');
  const usage = ['-addext', 'keyUsage=critical,keyCertSign,cRLSign'];
  const authority = ['-keyout', file('ca.key'), '-out', file('ca.pem')];
  await openssl('req', '-x509', ...key, '-days', '90', ...subject('ca'), ...usage, ...authority);
  const signed = ['-config', file('ca.cnf'), '-cert', file('ca.pem'), '-keyfile', file('ca.key')];
  for (const name of ['edge', ...NAMES.filter(isCert)]) {
    const where = name.startsWith('crl')
      ? ['-addext', 'crlDistributionPoints=URI:http://203.0.113.80:8000/ca.crl']
      : name.startsWith('ocsp')
        ? ['-addext', 'authorityInfoAccess=OCSP;URI:http://203.0.113.80:8001/']
        : [];
    const names = ['-addext', `subjectAltName=DNS:${name}.example`];
    const made = ['-keyout', file(`${name}.key`), '-out', file(`${name}.csr`)];
    await openssl('req', ...key, ...subject(name), ...names, ...where, ...made);
    const out = ['-in', file(`${name}.csr`), '-out', file(`${name}.pem`)];
    await openssl('ca', '-batch', '-notext', ...signed, ...out);
    if (name.endsWith('bad')) await openssl('ca', ...signed, '-revoke', file(`${name}.pem`));
  }
  await openssl('ca', ...signed, '-gencrl', '-out', file('crl.txt'));
  await openssl('crl', '-in', file('crl.txt'), '-outform', 'DER', '-out', file('ca.crl'));
}

const SERVE = `require('node:http').createServer((_, answer) => answer.end(
  require('node:fs').readFileSync(process.argv[1]))).listen(8000, () => console.log('up'));`;

const at = (host: string, ...argv: string[]) =>
  attempt(['ip', 'netns', 'exec', lab.prefix + host, ...argv]);

const shown = async (name: string) =>
  (await lab.show<TunnelsShown>('vpn', 'tunnels')).tunnels.filter((one) => one.name === name);
const childrenOf = async (name: string): Promise<readonly ChildShown[]> =>
  (await shown(name)).flatMap(({ children }) =>
    children.filter(({ state }) => state === 'INSTALLED'),
  );
const isUp = async (name: string): Promise<boolean> => (await childrenOf(name)).length > 0;
const log = (): string => readFileSync(`${lab.runDirectory}/charon.log`, 'utf8');

beforeAll(async () => {
  lab = await Lab.start();
  await certificates();
  near = new Strongswan(`${lab.prefix}wan`);
  far = new Strongswan(`${lab.prefix}far`);
  near.takeFiles(folder);
  for (const [swan, names] of [
    [near, NEAR],
    [far, ['roams']],
  ] as const) {
    await swan.addresses(
      ...names.flatMap((name) => [`${peerOf(name)}/32`, `${serverOf(name)}/32`]),
    );
    await swan.start();
    await swan.load(names.map(theirs).join(''), SECRETS);
  }
  const crl = await runAt(lab, 'wan', [process.execPath, '-e', SERVE, `${folder}/ca.crl`]);
  const responder = ['-index', `${folder}/index`, '-CA', `${folder}/ca.pem`, '-port', '8001'];
  const proof = ['-rsigner', `${folder}/ca.pem`, '-rkey', `${folder}/ca.key`];
  const ocsp = await runAt(lab, 'wan', [
    'sh',
    '-c',
    'exec openssl ocsp "$@" 2>&1',
    'sh',
    ...responder,
    ...proof,
  ]);
  ends.push(
    () => crl.kill(),
    () => ocsp.kill(),
  );
  for (const [name, value] of [
    ['psk', 'psk of all'],
    ['mixed', 'mixed in'],
    ['edge-key', readFileSync(`${folder}/edge.key`, 'utf8')],
  ] as const)
    await lab.api.post('/secrets', { name, value });
  writeFileSync(`${folder}/rules.yaml`, rules());
  const { code, stderr } = await lab.sluice('apply', `${folder}/rules.yaml`);
  expect([code, stderr]).toEqual([0, '']);
}, 300_000);
afterAll(async () => {
  for (const end of ends) end();
  await near.close();
  await far.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

test.each(['packets', 'bytes'])('new keys after so many %s, and nothing is lost', async (name) => {
  await until('up', 60_000, () => isUp(name));
  const before = (await childrenOf(name)).map(({ spi_in: spi }) => spi);
  const pings = ['ping', '-q', '-i', '0.2', '-c', '60', '-s', '800', serverOf(name)];
  expect((await at('inside', ...pings)).stdout).toContain('60 received');
  const now = (await childrenOf(name)).map(({ spi_in: spi }) => spi);
  expect(now.filter((spi) => before.includes(spi))).toEqual([]);
});

test('authenticates anew', async () => {
  await until('up', 60_000, () => isUp('again'));
  const established = (): number => log().split(/IKE_SA again\[\d+\] established/).length - 1;
  const before = established();
  await until('another IKE SA', 60_000, () => Promise.resolve(established() > before));
  await until('traffic', 20_000, () => lab.hosts.inside.ping(serverOf('again')));
  expect(log()).toContain('reauthenticating IKE_SA again[');
});

test('a post-quantum preshared key is mixed in', async () => {
  await until('up', 60_000, () => isUp('quantum'));
  expect(await lab.hosts.inside.ping(serverOf('quantum'))).toBe(true);
  expect(log()).toMatch(/<quantum\|\d+> using PPK for PPK_ID 'mixed'/);
});

test.each(['crl', 'ocsp'])(
  'by %s, a good certificate is taken and a revoked one is not',
  async (by) => {
    await until('up', 60_000, () => isUp(`${by}-good`));
    expect(await lab.hosts.inside.ping(serverOf(`${by}-good`))).toBe(true);
    expect(await isUp(`${by}-bad`)).toBe(false);
    expect(log()).toMatch(new RegExp(`<${by}-bad\\|\\d+> certificate was revoked on `));
  },
);

test('lifetimes, DPD and marks change under a tunnel that goes on', async () => {
  await until('up', 60_000, () => isUp('steady'));
  const flow = await lab.hosts.inside.tcp(serverOf('steady'), 80, 10_000);
  await flow.echo('before');
  const [before] = await childrenOf('steady');
  const words = `esp-proposals: aes128gcm16-x25519, ${PSK}`;
  const others = `${words}, lifetimes: { esp: 20m, ike: 2h }, dpd: { interval: 7s }, dscp: none`;
  const line =
    rules()
      .split('\n')
      .find((one) => one.startsWith('    steady: ')) ?? '';
  writeFileSync(`${folder}/rules.yaml`, rules().replace(line, line.replace(words, others)));
  expect(await lab.sluice('apply', `${folder}/rules.yaml`)).toMatchObject({ code: 0, stderr: '' });
  await until('SAs by other words alone', 30_000, async () => {
    const tunnels = await shown('steady');
    const [now, ...more] = tunnels.flatMap(({ children }) => children);
    expect(now).toBeDefined();
    await flow.echo('meanwhile');
    return tunnels.length === 1 && more.length === 0 && now?.spi_in !== before?.spi_in;
  });
  expect((await childrenOf('steady'))[0]?.rekey_s).toBeLessThanOrEqual(20 * 60);
  await flow.echo('after');
  await flow.close();
});

test('engines are taken out one by one while traffic goes on, and none of it is lost', async () => {
  const server = serverOf('steady');
  const engines = async () =>
    (await lab.show<{ engines: readonly EngineShown[] }>('vpn', 'engines')).engines;
  const used = async () =>
    (await childrenOf('steady')).map(({ fast_path: path }) => path?.engine ?? '');
  const told = (name: string, action: string) => lab.sluice('vpn', 'engine', name, action);
  const flow = await lab.hosts.inside.tcp(server, 80, 10_000);
  const seen = new Set<string>();
  for (let last = false; !last;) {
    const [name = ''] = await used();
    seen.add(name);
    const over = new AbortController();
    const pings = (async () => {
      do expect(await lab.hosts.inside.ping(server)).toBe(true);
      while (!over.signal.aborted);
    })();
    const { code, stdout, stderr } = await told(name, 'disable');
    await flow.echo(`after ${name}`);
    over.abort();
    await pings;
    last = code !== 0;
    if (last) expect(stderr).toContain('no other engine that is ready does all that it does');
    else {
      expect(stdout).toBe(`${name}: disabled\n`);
      const one = (await engines()).find((engine) => engine.name === name);
      expect(one).toMatchObject({ state: 'disabled', sas: 0 });
      expect(await used()).not.toContain(name);
    }
  }
  expect(seen.size).toBeGreaterThan(1);
  for (const { name } of await engines())
    expect(await told(name, 'enable')).toMatchObject({ code: 0, stdout: `${name}: enabled\n` });
  expect((await engines()).every(({ state }) => state === 'ready')).toBe(true);
  await flow.echo('and back');
  await flow.close();
  const { drops } = await lab.show<{ drops: readonly DropShown[] }>('drops');
  expect(drops.find(({ reason }) => reason === 'esp-engine')).toMatchObject({ packets: 0 });
});

test('asks for cookies where many begin and none goes on', async () => {
  const flood = Array.from({ length: 40 }, (_, i) => `198.18.9.${i + 1}`);
  await near.addresses(...flood.map((one) => `${one}/32`));
  // They never hear our answers.
  const input = `add table ip deaf
add chain ip deaf input { type filter hook input priority 0; }
add rule ip deaf input ip daddr 198.18.9.0/24 udp dport 500 drop\n`;
  await command(['ip', 'netns', 'exec', `${lab.prefix}wan`, 'nft', '-f', '-'], { input });
  const beginners = flood.map(
    (address, i) => `flood${i} { version = 2
  local_addrs = ${address}
  remote_addrs = 198.51.100.2
  local { auth = psk }
  remote { auth = psk }
  children { flood${i} { start_action = start } } }\n`,
  );
  await near.load(NEAR.map(theirs).join('') + beginners.join(''), SECRETS);
  // As many as may; the others were asked already.
  await until('those that begin', 20_000, () => {
    const begun = flood.filter((one) => log().includes(` ${one} is initiating an IKE_SA`));
    return Promise.resolve(begun.length >= 30);
  });
  expect((await near.swanctl('--initiate', '--child', 'cookie', '--timeout', '10')).code).toBe(0);
  const said = readFileSync(`${near.folder}/charon.log`, 'utf8');
  expect(said).toMatch(/parsed IKE_SA_INIT response 0 \[ N\(COOKIE\) \]/);
  expect(await lab.hosts.inside.ping(serverOf('cookie'))).toBe(true);
});

test('a peer that moves takes its tunnel along', async () => {
  expect((await far.swanctl('--initiate', '--child', 'roams', '--timeout', '20')).code).toBe(0);
  const server = serverOf('roams');
  expect(await lab.hosts.inside.ping(server)).toBe(true);
  const [before] = await shown('roams');
  // Without a moment in which IPv6 would be the only way left.
  const namespace = `${lab.prefix}far`;
  await command([
    'ip',
    '-n',
    namespace,
    '-6',
    'address',
    'flush',
    'dev',
    'eth0',
    'scope',
    'global',
  ]);
  expect((await at('far', 'sysctl', '-w', 'net.ipv4.conf.all.promote_secondaries=1')).code).toBe(0);
  const move = [
    'address add 203.0.113.140/25 dev eth0',
    'address delete 203.0.113.130/25 dev eth0',
    'route replace default via 203.0.113.129',
  ];
  await command(['ip', '-n', namespace, '-batch', '-'], { input: move.join('\n') });
  await until('the other address', 60_000, async () => {
    const [now] = await shown('roams');
    return now?.peer === '203.0.113.140';
  });
  const [after] = await shown('roams');
  expect(after?.children[0]?.spi_in).toBe(before?.children[0]?.spi_in);
  await until('traffic', 10_000, () => lab.hosts.inside.ping(server));
});
