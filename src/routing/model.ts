// SPDX-License-Identifier: BSD-3-Clause
import type { Position } from '../diagnostics/position.js';
import type { Address, Prefix } from '../net/sets.js';

export interface StaticRoute {
  readonly at: Position;
  readonly to: Prefix;
  /** Next hop, or null for a route straight onto `interface`. */
  readonly via: Address | null;
  /** Egress interface name; when only `via` is written, the interface whose subnet holds it. */
  readonly interface: string;
  /** Administrative distance, 1..255; the lower wins. */
  readonly distance: number;
}

/** What FRR runs by. */
export interface Frr {
  /** As the rule file names it. */
  readonly file: string;
  readonly text: string;
  /** Programs of FRR that the text needs, beside zebra. */
  readonly daemons: readonly string[];
}
