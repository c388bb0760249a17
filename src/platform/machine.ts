// SPDX-License-Identifier: BSD-3-Clause
import { z } from 'zod';

/** A PCI address, `0000:00:05.0`. */
const pci = z.string().regex(/^[0-9a-f]{4,8}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/);
const mac = z.string().regex(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
/** -1: the machine does not say. */
const node = z.int().min(-1).max(1023);
const count = z.int().min(0);

const cpu = z.strictObject({
  id: count,
  /** CPUs with the same package and core are SMT siblings. */
  package: z.int(),
  core: z.int(),
  node,
});

const hugepages = z.strictObject({ size_kb: count, total: count, free: count });

const memoryNode = z.strictObject({ id: count, memory_mb: count, hugepages: z.array(hugepages) });

const nic = z.strictObject({
  pci,
  /** PCI ids in hexadecimal, without 0x. */
  vendor: z.string().regex(/^[0-9a-f]{4}$/),
  device: z.string().regex(/^[0-9a-f]{4}$/),
  /** The kernel's or a userspace one; null: bound to none. */
  driver: z.string().nullable(),
  node,
  iommu_group: z.string().nullable(),
  /** Name of its kernel device, null while userspace has it. */
  netdev: z.string().nullable(),
  mac: mac.nullable(),
  /** What the device was given by its host, where the kernel knows it. */
  permanent_mac: mac.nullable(),
  /** Queue pairs it can have; null: not known. */
  queues: z.int().min(1).nullable(),
  /** Whether it spreads flows over its queues by a hash; null: not known. */
  rss: z.boolean().nullable(),
  /** It is a virtual function whose physical one is on the same machine. */
  physical: pci.nullable(),
  /** The kernel's default route leaves by it. */
  default_route: z.boolean(),
});

const accelerator = z.strictObject({
  pci,
  vendor: z.string(),
  device: z.string(),
  driver: z.string().nullable(),
  node,
  /** QAT: a virtual function, or the whole device and how many functions it is split into. */
  kind: z.enum(['qat-vf', 'qat-pf']),
  functions: count,
});

/** What the cloud says of a port, by its own tools; null: not said. */
const cloudPort = z.strictObject({
  mac,
  security_groups: z.array(z.string()).nullable(),
  /** OpenStack: port security. */
  port_security: z.boolean().nullable(),
  /** EC2: source/destination check. */
  source_dest_check: z.boolean().nullable(),
});

const machine = z.strictObject({
  recorded: z.literal(1),
  /** What this is, in the corpus. */
  note: z.string().optional(),
  vendor: z.string(),
  product: z.string(),
  /** EC2 on bare metal is null: nothing of the host is hidden there. */
  cloud: z.enum(['openstack', 'ec2', 'gce', 'azure']).nullable(),
  /** Runs under a hypervisor. */
  virtual: z.boolean(),
  cpus: z.array(cpu).min(1),
  cpu_model: z.string(),
  /** Of the flags that matter here, those the first CPU has. */
  cpu_flags: z.array(z.string()),
  nodes: z.array(memoryNode).min(1),
  clocksource: z.string(),
  /** Of the time since boot that CPUs wanted to run, the part the host gave to others; 0..1. */
  steal: z.number().min(0).max(1),
  command_line: z.string(),
  /** Devices see the machine's memory through an IOMMU. */
  iommu: z.boolean(),
  /** Kernel modules at hand for taking a port into userspace. */
  modules: z.array(z.enum(['vfio-pci', 'igb_uio', 'uio_pci_generic'])),
  nics: z.array(nic),
  accelerators: z.array(accelerator),
  cloud_ports: z.array(cloudPort),
});

/** A recorded machine: all that placement and doctor judge by. */
export type Machine = z.infer<typeof machine>;
export type Cpu = Machine['cpus'][number];
export type MemoryNode = Machine['nodes'][number];
export type Nic = Machine['nics'][number];
export type Accelerator = Machine['accelerators'][number];
export type CloudPort = Machine['cloud_ports'][number];

/** Reads a recording. Throws an Error that says where it is wrong. */
export function parseMachine(text: string): Machine {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch (error) {
    throw new Error(`no JSON: ${(error as Error).message}`);
  }
  const { success, data, error } = machine.safeParse(raw);
  if (!success) {
    const [first] = error.issues;
    throw new Error(`${first?.path.join('.') ?? ''}: ${first?.message ?? 'not a recording'}`);
  }
  const doubled = firstDouble(data.cpus.map(({ id }) => String(id)));
  if (doubled !== null) throw new Error(`cpus: CPU ${doubled} is there twice`);
  const twice = firstDouble([...data.nics, ...data.accelerators].map((device) => device.pci));
  if (twice !== null) throw new Error(`nics: ${twice} is there twice`);
  return data;
}

function firstDouble(values: readonly string[]): string | null {
  const seen = new Set<string>();
  for (const value of values) {
    if (seen.has(value)) return value;
    seen.add(value);
  }
  return null;
}
