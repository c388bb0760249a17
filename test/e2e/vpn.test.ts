// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ChildShown, TunnelsShown } from '../../src/daemon/show/vpn.js';
import { attempt, command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';

/*
 * Tunnels to an unmodified strongSwan at the provider's, with its own ESP in user space
 * (kernel-libipsec: encapsulated in UDP, without ESN).
 */
interface Case {
  readonly name: string;
  readonly proof: 'psk' | 'rsa' | 'ecdsa' | 'ed25519';
  readonly esp: string;
  readonly shows: string;
  /** Selectors lead to it, ahead of the routes, rather than an interface. */
  readonly selectors?: true;
}
const CASES: readonly Case[] = [
  { name: 'gcm128', proof: 'psk', esp: 'aes128gcm16', shows: 'AES_GCM_16-128' },
  { name: 'gcm256', proof: 'psk', esp: 'aes256gcm16', shows: 'AES_GCM_16-256' },
  { name: 'cbc', proof: 'psk', esp: 'aes128-sha256', shows: 'AES_CBC-128 HMAC_SHA2_256_128' },
  { name: 'chacha', proof: 'psk', esp: 'chacha20poly1305', shows: 'CHACHA20_POLY1305' },
  { name: 'rsa', proof: 'rsa', esp: 'aes128gcm16', shows: 'AES_GCM_16-128' },
  { name: 'ecdsa', proof: 'ecdsa', esp: 'aes128gcm16', shows: 'AES_GCM_16-128' },
  { name: 'ed25519', proof: 'ed25519', esp: 'aes128gcm16', shows: 'AES_GCM_16-128' },
  { name: 'policy', proof: 'psk', esp: 'aes128gcm16', shows: 'AES_GCM_16-128', selectors: true },
];
const ROUTED = CASES.map((one, i) => [one, i] as const).filter(([one]) => !one.selectors);
const peerOf = (i: number): string => `203.0.113.${81 + i}`;
const serverOf = (i: number): string => `10.${50 + i}.0.1`;

const KEYS = {
  rsa: ['-newkey', 'rsa:2048'],
  ecdsa: ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  ed25519: ['-newkey', 'ed25519'],
} as const;

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vpn-'));
let lab: Lab;
let peer: ChildProcess;

async function certificates(): Promise<void> {
  for (const [kind, key] of Object.entries(KEYS))
    for (const end of ['edge', 'peer'])
      await command([
        ...(['openssl', 'req', '-x509', '-nodes', '-days', '90'] as const),
        ...key,
        ...['-subj', `/CN=${end}-${kind}`, '-addext', `subjectAltName=DNS:${end}-${kind}`],
        ...['-keyout', `${folder}/${end}-${kind}.key`, '-out', `${folder}/${end}-${kind}.pem`],
      ]);
}

const proofOf = ({ name, proof }: Case): string =>
  proof === 'psk'
    ? `psk: { secret: ${name} }`
    : `certificate: edge-${proof}.pem, key: { secret: ${proof}-key }, peer-certificate: peer-${proof}.pem`;
const idOf = (end: string, { name, proof }: Case): string =>
  proof === 'psk' ? `${end}-${name}` : `${end}-${proof}`;

function rules(more = ''): string {
  const text = readFileSync(lab.rules, 'utf8')
    .replace(/\nassert:[^]*/, '\n')
    .replace(
      /^include: .*$/m,
      `include: ${path.join(path.dirname(lab.rules), 'parts/groups.yaml')}`,
    )
    .replace(
      'interfaces:\n',
      `interfaces:\n${ROUTED.map(([{ name }, i]) => `  ${name}: { tunnel: ${name}, zone: vpn, addresses: [169.254.${i}.1/30], mss: clamp }\n`).join('')}`,
    )
    .replace('zones:\n', 'zones:\n  vpn: {}\n')
    .replace(
      'policies:\n',
      `policies:\n  - { name: to-vpn, from: [inside, vpn], to: [inside, vpn, local], rules: [{ name: all, action: allow }] }\n`,
    )
    .replace(
      /^ {2}static:\n/m,
      `  static:\n${ROUTED.map(([{ name }, i]) => `    - { to: ${serverOf(i)}/32, interface: ${name} }\n`).join('')}`,
    );
  const tunnels = CASES.map(
    (one, i) =>
      `    ${one.name}: { peer: ${peerOf(i)}, local-id: ${idOf('edge', one)}, remote-id: ${idOf('peer', one)}, ${proofOf(one)}, esp-proposals: ${one.esp}-x25519${one.selectors ? `, zone: vpn, local: 10.1.0.0/16, remote: ${serverOf(i)}/32` : ''} }\n`,
  );
  return `${text}\nvpn:\n  tunnels:\n${tunnels.join('')}${more}`;
}

/** The other end: the packaged daemon, with what swanctl loads. */
function strongswan(): string {
  writeFileSync(
    `${folder}/peer.conf`,
    `charon-systemd {
  load = random nonce openssl curve25519 aes sha1 sha2 hmac kdf gcm chapoly pem pkcs1 pkcs8 pubkey x509 constraints kernel-libipsec kernel-netlink socket-default vici
  filelog { it { path = ${folder}/peer.log
    default = 1
    flush_line = yes } }
  plugins { vici { socket = unix://${folder}/peer.vici }
    kernel-libipsec { load = yes } }
}\n`,
  );
  const connections = CASES.map((one, i) => {
    const { name, proof, esp } = one;
    const auth = (end: string): string =>
      proof === 'psk' ? 'auth = psk' : `auth = pubkey\n certs = ${folder}/${end}-${proof}.pem`;
    return `${name} { version = 2
  local_addrs = ${peerOf(i)}
  remote_addrs = 198.51.100.2
  local { ${auth('peer')}
    id = ${idOf('peer', one)} }
  remote { ${auth('edge')}
    id = ${idOf('edge', one)} }
  children { ${name} { local_ts = ${serverOf(i)}/32
    remote_ts = 10.1.0.0/16
    esp_proposals = ${esp}-x25519 } } }`;
  });
  const secrets = CASES.filter(({ proof }) => proof === 'psk').map(
    (one) => `ike-${one.name} { id = ${idOf('peer', one)}\n secret = "psk of ${one.name}" }`,
  );
  // swanctl takes private keys from this folder alone.
  mkdirSync(`${folder}/private`);
  for (const kind of Object.keys(KEYS))
    copyFileSync(`${folder}/peer-${kind}.key`, `${folder}/private/${kind}.pem`);
  const file = `${folder}/swanctl.conf`;
  writeFileSync(
    file,
    `connections {\n${connections.join('\n')}\n}\nsecrets {\n${secrets.join('\n')}\n}\n`,
  );
  return file;
}

async function startPeer(): Promise<void> {
  const file = strongswan();
  const within = ['ip', 'netns', 'exec', `${lab.prefix}wan`] as const;
  for (let i = 0; i < CASES.length; i++)
    for (const address of [peerOf(i), serverOf(i)])
      await command([
        'ip',
        '-n',
        `${lab.prefix}wan`,
        'address',
        'add',
        `${address}/32`,
        'dev',
        'lo',
      ]);
  peer = spawn('ip', ['netns', 'exec', `${lab.prefix}wan`, '/usr/sbin/charon-systemd'], {
    env: { ...process.env, STRONGSWAN_CONF: `${folder}/peer.conf` },
    stdio: 'ignore',
  });
  await until('the peer', 30_000, () => Promise.resolve(existsSync(`${folder}/peer.vici`)));
  const load = ['swanctl', '--load-all', '--file', file, '--uri', `unix://${folder}/peer.vici`];
  const { code, stdout, stderr } = await attempt([
    ...within,
    ...(['env', `SWANCTL_DIR=${folder}`] as const),
    ...load,
  ]);
  expect([code, code === 0 ? '' : stdout + stderr]).toEqual([0, '']);
}

async function put(name: string, value: string): Promise<void> {
  await lab.api.post('/secrets', { name, value });
}

const shown = () => lab.show<TunnelsShown>('vpn', 'tunnels');

/** The SAs of a tunnel that carry traffic. */
async function childrenOf(name: string): Promise<ChildShown[]> {
  const { tunnels } = await shown();
  return tunnels
    .filter((one) => one.name === name)
    .flatMap(({ children }) => children.filter(({ state }) => state === 'INSTALLED'));
}
const spis = async (name: string): Promise<string[]> =>
  (await childrenOf(name)).map(({ spi_in: spi }) => spi);

beforeAll(async () => {
  lab = await Lab.start();
  await certificates();
  await startPeer();
  for (const { name, proof } of CASES)
    if (proof === 'psk') await put(name, `psk of ${name}`);
    else await put(`${proof}-key`, readFileSync(`${folder}/edge-${proof}.key`, 'utf8'));
  writeFileSync(`${folder}/rules.yaml`, rules());
  const { code, stderr } = await lab.sluice('apply', `${folder}/rules.yaml`);
  expect([code, stderr]).toEqual([0, '']);
}, 240_000);
afterAll(async () => {
  peer.kill();
  await lab.close();
  rmSync(folder, { recursive: true });
});

test('every tunnel comes up', async () => {
  await until('all tunnels', 60_000, async () => {
    const { tunnels } = await shown();
    return tunnels.every(({ state }) => state === 'up');
  });
  const { tunnels } = await shown();
  expect(tunnels.map(({ name, children: [child] }) => [name, child?.algorithm])).toEqual(
    CASES.map(({ name, shows }) => [name, shows]),
  );
});

test.each(CASES.map(({ name }, i) => [name, serverOf(i)] as const))(
  '%s: ping, and TCP in bulk',
  async (_, server) => {
    expect(await lab.hosts.inside.ping(server)).toBe(true);
    const flow = await lab.hosts.inside.tcp(server, 80, 10_000);
    await flow.echo('hello', 10_000);
    await flow.echo('x'.repeat(200_000), 20_000);
    await flow.close();
  },
);

test('what selectors take goes into the tunnel both ways, the box itself too', async () => {
  const server = serverOf(CASES.findIndex(({ selectors }) => selectors));
  const ping = (namespace: string, from: string, to: string) =>
    attempt([
      ...(['ip', 'netns', 'exec', `${lab.prefix}${namespace}`] as const),
      ...['ping', '-c', '1', '-W', '10', '-I', from, to],
    ]);
  const came = async () =>
    (await childrenOf('policy')).reduce((sum, { packets_in: packets }) => sum + packets, 0);
  const before = await came();
  expect((await ping('wan', server, '10.1.0.1')).code).toBe(0);
  expect((await ping('wan', server, '10.1.0.10')).code).toBe(0);
  expect((await ping('edge', '10.1.0.1', server)).code).toBe(0);
  expect(await came()).toBe(before + 3);
  // Of a tunnel that routes lead to, too.
  expect((await ping('wan', serverOf(0), '10.1.0.1')).code).toBe(0);
});

test('a trace names the tunnel, and the SA that would seal', async () => {
  const list = `${folder}/packets`;
  const policy = serverOf(CASES.findIndex(({ selectors }) => selectors));
  writeFileSync(
    list,
    [serverOf(0), policy, '10.99.0.1'].map((to) => `inside tcp 10.1.0.10:9 ${to}:80\n`).join(''),
  );
  const { code, stdout, stderr } = await lab.sluice('trace', '--packets', list, '--json');
  expect([code, stderr]).toEqual([0, '']);
  const { packets } = JSON.parse(stdout) as {
    packets: { sa: string | null; phases: { name: string; detail: string }[] }[];
  };
  const [routed, selected] = await Promise.all(['gcm128', 'policy'].map(childrenOf));
  expect(
    packets.map(({ sa, phases }) => [sa, phases.find(({ name }) => name === 'tunnel')?.detail]),
  ).toEqual([
    ['gcm128', `SPI ${routed?.[0]?.spi_out}, AES_GCM_16-128, to ${peerOf(0)}`],
    ['policy', `SPI ${selected?.[0]?.spi_out}, AES_GCM_16-128, to ${peerOf(CASES.length - 1)}`],
    [null, undefined],
  ]);
});

test('new keys for traffic that goes on, and none of it is lost', async () => {
  const flow = await lab.hosts.inside.tcp(serverOf(0), 80, 10_000);
  const before = await spis('gcm128');
  await flow.echo('before');
  const { code, stderr } = await lab.sluice('vpn', 'gcm128', 'rekey');
  expect([code, stderr]).toEqual([0, '']);
  for (let i = 0; i < 50; i++) expect(await lab.hosts.inside.ping(serverOf(0))).toBe(true);
  await until('new SAs', 20_000, async () => {
    const now = await spis('gcm128');
    return now.length === 1 && now[0] !== before[0];
  });
  await flow.echo('after');
  await flow.close();
});

test('a commit leaves the SAs of tunnels that stay as they are', async () => {
  const before = await Promise.all(CASES.map(({ name }) => spis(name)));
  const changed = `# A line more.\n${rules()}`.replace(
    'esp-proposals: aes256gcm16-x25519',
    'replay-window: 64, $&',
  );
  writeFileSync(`${folder}/rules.yaml`, changed);
  const { code, stderr } = await lab.sluice('apply', `${folder}/rules.yaml`);
  expect([code, stderr]).toEqual([0, '']);
  await until('the one that changed', 30_000, async () => {
    const now = await spis('gcm256');
    return now.length === 1 && now[0] !== before[1]?.[0];
  });
  const after = await Promise.all(CASES.map(({ name }) => spis(name)));
  expect(after.filter((_, i) => i !== 1)).toEqual(before.filter((_, i) => i !== 1));
  expect(await lab.hosts.inside.ping(serverOf(1))).toBe(true);
});

test('goes down and comes up when told', async () => {
  const run = (action: string) => lab.sluice('vpn', 'cbc', action);
  expect(await run('down')).toMatchObject({ code: 0, stdout: 'cbc: down\n' });
  expect(await run('up')).toMatchObject({ code: 0, stdout: 'cbc: up\n' });
  expect(await lab.hosts.inside.ping(serverOf(2))).toBe(true);
});

test('another datapath gets new SAs, never those of the one before it', async () => {
  const before = await spis('gcm128');
  process.kill(lab.datapathPid, 'SIGKILL');
  await until('traffic again', 60_000, () => lab.hosts.inside.ping(serverOf(0)));
  expect(await spis('gcm128')).not.toContain(before[0]);
});

test('a secret that is missing stops an apply, and is told by its name alone', async () => {
  writeFileSync(`${folder}/rules.yaml`, rules().replace('secret: gcm128 ', 'secret: nobody '));
  const { code, stderr } = await lab.sluice('apply', `${folder}/rules.yaml`);
  expect([code, stderr]).toEqual([
    1,
    expect.stringContaining("error secret-missing: the secret 'nobody' is not stored"),
  ]);
});

test('secrets are in no log, answer or argument', async () => {
  const said = [
    await lab.api.get('/secrets'),
    await shown(),
    (await lab.sluice('secret', 'list')).stdout,
    (await lab.sluice('show', 'vpn', 'sas')).stdout,
  ];
  const files = ['sluiced.log', 'sluiced.err', 'datapath.log', 'charon.log', 'strongswan.conf'];
  for (const name of files) said.push(readFileSync(`${lab.runDirectory}/${name}`, 'utf8'));
  said.push(await command(['ps', '-eo', 'args']));
  const text = JSON.stringify(said);
  for (const { name, proof } of CASES)
    if (proof === 'psk') expect(text).not.toContain(`psk of ${name}`);
  const key = readFileSync(`${folder}/edge-rsa.key`, 'utf8').split('\n')[1] ?? '';
  expect(text).not.toContain(key);
});
