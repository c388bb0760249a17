// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import type { FrrDaemons } from '../routing/frr.js';
import type { Shown } from './source.js';

interface NeighborOfFrr {
  readonly family: 'ipv4' | 'ipv6';
  readonly address: string;
  readonly as: number;
  readonly state: string;
  readonly received: number;
  readonly sent: number;
}

interface Routing {
  /** null where FRR does not run. */
  readonly file: string | null;
  /** Of FRR, for those who want its own shell. */
  readonly vty: string | null;
  readonly problem: string | null;
  readonly daemons: readonly {
    readonly name: string;
    readonly running: boolean;
    readonly pid: number | null;
    readonly since: string;
  }[];
  /** What FRR has put into the kernel. */
  readonly routes: readonly {
    readonly family: 'ipv4' | 'ipv6';
    readonly protocol: string;
    readonly routes: number;
  }[];
  /** Of BGP. */
  readonly neighbors: readonly NeighborOfFrr[];
}

const FAMILIES = ['ipv4', 'ipv6'] as const;
/** Routes that FRR only sees. */
const NOT_ITS = new Set(['kernel', 'connected', 'local']);

export const routing: Shown<Routing> = {
  data: async ({ appliance: { frr } }) => {
    if (frr.frr === null)
      return { file: null, vty: null, problem: null, daemons: [], routes: [], neighbors: [] };
    return {
      file: frr.frr.file,
      vty: frr.directory,
      problem: frr.problem,
      daemons: frr.daemons.map(({ name, running, pid, since }) => {
        return { name, running, pid, since: since.toISOString() };
      }),
      routes: await routesOf(frr),
      neighbors: frr.frr.daemons.includes('bgpd') ? await neighborsOf(frr) : [],
    };
  },
  text: ({ file, vty, problem, daemons, routes, neighbors }) => {
    if (file === null || vty === null) return 'FRR does not run: there is no routing.frr\n';
    const tables = [
      columns(daemons, [
        ['daemon', ({ name }) => name],
        ['pid', ({ pid, running }) => (running ? String(pid) : 'down')],
        ['since', ({ since }) => since],
      ]),
      columns(routes, [
        ['family', ({ family }) => family],
        ['protocol', ({ protocol }) => protocol],
        ['routes', ({ routes: count }) => String(count)],
      ]),
      columns(neighbors, [
        ['neighbor', ({ address }) => address],
        ['family', ({ family }) => family],
        ['as', ({ as }) => String(as)],
        ['state', ({ state }) => state],
        ['received', ({ received }) => String(received)],
        ['sent', ({ sent }) => String(sent)],
      ]),
    ];
    const wrong = problem === null ? '' : `problem: ${problem}\n`;
    return `FRR by ${file}; vtysh --vty_socket ${vty}\n${wrong}\n${tables.join('\n')}`;
  },
};

/** What a daemon that is not up answers is nothing. */
async function asked<T>(frr: FrrDaemons, command: string): Promise<T | null> {
  return (await frr.ask(command).catch(() => null)) as T | null;
}

async function routesOf(frr: FrrDaemons): Promise<Routing['routes']> {
  const found: Routing['routes'][number][] = [];
  for (const family of FAMILIES) {
    const word = family === 'ipv4' ? 'ip' : 'ipv6';
    const told = await asked<{ routes?: readonly { type: string; fib: number }[] }>(
      frr,
      `show ${word} route summary json`,
    );
    for (const { type, fib } of told?.routes ?? [])
      if (fib > 0 && !NOT_ITS.has(type)) found.push({ family, protocol: type, routes: fib });
  }
  return found;
}

interface Summary {
  readonly peers?: Readonly<
    Record<string, { remoteAs: number; state: string; pfxRcd?: number; pfxSnt?: number }>
  >;
}

async function neighborsOf(frr: FrrDaemons): Promise<NeighborOfFrr[]> {
  const told = await asked<Record<string, Summary | undefined>>(frr, 'show bgp summary json');
  return FAMILIES.flatMap((family) =>
    Object.entries(told?.[`${family}Unicast`]?.peers ?? {}).map(([address, peer]) => ({
      family,
      address,
      as: peer.remoteAs,
      state: peer.state,
      received: peer.pfxRcd ?? 0,
      sent: peer.pfxSnt ?? 0,
    })),
  );
}
