// SPDX-License-Identifier: BSD-3-Clause
import type { Cpu, Machine } from './machine.js';

/** Workers the datapath has at most. */
export const MOST_WORKERS = 64;

export interface CpuChoice {
  readonly housekeeping: readonly number[];
  readonly workers: readonly {
    readonly cpu: number;
    readonly node: number;
    readonly shared: boolean;
  }[];
  readonly idle: readonly number[];
}

/**
 * Shares out the CPUs. `near`: nodes of the ports, null where they are not known. A worker has a core
 * of its own on a port's node as long as there are such; the kernel keeps the first CPU's core. Only
 * when more workers are asked for, cores of other nodes and then SMT siblings are taken too.
 */
export function chooseCpus(
  { cpus }: Machine,
  near: ReadonlySet<number> | null,
  wanted: number | null,
): CpuChoice {
  const cores = coresOf(cpus);
  const isNear = ([first]: readonly Cpu[]): boolean => near === null || near.has(first?.node ?? 0);
  const kernel = kernelCore(cores, isNear);
  const kept = kernel[0] as Cpu;
  const others = cores.filter((core) => core !== kernel);
  const first = (core: readonly Cpu[]): Cpu[] => core.slice(0, 1);
  const nearby = others.filter(isNear);
  const good = nearby.length > 0 ? nearby : others;
  const rest = others.filter((core) => !good.includes(core));
  // In the order in which they become workers; `good` alone are taken unasked.
  const order = [
    ...good.flatMap(first),
    ...rest.flatMap(first),
    ...good.flatMap((core) => core.slice(1)),
    ...rest.flatMap((core) => core.slice(1)),
    ...kernel.slice(1),
  ];
  const unasked = Math.max(1, good.length);
  const most = Math.min(MOST_WORKERS, wanted ?? unasked, Math.max(1, order.length));
  const chosen = order.length > 0 ? order.slice(0, most) : [kept];
  const busy = new Set(chosen);
  const neighbours = new Set(cores.filter((core) => core.some((cpu) => busy.has(cpu))).flat());
  const idle = cpus.filter((cpu) => neighbours.has(cpu) && !busy.has(cpu) && cpu !== kept);
  const working = new Set([...chosen, ...idle].filter((cpu) => cpu !== kept));
  return {
    housekeeping: numbers(cpus.filter((cpu) => !working.has(cpu))),
    workers: chosen.map((cpu) => ({
      cpu: cpu.id,
      node: cpu.node,
      shared: coreOf(cores, cpu).some(
        (other) => (other !== cpu && busy.has(other)) || other === kept,
      ),
    })),
    idle: numbers(idle),
  };
}

/** CPUs by core, in the order of their numbers. */
function coresOf(cpus: readonly Cpu[]): Cpu[][] {
  const cores = new Map<string, Cpu[]>();
  for (const cpu of cpus.toSorted((a, b) => a.id - b.id)) {
    const key = `${cpu.package}/${cpu.core}`;
    cores.set(key, [...(cores.get(key) ?? []), cpu]);
  }
  return [...cores.values()];
}

/** The kernel boots on the first CPU and stays, unless that is all that the ports' nodes have. */
function kernelCore(cores: readonly Cpu[][], isNear: (core: readonly Cpu[]) => boolean): Cpu[] {
  const boot = cores[0] ?? [];
  const onlyOne = isNear(boot) && cores.filter(isNear).length === 1;
  return (onlyOne ? cores.find((core) => !isNear(core)) : undefined) ?? boot;
}

function coreOf(cores: readonly Cpu[][], cpu: Cpu): readonly Cpu[] {
  return cores.find((core) => core.includes(cpu)) ?? [];
}

function numbers(cpus: readonly Cpu[]): number[] {
  return cpus.map(({ id }) => id).sort((a, b) => a - b);
}
