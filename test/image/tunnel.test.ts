// SPDX-License-Identifier: BSD-3-Clause
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { BalancersShown } from '../../src/daemon/show/balancers.js';
import type { TunnelsShown } from '../../src/daemon/show/vpn.js';
import { BootedImage, type Wire } from './appliance.js';
import { endNamespace, run } from './commands.js';
import { noCloud } from './seeds.js';
import { BOOT, Ends, wires } from './traffic.js';

const folder = mkdtempSync(path.join(tmpdir(), 'sluice-tunnel-'));
/** Between the two appliances there is a wire of QEMU's own. */
const between = path.join(folder, 'between');
const [CLIENT, SERVER] = wires('sltun');
const BEHIND: Wire = { ...SERVER, address: '10.2.0.10/24', gateway: '10.2.0.1' };
const SECOND = '10.2.0.11/24';

interface Side {
  readonly name: string;
  readonly peer: string;
  readonly wan: string;
  readonly inside: string;
  readonly mac: string;
  readonly outside: string;
  readonly tunnel: string;
  /** What is behind the other. */
  readonly remote: readonly string[];
  readonly more: string;
}

function rules({ name, peer, wan, inside, mac, outside, tunnel, remote, more }: Side): string {
  const other = name === 'left' ? 'right' : 'left';
  return `version: 1
interfaces:
  inside: { port: { mac: '${mac}' }, zone: inside, addresses: [${inside}] }
  wan: { port: { mac: '${outside}' }, zone: internet, addresses: [${wan}] }
  ${other}: { tunnel: ${other}, zone: vpn, addresses: [${tunnel}] }
zones: { inside: {}, internet: {}, vpn: {} }
policies:
  - { name: out, from: inside, to: vpn, rules: [{ name: web, service: tcp/8080, action: allow }] }
${more}
routing:
  static: [${remote.map((to) => `{ to: ${to}, interface: ${other} }`).join(', ')}]
vpn:
  tunnels:
    ${other}: { peer: ${peer}, local-id: ${name}.example, remote-id: ${other}.example, psk: { secret: between } }
`;
}

const LEFT: Side = {
  name: 'left',
  peer: '203.0.113.2',
  wan: '203.0.113.1/24',
  inside: '10.1.0.1/24',
  mac: CLIENT.mac,
  outside: '52:54:00:00:00:08',
  tunnel: '169.254.7.1/30',
  remote: ['10.2.0.0/24', '10.99.0.1/32'],
  more: '',
};
const RIGHT: Side = {
  name: 'right',
  peer: '203.0.113.1',
  wan: '203.0.113.2/24',
  inside: '10.2.0.1/24',
  mac: BEHIND.mac,
  outside: '52:54:00:00:00:09',
  tunnel: '169.254.7.2/30',
  remote: ['10.1.0.0/24'],
  more: `  - { name: in, from: vpn, to: inside, rules: [{ name: shop, destination: { balancer: shop }, action: allow }] }
balancers:
  shop:
    at: 10.99.0.1
    service: tcp/8080
    mode: nat
    scheduler: round-robin
    backends: { one: { address: 10.2.0.10 }, two: { address: 10.2.0.11 } }`,
};

const running: BootedImage[] = [];

afterAll(async () => {
  for (const one of running) await one.stop();
  endNamespace(CLIENT.namespace);
  rmSync(folder, { recursive: true });
});

async function boot({ name, outside }: Side, wire: Wire, server: boolean): Promise<BootedImage> {
  const stream = `stream,id=w0,server=${server ? 'on' : 'off'},addr.type=unix,addr.path=${between}`;
  const nic = `virtio-net-pci,netdev=w0,mac=${outside},romfile=`;
  const booted = await BootedImage.start({
    name: `sltun${name}`,
    seed: noCloud('#cloud-config\n{}\n', { hostname: name }),
    wires: [wire],
    more: ['-netdev', stream, '-device', nic],
  });
  running.push(booted);
  return booted;
}

/** Brings the rule file and its secret over SSH. */
async function apply(booted: BootedImage, side: Side): Promise<void> {
  await booted.says(/login:/, BOOT);
  booted.connect();
  const file = path.join(folder, `${side.name}.yaml`);
  writeFileSync(file, rules(side));
  await booted.ssh('printf "what only both know" | sudo sluice secret put between', BOOT);
  await booted.send(file);
  await booted.ssh(`sudo sluice apply ${side.name}.yaml --replace`, BOOT);
}

it(
  'carries traffic to a balanced service through a tunnel between two appliances',
  async () => {
    const right = await boot(RIGHT, BEHIND, true);
    const left = await boot(LEFT, CLIENT, false);
    await Promise.all([apply(right, RIGHT), apply(left, LEFT)]);
    run('ip', '-n', BEHIND.namespace, 'address', 'add', SECOND, 'dev', BEHIND.tap);
    await left.ssh('until sudo sluice show vpn tunnels --json | grep -q AES_GCM; do :; done', BOOT);
    const { client } = await Ends.start([CLIENT, BEHIND]);
    for (let i = 0; i < 4; i++) {
      const flow = await client.tcp('10.99.0.1', 8080, 60_000);
      await flow.echo('through both', 60_000);
      await flow.close();
    }
    // Neither in clear nor past the policy.
    await expect(client.tcp('10.2.0.10', 8080, 10_000)).rejects.toThrow('timeout');
    const { balancers } = JSON.parse(
      await right.ssh('sudo sluice show balancers --json'),
    ) as BalancersShown;
    expect(balancers[0]?.backends.map(({ opened }) => opened)).toEqual([2, 2]);
    const { tunnels } = JSON.parse(
      await left.ssh('sudo sluice show vpn tunnels --json'),
    ) as TunnelsShown;
    const [child] = tunnels[0]?.children ?? [];
    expect(child?.packets_out).toBeGreaterThan(0);
    expect(child?.packets_in).toBeGreaterThan(0);
    expect(child?.fast_path).not.toBeNull();
  },
  3 * BOOT,
);
