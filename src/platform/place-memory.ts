// SPDX-License-Identifier: BSD-3-Clause
import type { Machine } from './machine.js';
import type { CpuChoice } from './place-cpus.js';
import type { PlacedPort } from './place.js';

export interface NodeMemory {
  readonly node: number;
  /** MB for packet buffers. */
  readonly packets_mb: number;
  /** MB for sessions, their index and the tables. */
  readonly sessions_mb: number;
  /** Huge pages that hold both. */
  readonly pages: readonly { readonly size_kb: number; readonly count: number }[];
}

/** What a port's queue pair holds at once, and what a worker has on its way, in packets. */
const QUEUE_PACKETS = 2048;
const WORKER_PACKETS = 4096;
/** Bytes of a packet buffer with its head. */
const BUFFER = 2432;
/** The part of a node's memory that may go into huge pages: the rest of the system lives there too. */
const MOST = 0.4;
const LEAST_PACKETS_MB = 64;
/** A million sessions with both keys, and tables of a usual size. */
const SESSIONS_MB = 320;
/** From so much memory in a node on, a page of 1 GiB is no loss. */
const GIANT_FROM_MB = 16384;

/** Huge pages of each node that has workers; the sizes are what the datapath is started with. */
export function chooseMemory(
  machine: Machine,
  { workers }: CpuChoice,
  ports: readonly PlacedPort[],
): NodeMemory[] {
  const used = [...new Set(workers.map(({ node }) => Math.max(0, node)))].sort((a, b) => a - b);
  return used.map((node) => {
    const total = machine.nodes.find(({ id }) => id === node)?.memory_mb ?? 0;
    const here = workers.filter((worker) => Math.max(0, worker.node) === node).length;
    const queues = ports
      .flatMap((port) => port.workers)
      .filter((index) => Math.max(0, workers[index]?.node ?? 0) === node).length;
    const most = Math.floor(total * MOST);
    const wanted = Math.ceil(
      ((queues * QUEUE_PACKETS + here * WORKER_PACKETS) * BUFFER * 1.5) / 2 ** 20,
    );
    const packets = even(Math.max(LEAST_PACKETS_MB, Math.min(wanted, Math.floor(most / 2))));
    const sessions = even(Math.max(0, Math.min(SESSIONS_MB, most - packets)));
    return {
      node,
      packets_mb: packets,
      sessions_mb: sessions,
      pages: pagesFor(machine, total, packets, sessions),
    };
  });
}

/** Packets in a page of 1 GiB where the CPU and the memory have them; sessions take 2 MiB ones. */
function pagesFor(machine: Machine, total: number, packets: number, sessions: number) {
  const giant =
    machine.cpu_flags.includes('pdpe1gb') && total >= GIANT_FROM_MB ? Math.ceil(packets / 1024) : 0;
  const small = (sessions + (giant > 0 ? 0 : packets)) / 2;
  const pages = [
    { size_kb: 1 << 20, count: giant },
    { size_kb: 2048, count: small },
  ];
  return pages.filter(({ count }) => count > 0);
}

function even(mb: number): number {
  return Math.floor(mb / 2) * 2;
}
