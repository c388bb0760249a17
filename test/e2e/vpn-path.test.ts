// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ChildShown, TunnelsShown } from '../../src/daemon/show/vpn.js';
import { attempt, command } from '../../src/lab/command.js';
import { Lab } from '../../src/lab/lab.js';
import { until } from '../../src/lab/until.js';
import { charonKnows, Strongswan } from './strongswan.js';
import { tunnelRules } from './tunnel-rules.js';

/*
 * What happens to tunnels on their way: address translation at the provider's, on the peer's side
 * and on ours; inner packets as large as the path; and peers that are killed and begin again.
 */
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vpn-path-'));
let lab: Lab;
let near: Strongswan;
let far: Strongswan;

const PROOF = 'psk: { secret: psk }, esp-proposals: aes128gcm16-x25519';
/** In the provider's network, or behind it. */
const NEAR = [
  ['wide', '203.0.113.81', '10.50.0.1', ''],
  ['clamped', '203.0.113.82', '10.51.0.1', ''],
  ['patient', '203.0.113.83', '10.52.0.1', ', dpd: { interval: 1s }'],
  ['eager', '203.0.113.84', '10.53.0.1', ', start: respond'],
] as const;
const FAR = [
  ['theirs', '203.0.113.131', '10.61.0.1', ', start: respond'],
  ['ours', '203.0.113.132', '10.62.0.1', ''],
] as const;
const TUNNELS = [...NEAR, ...FAR];
const serverOf = (name: string): string => TUNNELS.find(([one]) => one === name)?.[2] ?? '';

function rules(): string {
  const tunnels = TUNNELS.map(([name, peer, , more]) => {
    // Nobody knows the address that the translation gives it.
    const from = name === 'theirs' ? 'any' : peer;
    return [name, `peer: ${from}, local-id: edge, remote-id: ${name}, ${PROOF}${more}`] as const;
  });
  const routes = TUNNELS.map(([name, , server]) => `{ to: ${server}/32, interface: ${name} }`);
  return tunnelRules(lab, new Map(tunnels), routes)
    .replace('{ tunnel: wide, zone: vpn }', '{ tunnel: wide, zone: vpn, mtu: 1500 }')
    .replace('{ tunnel: clamped, zone: vpn }', '{ tunnel: clamped, zone: vpn, mss: clamp }');
}

type Peers = readonly (readonly [string, string, string, string])[];

const connections = (peers: Peers): string =>
  peers
    .map(
      ([name, address, server]) => `${name} { version = 2
  local_addrs = ${address}
  remote_addrs = ${name === 'ours' ? '203.0.113.129' : '198.51.100.2'}
  keyingtries = 0
  local { auth = psk
    id = ${name} }
  remote { auth = psk
    id = edge }
  children { ${name} { local_ts = ${server}/32
    remote_ts = 10.1.0.0/16
    esp_proposals = aes128gcm16-x25519
    start_action = ${name === 'eager' || name === 'theirs' ? 'start' : 'none'} } } }\n`,
    )
    .join('');
const SECRET = 'ike-all { secret = "psk of all" }';

/** Translation at the provider's, both ways, that never gives the port that was. */
async function translate(): Promise<void> {
  const rule = (from: string, device: string) =>
    `add rule ip nat post ip saddr ${from} oifname ${device} masquerade fully-random\n`;
  const input = `add table ip nat
add chain ip nat post { type nat hook postrouting priority 100; }
${rule('203.0.113.131', 'eth0')}${rule('198.51.100.2', 'far')}`;
  await command(['ip', 'netns', 'exec', `${lab.prefix}wan`, 'nft', '-f', '-'], { input });
}

const at = (host: string, ...argv: string[]) =>
  attempt(['ip', 'netns', 'exec', lab.prefix + host, ...argv]);

async function childrenOf(name: string): Promise<readonly ChildShown[]> {
  const { tunnels } = await lab.show<TunnelsShown>('vpn', 'tunnels');
  return tunnels
    .filter((one) => one.name === name)
    .flatMap(({ children }) => children.filter(({ state }) => state === 'INSTALLED'));
}
const isUp = async (name: string): Promise<boolean> => (await childrenOf(name)).length > 0;

async function bulk(server: string): Promise<void> {
  const flow = await lab.hosts.inside.tcp(server, 80, 10_000);
  await flow.echo('x'.repeat(1_000_000), 30_000);
  await flow.close();
}

beforeAll(async () => {
  lab = await Lab.start();
  near = new Strongswan(`${lab.prefix}wan`);
  far = new Strongswan(`${lab.prefix}far`);
  await translate();
  await lab.api.post('/secrets', { name: 'psk', value: 'psk of all' });
  for (const [swan, peers] of [
    [near, NEAR],
    [far, FAR],
  ] as const) {
    await swan.addresses(...peers.flatMap(([, a, b]) => [`${a}/32`, `${b}/32`]));
    await swan.start();
  }
  writeFileSync(`${folder}/rules.yaml`, rules());
  const { code, stderr } = await lab.sluice('apply', `${folder}/rules.yaml`);
  expect([code, stderr]).toEqual([0, '']);
  await charonKnows(lab, 'ours');
  await near.load(connections(NEAR), SECRET);
  await far.load(connections(FAR), SECRET);
  for (const [name] of TUNNELS) await until(`${name} up`, 60_000, () => isUp(name));
}, 240_000);
afterAll(async () => {
  await near.close();
  await far.close();
  await lab.close();
  rmSync(folder, { recursive: true });
});

