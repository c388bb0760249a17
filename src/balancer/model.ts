// SPDX-License-Identifier: BSD-3-Clause
import type { SynCookies } from '../rulefile/values.js';
import type { Position } from '../diagnostics/position.js';
import type { ServiceSet } from '../firewall/model.js';
import type { Check } from './health/check.js';
import type { Address, AddressSet } from '../net/sets.js';

export interface Backend {
  readonly name: string;
  readonly at: Position;
  readonly address: Address;
  /** null keeps the port that was asked for. */
  readonly port: number | null;
  /** 1..1,000; shares of new sessions are in proportion. */
  readonly weight: number;
}

/** How backends are asked, and on which port where not on their own. */
export interface BalancerCheck extends Check {
  readonly port: number | null;
  /** Most failing at once are believed to be well. */
  readonly breaker: boolean;
}

/** Packets keep their destination, and answers go past the appliance. */
export function isOneWay({ mode }: Pick<Balancer, 'mode'>): boolean {
  return mode !== 'nat' && mode !== 'full-nat';
}

/** A virtual service and who serves it. */
export interface Balancer {
  readonly name: string;
  readonly at: Position;
  readonly from: readonly string[];
  /** As asked for. */
  readonly addresses: AddressSet;
  /** null: every packet to the addresses. */
  readonly service: ServiceSet | null;
  /** Of its addresses; where it is 6 backends may be of IPv4 (NAT64). */
  readonly family: 4 | 6;
  readonly mode: 'nat' | 'full-nat' | 'direct' | 'ipip' | 'gue';
  /** Where backends take GUE. */
  readonly guePort: number;
  /** TCP is picked up in its middle. */
  readonly midstream: boolean;
  readonly scheduler: 'maglev' | 'round-robin' | 'least-connections';
  /** Clients of one such prefix go to one backend; null: every flow by itself. */
  readonly persistence: { readonly v4: number; readonly v6: number } | null;
  /** Entries of the table, a prime. */
  readonly entries: number;
  /** Enabled ones, at least one. */
  readonly backends: readonly Backend[];
  readonly check: BalancerCheck | null;
  /** What becomes of the sessions of a backend that is down. */
  readonly onFailure: 'keep' | 'end' | 'reset';
  /** ms in which a backend that came back gets its whole share; 0: at once. */
  readonly slowStart: number;
  /** The backend that serves when no other does. */
  readonly sorry: string | null;
  readonly hairpin: boolean;
  /** Servers expect the PROXY protocol, version 2. */
  readonly proxy: boolean;
  readonly synCookies: SynCookies | null;
  readonly description: string | null;
}
