// SPDX-License-Identifier: BSD-3-Clause
import { counter, gauge, type Family, type Pair } from './openmetrics.js';

/** What is told of tunnels; the names are those of `show vpn`. */
export interface VpnFigures {
  /** One with several peers has several entries. */
  readonly tunnels: readonly {
    readonly name: string;
    readonly state: string;
    readonly children: readonly Sa[];
  }[];
  readonly engines: readonly {
    readonly name: string;
    readonly kind: string;
    readonly state: string;
    readonly sas: number;
    readonly failures: number;
    readonly failovers: number;
  }[];
}

interface Sa {
  readonly spi_in: string;
  readonly bytes_in: number;
  readonly packets_in: number;
  readonly bytes_out: number;
  readonly packets_out: number;
  readonly fast_path: { readonly replayed: number; readonly forged: number } | null;
}

/** Tunnels, pairs of SAs and engines. New keys are a pair of their own, whose counters begin anew. */
export function vpn({ tunnels, engines }: VpnFigures): Family[] {
  const byName = new Map<string, VpnFigures['tunnels'][number][]>();
  for (const one of tunnels) {
    const own = byName.get(one.name);
    if (own === undefined) byName.set(one.name, [one]);
    else own.push(one);
  }
  const perTunnel = (figure: (own: VpnFigures['tunnels']) => number): Pair[] =>
    [...byName].map(([tunnel, own]) => [{ tunnel }, figure(own)]);
  const perSa = (figure: (sa: Sa) => number): Pair[] =>
    tunnels.flatMap(({ name, children }) =>
      children.map((sa): Pair => [{ tunnel: name, spi: sa.spi_in }, figure(sa)]),
    );
  const perEngine = (figure: (engine: VpnFigures['engines'][number]) => number): Pair[] =>
    engines.map((one) => [{ engine: one.name, kind: one.kind }, figure(one)]);
  return [
    gauge(
      'sluice_vpn_tunnel_up',
      'Whether a tunnel has keys with a peer.',
      perTunnel((own) => (own.some(({ state }) => state === 'up') ? 1 : 0)),
    ),
    gauge(
      'sluice_vpn_tunnel_peers',
      'Peers that a tunnel has keys with.',
      perTunnel((own) => own.filter(({ state }) => state === 'up').length),
    ),
    gauge(
      'sluice_vpn_tunnel_sas',
      'Pairs of SAs of a tunnel.',
      perTunnel((own) => own.reduce((sum, { children }) => sum + children.length, 0)),
    ),
    counter(
      'sluice_vpn_sa_receive_packets',
      'Packets that came by a pair of SAs.',
      perSa(({ packets_in }) => packets_in),
    ),
    counter(
      'sluice_vpn_sa_receive_bytes',
      'Bytes that came by a pair of SAs.',
      perSa(({ bytes_in }) => bytes_in),
      'bytes',
    ),
    counter(
      'sluice_vpn_sa_transmit_packets',
      'Packets that went by a pair of SAs.',
      perSa(({ packets_out }) => packets_out),
    ),
    counter(
      'sluice_vpn_sa_transmit_bytes',
      'Bytes that went by a pair of SAs.',
      perSa(({ bytes_out }) => bytes_out),
      'bytes',
    ),
    counter(
      'sluice_vpn_sa_replayed_packets',
      'Packets that came twice or too late.',
      perSa(({ fast_path: found }) => found?.replayed ?? 0),
    ),
    counter(
      'sluice_vpn_sa_forged_packets',
      'Packets that were not authentic.',
      perSa(({ fast_path: found }) => found?.forged ?? 0),
    ),
    gauge(
      'sluice_vpn_engine_ready',
      'Whether a crypto engine works.',
      perEngine(({ state }) => (state === 'ready' ? 1 : 0)),
    ),
    gauge(
      'sluice_vpn_engine_sas',
      'SAs that use an engine.',
      perEngine(({ sas }) => sas),
    ),
    counter(
      'sluice_vpn_engine_failures',
      'Operations that an engine did not do.',
      perEngine(({ failures }) => failures),
    ),
    counter(
      'sluice_vpn_engine_failovers',
      'SAs that an engine lost for its failures.',
      perEngine(({ failovers }) => failovers),
    ),
  ];
}
