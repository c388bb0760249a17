// SPDX-License-Identifier: BSD-3-Clause
import type { Places, Position } from '../diagnostics/position.js';
import type { AddressSet } from '../net/sets.js';
import type { Rate } from '../rulefile/values.js';

/**
 * One entry of a service set. `protocol` is 0..255 or ANY_PROTOCOL. For TCP, UDP and SCTP the ranges
 * are ports; for ICMP and ICMPv6 `destination` is type * 256 + code and `source` is 0..65535;
 * for other protocols both are 0..65535 and match always.
 */
export interface Service {
  readonly protocol: number;
  readonly source: readonly [number, number];
  readonly destination: readonly [number, number];
}
export const ANY_PROTOCOL = 256;

/** The identity of sets matters: one group used by many rules is one object, never a copy. */
export interface ServiceSet {
  readonly services: readonly Service[];
}

export type Action = 'allow' | 'deny' | 'reject';

/** What the sender of a rejected packet is told; `auto`: a reset for TCP, else prohibited. */
export type RejectWith =
  | 'auto'
  | 'tcp-reset'
  | 'port-unreachable'
  | 'host-unreachable'
  | 'net-unreachable'
  | 'admin-prohibited';

/** New sessions (packets, where none is made) a rule admits; null or 0: no limit. */
export interface Limit {
  readonly rate: Rate | null;
  readonly sourceRate: Rate | null;
  /** Sessions at once. */
  readonly sessions: number;
  readonly sourceSessions: number;
  /** Addresses of one such prefix are one source. */
  readonly sourceLength: { readonly v4: number; readonly v6: number };
  /** Beyond the limit: drop the packet, or ask the next rule. */
  readonly over: 'deny' | 'next';
}

/** What few rules have. Empty lists and null match anything, or change nothing. */
export interface RuleExtra {
  /** Source MAC addresses as numbers below 2^48, ascending. */
  readonly sourceMacs: readonly number[];
  /** Ingress and egress interfaces. */
  readonly in: readonly string[];
  readonly out: readonly string[];
  /** TCP with (flags & mask) == value, or != where `not`; bits as in the header: FIN 1 .. CWR 128. */
  readonly tcpFlags: {
    readonly mask: number;
    readonly value: number;
    readonly not: boolean;
  } | null;
  /** Code points that fit, as bits 0..63. */
  readonly dscp: bigint | null;
  /** Name of a schedule. */
  readonly schedule: string | null;
  /** Name of the forward that gave the destination. */
  readonly forward: string | null;
  /** Or of the balancer. */
  readonly balancer: string | null;
  readonly limit: Limit | null;
  readonly rejectWith: RejectWith;
  readonly setDscp: number | null;
  readonly setMss: number | 'clamp' | null;
  /** Reads its sessions for the flows they announce. */
  readonly helper: 'ftp' | 'sip' | null;
  /** At most so many log records. */
  readonly logRate: Rate | null;
}

/** What a rule without extras has. */
export const NO_EXTRA: RuleExtra = {
  sourceMacs: [],
  in: [],
  out: [],
  tcpFlags: null,
  dscp: null,
  schedule: null,
  forward: null,
  balancer: null,
  limit: null,
  rejectWith: 'auto',
  setDscp: null,
  setMss: null,
  helper: null,
  logRate: null,
};

/** One object as long as its meaning stays, wherever it is written meanwhile. */
export interface Rule {
  readonly name: string;
  /** null matches any address of both families. */
  readonly source: AddressSet | null;
  readonly destination: AddressSet | null;
  /** null matches any service. */
  readonly service: ServiceSet | null;
  readonly action: Action;
  /** Log denials and starts of sessions. */
  readonly log: boolean;
  /** Log ends of sessions. */
  readonly logEnd: boolean;
  /** Packets pass without a session, each judged alone. */
  readonly stateless: boolean;
  /** TCP may open a session without its SYN. */
  readonly midstream: boolean;
  /** null for the most. */
  readonly extra: RuleExtra | null;
  /** Disabled rules stay in the model and out of the image. */
  readonly enabled: boolean;
  readonly description: string | null;
}

export interface Policy {
  readonly name: string;
  readonly at: Position;
  /** Zone names; `any` (never includes `local`) and `local` are reserved ones. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** Sessions its rules opened go on whatever the policy says later. */
  readonly keepEstablished: boolean;
  readonly rules: readonly Rule[];
  /** Where each of them is written. */
  readonly places: Places;
}

/** Whether a rule looks at more than addresses, service and source ports. */
export function isConditional({ extra }: Rule): boolean {
  return (
    extra !== null &&
    (extra.sourceMacs.length > 0 ||
      extra.in.length > 0 ||
      extra.out.length > 0 ||
      extra.tcpFlags !== null ||
      extra.dscp !== null ||
      extra.schedule !== null ||
      extra.forward !== null ||
      extra.balancer !== null ||
      extra.limit?.over === 'next')
  );
}

/** Local times; `from` is inclusive, `to` exclusive. */
export type ScheduleWindow =
  /** Seconds of the day, `to` at most 86,400; days as bits, 0 Monday .. 6 Sunday. */
  | { readonly days: number; readonly from: number; readonly to: number }
  /** Seconds since 1970-01-01 00:00 as the local clock counts. */
  | { readonly days: 0; readonly from: number; readonly to: number };

export interface Schedule {
  readonly name: string;
  readonly at: Position;
  /** Name in the IANA database. */
  readonly timezone: string;
  readonly windows: readonly ScheduleWindow[];
}
