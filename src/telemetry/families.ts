// SPDX-License-Identifier: BSD-3-Clause
import { counter, gauge, type Family, type Pair, type Sample } from './openmetrics.js';
import { vpn, type VpnFigures } from './vpn-families.js';

/** What is told of the running appliance; the names are those of its shows. */
export interface Figures {
  readonly drops: readonly { readonly reason: string; readonly packets: number }[];
  readonly rules: readonly {
    readonly policy: string | null;
    readonly rule: string;
    readonly hits: number;
    readonly sessions: number;
    readonly packets: number;
    readonly bytes: number;
  }[];
  readonly interfaces: readonly {
    readonly name: string;
    readonly zone: string | null;
    readonly link: 'up' | 'down';
    readonly rx_packets: number;
    readonly rx_bytes: number;
    readonly tx_packets: number;
    readonly tx_bytes: number;
    readonly rx_dropped: number;
  }[];
  readonly workers: readonly {
    readonly sessions4: bigint;
    readonly sessions6: bigint;
    readonly created: bigint;
    readonly ended: bigint;
    readonly handed_over: bigint;
    readonly busy_cycles: bigint;
    readonly idle_cycles: bigint;
  }[];
  readonly pools: readonly {
    readonly rule: string | null;
    readonly interface: string | null;
    readonly sessions: number;
    readonly blocks: { readonly lent: number; readonly all: number } | null;
  }[];
  readonly balancers: readonly {
    readonly name: string;
    readonly backends: readonly {
      readonly name: string;
      readonly state: string;
      readonly share: number;
      readonly sessions: number;
      readonly opened: number;
      readonly packets: number;
      readonly bytes: number;
    }[];
  }[];
  readonly vpn: VpnFigures;
  readonly generation: bigint;
  /** ns since the epoch. */
  readonly boot: bigint;
}

/** Of sluiced itself. */
export interface Process {
  readonly cpuSeconds: number;
  readonly resident: number;
  /** Seconds since the epoch. */
  readonly started: number;
}

/** All families; null stands for a datapath that is away. */
export function familiesOf(figures: Figures | null, process: Process): Family[] {
  return [
    gauge('sluice_datapath_up', 'Whether the datapath answers.', [[{}, figures === null ? 0 : 1]]),
    ...(figures === null ? [] : datapath(figures)),
    counter('process_cpu_seconds', 'CPU time of sluiced.', [[{}, process.cpuSeconds]], 'seconds'),
    gauge('process_resident_memory_bytes', 'Memory of sluiced.', [[{}, process.resident]], 'bytes'),
    gauge(
      'process_start_time_seconds',
      'When sluiced started.',
      [[{}, process.started]],
      'seconds',
    ),
  ];
}

function datapath(figures: Figures): Family[] {
  const { drops, generation, boot } = figures;
  return [
    gauge('sluice_generation', 'Number of the tables in force.', [[{}, Number(generation)]]),
    gauge(
      'sluice_datapath_start_time_seconds',
      'When the datapath started.',
      [[{}, Number(boot / 1_000_000n) / 1000]],
      'seconds',
    ),
    counter(
      'sluice_dropped_packets',
      'Packets dropped, by reason.',
      drops.map(({ reason, packets }) => [{ reason }, packets]),
    ),
    ...rules(figures),
    ...interfaces(figures),
    ...workers(figures),
    ...pools(figures),
    ...balancers(figures),
    ...vpn(figures.vpn),
  ];
}

/** Rules that are built in have no policy. */
function rules({ rules: list }: Figures): Family[] {
  const of = (key: 'hits' | 'sessions' | 'packets' | 'bytes') =>
    list.map((one): Pair => [{ policy: one.policy ?? '', rule: one.rule }, one[key]]);
  return [
    counter('sluice_rule_hits', 'Packets a rule was chosen for.', of('hits')),
    counter('sluice_rule_packets', 'Packets of sessions a rule opened.', of('packets')),
    counter('sluice_rule_bytes', 'IP bytes of sessions a rule opened.', of('bytes'), 'bytes'),
    gauge('sluice_rule_sessions', 'Live sessions a rule opened.', of('sessions')),
  ];
}

const COUNTED = [
  ['rx_packets', 'receive_packets', 'Packets received', undefined],
  ['rx_bytes', 'receive_bytes', 'Bytes received, from the Ethernet header on', 'bytes'],
  ['tx_packets', 'transmit_packets', 'Packets sent', undefined],
  ['tx_bytes', 'transmit_bytes', 'Bytes sent, from the Ethernet header on', 'bytes'],
  ['rx_dropped', 'receive_dropped_packets', 'Packets received and dropped', undefined],
] as const;

