// SPDX-License-Identifier: BSD-3-Clause
import { driverOf, kindOf, type Driver } from './devices.js';
import type { Machine, Nic } from './machine.js';
export { MOST_WORKERS } from './place-cpus.js';
import { chooseCpus, type CpuChoice } from './place-cpus.js';
import { chooseMemory, type NodeMemory } from './place-memory.js';

/** What may be asked of a placement. */
export interface Wishes {
  /** Workers, 1..MOST_WORKERS; null: as many as sit well. */
  readonly workers: number | null;
  /** PCI or MAC addresses of ports that stay with the kernel; null: the one `managementOf` finds. */
  readonly management: readonly string[] | null;
}

export const NO_WISHES: Wishes = { workers: null, management: null };

/** Crypto engines, the first preferred; what measures fastest at start decides among them. */
export type Engine = 'qat' | 'ipsec-mb' | 'openssl';

export interface PlacedWorker {
  readonly cpu: number;
  readonly node: number;
  /** Another worker or the kernel's work is on the same core or CPU. */
  readonly shared: boolean;
  readonly engines: readonly Engine[];
  /** The QAT function of this worker's own node, where there is one. */
  readonly qat: string | null;
}

export interface PlacedPort {
  readonly pci: string;
  readonly kind: string;
  readonly driver: Driver;
  /** Rx and tx queue pairs. */
  readonly queues: number;
  readonly node: number;
  /** Indexes of the workers that poll it, one for each queue. */
  readonly workers: readonly number[];
}

export interface Plan {
  /** CPUs of the kernel, sluiced and the daemons. */
  readonly housekeeping: readonly number[];
  readonly workers: readonly PlacedWorker[];
  /** CPUs left without work: they share a core with a worker. */
  readonly idle: readonly number[];
  readonly ports: readonly PlacedPort[];
  /** PCI addresses of ports that stay with the kernel. */
  readonly management: readonly string[];
  readonly memory: readonly NodeMemory[];
  /** Arguments for the kernel's command line. */
  readonly kernel: readonly string[];
}

/** Where everything goes on a machine: a pure function of its recording. */
export function place(machine: Machine, wishes: Wishes = NO_WISHES): Plan {
  const management = managementOf(machine, wishes);
  const nics = machine.nics.filter((nic) => !management.includes(nic.pci));
  const cpus = chooseCpus(machine, nodesOf(nics), wishes.workers);
  const workers = cpus.workers.map((worker, index) => ({
    ...worker,
    ...engineOf(machine, cpus, index),
  }));
  const ports = nics.map((nic, index) => portOf(machine, nic, cpus, index));
  const memory = chooseMemory(machine, cpus, ports);
  const { housekeeping, idle } = cpus;
  const kernel = commandLine(machine, cpus, memory);
  return { housekeeping, workers, idle, ports, management, memory, kernel };
}

/**
 * Ports that stay with the kernel: those asked for, else the one that the default route leaves by, else
 * the first. A port whose device the kernel would lose for good by it is none of the datapath's.
 */
function managementOf(machine: Machine, wishes: Wishes): string[] {
  const { nics } = machine;
  // What has virtual functions here needs the kernel's driver for them.
  const parents = nics.flatMap(({ physical }) => physical ?? []);
  const isParent = ({ pci }: Nic): boolean => parents.includes(pci);
  const asked = new Set(wishes.management?.map((one) => one.toLowerCase()));
  const first = nics.find(({ default_route }) => default_route) ?? nics.toSorted(byPci)[0];
  const isManagement = ({ pci, mac }: Nic): boolean =>
    wishes.management === null
      ? pci === first?.pci
      : asked.has(pci) || (mac !== null && asked.has(mac));
  return nics.filter((nic) => isManagement(nic) || isParent(nic)).map(({ pci }) => pci);
}

function byPci(a: Nic, b: Nic): number {
  return a.pci < b.pci ? -1 : 1;
}

/** Nodes that packets come in on; null where a port does not say. */
function nodesOf(nics: readonly Nic[]): Set<number> | null {
  if (nics.length === 0 || nics.some(({ node }) => node < 0)) return null;
  return new Set(nics.map(({ node }) => node));
}

/** Queue q goes to a worker of the port's node first, and ports start at different ones. */
function portOf(machine: Machine, nic: Nic, cpus: CpuChoice, index: number): PlacedPort {
  const driver = driverOf(nic, machine);
  const order = cpus.workers.map((_, i) => i);
  const near = order.filter((i) => cpus.workers[i]?.node === nic.node);
  const pollers = near.length > 0 ? near : order;
  const queues = Math.min(driver === 'af_packet' ? 1 : (nic.queues ?? 1), pollers.length);
  const start = (index * queues) % pollers.length;
  const workers = Array.from(
    { length: queues },
    (_, q) => pollers[(start + q) % pollers.length] ?? 0,
  );
  return { pci: nic.pci, kind: kindOf(nic).name, driver, queues, node: nic.node, workers };
}

/** QAT of the worker's own node, dealt out in turn; else the CPU's AES; else plain code. */
function engineOf(machine: Machine, { workers }: CpuChoice, index: number) {
  const node = workers[index]?.node;
  const functions = machine.accelerators.filter(
    (one) => one.kind === 'qat-vf' && (one.node === node || one.node < 0),
  );
  const turn = workers.slice(0, index).filter((one) => one.node === node).length;
  const qat = functions[turn % Math.max(1, functions.length)]?.pci ?? null;
  const software: Engine[] = machine.cpu_flags.includes('aes')
    ? ['ipsec-mb', 'openssl']
    : ['openssl'];
  const engines: Engine[] = qat === null ? software : ['qat', ...software];
  return { engines, qat };
}

function commandLine(machine: Machine, cpus: CpuChoice, memory: readonly NodeMemory[]): string[] {
  const line: string[] = [];
  const apart = [
    ...cpus.workers.filter(({ shared }) => !shared).map(({ cpu }) => cpu),
    ...cpus.idle,
  ];
  if (apart.length > 0) {
    const list = cpuList(apart);
    line.push(`isolcpus=managed_irq,domain,${list}`, `nohz_full=${list}`, `rcu_nocbs=${list}`);
    line.push(`irqaffinity=${cpuList(cpus.housekeeping)}`);
  }
  for (const size of [1 << 20, 2048]) {
    const pages = memory.flatMap(({ node, pages: all }) =>
      all.filter(({ size_kb }) => size_kb === size).map(({ count }) => `${node}:${count}`),
    );
    const unit = size === 2048 ? '2M' : '1G';
    if (pages.length > 0) line.push(`hugepagesz=${unit}`, `hugepages=${pages.join(',')}`);
  }
  if (machine.iommu) line.push('iommu=pt');
  return line;
}

/** CPUs as the kernel writes them, `1-3,8`. */
export function cpuList(cpus: readonly number[]): string {
  const parts: string[] = [];
  const sorted = cpus.toSorted((a, b) => a - b);
  for (let i = 0; i < sorted.length;) {
    let end = i;
    while (sorted[end + 1] === (sorted[end] ?? 0) + 1) end++;
    parts.push(i === end ? `${sorted[i] ?? 0}` : `${sorted[i] ?? 0}-${sorted[end] ?? 0}`);
    i = end + 1;
  }
  return parts.join(',');
}
