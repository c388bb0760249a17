// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, expect, it } from 'vitest';
import { BootedImage } from './appliance.js';
import { noCloud } from './seeds.js';
import { BOOT, Ends, RULES, wires } from './traffic.js';

const WIRES = wires('slnuma');
let appliance: BootedImage | null = null;

afterAll(async () => {
  await appliance?.stop();
});

/** Two nodes of a CPU and 1 GiB each; the wires' ports are behind a bridge of node 1. */
const MORE = [
  ...['-smp', '2,sockets=2'],
  ...['-object', 'memory-backend-ram,id=m0,size=1024M', '-numa', 'node,nodeid=0,cpus=0,memdev=m0'],
  ...['-object', 'memory-backend-ram,id=m1,size=1024M', '-numa', 'node,nodeid=1,cpus=1,memdev=m1'],
  ...['-device', 'pxb-pcie,id=pxb,bus_nr=128,bus=pcie.0,numa_node=1'],
  ...WIRES.flatMap((_, i) => [
    '-device',
    `pcie-root-port,id=rp${i},bus=pxb,chassis=${i},slot=${i}`,
  ]),
];

it(
  'has its workers and their memory on the node of the ports',
  async () => {
    const seed = noCloud(RULES, { hostname: 'edge-numa' });
    const device = (i: number) => `virtio-net-pci,bus=rp${i}`;
    const size = { cpus: 2, memory: 2048, more: MORE };
    appliance = await BootedImage.start({ name: 'slnuma', seed, wires: WIRES, device, ...size });
    await appliance.says('the rule file of the user-data is in force', BOOT);
    appliance.connect();
    const ends = await Ends.start(WIRES);
    await ends.passes();
    await ends.blocks();
    const nodes = await appliance.ssh(
      'cat /sys/bus/pci/drivers/igb_uio/0000:*/numa_node; cat /sys/devices/system/node/node1/cpulist',
    );
    expect(nodes.trim().split('\n')).toEqual(['1', '1', '1']);
    const workers = await appliance.ssh(
      'cd /proc/$(systemctl show -P MainPID sluice-datapath)/task && for t in *; do case $(cat $t/comm) in *worker*) grep Cpus_allowed_list $t/status ;; esac; done',
    );
    expect(workers.trim().split(/\s+/)).toEqual(['Cpus_allowed_list:', '1']);
    const maps = await appliance.ssh(
      'sudo cat /proc/$(systemctl show -P MainPID sluice-datapath)/numa_maps',
    );
    const huge = maps.split('\n').filter((line) => / huge /.test(line) && / N\d+=/.test(line));
    expect(huge.length).toBeGreaterThan(1);
    expect(huge.filter((line) => / N0=/.test(line))).toEqual([]);
  },
  2 * BOOT,
);
