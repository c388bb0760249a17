// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TunnelsShown } from '../../src/daemon/show/vpn.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { charonKnows, Strongswan } from './strongswan.js';
import { tunnelRules } from './tunnel-rules.js';

/*
 * Users on the road at a strongSwan of theirs: by passwords and by certificates, in EAP, with
 * addresses from pools; and ourselves as such a user. Certificates are those of `sluice pki`.
 */
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-clients-'));
let lab: Lab;
let peer: Strongswan;

const TUNNELS = new Map([
  [
    'phones',
    'peer: any, local-id: phones.example, certificate: edge.pem, key: { secret: edge-key }, clients: { eap: mschapv2, users: { anna: { secret: anna }, bert: { secret: bert } }, pool: 10.90.0.0/24, dns: 10.1.0.53 }',
  ],
  [
    'laptops',
    'peer: any, local-id: laptops.example, certificate: edge.pem, key: { secret: edge-key }, ca: ca.pem, clients: { eap: tls, pool: 10.91.0.0/24, dns: [10.1.0.53, 10.1.0.54] }',
  ],
  [
    'branch',
    'peer: 203.0.113.83, local-id: edge, remote-id: hq.example, ca: ca.pem, local: 10.1.0.0/16, login: { eap: mschapv2, password: { secret: branch } }',
  ],
  [
    'outpost',
    'peer: 203.0.113.84, local-id: edge.example, remote-id: hq.example, ca: ca.pem, certificate: edge.pem, key: { secret: edge-key }, local: 10.1.0.0/16, login: { eap: tls }',
  ],
]);

async function pki(...args: string[]): Promise<void> {
  const { code, stderr } = await lab.sluice('pki', ...args, '--dir', folder);
  if (code !== 0) throw new Error(stderr);
}

const road = (name: string, address: string, proof: string, gateway: string): string =>
  `${name} { version = 2
  local_addrs = ${address}
  remote_addrs = 198.51.100.2
  vips = 0.0.0.0
  local { ${proof} }
  remote { auth = pubkey
    id = ${gateway}
    cacerts = ca.pem }
  children { ${name} { remote_ts = 10.1.0.0/16
    esp_proposals = aes128gcm16-x25519 } } }\n`;
const site = (name: string, address: string, proof: string, server: string): string =>
  `${name} { version = 2
  local_addrs = ${address}
  local { auth = pubkey
    id = hq.example
    certs = hq.pem }
  remote { ${proof} }
  children { ${name} { local_ts = ${server}/32
    remote_ts = 10.1.0.0/16
    esp_proposals = aes128gcm16-x25519 } } }\n`;