describe('a path of 1500', () => {
  // 20 of IP, 8 of UDP, 16 of ESP and IV, 16 of ICV, and a trailer of 2 that ends on a word.
  const LARGEST = 1438;

  test('a full packet that must stay whole is told how large it may be, and then fits', async () => {
    const { inside } = lab.hosts;
    await inside.forgetMtus();
    expect(await inside.pathMtu(serverOf('wide'), 1500)).toBe(LARGEST);
    await inside.forgetMtus();
    expect(await inside.pathMtu(serverOf('wide'), LARGEST + 1)).toBe(LARGEST);
    await inside.forgetMtus();
    expect(await inside.pathMtu(serverOf('wide'), LARGEST)).toBe(LARGEST);
  });

  test('others go in fragments, both ways', async () => {
    await lab.hosts.inside.forgetMtus();
    // The lab's ports take frames of 2 KB; the kernel has put together what is behind them.
    for (const size of ['1472', '1700']) {
      const ping = ['ping', '-c', '1', '-W', '5', '-M', 'dont', '-s', size];
      expect((await at('inside', ...ping, serverOf('wide'))).code).toBe(0);
      expect((await at('wan', ...ping, '-I', serverOf('wide'), '10.1.0.10')).code).toBe(0);
    }
  });

  test('what came by a tunnel and goes no further is answered by it', async () => {
    const ping = ['ping', '-c', '1', '-W', '5', '-t', '1', '-I', serverOf('wide'), '10.1.0.10'];
    expect((await at('wan', ...ping)).stdout).toContain('From 10.1.0.1 icmp_seq=1 Time to live');
  });

  test('TCP finds its size, and is given it where the interface clamps', async () => {
    await lab.hosts.inside.forgetMtus();
    await bulk(serverOf('wide'));
    await lab.hosts.inside.forgetMtus();
    const flow = await lab.hosts.inside.tcp(serverOf('clamped'), 80, 10_000);
    await flow.echo('x'.repeat(1_000_000), 30_000);
    const { stdout } = await at('inside', 'ss', '-tin', 'dst', serverOf('clamped'));
    const advertised = Number(/\badvmss:(\d+)/.exec(stdout)?.[1]);
    const used = Number(/\bmss:(\d+)/.exec(stdout)?.[1]);
    expect([advertised, used]).toEqual([1460 - 12, 1360 - 12]); // time stamps take 12
    await flow.close();
  });
});

describe('address translation on the way', () => {
  test.each(FAR.map(([name]) => name))(
    'on the side of %s: ping and TCP both ways, and new keys',
    async (name) => {
      const server = serverOf(name);
      expect((await childrenOf(name))[0]?.encapsulated).toBe(true);
      expect(await lab.hosts.inside.ping(server)).toBe(true);
      expect((await at('far', 'ping', '-c1', '-W5', '-I', server, '10.1.0.10')).code).toBe(0);
      await bulk(server);
      const before = (await childrenOf(name)).map(({ spi_in: spi }) => spi);
      expect((await lab.sluice('vpn', name, 'rekey')).code).toBe(0);
      await until('new SAs', 20_000, async () => {
        const now = await childrenOf(name);
        return now.length === 1 && !before.includes(now[0]?.spi_in ?? '');
      });
      expect(await lab.hosts.inside.ping(server)).toBe(true);
    },
  );

  test('a peer whose translation changes is followed', async () => {
    const moves = (): number =>
      readFileSync(`${lab.runDirectory}/charon.log`, 'utf8').split('NAT mappings of ').length - 1;
    const sysctl = ['udp_timeout', 'udp_timeout_stream'].map(
      (name) => `net.netfilter.nf_conntrack_${name}=2`,
    );
    await command(['ip', 'netns', 'exec', `${lab.prefix}wan`, 'sysctl', '-qw', ...sysctl]);
    const server = serverOf('theirs');
    const ping = (...more: string[]) =>
      at('far', 'ping', ...more, '-W1', '-I', server, '10.1.0.10');
    const before = moves();
    // When the second goes, the first one's port is forgotten. Its answer still goes to that.
    expect((await ping('-c2', '-i4')).stdout).toContain('2 packets transmitted');
    await until('traffic', 20_000, async () => (await ping('-c1')).code === 0);
    expect(moves()).toBeGreaterThan(before);
    expect((await childrenOf('theirs')).length).toBe(1);
  });
});

describe('a peer that is killed and begins again', () => {
  beforeAll(async () => {
    await near.kill();
    await near.start();
    await near.load(connections(NEAR), SECRET);
  });

  test('one that comes to us has its tunnel at once', async () => {
    await until('traffic', 20_000, () => lab.hosts.inside.ping(serverOf('eager')));
    expect(await childrenOf('eager')).toHaveLength(1);
  });

  test('one that waits is found dead, and gone to again', async () => {
    await until('traffic', 110_000, () => lab.hosts.inside.ping(serverOf('patient')));
    expect(await childrenOf('patient')).toHaveLength(1);
  });
});
