// SPDX-License-Identifier: BSD-3-Clause
import type { Step } from '../../diagnostics/diagnostic.js';

/** Which packets `monitor packets` and `trace --next` take; all that are given must fit. */
export const PACKET_FILTERS = {
  zone: 'zone it comes from or goes to',
  from: 'zone it comes from',
  to: 'zone it goes to',
  interface: 'interface it comes in by or leaves by',
  source: 'address or prefix, as it came',
  destination: 'address or prefix, as it came',
  address: 'address or prefix of either end',
  protocol: 'tcp, udp, sctp, icmp, icmpv6 or a number',
  port: 'port of either end, 1..65535',
  rule: 'POLICY/RULE that judged it, or its session',
  reason: 'why it was dropped, as `show drops` has it',
} as const;
export type PacketFilterName = keyof typeof PACKET_FILTERS;

/** First line of `GET /packets`: packets are looked at from now on. */
export interface CaptureBegan {
  readonly began: string;
}

/** An end of a packet after translation. */
export interface TranslatedShown {
  readonly from: string;
  readonly to: string;
}

/** A live packet at the end of its way. */
export interface PacketShown {
  readonly at: string;
  /** ns since the epoch. */
  readonly time: string;
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  /** `syn,ack`; null for none. */
  readonly flags: string | null;
  /** An ICMP error speaks of a packet; the ends are that one's, turned round. */
  readonly icmp_error: boolean;
  readonly fragment: boolean;
  /** null where the box itself sent it. */
  readonly in: string | null;
  readonly out: string | null;
  readonly from: string;
  readonly to: string;
  readonly verdict: 'allow' | 'deny' | 'reject';
  readonly reason: string | null;
  /** What decided, as POLICY/RULE (FILE:LINE). */
  readonly decided_by: string | null;
  readonly rule: {
    readonly name: string;
    readonly policy: string;
    readonly file: string;
    readonly line: number;
  } | null;
  readonly nat: { readonly source?: TranslatedShown; readonly destination?: TranslatedShown };
  readonly backend: string | null;
  /** The tunnel it goes into. */
  readonly sa: string | null;
  readonly phases: readonly Step[];
  readonly worker: number;
  /** Of the frame; `frame` may have less of it. */
  readonly length: number;
  /** From the Ethernet header on, in base64: as it left, or as it was when it was dropped. */
  readonly frame: string;
  /** Packets that fitted and are not here, so far: for want of room, and by the rate. */
  readonly lost: number;
  readonly limited: number;
}

/** What a packet is and what became of it, for a line or a comment in a capture file. */
export function packetOutcome(packet: PacketShown): string {
  const { verdict, reason, decided_by: by, nat, backend, sa } = packet;
  return [
    reason === null ? verdict : `dropped: ${reason}`,
    by === null ? null : `by ${by}`,
    nat.source === undefined ? null : `source ${nat.source.from} -> ${nat.source.to}`,
    nat.destination === undefined
      ? null
      : `destination ${nat.destination.from} -> ${nat.destination.to}`,
    backend === null ? null : `backend ${backend}`,
    sa === null ? null : `tunnel ${sa}`,
  ]
    .filter((part) => part !== null)
    .join(', ');
}

/** What came in and where. */
export function packetSummary(packet: PacketShown): string {
  const { protocol, source, destination, flags, icmp_error: error } = packet;
  const tail = flags === null ? '' : ` ${flags}`;
  return `${packet.in ?? 'local'} ${protocol}${error ? ' error about' : ''} ${source} ${destination}${tail}`;
}

/** A packet as a line for people. */
export function packetLine(packet: PacketShown): string {
  const { at, from, to, protocol, source, destination, flags, length, reason, out } = packet;
  const ways = `${packet.in ?? 'local'} > ${reason === null ? (out ?? 'local') : 'dropped'}`;
  const words = [
    at.slice(11, -1),
    ways,
    `${from}>${to}`,
    packet.icmp_error ? `${protocol} error about` : protocol,
    `${source} > ${destination}`,
    flags === null ? null : `[${flags}]`,
    packet.fragment ? 'fragment' : null,
    `${length} B`,
    packetOutcome(packet),
  ];
  return words.filter((word) => word !== null).join(' ');
}

/** What was left out, or null. */
export function leftOut({ lost, limited }: Pick<PacketShown, 'lost' | 'limited'>): string | null {
  if (lost + limited === 0) return null;
  return `${lost} packets lost for want of room, ${limited} left out by the rate`;
}
