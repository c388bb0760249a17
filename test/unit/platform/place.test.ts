// SPDX-License-Identifier: BSD-3-Clause
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Machine } from '../../../src/platform/machine.js';
import { bootLines, kernelArguments } from '../../../src/platform/boot-plan.js';
import { cpuList, NO_WISHES, place, type Plan } from '../../../src/platform/place.js';
import { MACHINES, recorded } from './corpus.js';

function cpusOf({ workers }: Plan): number[] {
  return workers.map(({ cpu }) => cpu);
}

/** The CPUs of a worker's core, its own apart. */
function siblings({ cpus }: Machine, id: number): number[] {
  const own = cpus.find((cpu) => cpu.id === id)!;
  return cpus
    .filter((cpu) => cpu.package === own.package && cpu.core === own.core && cpu.id !== id)
    .map((cpu) => cpu.id);
}

/** What holds of every plan. */
function expectSound(machine: Machine, plan: Plan): void {
  const all = machine.cpus.map(({ id }) => id).sort((a, b) => a - b);
  const workers = cpusOf(plan);
  const { housekeeping, idle } = plan;
  expect(new Set(workers).size).toBe(workers.length);
  expect(workers.length).toBeGreaterThanOrEqual(1);
  expect(workers.length).toBeLessThanOrEqual(64);
  expect(housekeeping.length).toBeGreaterThanOrEqual(1);
  if (machine.cpus.length > 1) {
    expect([...housekeeping, ...workers, ...idle].sort((a, b) => a - b)).toEqual(all);
  } else {
    expect([housekeeping, workers, idle]).toEqual([all, all, []]);
  }
  for (const { cpu, node, shared } of plan.workers) {
    expect(machine.cpus.find(({ id }) => id === cpu)?.node).toBe(node);
    const busy = siblings(machine, cpu).filter((id) => !idle.includes(id));
    expect(shared).toBe(busy.length > 0 || machine.cpus.length === 1);
  }
  const kept = [...plan.management, ...plan.ports.map(({ pci }) => pci)].sort();
  expect(kept).toEqual(machine.nics.map(({ pci }) => pci).sort());
  for (const port of plan.ports) {
    expect(port.queues).toBeGreaterThanOrEqual(1);
    expect(port.workers).toHaveLength(port.queues);
    expect(new Set(port.workers).size).toBe(port.queues);
    const nearby = plan.workers.some(({ node }) => node === port.node);
    for (const index of port.workers)
      if (nearby) expect(plan.workers[index]?.node).toBe(port.node);
      else expect(plan.workers[index]).toBeDefined();
  }
  const nodes = new Set(plan.workers.map(({ node }) => node));
  expect(plan.memory.map(({ node }) => node)).toEqual([...nodes].sort((a, b) => a - b));
}