beforeAll(async () => {
  lab = await Lab.start();
  peer = new Strongswan(`${lab.prefix}wan`);
  await pki('ca', 'ca');
  const names = ['phones.example', 'laptops.example', 'edge.example'];
  await pki('issue', 'edge', '--ca', 'ca', ...names.flatMap((name) => ['--name', name]));
  await pki('issue', 'laptop', '--ca', 'ca', '--key', 'rsa', '--name', 'laptop.example');
  await pki('issue', 'hq', '--ca', 'ca', '--name', 'hq.example');
  peer.takeFiles(folder);
  const servers = ['10.52.0.1/32', '10.53.0.1/32'];
  await peer.addresses(...[81, 82, 83, 84].map((n) => `203.0.113.${n}/32`), ...servers);
  await peer.start();
  await peer.load(
    road('anna', '203.0.113.81', 'auth = eap-mschapv2\n eap_id = anna', 'phones.example') +
      road('bert', '203.0.113.81', 'auth = eap-mschapv2\n eap_id = bert', 'phones.example') +
      road(
        'laptop',
        '203.0.113.82',
        'auth = eap-tls\n certs = laptop.pem\n id = laptop.example',
        'laptops.example',
      ) +
      site('branch', '203.0.113.83', 'auth = eap-mschapv2\n eap_id = %any', '10.52.0.1') +
      site('outpost', '203.0.113.84', 'auth = eap-tls\n eap_id = %any', '10.53.0.1'),
    `eap-a { id = anna\n secret = "word of anna" }\neap-b { id = bert\n secret = "not that of bert" }\neap-c { id = edge\n secret = "word of branch" }`,
  );
  for (const name of ['anna', 'bert', 'branch'])
    await lab.api.post('/secrets', { name, value: `word of ${name}` });
  await lab.api.post('/secrets', {
    name: 'edge-key',
    value: readFileSync(path.join(folder, 'edge.key'), 'utf8'),
  });
  const routes = [
    '{ to: 10.52.0.1/32, interface: branch }',
    '{ to: 10.53.0.1/32, interface: outpost }',
  ];
  writeFileSync(path.join(folder, 'rules.yaml'), tunnelRules(lab, TUNNELS, routes));
  const { code, stderr } = await lab.sluice('apply', path.join(folder, 'rules.yaml'));
  expect([code, stderr]).toEqual([0, '']);
  await charonKnows(lab, 'outpost');
}, 240_000);
afterAll(async () => {
  await peer.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

const shown = async () => (await lab.show<TunnelsShown>('vpn', 'tunnels')).tunnels;

test.each([
  ['anna', 'phones', '10.90.0.1', ['10.1.0.53']],
  ['laptop', 'laptops', '10.91.0.1', ['10.1.0.53', '10.1.0.54']],
] as const)(
  '%s comes by EAP, and gets an address and name servers',
  async (name, tunnel, inner, dns) => {
    const said = await peer.swanctl('--initiate', '--child', name, '--timeout', '20');
    expect(said.stdout).toContain('initiate completed successfully');
    for (const server of dns)
      expect(readFileSync(`${peer.folder}/resolv.conf`, 'utf8')).toContain(`nameserver ${server}`);
    await until(`${tunnel} up`, 10_000, async () => {
      const one = (await shown()).find(({ name: other }) => other === tunnel);
      return one?.state === 'up' && one.children[0]?.remote[0] === `${inner}/32`;
    });
    expect(await lab.hosts.inside.ping(inner)).toBe(true);
    const flow = await lab.hosts.inside.tcp(inner, 80, 10_000);
    await flow.echo('x'.repeat(100_000), 20_000);
    await flow.close();
  },
);

test('a wrong password does not let in', async () => {
  const { stdout } = await peer.swanctl('--initiate', '--child', 'bert', '--timeout', '20');
  expect(stdout).toContain('EAP_MSCHAPV2 method failed');
});

test.each([
  ['branch', '10.52.0.1'],
  ['outpost', '10.53.0.1'],
])('we go to %s by EAP ourselves', async (name, server) => {
  await until(`${name} up`, 30_000, async () => {
    const one = (await shown()).find(({ name: other }) => other === name);
    return one?.state === 'up';
  });
  expect(await lab.hosts.inside.ping(server)).toBe(true);
});

test('SAs are shown with what the fast path has of them', async () => {
  const ours = async () => {
    const one = (await shown()).find(({ name }) => name === 'branch');
    return one?.children.find(({ state }) => state === 'INSTALLED');
  };
  const first = await ours();
  expect(first).toMatchObject({
    exchange: null, // as IKE_AUTH has it
    fast_path: { worker_out: 0, worker_in: 0, replayed: 0, forged: 0, esn: false },
  });
  const { engines } = await lab.show<{ engines: { name: string }[] }>('vpn', 'engines');
  expect(engines.map(({ name }) => name)).toContain(first?.fast_path?.engine);
  expect((await lab.sluice('vpn', 'branch', 'rekey')).code).toBe(0);
  await until('new keys', 20_000, async () => (await ours())?.exchange === 'CURVE_25519');
  const { stdout } = await lab.sluice('show', 'vpn', 'sas');
  expect(stdout).toMatch(/^branch .* CURVE_25519 +0 +0 +\S+ +0$/m);
});
