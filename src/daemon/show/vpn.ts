// SPDX-License-Identifier: BSD-3-Clause
import { columns } from '../../diagnostics/columns.js';
import type { ViciMessage, ViciValue } from '../../vpn/vici-message.js';
import { DatapathAway } from '../../datapath/libsluice.js';
import { MESSAGE_CONSTANTS as M } from '../../tables/messages.js';
import type { Shown, Source } from './source.js';

export interface ChildShown {
  readonly state: string;
  readonly spi_in: string;
  readonly spi_out: string;
  readonly algorithm: string;
  readonly encapsulated: boolean;
  readonly local: readonly string[];
  readonly remote: readonly string[];
  readonly age_s: number;
  readonly rekey_s: number | null;
  readonly bytes_in: number;
  readonly packets_in: number;
  readonly bytes_out: number;
  readonly packets_out: number;
  /** Of the keys of this pair; null for those that IKE_AUTH made, of the exchange of IKE. */
  readonly exchange: string | null;
  /** As the datapath has the pair; null where it has not, or no longer. */
  readonly fast_path: FastPathShown | null;
}

export interface FastPathShown {
  readonly engine: string;
  /** Who has the sequence numbers: of what goes out, and of what comes in. */
  readonly worker_out: number;
  readonly worker_in: number;
  /** Packets that came twice or too late, and that were not authentic. */
  readonly replayed: number;
  readonly forged: number;
  readonly esn: boolean;
}

/** Of OP_SAS. */
interface FastPathSa {
  readonly spi: number;
  readonly direction: 'in' | 'out';
  readonly engine: string;
  readonly worker: number;
  readonly replayed: number;
  readonly forged: number;
  readonly esn: boolean;
}

export interface TunnelShown {
  readonly name: string;
  readonly interface: string;
  /** up, connecting or down. */
  readonly state: string;
  readonly peer: string | null;
  readonly remote_id: string | null;
  readonly ike: string | null;
  /** A post-quantum key exchange is part of it. */
  readonly post_quantum: boolean;
  readonly age_s: number | null;
  readonly children: readonly ChildShown[];
}

export interface TunnelsShown {
  readonly running: boolean;
  readonly tunnels: readonly TunnelShown[];
}

/** A line for each tunnel in force, and more of one with several peers. */
export const tunnels: Shown<TunnelsShown> = {
  data: async ({ appliance: { vpn, datapath } }) => {
    const sas = new Map<string, ViciMessage[]>();
    for (const one of await vpn.sas())
      for (const [name, sa] of Object.entries(one)) {
        const own = sas.get(name);
        if (own === undefined) sas.set(name, [section(sa)]);
        else own.push(section(sa));
      }
    const found = sas.size === 0 ? NO_SAS : await fastPath(datapath);
    return {
      running: vpn.charon.vici !== null,
      tunnels: vpn.tunnels.flatMap(({ name, interface: end }) => {
        const rows = sas.get(name) ?? [null];
        return rows.map((sa) => shown(name, end, sa, found));
      }),
    };
  },
  text: ({ tunnels: all }) =>
    columns(all, [
      ['tunnel', ({ name }) => name],
      ['interface', ({ interface: end }) => end],
      ['state', ({ state }) => state],
      ['peer', ({ peer }) => peer ?? '-'],
      ['identity', ({ remote_id: id }) => id ?? '-'],
      ['IKE', ({ ike }) => ike ?? '-'],
      ['ESP', ({ children: [child] }) => child?.algorithm ?? '-'],
      ['age', ({ age_s: age }) => (age === null ? '-' : `${age} s`)],
    ]),
};

interface SaRow extends ChildShown {
  readonly tunnel: string;
  readonly peer: string | null;
}

/** A line for each pair of SAs. */
export const sas: Shown<{ readonly sas: readonly SaRow[] }> = {
  data: async (source, query) => {
    const { tunnels: all } = await tunnels.data(source, query);
    return {
      sas: all.flatMap(({ name, peer, children }) =>
        children.map((child) => ({ tunnel: name, peer, ...child })),
      ),
    };
  },
  text: ({ sas: all }) =>
    columns(all, [
      ['tunnel', ({ tunnel }) => tunnel],
      ['peer', ({ peer }) => peer ?? '-'],
      ['state', ({ state }) => state],
      ['SPI in', ({ spi_in: spi }) => spi],
      ['SPI out', ({ spi_out: spi }) => spi],
      ['algorithm', ({ algorithm }) => algorithm],
      ['age', ({ age_s: age }) => `${age} s`],
      ['rekey in', ({ rekey_s: rekey }) => (rekey === null ? '-' : `${rekey} s`)],
      ['packets in', ({ packets_in: count }) => count],
      ['bytes in', ({ bytes_in: count }) => count],
      ['packets out', ({ packets_out: count }) => count],
      ['bytes out', ({ bytes_out: count }) => count],
      ['exchange', ({ exchange }) => exchange],
      ['replayed', ({ fast_path: found }) => found?.replayed ?? null],
      ['forged', ({ fast_path: found }) => found?.forged ?? null],
      ['engine', ({ fast_path: found }) => found?.engine ?? null],
      ['worker', ({ fast_path: found }) => (found === null ? null : workers(found))],
    ]),
};