describe('the corpus', () => {
  it.each(MACHINES)('%s: every CPU and port has one place', (name) => {
    const machine = recorded(name);
    expectSound(machine, place(machine));
  });

  it('puts workers of two E5-2680 on the node of the ports, one to a core', () => {
    const plan = place(recorded('dual-e5-2680'));
    expect(cpusOf(plan)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(cpuList(plan.idle)).toBe('17-23');
    expect(cpuList(plan.housekeeping)).toBe('0,8-16,24-31');
    expect(plan.ports.map(({ driver, queues }) => [driver, queues])).toEqual([
      ['vfio-pci', 7],
      ['vfio-pci', 7],
    ]);
    expect(plan.memory).toEqual([
      {
        node: 0,
        packets_mb: 200,
        sessions_mb: 320,
        pages: [
          { size_kb: 1048576, count: 1 },
          { size_kb: 2048, count: 160 },
        ],
      },
    ]);
    expect(plan.kernel).toEqual([
      'isolcpus=managed_irq,domain,1-7,17-23',
      'nohz_full=1-7,17-23',
      'rcu_nocbs=1-7,17-23',
      'irqaffinity=0,8-16,24-31',
      'hugepagesz=1G',
      'hugepages=0:1',
      'hugepagesz=2M',
      'hugepages=0:160',
      'iommu=pt',
    ]);
  });

  it('follows the ports to the other socket', () => {
    const machine = recorded('dual-e5-2680');
    const nics = machine.nics.map((nic) => ({ ...nic, node: 1 }));
    const plan = place({ ...machine, nics });
    expect(cpusOf(plan)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
    expect(plan.memory.map(({ node }) => node)).toEqual([1]);
  });

  it('takes other cores, of the other socket too, before an SMT sibling', () => {
    const machine = recorded('dual-e5-2680');
    const sixteen = place(machine, { ...NO_WISHES, workers: 16 });
    expect(cpusOf(sixteen).slice(0, 15)).toEqual([
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15,
    ]);
    expect(sixteen.workers.filter(({ shared }) => shared).map(({ cpu }) => cpu)).toEqual([1, 17]);
  });

  it('keeps workers of an EPYC in four nodes on the node of its ports', () => {
    const plan = place(recorded('epyc-7713-nps4'));
    expect(cpuList(cpusOf(plan))).toBe('32-47');
    expect(plan.ports.map(({ driver }) => driver)).toEqual(['bifurcated', 'bifurcated']);
    expect(cpuList(plan.housekeeping)).toBe('0-31,48-95,112-127');
  });

  it('gives each ENA of a large EC2 instance the workers of its own node', () => {
    const plan = place(recorded('ec2-c6in-32xlarge'));
    expect(plan.workers).toHaveLength(63);
    expect(plan.ports.map(({ driver, queues, node }) => [driver, queues, node])).toEqual([
      ['igb_uio', 31, 0],
      ['igb_uio', 32, 1],
    ]);
  });

  it('works on one CPU, which it shares with the kernel, and in 1 GiB', () => {
    const plan = place(recorded('kvm-small'));
    expect([plan.housekeeping, cpusOf(plan)]).toEqual([[0], [0]]);
    expect(plan.kernel).toEqual(['hugepagesz=2M', 'hugepages=0:192']);
  });

  it('uses the sibling where there is one core', () => {
    const machine = recorded('ec2-c5n-2xlarge');
    const cpus = machine.cpus.filter(({ core }) => core === 0);
    const plan = place({ ...machine, cpus });
    expect([plan.housekeeping, cpusOf(plan), plan.workers[0]?.shared]).toEqual([[0], [4], true]);
  });

  it('leaves the boot CPU to a worker where the node of the ports has no other', () => {
    const machine = recorded('openstack-dedicated-8');
    const cpus = machine.cpus.filter(({ id }) => id === 0 || id === 4);
    const nics = machine.nics.map((nic) => ({ ...nic, node: 0 }));
    const plan = place({ ...machine, cpus, nics });
    expect([plan.housekeeping, cpusOf(plan)]).toEqual([[4], [0]]);
  });
});

describe('drivers', () => {
  const machine = recorded('openstack-shared-4');
  const drivers = (change: Partial<Machine>) =>
    place({ ...machine, ...change }).ports.map(({ driver }) => driver)[0];
  const grouped = machine.nics.map((nic) => ({ ...nic, iommu_group: '7' }));

  it('are vfio-pci behind an IOMMU and a UIO driver without one', () => {
    expect(drivers({ iommu: true, nics: grouped })).toBe('vfio-pci');
    expect(drivers({})).toBe('igb_uio');
    expect(drivers({ modules: ['vfio-pci', 'uio_pci_generic'] })).toBe('uio_pci_generic');
    expect(drivers({ modules: [] })).toBe('af_packet');
  });

  it('are never UIO behind an IOMMU, nor any where DPDK has none', () => {
    expect(drivers({ iommu: true, nics: grouped, modules: ['igb_uio'] })).toBe('af_packet');
    const realtek = machine.nics.map((nic) => ({ ...nic, vendor: '10ec', device: '8139' }));
    expect(drivers({ nics: realtek })).toBe('af_packet');
  });
});

describe('crypto engines', () => {
  it('are QAT functions of the node of the worker, dealt out in turn', () => {
    const machine = recorded('dual-e5-2680');
    const qat = (pci: string, node: number) =>
      ({
        pci,
        vendor: '8086',
        device: '37c9',
        driver: null,
        node,
        kind: 'qat-vf',
        functions: 0,
      }) as const;
    const accelerators = [qat('0000:06:01.0', 0), qat('0000:06:01.1', 0), qat('0000:86:01.0', 1)];
    const plan = place({ ...machine, accelerators }, { ...NO_WISHES, workers: 3 });
    expect(plan.workers.map((worker) => worker.qat)).toEqual([
      '0000:06:01.0',
      '0000:06:01.1',
      '0000:06:01.0',
    ]);
    expect(plan.workers[0]?.engines).toEqual(['qat', 'ipsec-mb', 'openssl']);
  });

  it('are plain code without AES instructions', () => {
    const machine = recorded('kvm-small');
    expect(place({ ...machine, cpu_flags: [] }).workers[0]?.engines).toEqual(['openssl']);
  });
});

describe('management', () => {
  it('is the port of the default route, else the first, else those asked for by PCI or MAC', () => {
    const machine = recorded('openstack-shared-4');
    expect(place(machine).management).toEqual(['0000:00:03.0']);
    const nics = machine.nics.map((nic) => ({ ...nic, default_route: false })).toReversed();
    expect(place({ ...machine, nics }).management).toEqual(['0000:00:03.0']);
    const asked = ['52:54:00:00:00:05', '0000:00:04.0'];
    const wishes = { workers: null, management: asked };
    expect(place(machine, wishes).management).toEqual(['0000:00:04.0', '0000:00:05.0']);
  });
});

/** Machines of up to 4 nodes, 16 cores a node and 4 threads a core, with ports anywhere. */
const anyMachine = fc
  .record({
    nodes: fc.integer({ min: 1, max: 4 }),
    cores: fc.integer({ min: 1, max: 16 }),
    threads: fc.integer({ min: 1, max: 4 }),
    memory: fc.integer({ min: 500, max: 100_000 }),
    ports: fc.array(
      fc.record({ node: fc.integer({ min: -1, max: 3 }), queues: fc.integer({ min: 1, max: 64 }) }),
      { maxLength: 6 },
    ),
    flags: fc.subarray(['aes', 'vaes', 'pdpe1gb']),
  })
  .map(({ nodes, cores, threads, memory, ports, flags }): Machine => {
    const base = recorded('dual-e5-2680');
    const nic = base.nics[1]!;
    return {
      ...base,
      cpu_flags: flags,
      cpus: Array.from({ length: nodes * cores * threads }, (_, id) => ({
        id,
        package: (id / threads / cores) | 0,
        core: ((id / threads) | 0) % cores,
        node: (id / threads / cores) | 0,
      })),
      nodes: Array.from({ length: nodes }, (_, id) => ({ id, memory_mb: memory, hugepages: [] })),
      nics: ports.map(({ node, queues }, i) => ({
        ...nic,
        pci: `0000:0${i}:00.0`,
        node: Math.min(node, nodes - 1),
        queues,
      })),
    };
  });

it('leaves the kernel a device that has virtual functions on this machine', () => {
  const base = recorded('kvm-small');
  const [first, second] = base.nics;
  const physical = { ...second!, pci: '0000:04:00.0', device: '10c9', vendor: '8086' };
  const virtual = { ...physical, pci: '0000:04:10.0', device: '10ca', physical: physical.pci };
  const machine = { ...base, nics: [first!, physical, virtual] };
  const asked = { ...NO_WISHES, management: [first!.pci] };
  for (const wishes of [NO_WISHES, asked]) {
    const plan = place(machine, wishes);
    expect(plan.management).toEqual([first!.pci, physical.pci]);
    expect(plan.ports.map(({ pci }) => pci)).toEqual([virtual.pci]);
  }
});

describe('at boot', () => {
  it('a plan is what the boot script does', () => {
    const plan = place(recorded('openstack-dedicated-8'));
    expect(bootLines(plan)).toBe(
      `hugepages 1 2048 192
keep 0000:00:03.0
bind 0000:81:01.0 vfio-pci
bind 0000:81:02.0 vfio-pci
datapath --workers=2 --cpus=4,6 --memory=0,64
`,
    );
    expect(kernelArguments(plan)).toBe(
      'isolcpus=managed_irq,domain,4-7 nohz_full=4-7 rcu_nocbs=4-7 irqaffinity=0-3 iommu=pt',
    );
    expect(bootLines(place(recorded('epyc-7713-nps4')))).not.toContain('bind');
  });
});

describe('any machine', () => {
  it('is placed soundly, whatever is asked', () => {
    const wish = fc.option(fc.integer({ min: 1, max: 64 }));
    fc.assert(
      fc.property(anyMachine, wish, (machine, workers) => {
        const plan = place(machine, { ...NO_WISHES, workers });
        expectSound(machine, plan);
        if (workers !== null) expect(plan.workers.length).toBeLessThanOrEqual(workers);
      }),
    );
  });

  it('has no two workers on one core, and none off the nodes of its ports, unasked', () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        const plan = place(machine);
        const cores = plan.workers.map(({ cpu }) => {
          const { package: socket, core } = machine.cpus.find(({ id }) => id === cpu)!;
          return `${socket}/${core}`;
        });
        expect(new Set(cores).size).toBe(cores.length);
        const nodes = new Set(plan.ports.map(({ node }) => node));
        const known = nodes.size > 0 && !nodes.has(-1);
        const free = (id: number): boolean => !siblings(machine, 0).concat(0).includes(id);
        const possible = machine.cpus.some(({ id, node }) => nodes.has(node) && free(id));
        if (known && possible)
          for (const { node } of plan.workers) expect(nodes.has(node)).toBe(true);
      }),
    );
  });

  it('leaves at least half of the memory of each node outside huge pages', () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        for (const { node, pages } of place(machine).memory) {
          const total = machine.nodes.find(({ id }) => id === node)!.memory_mb;
          const taken = pages.reduce(
            (sum, { size_kb, count }) => sum + (size_kb * count) / 1024,
            0,
          );
          expect(taken).toBeLessThanOrEqual(total / 2);
        }
      }),
    );
  });

  it('is a function of the recording alone', () => {
    fc.assert(
      fc.property(anyMachine, (machine) => {
        expect(place(structuredClone(machine))).toEqual(place(machine));
      }),
    );
  });
});
