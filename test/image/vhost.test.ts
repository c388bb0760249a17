// SPDX-License-Identifier: BSD-3-Clause
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { BootedImage } from './appliance.js';
import { endNamespace, run } from './commands.js';
import { noCloud } from './seeds.js';
import { BOOT, Ends, RULES, wires } from './traffic.js';

const NAME = 'slvhost';
const [INSIDE, WAN] = wires(NAME);
const folder = mkdtempSync(path.join(tmpdir(), 'sluice-vhost-'));
const socket = path.join(folder, 'port');
let testpmd: ChildProcess | null = null;
let appliance: BootedImage | null = null;

/** The server's wire ends in the namespace of testpmd, which is not told of checksums left to do. */
function layWire(namespace: string): void {
  run('ip', 'netns', 'add', WAN.namespace);
  const peer = ['peer', 'name', `${NAME}2`, 'netns', namespace];
  run('ip', '-n', WAN.namespace, 'link', 'add', `${NAME}1`, 'type', 'veth', ...peer);
  run('ip', 'netns', 'exec', WAN.namespace, 'ethtool', '-K', `${NAME}1`, 'tx', 'off');
  run('ip', '-n', WAN.namespace, 'address', 'add', WAN.address, 'dev', `${NAME}1`);
  run('ip', '-n', WAN.namespace, 'link', 'set', `${NAME}1`, 'up');
  run('ip', '-n', namespace, 'link', 'set', `${NAME}2`, 'up');
  run('ip', '-n', WAN.namespace, 'route', 'add', 'default', 'via', WAN.gateway);
}

/** A DPDK process whose port is the other end of the appliance's; it forwards once told to. */
function startTestpmd(namespace: string): ChildProcess {
  const eal = ['--no-huge', '--no-pci', '--no-telemetry', '--file-prefix', NAME, '-m', '256'];
  const ports = [`net_vhost0,iface=${socket},client=1`, `net_af_packet0,iface=${NAME}2`];
  const argv = [...eal, '--lcores', '0@0,1@1', ...ports.flatMap((port) => ['--vdev', port])];
  const netns = [
    'netns',
    'exec',
    namespace,
    'dpdk-testpmd',
    ...argv,
    '--',
    '-i',
    '--total-num-mbufs=16384',
  ];
  return spawn('ip', netns, { stdio: ['pipe', 'pipe', 'ignore'] });
}

/** Ends testpmd, which says on its way how many packets it took from the appliance. */
function received(): Promise<number> {
  return new Promise((resolve) => {
    let said = '';
    testpmd?.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    testpmd?.on('close', () => resolve(Number(/RX-packets:\s*(\d+)/.exec(said)?.[1])));
    testpmd?.stdin?.end('show port stats 0\nquit\n');
  });
}

afterAll(async () => {
  testpmd?.kill('SIGKILL');
  await appliance?.stop();
  endNamespace(WAN.namespace);
  rmSync(folder, { recursive: true });
});

it(
  'forwards on a vhost-user port whose other end is a DPDK process',
  async () => {
    const seed = {
      ...noCloud(RULES, { hostname: 'edge-vhost' }),
      start: (namespace: string) => {
        layWire(namespace);
        testpmd = startTestpmd(namespace);
        return Promise.resolve({ tell: () => undefined, end: () => undefined });
      },
    };
    const more = [
      ...['-object', 'memory-backend-memfd,id=m0,size=1024M,share=on'],
      ...['-machine', 'memory-backend=m0'],
      ...['-chardev', `socket,id=v0,path=${socket},server=on,wait=off`],
      ...['-netdev', 'vhost-user,id=w0,chardev=v0'],
      ...['-device', `virtio-net-pci,netdev=w0,mac=${WAN.mac},romfile=`],
    ];
    appliance = await BootedImage.start({ name: NAME, seed, wires: [INSIDE], more });
    await appliance.says('the rule file of the user-data is in force', BOOT);
    appliance.connect();
    testpmd?.stdin?.write('start\n');
    const ends = await Ends.start([INSIDE, WAN]);
    await ends.passes();
    await ends.blocks();
    expect(await received()).toBeGreaterThan(0);
  },
  2 * BOOT,
);
