// SPDX-License-Identifier: BSD-3-Clause
/**
 * NAT read a second time, from the text of rules as people mean them and by numbers alone: nothing
 * of the compiler or the datapath is used. IPv4, and the network of `file` below.
 */
export interface Ends {
  readonly protocol: 6 | 17;
  readonly from: 'inside' | 'wan';
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
}

/** Addresses from lo to hi, or null for any. */
export type Span = readonly [lo: number, hi: number] | null;

export interface SourceText {
  readonly source: Span;
  readonly destination: Span;
  /** TCP ports, or null for any service. */
  readonly ports: Span;
  readonly to: 'none' | 'interface' | readonly [lo: number, hi: number];
}

export interface ForwardText {
  readonly from: 'any' | 'wan' | 'inside';
  readonly at: number;
  /** TCP ports, or null for all there is. */
  readonly ports: Span;
  readonly to: number;
  /** The first of as many new ports; null keeps them. */
  readonly port: number | null;
}

export interface StaticText {
  readonly inside: number;
  readonly outside: number;
  readonly length: number;
}

export interface NatText {
  readonly sources: readonly SourceText[];
  readonly forwards: readonly ForwardText[];
  readonly statics: readonly StaticText[];
}

/** 10.1.0.1/16 is the appliance inside, 198.51.100.2/24 at wan; all else is beyond wan. */
export const INSIDE: Span = [0x0a010000, 0x0a01ffff];
export const WAN = 0xc6336402;

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((bits) => (address >>> bits) & 255).join('.');
}

const span = ([lo, hi]: readonly [number, number], text: (n: number) => string): string =>
  lo === hi ? text(lo) : `${text(lo)}-${text(hi)}`;

/** The rule file: everything is allowed between inside and wan, both ways. */
export function file({ sources, forwards, statics }: NatText): string {
  const lines = [
    'version: 1',
    'settings: {reverse-path: off}',
    'interfaces:',
    '  inside: {zone: inside, addresses: [10.1.0.1/16]}',
    '  wan: {zone: wan, addresses: [198.51.100.2/24]}',
    'zones: {inside: {}, wan: {}}',
    'routing: {static: [{to: 0.0.0.0/0, via: 198.51.100.1}]}',
    'policies: [{name: p, from: any, to: any, rules: [{name: all, action: allow}]}]',
    'nat:',
    '  source:',
  ];
  const port = (n: number): string => String(n);
  for (const [i, one] of sources.entries()) {
    const parts = [`name: s${i}`, 'from: inside', 'to: wan'];
    if (one.source !== null) parts.push(`source: ${span(one.source, dotted)}`);
    if (one.destination !== null) parts.push(`destination: ${span(one.destination, dotted)}`);
    if (one.ports !== null) parts.push(`service: tcp/${span(one.ports, port)}`);
    parts.push(`translate-to: ${typeof one.to === 'string' ? one.to : span(one.to, dotted)}`);
    lines.push(`    - {${parts.join(', ')}}`);
  }
  if (sources.length === 0) lines[lines.length - 1] = '  source: []';
  lines.push(`  forwards:${forwards.length === 0 ? ' []' : ''}`);
  for (const [i, one] of forwards.entries()) {
    const parts = [`name: f${i}`, `from: ${one.from}`, `at: ${dotted(one.at)}`];
    if (one.ports !== null) parts.push(`service: tcp/${span(one.ports, port)}`);
    parts.push(`translate-to: ${dotted(one.to)}`);
    if (one.port !== null && one.ports !== null)
      parts.push(`port: ${span([one.port, one.port + one.ports[1] - one.ports[0]], port)}`);
    lines.push(`    - {${parts.join(', ')}}`);
  }
  lines.push(`  static:${statics.length === 0 ? ' []' : ''}`);
  for (const [i, one] of statics.entries())
    lines.push(
      `    - {name: t${i}, zone: wan, inside: ${dotted(one.inside)}/${one.length}, outside: ${dotted(one.outside)}/${one.length}}`,
    );
  return `${lines.join('\n')}\n`;
}

const within = (value: number, range: Span): boolean =>
  range === null || (value >= range[0] && value <= range[1]);

/** All but the host bits, as they are in `like`. */
function inPrefix(address: number, like: number, length: number): boolean {
  const size = 2 ** (32 - length);
  return Math.floor(address / size) === Math.floor(like / size);
}

function moved(address: number, to: number, length: number): number {
  const size = 2 ** (32 - length);
  return Math.floor(to / size) * size + (address % size);
}

export interface Said {
  /** The name of the rule and the new end; null where nothing is translated. */
  readonly destination: {
    readonly rule: string;
    readonly to: number;
    readonly port: number;
  } | null;
  /** Addresses the source may become, `null` where it stays. */
  readonly source: {
    readonly rule: string;
    readonly to: readonly [number, number];
    /** Addresses alone change, one to one. */
    readonly keeps: boolean;
  } | null;
}

/** What the first packet of a flow becomes. */
export function read(nat: NatText, packet: Ends): Said {
  const tcp = packet.protocol === 6;
  let server = packet.destination;
  let port = packet.destinationPort;
  let destination: Said['destination'] = null;
  const forward = nat.forwards.findIndex(
    ({ from, at, ports }) =>
      (from === 'any' || from === packet.from) &&
      at === packet.destination &&
      (ports === null || (tcp && within(packet.destinationPort, ports))),
  );
  const back = nat.statics.findIndex(({ outside, length }) =>
    inPrefix(packet.destination, outside, length),
  );
  if (forward >= 0) {
    const { to, port: first, ports } = nat.forwards[forward]!;
    server = to;
    if (first !== null && ports !== null) port = first + packet.destinationPort - ports[0];
    destination = { rule: `f${forward}`, to: server, port };
  } else if (back >= 0) {
    const { inside, length } = nat.statics[back]!;
    server = moved(server, inside, length);
    destination = { rule: `t${back}`, to: server, port };
  }
  const leaves = within(server, INSIDE) ? 'inside' : 'wan';
  const none = { destination, source: null };
  const out =
    leaves === 'wan'
      ? nat.statics.findIndex(({ inside, length }) => inPrefix(packet.source, inside, length))
      : -1;
  if (out >= 0) {
    const { outside, length } = nat.statics[out]!;
    const to = moved(packet.source, outside, length);
    return { destination, source: { rule: `t${out}`, to: [to, to], keeps: true } };
  }
  if (packet.from !== 'inside' || leaves !== 'wan') {
    // Beside each other, client and server would speak past the appliance.
    if (destination === null || leaves !== packet.from) return none;
    const own = packet.from === 'inside' ? 0x0a010001 : WAN;
    return { destination, source: { rule: destination.rule, to: [own, own], keeps: false } };
  }
  const source = nat.sources.findIndex(
    (one) =>
      within(packet.source, one.source) &&
      within(server, one.destination) &&
      (one.ports === null || (tcp && within(port, one.ports))),
  );
  const rule = nat.sources[source];
  if (rule === undefined || rule.to === 'none') return none;
  const to = rule.to === 'interface' ? ([WAN, WAN] as const) : rule.to;
  return { destination, source: { rule: `s${source}`, to, keeps: false } };
}
