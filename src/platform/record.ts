// SPDX-License-Identifier: BSD-3-Clause
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { Machine } from './machine.js';
import { recordAccelerators, recordNics } from './record-devices.js';
import { SysFiles } from './sys-files.js';

/** CPU flags that decide something here. */
const FLAGS = ['aes', 'avx2', 'avx512f', 'vaes', 'vpclmulqdq', 'pdpe1gb', 'hypervisor'];

/**
 * Records a machine from /proc and /sys under `root`. What an earlier recording of it knew of ports that
 * userspace has now is taken from there: the kernel no longer sees it.
 */
export function recordMachine(root = '/', earlier: Machine | null = null): Machine {
  const sys = new SysFiles(root);
  const vendor = sys.text('sys/class/dmi/id/sys_vendor') ?? '';
  const product = sys.text('sys/class/dmi/id/product_name') ?? '';
  const info = sys.text('proc/cpuinfo') ?? '';
  const flags = new Set(/^flags\s*: (.*)$/m.exec(info)?.[1]?.split(' ') ?? []);
  const virtual = flags.has('hypervisor');
  const fresh = recordNics(sys);
  return {
    recorded: 1,
    vendor,
    product,
    cloud: cloudOf(vendor, product, virtual),
    virtual,
    cpus: recordCpus(sys),
    cpu_model: /^model name\s*: (.*)$/m.exec(info)?.[1] ?? '',
    cpu_flags: FLAGS.filter((flag) => flags.has(flag)),
    nodes: recordNodes(sys),
    clocksource: sys.text('sys/devices/system/clocksource/clocksource0/current_clocksource') ?? '',
    steal: stealOf(sys.text('proc/stat') ?? ''),
    command_line: sys.text('proc/cmdline') ?? '',
    iommu: sys.list('sys/class/iommu').length > 0,
    modules: recordModules(sys, root),
    nics: fresh.map((nic) => {
      const before = earlier?.nics.find(({ pci }) => pci === nic.pci);
      if (nic.netdev !== null || before === undefined) return nic;
      const { mac, permanent_mac, queues, rss, default_route } = before;
      return { ...nic, mac, permanent_mac, queues, rss, default_route };
    }),
    accelerators: recordAccelerators(sys),
    cloud_ports: [],
  };
}

function cloudOf(vendor: string, product: string, virtual: boolean): Machine['cloud'] {
  if (!virtual) return null;
  if (/^OpenStack/.test(product) || /^OpenStack/.test(vendor)) return 'openstack';
  if (/^Amazon EC2/.test(vendor) || /^(HVM domU|Xen HVM)/.test(product)) return 'ec2';
  if (/^Google/.test(vendor)) return 'gce';
  if (/^Microsoft/.test(vendor)) return 'azure';
  return null;
}

function recordCpus(sys: SysFiles): Machine['cpus'] {
  const nodeOf = new Map<number, number>();
  for (const node of sys.numbered('sys/devices/system/node', 'node'))
    for (const cpu of sys.numbered(`sys/devices/system/node/node${node}`, 'cpu'))
      nodeOf.set(cpu, node);
  const online = sys.numbered('sys/devices/system/cpu', 'cpu').filter((id) => {
    // The boot CPU often has no such file: it is always online.
    return sys.text(`sys/devices/system/cpu/cpu${id}/online`) !== '0';
  });
  return online.map((id) => ({
    id,
    package: sys.number(`sys/devices/system/cpu/cpu${id}/topology/physical_package_id`) ?? 0,
    core: sys.number(`sys/devices/system/cpu/cpu${id}/topology/core_id`) ?? id,
    node: nodeOf.get(id) ?? 0,
  }));
}

function recordNodes(sys: SysFiles): Machine['nodes'] {
  const nodes = sys.numbered('sys/devices/system/node', 'node').map((id) => {
    const folder = `sys/devices/system/node/node${id}`;
    return { id, text: sys.text(`${folder}/meminfo`) ?? '', folder: `${folder}/hugepages` };
  });
  // A kernel without NUMA has one node and says so nowhere.
  if (nodes.length === 0) {
    const text = sys.text('proc/meminfo') ?? '';
    nodes.push({ id: 0, text, folder: 'sys/kernel/mm/hugepages' });
  }
  return nodes.map(({ id, text, folder }) => ({
    id,
    memory_mb: Math.floor(Number(/MemTotal:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1024),
    hugepages: sys.numbered(folder, 'hugepages-', 'kB').map((size_kb) => ({
      size_kb,
      total: sys.number(`${folder}/hugepages-${size_kb}kB/nr_hugepages`) ?? 0,
      free: sys.number(`${folder}/hugepages-${size_kb}kB/free_hugepages`) ?? 0,
    })),
  }));
}

/** Steal as a part of the time CPUs were busy or robbed: an idle machine's figure would say nothing. */
function stealOf(stat: string): number {
  const line = /^cpu\s+(.*)$/m.exec(stat)?.[1]?.split(/\s+/).map(Number) ?? [];
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line;
  const wanted = user + nice + system + irq + softirq + steal;
  return wanted > 0 ? Math.round((steal / wanted) * 10_000) / 10_000 : 0;
}

function recordModules(sys: SysFiles, root: string): Machine['modules'] {
  const release = sys.text('proc/sys/kernel/osrelease') ?? '';
  const loaded = new Set(
    sys
      .list('sys/bus/pci/drivers')
      .concat(sys.list('sys/module').map((name) => name.replaceAll('_', '-'))),
  );
  const places = ['kernel/drivers/vfio/pci', 'kernel/drivers/uio', 'updates', 'extra'];
  const files = new Set<string>();
  for (const tree of ['usr/lib/modules', 'lib/modules'])
    for (const place of places) {
      const folder = path.join(root, tree, release, place);
      if (existsSync(folder))
        for (const name of readdirSync(folder)) files.add(name.split('.')[0] ?? '');
    }
  const all = ['vfio-pci', 'igb_uio', 'uio_pci_generic'] as const;
  return all.filter(
    (name) => loaded.has(name) || loaded.has(name.replaceAll('_', '-')) || files.has(name),
  );
}
