// SPDX-License-Identifier: BSD-3-Clause
import { afterAll, expect, it } from 'vitest';
import { BootedImage } from './appliance.js';
import { noCloud } from './seeds.js';
import { BOOT, Ends, RULES, wires } from './traffic.js';

const WIRES = wires('slvf');
const [, WAN] = WIRES;
let appliance: BootedImage | null = null;

afterAll(async () => {
  await appliance?.stop();
});

const MORE = [
  ...['-device', 'intel-iommu,intremap=on,device-iotlb=on,caching-mode=on'],
  ...WIRES.flatMap((_, i) => [
    '-device',
    `pcie-root-port,id=rp${i},bus=pcie.0,chassis=${i + 1},addr=${i + 8}`,
  ]),
];

/** Gives the device back to the kernel, makes functions of it, and gives one the MAC of the wire. */
const FUNCTIONS = `set -e
pf=$(basename $(dirname $(grep -lx 0x10c9 /sys/bus/pci/devices/*/device)))
cd /sys/bus/pci/devices/$pf
echo > driver_override
[ ! -e driver ] || echo $pf > driver/unbind
modprobe igb
[ -e driver ] || echo $pf > /sys/bus/pci/drivers_probe
udevadm settle
ip link set $(ls net) up
echo 2 > sriov_numvfs
ip link set $(ls net) vf 0 mac ${WAN.mac}
udevadm settle
# Whoever would start the fast path again waits until its ports are there.
systemctl stop sluiced sluice-datapath
systemctl restart sluice-ports
systemctl start sluice-datapath sluiced`;

it(
  'forwards on a virtual function, behind an IOMMU',
  async () => {
    const device = (i: number) =>
      i === 0 ? 'virtio-net-pci,bus=rp0,iommu_platform=on,ats=on,disable-legacy=on' : 'igb,bus=rp1';
    // The physical function keeps its MAC, the wire's is the virtual one's.
    const physical = { ...WAN, mac: '52:54:00:00:00:13' };
    const machine = { seed: noCloud(RULES, { hostname: 'edge-vf' }), device, more: MORE };
    const all = [WIRES[0], physical];
    appliance = await BootedImage.start({ name: 'slvf', ...machine, wires: all, memory: 2048 });
    // There is no such port yet.
    await appliance.says('the rule file of the user-data is refused', BOOT);
    appliance.connect();
    await appliance.ssh(`sudo sh -c '${FUNCTIONS}'`, BOOT);
    await appliance.ssh('sudo sluice apply /var/lib/sluice/user-data.yaml --replace', BOOT);
    const ends = await Ends.start(WIRES);
    await ends.passes(BOOT);
    await ends.blocks();
    const bound = await appliance.ssh(
      'for d in /sys/bus/pci/drivers/vfio-pci/0000:*; do cat $d/device; done',
    );
    expect(bound.trim().split('\n').sort()).toEqual(['0x1041', '0x10ca', '0x10ca']);
    const shown = await appliance.ssh('sudo sluice show interfaces --json');
    expect(shown).toContain(WAN.mac);
  },
  3 * BOOT,
);
