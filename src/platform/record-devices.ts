// SPDX-License-Identifier: BSD-3-Clause
import { spawnSync } from 'node:child_process';
import type { Accelerator, Nic } from './machine.js';
import type { SysFiles } from './sys-files.js';

const DEVICES = 'sys/bus/pci/devices';
/** Bits of a virtio network device's features (virtio 1.2, 5.1.3). */
const VIRTIO_NET_F_MQ = 22;
const VIRTIO_NET_F_RSS = 60;

/** QAT: the whole device and its virtual function, of the generations DPDK drives. */
const QAT_PF = new Set(['0435', '37c8', '19e2', '18a0', '4940', '4942', '4944', '4946']);
const QAT_VF = new Set(['0443', '37c9', '19e3', '18a1', '4941', '4943', '4945', '4947']);

/** Every network device on PCI. */
export function recordNics(sys: SysFiles): Nic[] {
  const route = defaultRoute(sys);
  return sys
    .list(DEVICES)
    .filter((pci) => sys.text(`${DEVICES}/${pci}/class`)?.startsWith('0x02') === true)
    .map((pci) => nicAt(sys, pci, route));
}

export function recordAccelerators(sys: SysFiles): Accelerator[] {
  return sys.list(DEVICES).flatMap((pci): Accelerator[] => {
    const { vendor, device } = idsOf(sys, pci);
    const kind = QAT_VF.has(device) ? 'qat-vf' : QAT_PF.has(device) ? 'qat-pf' : null;
    if (vendor !== '8086' || kind === null) return [];
    const functions = sys.number(`${DEVICES}/${pci}/sriov_numvfs`) ?? 0;
    return [
      { pci, vendor, device, driver: driverAt(sys, pci), node: nodeAt(sys, pci), kind, functions },
    ];
  });
}

function nicAt(sys: SysFiles, pci: string, route: string | null): Nic {
  const folder = `${DEVICES}/${pci}`;
  const virtio = sys.list(folder).find((name) => /^virtio\d+$/.test(name));
  const netdev =
    sys.list(`${folder}/net`)[0] ??
    (virtio === undefined ? undefined : sys.list(`${folder}/${virtio}/net`)[0]) ??
    null;
  const features = virtio === undefined ? null : sys.text(`${folder}/${virtio}/features`);
  const isVirtio = idsOf(sys, pci).vendor === '1af4';
  const mac = netdev === null ? null : (sys.text(`sys/class/net/${netdev}/address`) ?? null);
  return {
    pci,
    ...idsOf(sys, pci),
    driver: driverAt(sys, pci),
    node: nodeAt(sys, pci),
    iommu_group: sys.link(`${folder}/iommu_group`),
    netdev,
    mac,
    permanent_mac: netdev === null ? null : permanentMac(sys, netdev, mac),
    queues: queuesOf(sys, netdev, features),
    rss: isVirtio ? (features === null ? null : features[VIRTIO_NET_F_RSS] === '1') : null,
    physical: sys.link(`${folder}/physfn`),
    default_route: netdev !== null && netdev === route,
  };
}

/** The MAC a device was given: only rtnetlink tells it once somebody changed it. */
function permanentMac(sys: SysFiles, netdev: string, mac: string | null): string | null {
  if (sys.number(`sys/class/net/${netdev}/addr_assign_type`) === 0) return mac;
  const { stdout, status } = spawnSync('ip', ['-j', 'link', 'show', 'dev', netdev], {
    encoding: 'utf8',
  });
  if (status !== 0) return null;
  const [link] = JSON.parse(stdout) as { permaddr?: string }[];
  return link?.permaddr ?? null;
}

/** The kernel uses as many queues as it has CPUs for; virtio says whether it may have several at all. */
function queuesOf(sys: SysFiles, netdev: string | null, features: string | null): number | null {
  if (features !== null && features[VIRTIO_NET_F_MQ] !== '1') return 1;
  if (netdev === null) return null;
  const rx = sys.list(`sys/class/net/${netdev}/queues`).filter((name) => name.startsWith('rx-'));
  return rx.length > 0 ? rx.length : null;
}

function idsOf(sys: SysFiles, pci: string): { vendor: string; device: string } {
  const id = (name: string): string =>
    (sys.text(`${DEVICES}/${pci}/${name}`) ?? '0x0000').slice('0x'.length);
  return { vendor: id('vendor'), device: id('device') };
}

function driverAt(sys: SysFiles, pci: string): string | null {
  return sys.link(`${DEVICES}/${pci}/driver`);
}

/** A device behind a bridge that knows its node may not know itself. */
function nodeAt(sys: SysFiles, pci: string): number {
  return sys.number(`${DEVICES}/${pci}/numa_node`) ?? -1;
}

/** The kernel device of the IPv4 default route. */
function defaultRoute(sys: SysFiles): string | null {
  const lines = (sys.text('proc/net/route') ?? '').split('\n').slice(1);
  const found = lines
    .map((line) => line.split('\t'))
    .find(([, to, , , , , , mask]) => {
      return to === '00000000' && mask === '00000000';
    });
  return found?.[0] ?? null;
}
