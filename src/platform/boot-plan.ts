// SPDX-License-Identifier: BSD-3-Clause
import { cpuList, type Plan } from './place.js';

/**
 * A plan as the boot script reads it, a line for each thing to do:
 * `hugepages NODE SIZE_KB COUNT`, `bind PCI DRIVER`, `keep PCI` of what is the kernel's,
 * `datapath OPTIONS`.
 */
export function bootLines({ memory, ports, workers, management }: Plan): string {
  const pages = memory.flatMap(({ node, pages: all }) =>
    all.map(({ size_kb, count }) => `hugepages ${node} ${size_kb} ${count}`),
  );
  const bound = ports
    .filter(({ driver }) => /^(vfio-pci|igb_uio|uio_pci_generic)$/.test(driver))
    .map(({ pci, driver }) => `bind ${pci} ${driver}`);
  const kept = management.map((pci) => `keep ${pci}`);
  const lastNode = Math.max(0, ...memory.map(({ node }) => node));
  const packets = Array.from(
    { length: lastNode + 1 },
    (_, node) => memory.find((one) => one.node === node)?.packets_mb ?? 0,
  );
  const cpus = workers.map(({ cpu }) => cpu);
  const options = [
    `--workers=${workers.length}`,
    `--cpus=${cpuList(cpus)}`,
    `--memory=${packets.join(',')}`,
  ];
  return [...pages, ...kept, ...bound, `datapath ${options.join(' ')}`, ''].join('\n');
}

/**
 * What the kernel is started with from the next start on. Pages of memory are not among it: a machine that
 * has become smaller would not start with those.
 */
export function kernelArguments({ kernel }: Plan): string {
  return kernel.filter((one) => !one.startsWith('hugepages')).join(' ');
}