/** The same of interfaces and, summed, of zones. */
function interfaces({ interfaces: list }: Figures): Family[] {
  const labels = ({ name, zone }: Figures['interfaces'][number]): Sample['labels'] => ({
    interface: name,
    zone: zone ?? '',
  });
  const zones = [...new Set(list.flatMap(({ zone }) => zone ?? []))];
  return [
    gauge(
      'sluice_interface_up',
      'Whether there is a link.',
      list.map((one) => [labels(one), one.link === 'up' ? 1 : 0]),
    ),
    ...COUNTED.flatMap(([key, name, help, unit]) => [
      counter(
        `sluice_interface_${name}`,
        `${help}, by interface.`,
        list.map((one) => [labels(one), one[key]]),
        unit,
      ),
      counter(
        `sluice_zone_${name}`,
        `${help}, by zone.`,
        zones.map((zone) => [
          { zone },
          list.reduce((sum, one) => sum + (one.zone === zone ? one[key] : 0), 0),
        ]),
        unit,
      ),
    ]),
  ];
}

function workers({ workers: list }: Figures): Family[] {
  const of = (key: keyof (typeof list)[number]) =>
    list.map((one, i): Pair => [{ worker: String(i) }, Number(one[key])]);
  const sessions = list.flatMap((one, i): Pair[] => [
    [{ worker: String(i), family: 'ipv4' }, Number(one.sessions4)],
    [{ worker: String(i), family: 'ipv6' }, Number(one.sessions6)],
  ]);
  return [
    gauge('sluice_sessions', 'Live sessions.', sessions),
    counter('sluice_sessions_created', 'Sessions opened.', of('created')),
    counter('sluice_sessions_ended', 'Sessions ended.', of('ended')),
    counter(
      'sluice_worker_handed_over_packets',
      'Packets given to another worker.',
      of('handed_over'),
    ),
    counter(
      'sluice_worker_busy_cycles',
      'TSC cycles in loops that moved a packet.',
      of('busy_cycles'),
    ),
    counter('sluice_worker_idle_cycles', 'TSC cycles in loops that moved none.', of('idle_cycles')),
  ];
}

function pools({ pools: list }: Figures): Family[] {
  const labels = ({ rule, interface: iface }: Figures['pools'][number]): Sample['labels'] => ({
    rule: rule ?? '',
    interface: iface ?? '',
  });
  const blocks = (key: 'lent' | 'all') =>
    list.flatMap((one): Pair[] => (one.blocks === null ? [] : [[labels(one), one.blocks[key]]]));
  return [
    gauge(
      'sluice_nat_pool_sessions',
      'Sessions that have an address of a pool.',
      list.map((one) => [labels(one), one.sessions]),
    ),
    gauge('sluice_nat_pool_blocks_lent', 'Blocks of ports that clients have.', blocks('lent')),
    gauge('sluice_nat_pool_blocks', 'Blocks of ports that there are.', blocks('all')),
  ];
}

function balancers({ balancers: list }: Figures): Family[] {
  const of = (value: (one: Figures['balancers'][number]['backends'][number]) => number) =>
    list.flatMap(({ name, backends }) =>
      backends.map((one): Pair => [{ balancer: name, backend: one.name }, value(one)]),
    );
  return [
    gauge(
      'sluice_balancer_backend_share',
      'Part of new sessions, beside those of the others.',
      of(({ share }) => share),
    ),
    gauge(
      'sluice_balancer_backend_sessions',
      'Live sessions of a backend.',
      of(({ sessions }) => sessions),
    ),
    counter(
      'sluice_balancer_backend_sessions_opened',
      'Sessions a backend got.',
      of(({ opened }) => opened),
    ),
    counter(
      'sluice_balancer_backend_packets',
      'Packets of sessions that ended.',
      of(({ packets }) => packets),
    ),
    counter(
      'sluice_balancer_backend_bytes',
      'Bytes of sessions that ended.',
      of(({ bytes }) => bytes),
      'bytes',
    ),
    gauge(
      'sluice_balancer_backend_state',
      'One for the state a backend is in.',
      list.flatMap(({ name, backends }) =>
        backends.map(({ name: backend, state }): Pair => [{ balancer: name, backend, state }, 1]),
      ),
    ),
  ];
}
