// SPDX-License-Identifier: BSD-3-Clause
import type { Policy, Schedule } from '../firewall/model.js';
import type { Interface, Zone } from '../interfaces/model.js';
import type { Balancer } from '../balancer/model.js';
import type { Nat } from '../nat/model.js';
import type { Frr, StaticRoute } from '../routing/model.js';
import type { System } from '../system/model.js';
import type { Tunnel } from '../vpn/model.js';
import type { Excerpt } from '../diagnostics/diagnostic.js';
import type { Position } from '../diagnostics/position.js';

/** What a rule file means once every check has passed: names resolved, groups flattened to sets. */
export interface Model {
  readonly system: System;
  readonly interfaces: readonly Interface[];
  readonly zones: readonly Zone[];
  readonly policies: readonly Policy[];
  readonly schedules: readonly Schedule[];
  readonly nat: Nat;
  readonly balancers: readonly Balancer[];
  readonly tunnels: readonly Tunnel[];
  readonly routes: readonly StaticRoute[];
  /** null where FRR does not run. */
  readonly frr: Frr | null;
  readonly assertions: readonly {
    readonly text: string;
    readonly at: Position;
    readonly excerpt: Excerpt | null;
  }[];
  readonly settings: Settings;
}

/** Settings of the datapath; times in seconds. */
export interface Settings {
  /** Sessions the table holds, 1,024..33,554,432. */
  readonly maxSessions: number;
  /** Routes each family's FIB is sized for. */
  readonly maxRoutes: number;
  /** Seconds after a start in which TCP may be picked up midstream; 0: never. */
  readonly midstreamGrace: number;
  readonly fragments: {
    /** Seconds a datagram's fragments have to come. */
    readonly timeout: number;
    /** Datagrams that wait for fragments at once, and of these from one source. */
    readonly datagrams: number;
    readonly perSource: number;
  };
  /** IPv6 extension headers that pass. */
  readonly ipv6Extensions: {
    readonly hopByHop: boolean;
    readonly destinationOptions: boolean;
    /** Types of routing headers, 1..15. */
    readonly routing: readonly number[];
    /** Those that rules see as a protocol: mobility, HIP, Shim6, experiments. */
    readonly other: boolean;
    /** Headers a packet may have, 0..8. */
    readonly most: number;
  };
  readonly timeouts: {
    readonly tcpOpening: number;
    readonly tcpEstablished: number;
    readonly tcpClosing: number;
    readonly tcpClosed: number;
    readonly udpOpening: number;
    readonly udpEstablished: number;
    readonly icmp: number;
    readonly other: number;
  };
}
