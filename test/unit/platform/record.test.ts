// SPDX-License-Identifier: BSD-3-Clause
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseMachine } from '../../../src/platform/machine.js';
import { recordMachine } from '../../../src/platform/record.js';

let root: string;

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'sluice-machine-'));
});

afterEach(() => rmSync(root, { recursive: true }));

function put(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  writeFileSync(path.join(root, file), `${text}\n`);
}

function link(file: string, target: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
  symlinkSync(target, path.join(root, file));
}

/** Two threads of one core, one virtio port with queues, one VF that userspace has, a QAT. */
function plant(): void {
  put('sys/class/dmi/id/sys_vendor', 'OpenStack Foundation');
  put('sys/class/dmi/id/product_name', 'OpenStack Nova');
  put('proc/cpuinfo', 'model name\t: Some CPU\nflags\t\t: fpu aes avx2 pdpe1gb hypervisor');
  put('proc/stat', 'cpu  100 0 50 5000 0 10 10 30 0 0\ncpu0 1 1 1 1 1 1 1 1 1 1');
  put('proc/cmdline', 'quiet');
  put('proc/sys/kernel/osrelease', '6.12.1');
  put(
    'proc/net/route',
    'Iface\tDest\tGw\tFl\tRef\tUse\tMetric\tMask\nens3\t00000000\t0101A8C0\t3\t0\t0\t0\t00000000',
  );
  put('usr/lib/modules/6.12.1/updates/igb_uio.ko.xz', '');
  for (const id of [0, 1]) {
    put(`sys/devices/system/cpu/cpu${id}/topology/physical_package_id`, '0');
    put(`sys/devices/system/cpu/cpu${id}/topology/core_id`, '0');
    put(`sys/devices/system/node/node0/cpu${id}/online`, '1');
  }
  put('sys/devices/system/cpu/cpu2/online', '0');
  put('sys/devices/system/node/node0/meminfo', 'Node 0 MemTotal:  2097152 kB');
  put('sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages', '64');
  put('sys/devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages', '60');
  put('sys/devices/system/clocksource/clocksource0/current_clocksource', 'kvm-clock');
  device('0000:00:03.0', '0x020000', '0x1af4', '0x1041', '-1');
  link('sys/bus/pci/devices/0000:00:03.0/driver', '../../drivers/virtio-pci');
  const features = Array.from({ length: 64 }, (_, bit) => (bit === 22 ? '1' : '0')).join('');
  put('sys/bus/pci/devices/0000:00:03.0/virtio0/features', features);
  put('sys/bus/pci/devices/0000:00:03.0/virtio0/net/ens3/address', 'fa:16:3e:00:00:01');
  put('sys/class/net/ens3/address', 'fa:16:3e:00:00:01');
  put('sys/class/net/ens3/addr_assign_type', '0');
  for (const queue of ['rx-0', 'rx-1', 'tx-0']) put(`sys/class/net/ens3/queues/${queue}/rps`, '');
  device('0000:81:01.0', '0x020000', '0x8086', '0x1889', '1');
  link('sys/bus/pci/devices/0000:81:01.0/driver', '../../drivers/vfio-pci');
  link('sys/bus/pci/devices/0000:81:01.0/iommu_group', '../../../kernel/iommu_groups/9');
  device('0000:06:00.0', '0x0b4000', '0x8086', '0x37c8', '0');
  put('sys/bus/pci/devices/0000:06:00.0/sriov_numvfs', '0');
  device('0000:00:02.0', '0x030000', '0x1234', '0x1111', '-1');
}

function device(pci: string, kind: string, vendor: string, id: string, node: string): void {
  const folder = `sys/bus/pci/devices/${pci}`;
  put(`${folder}/class`, kind);
  put(`${folder}/vendor`, vendor);
  put(`${folder}/device`, id);
  put(`${folder}/numa_node`, node);
}

it('records a machine from /proc and /sys', () => {
  plant();
  expect(recordMachine(root)).toEqual({
    recorded: 1,
    vendor: 'OpenStack Foundation',
    product: 'OpenStack Nova',
    cloud: 'openstack',
    virtual: true,
    cpus: [
      { id: 0, package: 0, core: 0, node: 0 },
      { id: 1, package: 0, core: 0, node: 0 },
    ],
    cpu_model: 'Some CPU',
    cpu_flags: ['aes', 'avx2', 'pdpe1gb', 'hypervisor'],
    nodes: [{ id: 0, memory_mb: 2048, hugepages: [{ size_kb: 2048, total: 64, free: 60 }] }],
    clocksource: 'kvm-clock',
    steal: 0.15,
    command_line: 'quiet',
    iommu: false,
    modules: ['igb_uio'],
    nics: [
      {
        pci: '0000:00:03.0',
        vendor: '1af4',
        device: '1041',
        driver: 'virtio-pci',
        node: -1,
        iommu_group: null,
        netdev: 'ens3',
        mac: 'fa:16:3e:00:00:01',
        permanent_mac: 'fa:16:3e:00:00:01',
        queues: 2,
        rss: false,
        physical: null,
        default_route: true,
      },
      {
        pci: '0000:81:01.0',
        vendor: '8086',
        device: '1889',
        driver: 'vfio-pci',
        node: 1,
        iommu_group: '9',
        netdev: null,
        mac: null,
        permanent_mac: null,
        queues: null,
        rss: null,
        physical: null,
        default_route: false,
      },
    ],
    accelerators: [
      {
        pci: '0000:06:00.0',
        vendor: '8086',
        device: '37c8',
        driver: null,
        node: 0,
        kind: 'qat-pf',
        functions: 0,
      },
    ],
    cloud_ports: [],
  });
});

it('keeps what was known of a port before userspace took it', () => {
  plant();
  const now = recordMachine(root);
  const known = { mac: 'fa:16:3e:00:00:02', queues: 4, rss: true };
  const before = { ...now, nics: now.nics.map((nic) => ({ ...nic, ...known })) };
  const [kernel, userspace] = recordMachine(root, before).nics;
  expect([kernel?.mac, kernel?.queues]).toEqual(['fa:16:3e:00:00:01', 2]);
  expect(userspace).toMatchObject(known);
});

it('records the machine the tests run on, and reads its own recording', () => {
  const machine = recordMachine();
  expect(parseMachine(JSON.stringify(machine))).toEqual(machine);
});

it('refuses what is no recording, and says where', () => {
  plant();
  const machine = recordMachine(root);
  const text = (change: object): string => JSON.stringify({ ...machine, ...change });
  expect(() => parseMachine('{')).toThrow(/^no JSON: /);
  expect(() => parseMachine(text({ steal: 2 }))).toThrow(
    'steal: Too big: expected number to be <=1',
  );
  expect(() => parseMachine(text({ cpus: [...machine.cpus, machine.cpus[0]] }))).toThrow(
    'cpus: CPU 0 is there twice',
  );
  expect(() => parseMachine(text({ nics: [...machine.nics, machine.nics[0]] }))).toThrow(
    'nics: 0000:00:03.0 is there twice',
  );
});