/** Inbound and outbound by SPI; peers choose the latter, and several may have one. */
interface FastPathSas {
  readonly in: ReadonlyMap<number, FastPathSa>;
  readonly out: ReadonlyMap<number, FastPathSa>;
}
const NO_SAS: FastPathSas = { in: new Map(), out: new Map() };

/** What the datapath has; none while it starts anew. */
async function fastPath(datapath: Source['appliance']['datapath']): Promise<FastPathSas> {
  try {
    const { sas: all } = await datapath.json<{ sas: FastPathSa[] }>(M.OP_SAS);
    const of = (direction: 'in' | 'out') =>
      new Map(all.filter((one) => one.direction === direction).map((one) => [one.spi, one]));
    return { in: of('in'), out: of('out') };
  } catch (error) {
    if (error instanceof DatapathAway) return NO_SAS;
    throw error;
  }
}

function workers({ worker_out: out, worker_in: back }: FastPathShown): string {
  return out === back ? String(out) : `${out}, ${back}`;
}

function shown(name: string, end: string, sa: ViciMessage | null, found: FastPathSas): TunnelShown {
  if (sa === null)
    return {
      name,
      interface: end,
      state: 'down',
      peer: null,
      remote_id: null,
      ike: null,
      post_quantum: false,
      age_s: null,
      children: [],
    };
  const children = Object.values(section(sa['child-sas'])).map((one) =>
    childOf(section(one), found),
  );
  const exchanges = exchangesOf(sa);
  const up = children.some(({ state }) => state === 'INSTALLED' || state === 'REKEYED');
  return {
    name,
    interface: end,
    state: up ? 'up' : 'connecting',
    peer: text(sa['remote-host']),
    remote_id: text(sa['remote-id']),
    ike: [cipher(sa), text(sa['prf-alg']), ...exchanges].filter((one) => one !== '').join(' '),
    post_quantum: exchanges.some((one) => one.startsWith('ML_KEM')),
    age_s: text(sa['established']) === '' ? null : number(sa['established']),
    children,
  };
}

function childOf(child: ViciMessage, found: FastPathSas): ChildShown {
  const rekey = child['rekey-time'];
  const exchanges = exchangesOf(child);
  const back = found.in.get(Number.parseInt(text(child['spi-in']), 16));
  const out = found.out.get(Number.parseInt(text(child['spi-out']), 16));
  return {
    state: text(child['state']),
    spi_in: text(child['spi-in']),
    spi_out: text(child['spi-out']),
    algorithm: cipher(child),
    encapsulated: text(child['encap']) === 'yes',
    local: list(child['local-ts']),
    remote: list(child['remote-ts']),
    age_s: number(child['install-time']),
    rekey_s: rekey === undefined ? null : number(rekey),
    bytes_in: number(child['bytes-in']),
    packets_in: number(child['packets-in']),
    bytes_out: number(child['bytes-out']),
    packets_out: number(child['packets-out']),
    exchange: exchanges.length === 0 ? null : exchanges.join(' '),
    fast_path:
      back === undefined || out === undefined
        ? null
        : {
            engine: out.engine,
            worker_out: out.worker,
            worker_in: back.worker,
            replayed: back.replayed,
            forged: back.forged,
            esn: out.esn,
          },
  };
}

/** Key exchanges of an SA, those that RFC 9370 adds last. */
function exchangesOf(sa: ViciMessage): string[] {
  return Object.keys(sa)
    .filter((key) => key === 'dh-group' || /^ke\d/.test(key))
    .map((key) => text(sa[key]));
}

function cipher(sa: ViciMessage): string {
  const size = text(sa['encr-keysize']);
  const integrity = text(sa['integ-alg']);
  return [`${text(sa['encr-alg'])}${size === '' ? '' : `-${size}`}`, integrity]
    .filter((one) => one !== '')
    .join(' ');
}

function section(value: ViciValue | undefined): ViciMessage {
  return typeof value === 'object' && !Array.isArray(value) ? (value as ViciMessage) : {};
}

function text(value: ViciValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

function list(value: ViciValue | undefined): string[] {
  return Array.isArray(value) ? [...(value as readonly string[])] : [];
}

function number(value: ViciValue | undefined): number {
  return Number(text(value)) || 0;
}
