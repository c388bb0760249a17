// SPDX-License-Identifier: BSD-3-Clause
import type { Position } from '../diagnostics/position.js';
import type { AddressSet } from '../net/sets.js';

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

export type Action = 'allow' | 'deny';

export interface Rule {
  readonly name: string;
  readonly at: Position;
  /** null matches any address of both families. */
  readonly source: AddressSet | null;
  readonly destination: AddressSet | null;
  /** null matches any service. */
  readonly service: ServiceSet | null;
  readonly action: Action;
  readonly log: boolean;
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
  readonly rules: readonly Rule[];
}
